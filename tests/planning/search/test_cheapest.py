"""The search finds what running every choice finds, in few runs, and says why it left the others out."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.planning.search.cheapest import TOLERANCE
from mlplat.planning.search.space import Space

from .artificial import Case, waits


@st.composite
def cases(draw: st.DrawFn) -> Case:
    groups = draw(st.integers(1, 3))
    span = {1: 40, 2: 8, 3: 4}[groups]
    least = tuple(draw(st.integers(0, 2)) for _ in range(groups))
    most = tuple(a + draw(st.integers(0, span)) for a in least)
    speeds = [draw(st.sampled_from([0.5, 1.0, 1.7, 3.0])) for _ in range(groups)]
    prices = tuple(s * draw(st.sampled_from([80.0, 100.0, 100.0, 130.0])) for s in speeds)
    load = draw(st.floats(0.1, 1.5)) * sum(s * m for s, m in zip(speeds, most, strict=True))
    goals = [("mean_wait", "<=", draw(st.sampled_from([5.0, 30.0, 90.0])))]
    if draw(st.booleans()):
        goals.append(("gpu_utilization", ">=", draw(st.floats(0.2, 0.9))))
    evaluate = waits(speeds, load, noise=draw(st.sampled_from([0.0, 0.2])), seed=draw(st.integers(0, 99)))
    return Case(Space(("a", "b", "c")[:groups], least, most, prices), evaluate, tuple(goals))


@given(cases())
def test_where_waits_fall_with_nodes_it_finds_what_running_all_finds(case: Case) -> None:
    found, runs = case.search()
    assert found.proven
    assert (found.best.counts if found.best else None) == case.exhaustive()
    assert len(found.verdicts) + sum(closing.choices for closing in found.closings) == case.space.size
    assert runs.made == case.replications * len(found.verdicts)


@given(cases(), st.data())
def test_where_it_begins_changes_nothing_of_what_is_found(case: Case, data: st.DataObject) -> None:
    start = tuple(data.draw(st.integers(a, b)) for a, b in zip(case.space.least, case.space.most, strict=True))
    found, _ = case.search(start=start)
    assert (found.best.counts if found.best else None) == case.exhaustive()


def test_one_group_takes_about_as_many_choices_as_bisection() -> None:
    case = Case(Space(("node",), (1,), (1000,), (10.0,)), waits([1.0], 300.0), (("mean_wait", "<=", 50.0),))
    found, _ = case.search()
    assert found.best is not None
    assert found.best.counts == (math.ceil(300 / 0.5**0.25),)
    assert len(found.verdicts) <= 22  # 10 to double, 9 to halve what is left, and narrow misses


def test_a_dent_just_below_the_bound_is_found() -> None:
    def evaluate(counts: tuple[int, ...], replication: int) -> dict[str, float]:
        return {"mean_wait": {17: 95.0}.get(counts[0], 100.0 * 20 / counts[0])}

    case = Case(Space(("node",), (1,), (64,), (10.0,)), evaluate, (("mean_wait", "<=", 100.0),))
    found, _ = case.search()
    assert found.best is not None
    assert found.best.counts == case.exhaustive() == (17,)
    assert found.disorder() == [((17,), (18,))]


def test_below_a_clear_miss_nothing_is_run() -> None:
    def evaluate(counts: tuple[int, ...], replication: int) -> dict[str, float]:
        return {"mean_wait": 50.0 if counts[0] >= 20 else 100.0 * (1 + 2 * TOLERANCE)}

    case = Case(Space(("node",), (1,), (64,), (10.0,)), evaluate, (("mean_wait", "<=", 100.0),))
    found, _ = case.search(start=(20,))
    assert found.best is not None
    assert found.best.counts == (20,)
    assert found.why[19,] == "splits what is open"
    assert min(found.verdicts) == (10,)


def test_a_single_unlucky_replication_of_a_larger_choice_closes_only_what_is_far_below() -> None:
    def evaluate(counts: tuple[int, ...], replication: int) -> dict[str, float]:
        unlucky = counts[0] == 20 and replication == 2
        return {"mean_wait": 3000.0 if unlucky else 1000.0 if counts[0] < 19 else 0.0}

    case = Case(Space(("node",), (1,), (39,), (10.0,)), evaluate, (("mean_wait", "<=", 100.0),), replications=5)
    found, _ = case.search(start=(20,))
    assert found.best is not None
    assert found.best.counts == case.exhaustive() == (19,)
    assert found.why[19,] == "one node below a choice that misses narrowly"


def test_a_choice_whose_replications_only_differ_too_much_closes_nothing_but_itself() -> None:
    def evaluate(counts: tuple[int, ...], replication: int) -> dict[str, float]:
        return {"mean_wait": 1000.0 if counts[0] < 8 else 150.0 * (replication == 0) if counts[0] == 20 else 0.0}

    case = Case(Space(("node",), (1,), (39,), (10.0,)), evaluate, (("mean_wait", "<=", 100.0),), replications=2)
    found, _ = case.search(start=(20,))
    assert found.best is not None
    assert found.verdicts[20,].findings[0].status == "undecided"
    assert found.best.counts == case.exhaustive() == (8,)


@pytest.mark.parametrize("seed", range(30))
def test_uneven_waits_are_found_too(seed: int) -> None:
    speeds, prices = [1.0, 2.3], (100.0, 210.0)
    evaluate = waits(speeds, 9.0, noise=0.1, bump=0.03, seed=seed)
    case = Case(Space(("a", "b"), (0, 0), (14, 9), prices), evaluate, (("mean_wait", "<=", 40.0),), replications=4)
    found, _ = case.search()
    assert found.best is not None
    assert found.best.counts == case.exhaustive()


def test_a_budget_closes_what_costs_more_without_a_run() -> None:
    case = Case(Space(("node",), (1,), (64,), (10.0,)), waits([1.0], 30.0), (("mean_wait", "<=", 10.0),))
    found, _ = case.search(ceiling=200.0)
    assert found.best is None
    assert found.proven
    assert max(found.verdicts) == (20,)
    assert any(c.reason == "costs more than the budget" and c.choices == 44 for c in found.closings)
    reachable = found.best_reachable(case.space)
    assert reachable is not None
    assert reachable.counts == (20,)


def test_what_wants_fewer_nodes_and_what_wants_more_can_exclude_each_other() -> None:
    goals = (("mean_wait", "<=", 10.0), ("gpu_utilization", ">=", 0.9))
    case = Case(Space(("node",), (1,), (64,), (10.0,)), waits([1.0], 20.0), goals)
    found, _ = case.search()
    assert found.best is None
    assert found.proven
    assert case.exhaustive() is None


def test_a_limit_of_runs_leaves_the_best_so_far_unproven() -> None:
    case = Case(Space(("node",), (1,), (200,), (10.0,)), waits([1.0], 50.0), (("mean_wait", "<=", 50.0),))
    found, runs = case.search(most=27)
    assert not found.proven
    assert runs.made <= 27
    assert found.best is not None
    assert found.best.counts > (59,)


def test_choices_that_cannot_be_had_are_closed_with_what_is_smaller() -> None:
    def evaluate(counts: tuple[int, ...], replication: int) -> dict[str, float] | str:
        return f"{counts[0]} nodes are too few for the zones" if counts[0] < 12 else {"mean_wait": 1.0}

    case = Case(Space(("node",), (1,), (64,), (10.0,)), evaluate, (("mean_wait", "<=", 10.0),))  # type: ignore[arg-type]
    found, _ = case.search()
    assert found.best is not None
    assert found.best.counts == (12,)
    assert found.verdicts[8,].error == "8 nodes are too few for the zones"
