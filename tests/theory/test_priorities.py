"""Mean waits and sojourn times of one server with priorities, against Cobham's formula, its preemptive twin, and Schrage's."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from mlplat.infra.queueing import queue_policy
from mlplat.runs.result import Result

from .formulas import (
    exponential_density,
    mmc_wait,
    non_preemptive_wait,
    pollaczek_khinchine,
    preemptive_sojourn,
    shortest_first_wait,
    shortest_remaining_sojourn,
)
from .replications import Replications, assert_theory, middle, replications, sojourns, waits, with_classes

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")

SHARES, MEANS = (0.25, 0.35, 0.4), (0.6, 1.0, 1.25)  # the overall mean service is 1
LOAD = 0.8
RATES = [LOAD * share for share in SHARES]


def second_moments(scv: float) -> list[float]:
    return [mean**2 * (1 + scv) for mean in MEANS]


def classed(*, preempt: bool, service: str = "exponential", scv: float | None = None, first_seed: int) -> Replications[Result]:
    """Three classes of jobs with priorities on one server."""
    queue = queue_policy("priority", preempt=preempt)
    change = lambda trace, seed: with_classes(trace, seed, SHARES, MEANS)  # noqa: E731
    return replications(1, LOAD, service, scv, queue=queue, first_seed=first_seed, change=change)


def mean_of_class(values: np.ndarray, result: Result, of: int) -> float:
    return float(values[middle(result.trace.priority) == -of].mean())


def test_the_formulas_agree_with_each_other_where_there_is_one_class() -> None:
    assert non_preemptive_wait([0.7], [1.0], [3.0]) == pytest.approx([pollaczek_khinchine(0.7, 1.0, 2.0)])
    assert preemptive_sojourn([0.7], [1.0], [2.0]) == pytest.approx([1 + mmc_wait(1, 0.7, 1.0)])


def test_the_formulas_obey_the_conservation_law() -> None:
    # Kleinrock: the loads times the waits sum to what they do first come, first served, however the classes go before each other.
    waits_of = non_preemptive_wait(RATES, MEANS, second_moments(3.0))
    residual = sum(rate * moment for rate, moment in zip(RATES, second_moments(3.0), strict=True)) / 2
    assert sum(r * m * w for r, m, w in zip(RATES, MEANS, waits_of, strict=True)) == pytest.approx(LOAD * residual / (1 - LOAD))


def test_the_shortest_remaining_time_is_the_published_value_and_the_least() -> None:
    density = exponential_density(1.0)
    theory = shortest_remaining_sojourn(0.8, density, 60.0)
    assert shortest_remaining_sojourn(1e-9, density, 60.0) == pytest.approx(1.0, rel=1e-4)  # alone, a job takes its service
    assert theory < 1 + shortest_first_wait(0.8, density, 60.0, 2.0) < 1 + mmc_wait(1, 0.8, 1.0)


@pytest.mark.parametrize(("service", "scv", "precision"), [("exponential", None, 0.04), ("hyperexponential", 3.0, 0.05)])
def test_priorities_without_preemption_wait_as_long_as_cobham_says(service: str, scv: float | None, precision: float) -> None:
    runs = classed(preempt=False, service=service, scv=scv, first_seed=6000)
    theory = non_preemptive_wait(RATES, MEANS, second_moments(scv or 1.0))
    for of, expected in enumerate(theory):
        assert_theory(runs, lambda result, of=of: mean_of_class(waits(result), result, of), expected, precision=precision)  # type: ignore[misc]
    assert runs.round(0)[0].summary()["preemptions"] == 0


def test_priorities_with_preemption_stay_as_long_as_preemptive_resume_says() -> None:
    runs = classed(preempt=True, first_seed=7000)
    for of, expected in enumerate(preemptive_sojourn(RATES, MEANS, second_moments(1.0))):
        assert_theory(runs, lambda result, of=of: mean_of_class(sojourns(result), result, of), expected, precision=0.03)  # type: ignore[misc]
    assert runs.round(0)[0].summary()["preemptions"] > 0
    assert runs.round(0)[0].attempts["lost_s"].sum() == 0.0


def test_the_highest_class_does_not_see_the_others_when_it_preempts() -> None:
    alone = 0.6 + mmc_wait(1, RATES[0], 0.6)
    assert preemptive_sojourn(RATES, MEANS, second_moments(1.0))[0] == pytest.approx(alone)


def test_shortest_remaining_time_stays_as_short_as_schrage_and_miller_say() -> None:
    runs = replications(1, 0.8, queue="srtf", first_seed=8000)
    theory = shortest_remaining_sojourn(0.8, exponential_density(1.0), 60.0)
    assert_theory(runs, lambda result: float(sojourns(result).mean()), theory, precision=0.02)
