"""Statistics of planning on queues whose waits are known: coverage, bias after the warm-up, common random numbers, selection.

The small version of `benchmarks.statistics`. Seeds are fixed; bounds are those within which 999 of 1,000 seeds stay if what is said holds.
"""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
import pytest

from benchmarks.queue_recursion import Floats, fcfs_waits, mmc_waits
from mlplat.hardware import ClusterSpec
from mlplat.planning.statistics import batch_means, batch_quantile, mean_interval, mser5, paired, quantile_interval, select_best
from mlplat.runs.replay import replay
from mlplat.traces import queueing

from .formulas import erlang_c, mmc_wait

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")

EXPERIMENTS, SERVERS, LOAD = 200, 2, 1.5
LEAST, MOST = 179, 198
"""Of 200 intervals that cover with 95 %: binomial, each tail at most 0.0005."""


def p95() -> float:
    """Those who wait, wait exponentially at rate c - a."""
    return float(np.log(erlang_c(SERVERS, LOAD) / 0.05) / (SERVERS - LOAD))


def test_the_bounds_are_those_of_the_binomial() -> None:
    from scipy.stats import binom

    assert binom.cdf(LEAST - 1, EXPERIMENTS, 0.95) < 0.0005 < binom.cdf(LEAST, EXPERIMENTS, 0.95)
    assert binom.sf(MOST, EXPERIMENTS, 0.95) < 0.0005 < binom.sf(MOST - 1, EXPERIMENTS, 0.95)


def test_the_recursion_gives_the_waits_of_the_replay() -> None:
    trace = queueing(5_000, LOAD, seed=3)
    waits = replay(ClusterSpec.parse(f"pool:{SERVERS}cpu"), trace).jobs["wait_s"].to_numpy()
    assert waits.max() > 5
    assert np.allclose(fcfs_waits(trace.submit[None, :], trace.duration[None, :], SERVERS, 0.0)[0], waits, rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("runs", "jobs", "holds"),
    [
        (10, 4_000, lambda waits: mmc_wait(SERVERS, LOAD, 1.0) in mean_interval(waits[:, 500:].mean(axis=1))),
        (1, 60_000, lambda waits: mmc_wait(SERVERS, LOAD, 1.0) in batch_means(waits[0, 1_000:])),
        (1, 60_000, lambda waits: p95() in batch_quantile(waits[0, 1_000:], 0.95)),
        (200, 300, lambda waits: p95() in quantile_interval(waits[:, -1], 0.95)),
    ],
    ids=["replications", "batch means", "batch quantile", "order statistics"],
)
def test_intervals_cover_the_waits_of_mmc_as_often_as_they_say(runs: int, jobs: int, holds: Callable[[Floats], bool]) -> None:
    covered = sum(holds(mmc_waits(SERVERS, LOAD, runs, jobs, at, "theory/coverage")) for at in range(EXPERIMENTS))
    assert LEAST <= covered <= MOST


def test_an_interval_of_dependent_waits_as_if_they_were_independent_covers_far_too_seldom() -> None:
    covered = sum(
        mmc_wait(SERVERS, LOAD, 1.0) in mean_interval(mmc_waits(SERVERS, LOAD, 1, 4_000, at, "theory/naive")[0, 500:])
        for at in range(EXPERIMENTS)
    )
    assert covered < EXPERIMENTS / 2


def test_mser_removes_the_bias_of_a_backlog() -> None:
    true = mmc_wait(1, 0.9, 1.0)
    without, with_rule = [], []
    for at in range(20):
        waits = mmc_waits(1, 0.9, 20, 10_000, at, "theory/warm_up", backlog=100.0)
        without.append(float(waits.mean()) - true)
        with_rule.append(float(waits[:, mser5(waits.mean(axis=0)) :].mean()) - true)
    assert mean_interval(without, 0.999).low > 3
    assert 0 in mean_interval(with_rule, 0.999) and abs(np.mean(with_rule)) < 0.4


def test_common_random_numbers_narrow_a_difference() -> None:
    def waits(cores: int, seed: int) -> float:
        return float(replay(ClusterSpec.parse(f"pool:{cores}cpu"), queueing(10_000, 90.0, seed=seed)).summary()["wait_mean_s"])

    ours = [waits(100, seed) for seed in range(30)]
    common, own = paired(ours, [waits(101, seed) for seed in range(30)]), paired(ours, [waits(101, seed) for seed in range(30, 60)])
    assert common.low > 0
    assert own.half_width > 2.5 * common.half_width and common.narrowing > 3


def test_kn_selects_the_best_of_the_slippage_configuration() -> None:
    right, runs, systems, delta = 0, 100, 5, 10**-0.5
    for run in range(runs):
        figures = np.random.default_rng(run).normal(size=(systems, 1_000)) + delta * (np.arange(systems) != run % systems)[:, None]
        chosen = select_best(lambda system, at, of=figures: of[system, at], systems, delta=delta, most=1_000)  # type: ignore[misc]
        right += chosen.guaranteed and chosen.best == run % systems
    assert right >= 87  # of 100 at 95 %, fewer in one of two thousand
