"""Mean waits and waiting probabilities of pools under Poisson arrivals, against the formulas."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest

from mlplat.hardware import ClusterSpec
from mlplat.runs.replay import replay
from mlplat.traces import queueing

from .formulas import erlang_c, exponential_density, mmc_wait, pollaczek_khinchine, shortest_first_wait
from .replications import assert_theory, replications, waits

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")


def test_the_formulas_agree_with_published_values_and_each_other() -> None:
    assert erlang_c(1, 0.7) == pytest.approx(0.7)
    assert erlang_c(2, 1.0) == pytest.approx(1 / 3)  # a^2 / (2 + a) at one Erlang
    assert mmc_wait(1, 0.8, 1.0) == pytest.approx(pollaczek_khinchine(0.8, 1.0, 1.0)) == pytest.approx(4.0)
    one_size = shortest_first_wait(0.5, lambda x: 1000.0 if 1 <= x < 1.001 else 0.0, 2.0, 1.0)
    assert one_size == pytest.approx(0.25 * 2, rel=0.2)  # all of one size, the mean over ranks: between the FIFO value and it


@pytest.mark.parametrize(("servers", "load", "precision"), [(1, 0.7, 0.02), (2, 1.6, 0.03), (8, 6.0, 0.04), (20, 16.0, 0.08)])
def test_mmc_waits_as_long_and_as_often_as_erlang_c_says(servers: int, load: float, precision: float) -> None:
    results = replications(servers, load, first_seed=100 * servers)
    assert_theory(results, lambda result: float(waits(result).mean()), mmc_wait(servers, load, 1.0), precision=precision)
    assert_theory(results, lambda result: float((waits(result) > 0).mean()), erlang_c(servers, load), precision=precision)
    # Those who wait, wait exponentially at rate c - a: the part beyond twice the mean is e^-2 of them.
    late = 2 / (servers - load)
    assert_theory(
        results, lambda result: float((waits(result) > late).mean()), erlang_c(servers, load) * math.exp(-2), precision=2 * precision
    )


@pytest.mark.parametrize(
    ("service", "scv", "precision"), [("deterministic", 0.0, 0.02), ("hyperexponential", 4.0, 0.04), ("lognormal", 2.0, 0.04)]
)
def test_mg1_waits_as_long_as_pollaczek_and_khinchine_say(service: str, scv: float, precision: float) -> None:
    results = replications(1, 0.7, service, scv or None, first_seed=1000)
    assert_theory(results, lambda result: float(waits(result).mean()), pollaczek_khinchine(0.7, 1.0, scv), precision=precision)
    assert_theory(results, lambda result: float((waits(result) > 0).mean()), 0.7, precision=0.02)  # busy as seen by Poisson arrivals


def test_shortest_first_waits_as_long_as_the_priority_formula_says() -> None:
    results = replications(1, 0.8, queue="sjf", first_seed=2000)
    theory = shortest_first_wait(0.8, exponential_density(1.0), 60.0, 2.0)
    assert theory < 0.7 * pollaczek_khinchine(0.8, 1.0, 1.0)
    assert_theory(results, lambda result: float(waits(result).mean()), theory, precision=0.02)


@pytest.mark.parametrize("service", ["exponential", "lognormal"])
def test_one_server_waits_are_lindleys_recursion(service: str) -> None:
    trace = queueing(20_000, 0.9, service, seed=5)  # type: ignore[arg-type]
    got = replay(ClusterSpec.parse("pool:1cpu"), trace).jobs["wait_s"].to_numpy()
    wait = np.zeros(len(trace))
    for job in range(1, len(trace)):
        wait[job] = max(0.0, wait[job - 1] + trace.duration[job - 1] - (trace.submit[job] - trace.submit[job - 1]))
    assert got.max() > 10
    assert np.allclose(got, wait, rtol=0, atol=1e-7)


@pytest.mark.parametrize("queue", ["fifo", "easy", "best-effort-fifo", "sjf", "loss"])
def test_a_pool_of_cores_waits_as_single_core_nodes_do(queue: str) -> None:
    trace = queueing(20_000, 7.2, seed=6)
    pool, nodes = (replay(ClusterSpec.parse(cluster), trace, queue=queue).jobs for cluster in ("pool:8cpu", "8x1cpu"))
    assert pool.equals(nodes)


def test_policies_that_order_alike_wait_alike_where_all_jobs_have_one_width() -> None:
    trace = queueing(20_000, 7.2, seed=7)
    runs = [replay(ClusterSpec.parse("pool:8cpu"), trace, queue=queue).jobs for queue in ("fifo", "easy", "best-effort-fifo")]
    assert runs[0].equals(runs[1]) and runs[0].equals(runs[2])


def test_mean_wait_does_not_depend_on_the_order_of_jobs_of_one_size() -> None:
    trace = queueing(20_000, 0.8, "deterministic", seed=8)
    fifo, sjf = (replay(ClusterSpec.parse("pool:1cpu"), trace, queue=queue).summary()["wait_mean_s"] for queue in ("fifo", "sjf"))
    assert sjf == pytest.approx(fifo, rel=1e-12)
