"""S-109: a model server under Poisson arrivals waits, loses and holds as M/M/c, M/G/1, M/G/c/c and Little's law say.

"Within the run's 99 % interval" is by replications (independent, of one distribution, each the mean over many requests): Student's t with
19 degrees of freedom. The seeds are fixed.
"""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest

from mlplat.platform.serving import Requests, ServingResult, Version, serve

from .formulas import erlang_b, mmc_wait, pollaczek_khinchine

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")

REPLICATIONS, COUNT = 20, 200_000
T_99 = 2.8609
"""Student's t with 19 degrees of freedom: 99 % of it lies within this, on both sides."""


def runs(version: Version, rate: float, first_seed: int, service: str = "exponential", scv: float = 4.0) -> list[ServingResult]:
    """Replications with a mean service of 1 s; in each of them Little's law holds and nothing is lost from account."""
    results = []
    for seed in range(first_seed, first_seed + REPLICATIONS):
        requests = Requests.poisson(rate, count=COUNT, service=service, mean=1.0, scv=scv, seed=seed)  # type: ignore[arg-type]
        result = serve(version, requests, seed=seed)
        obeying_littles_law(result)
        results.append(result)
    return results


def obeying_littles_law(result: ServingResult) -> None:
    """The integral of requests there over time is the sum of the times that each was there: an identity of two sums (Little 1961)."""
    frame, server = result.requests, result._server
    there = (frame["end_s"] - frame["sent_s"]).sum()
    from mlplat.platform.serving.kernels.state import LOAD

    assert server.versions.amount[:, LOAD].sum() == pytest.approx(there, rel=1e-9)


def within_99(figures: list[float], theory: float, precision: float) -> None:
    mean, half = float(np.mean(figures)), T_99 * float(np.std(figures, ddof=1)) / math.sqrt(len(figures))
    assert half < precision * theory, f"the interval says too little: {mean:.5g} ± {half:.3g}"
    assert abs(mean - theory) <= half, f"theory says {theory:.5g}; {mean:.5g} ± {half:.3g}"


def waits(result: ServingResult) -> float:
    """Mean wait, without the first tenth, in which the queue fills."""
    return float(result.requests["wait_s"][COUNT // 10 :].mean())  # type: ignore[arg-type]


@pytest.mark.parametrize(("replicas", "slots", "rate", "seed"), [(1, 1, 0.7, 100), (4, 1, 3.4, 200), (5, 2, 8.0, 300), (1, 16, 13.0, 400)])
def test_s109_mean_wait_is_that_of_mmc_within_the_99_percent_interval(replicas: int, slots: int, rate: float, seed: int) -> None:
    results = runs(Version("v1", replicas=replicas, slots=slots), rate, seed)
    within_99([waits(result) for result in results], mmc_wait(replicas * slots, rate, 1.0), 0.04)


@pytest.mark.parametrize(("service", "scv", "seed"), [("deterministic", 0.0, 500), ("lognormal", 2.0, 600)])
def test_s109_mean_wait_of_one_slot_is_that_of_pollaczek_and_khinchine(service: str, scv: float, seed: int) -> None:
    results = runs(Version("v1"), 0.6, seed, service, scv or 4.0)
    within_99([waits(result) for result in results], pollaczek_khinchine(0.6, 1.0, scv), 0.05)


@pytest.mark.parametrize("service", ["exponential", "lognormal"])
def test_s109_without_a_queue_the_part_rejected_is_erlang_b(service: str) -> None:
    results = runs(Version("v1", replicas=10, queue=0), 8.0, 700, service, 2.0)
    assert all(result.summary()["rejected"] + result.summary()["answered"] == COUNT for result in results)
    within_99([result.summary()["rejected"] / COUNT for result in results], erlang_b(10, 8.0), 0.04)


def test_s109_a_queue_of_k_loses_what_m_m_1_k_says() -> None:
    load, room = 0.9, 5  # at most 4 wait and one is served
    results = runs(Version("v1", queue=room - 1), load, 800)
    lost = (1 - load) * load**room / (1 - load ** (room + 1))
    within_99([result.summary()["rejected"] / COUNT for result in results], lost, 0.05)


def test_s109_patience_loses_what_m_m_1_with_deterministic_patience_says() -> None:
    # M/M/1 with a constant patience of the wait (Barrer 1957): density of the virtual wait c·e^{-(1-r)w} up to T, then c·e^{rT - w}.
    load, patience = 0.9, 3.0
    results = []
    for seed in range(900, 900 + REPLICATIONS):
        requests = Requests.poisson(load, count=COUNT, service="exponential", mean=1.0, seed=seed)
        result = serve(Version("v1", timeout=patience), requests)
        frame = result.requests
        reneged = frame["start_s"].null_count() / COUNT  # a request in service at its deadline occupies the slot as any other
        assert result.summary()["sent"] == result.summary()["answered"] + result.summary()["timed_out"]
        results.append(reneged)
    served = (1 - math.exp(-(1 - load) * patience)) / (1 - load)
    empty = 1 / (1 + load * served + load * math.exp(-(1 - load) * patience))
    within_99(results, load * empty * math.exp(-(1 - load) * patience), 0.05)


def test_s109_weights_split_keys_as_they_say() -> None:
    requests = Requests.poisson(100.0, count=COUNT, seed=5)
    result = serve([Version("old", weight=95), Version("new", weight=5)], requests)
    sent = dict(result.versions.select("version", "sent").rows())
    assert abs(sent["new"] - 0.05 * COUNT) < 3.3 * math.sqrt(COUNT * 0.05 * 0.95)


def test_s109_errors_come_at_their_rate() -> None:
    requests = Requests.poisson(100.0, count=COUNT, seed=6)
    errors = serve(Version("v1", error_rate=0.02), requests).summary()["errors"]
    assert abs(errors - 0.02 * COUNT) < 3.3 * math.sqrt(COUNT * 0.02 * 0.98)
