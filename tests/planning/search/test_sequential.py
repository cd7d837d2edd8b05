"""Verdicts of replications, intervals of counts, and more replications until those are narrow."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError
from mlplat.planning.search.goals import Goal, judge
from mlplat.planning.search.runs import Exhausted, Runs
from mlplat.planning.search.sequential import Searched, search
from mlplat.planning.search.space import Space
from mlplat.planning.search.verdicts import LOST_WORK, Judging
from tests.oracle.naive_planning import meets

from .artificial import Evaluate, waits

SPACE = Space(("node",), (1,), (100,), (10.0,))
GOAL = Goal("mean_wait", "<=", 50.0)


def searched(evaluate: Evaluate, *, replications: int, width: float | None = None, most: int | None = None) -> Searched:
    runs = Runs(lambda wanted: [evaluate(*one) for one in wanted], most=most)
    return search(SPACE, Judging(runs, [GOAL], replications, 0.95), width=width)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8), st.floats(-1e3, 1e3), st.sampled_from(["<=", ">="]))
def test_a_verdict_is_that_of_the_one_sided_bound(values: list[float], bound: float, relation: str) -> None:
    verdict = judge((1,), [{"x": value} for value in values], [Goal("x", relation, bound)], 0.95)
    naive = meets([{"x": value} for value in values], [("x", relation, bound)], 0.95)
    (finding,) = verdict.findings
    if abs(finding.assured_margin) > 1e-9:
        assert verdict.met == naive
    assert verdict.met == (finding.status == "met")
    assert not (verdict.met and verdict.missed)


def test_a_figure_that_a_run_does_not_have_is_missed() -> None:
    verdict = judge((1,), [{"mean_wait": 1.0}, {"mean_wait": None}], [GOAL], 0.95)
    assert verdict.missed
    assert verdict.findings[0].margin == -math.inf


def test_what_cannot_be_shown_to_hold_or_to_fail_is_undecided_and_not_met() -> None:
    verdict = judge((1,), [{"mean_wait": 40.0}, {"mean_wait": 58.0}], [GOAL], 0.95)
    assert verdict.findings[0].status == "undecided"
    assert not verdict.met
    assert not verdict.missed


@pytest.mark.parametrize("seed", range(20))
def test_the_plan_is_inside_its_interval(seed: int) -> None:
    found = searched(waits([1.0], 30.0, noise=0.3, seed=seed), replications=6)
    interval = found.intervals["node"]
    assert found.found.best is not None
    assert interval.low <= found.found.best.counts[0] <= interval.high


def test_the_interval_holds_the_true_count_as_often_as_it_says() -> None:
    """The mean of a lognormal with sigma 0.3 is exp(0.045) times the median: the true smallest count follows."""
    true = math.ceil(30 * (100 * math.exp(0.045) / 50) ** 0.25)
    covered = 0
    for seed in range(200):
        interval = searched(waits([1.0], 30.0, noise=0.3, seed=seed), replications=12).intervals["node"]
        covered += interval.low <= true <= interval.high
    assert covered >= 0.91 * 200  # 95 % less three standard errors, and a little for the skew of the lognormal


def test_a_plan_is_seldom_too_small() -> None:
    true = 30 * (100 * math.exp(0.045) / 50) ** 0.25
    small = 0
    for seed in range(200):
        best = searched(waits([1.0], 30.0, noise=0.3, seed=1000 + seed), replications=12).found.best
        small += best is not None and best.counts[0] < true
    assert small <= 0.095 * 200


def test_replications_go_on_until_the_interval_is_narrow() -> None:
    once = searched(waits([1.0], 30.0, noise=0.5), replications=4)
    narrow = searched(waits([1.0], 30.0, noise=0.5), replications=4, width=0.02)
    assert narrow.stopped == "narrow"
    assert narrow.looks > 1
    assert narrow.intervals["node"].relative <= 0.02 < once.intervals["node"].relative


def test_a_limit_of_runs_keeps_the_last_look_that_was_completed() -> None:
    found = searched(waits([1.0], 30.0, noise=0.5), replications=4, width=0.0001, most=200)
    assert found.stopped == "limit"
    assert found.found.proven
    assert found.intervals["node"].relative > 0.0001


def test_looks_together_err_no_more_often_than_one() -> None:
    judging = Judging(Runs(lambda wanted: []), [GOAL], 4, 0.95, sequential=True)
    errors = []
    for look in range(1, 30):
        judging.look = look
        errors.append(1 - judging.level(edge=False))
    assert sum(errors) == pytest.approx(0.05)
    assert Judging(Runs(lambda wanted: []), [GOAL], 4, 0.95).level(edge=True) == pytest.approx(0.975)


def test_an_interval_without_an_upper_end_is_infinite() -> None:
    def evaluate(counts: tuple[int, ...], replication: int) -> dict[str, float]:
        return {"mean_wait": 100.0 - 0.5 * counts[0] + float(np.random.default_rng(replication).normal())}

    judging = Judging(Runs(lambda wanted: [evaluate(*one) for one in wanted]), [Goal("mean_wait", "<=", 50.75)], 8, 0.95)
    found = search(SPACE, judging)
    assert found.found.best is None or found.intervals["node"].high == math.inf


def test_jobs_that_only_larger_clusters_take_count_against_a_small_one() -> None:
    """With few nodes wide jobs are rejected, and the others do not wait at all."""

    def evaluate(counts: tuple[int, ...], replication: int) -> dict[str, float]:
        return {"mean_wait": 0.0 if counts[0] < 16 else 20.0, "rejected": 7.0 if counts[0] < 16 else 2.0}

    runs = Runs(lambda wanted: [evaluate(*one) for one in wanted])
    goals = [GOAL, Goal("rejected", "<=", 0.0, "count", LOST_WORK)]
    found = search(SPACE, Judging(runs, goals, 3, 0.95, largest=SPACE.most), random=False)
    assert found.found.best is not None
    assert found.found.best.counts == (16,)
    alone = search(SPACE, Judging(Runs(lambda wanted: [evaluate(*one) for one in wanted]), [GOAL], 3, 0.95), random=False)
    assert alone.found.best is not None
    assert alone.found.best.counts == (1,)


def test_runs_are_made_once_and_no_more_than_allowed() -> None:
    asked: list[tuple[tuple[int, ...], int]] = []
    told: list[tuple[int, int]] = []
    runs = Runs(
        lambda wanted: [asked.append(one) or {"x": 1.0} for one in wanted],
        most=5,
        progress=lambda made, expected: told.append((made, expected)),
    )
    runs.of((1,), 2)
    runs.of((1,), 3, expected=4)
    with pytest.raises(Exhausted):
        runs.of((2,), 3)
    assert asked == [((1,), 0), ((1,), 1), ((1,), 2)]
    assert told == [(2, 2), (3, 7)]
    with pytest.raises(OptionError, match="at least 1"):
        Runs(lambda wanted: [], most=0)


@pytest.mark.parametrize(
    ("name", "relation", "fewer"),
    [
        ("p95_wait", "<=", False),
        ("zones.vision.p95_wait", "<=", False),
        ("gpu_utilization", ">=", True),
        ("gpu_utilization", "<=", False),
        ("replica_utilization", "<=", False),
        ("cost_per_month", "<=", True),
        ("co2_kg_per_month", "<=", True),
        ("energy_kwh", "<=", True),
        ("goodput", ">=", False),
        ("completed_share", ">=", False),
        ("rejected_share", "<=", False),
        ("availability", ">=", False),
        ("jobs_per_day", ">=", False),
    ],
)
def test_which_way_a_goal_asks_is_known(name: str, relation: str, fewer: bool) -> None:
    assert Goal(name, relation, 1.0).fewer_helps is fewer
