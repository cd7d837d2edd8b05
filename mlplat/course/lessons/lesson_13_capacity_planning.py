"""Lesson 13: how many nodes. The exercises are the smallest cluster, what a policy saves, and a scenario of the student's own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from ...errors import MlplatError
from ..answers import kind, number
from ..lesson import Lesson, Question
from ..seeds import student_seed

if TYPE_CHECKING:
    from ...planning import Plan
    from ...planning.scenario import Scenario

TEXT = """
name: next year
cluster: 8x8xV100
workload: {synthetic: {days: 5, gpus: 48, load: 0.8, longest: 6h}}
policies: {queue: easy}
objectives: {p95_wait: 15m}
horizon: 5d
warm_up: 1d
replications: 8
search: {groups: {node: {least: 3, most: 24}}}
"""
"""The scenario of the lesson: 48 GPUs' worth of jobs, of which 95 of 100 are to start within a quarter of an hour."""
LARGEST_JOBS = 200_000


def scenario() -> Scenario:
    """The scenario of the lesson."""
    from ...planning.scenario import Scenario

    return Scenario.from_yaml(TEXT)


def growth() -> float:
    """How many times the load next year is that of this year, in the exercises."""
    return (1.3, 1.5, 1.7)[student_seed() % 3]


def next_year() -> Scenario:
    """The scenario with next year's load, in the order of arrival."""
    changes = {"workload.transformations": [{"scale_load": growth()}], "policies.queue": "fifo", "seed": student_seed()}
    return scenario().with_fields(changes)


@cache
def _planned(seed: int) -> Plan:
    from ...planning import plan

    return plan(next_year())


def verify_nodes(answer: Any) -> str | None:
    """The count that a plan finds."""
    given, found = number(answer), _planned(student_seed())
    if given is None:
        return f"expected a number of nodes, found a {kind(answer)}"
    truth = found.counts["node"]
    if given == truth:
        return None
    return f"too {'few' if given < truth else 'many'}: {found.why(int(given)) if 3 <= given <= 24 else 'plan it'}"


def verify_saving(answer: Any) -> str | None:
    """Fields, none of them of the hardware, the jobs or the goal, with which two nodes less are enough."""
    from ...planning import plan

    if not isinstance(answer, Mapping):
        return f"expected a mapping such as {{'policies.placement': 'worst-fit'}}, found a {kind(answer)}"
    if other := [str(path) for path in answer if not str(path).startswith("policies.")]:
        return f"{other[0]!r} is no policy: change paths that begin with 'policies.'"
    try:
        found = plan(next_year().with_fields(dict(answer)))
    except MlplatError as error:
        return f"this is no scenario: {error}"
    most = _planned(student_seed()).counts["node"] - 2
    if found.met and found.counts["node"] <= most:
        return None
    return f"{found.counts['node']} nodes with these policies; expected at most {most}: who waits here, and for whom?"


def verify_own(answer: Any) -> str | None:
    """A plan of the student's own: its scenario is played again, at the counts that it found."""
    from ...planning import Plan

    if not isinstance(answer, Plan):
        return f"expected what mp.plan(…) returned, found a {kind(answer)}"
    asked = answer.scenario
    if asked.digest == scenario().digest or asked.digest == next_year().digest:
        return "this is the scenario of the lesson: change the hardware, the jobs, or both"
    money = {"cost_per_month", "energy_kwh_per_month", "co2_kg_per_month"}
    measures = {objective.measure for objective in asked.objectives.values()}
    if not measures - money or not measures & money:
        return "expected two objectives at least: one of what users notice, such as p95_wait, and one of money, energy or CO₂"
    if asked.replications < 5:
        return f"{asked.replications} replications; expected 5 or more: one run is an anecdote"
    if not answer.met:
        return f"no choice meets all objectives; the best is {answer.counts}: relax one, or widen the search"
    if not answer.proven:
        return "the search ended before it was sure: give it fewer choices, or more runs"
    return _played_again(asked, answer.counts)


def _played_again(asked: Scenario, counts: Mapping[str, int]) -> str | None:
    """Whether the means of the replications keep to the objectives."""
    from ...planning.scenario import run_once

    sized = asked.with_fields({f"cluster.groups.{name}.count": count for name, count in counts.items()})
    runs = [run_once(sized, replication=i) for i in range(asked.replications)]
    for objective in sized.objectives.values():
        values = [run[objective.measure] for run in runs]
        known = [value for value in values if value is not None]
        if len(known) < len(values) or not objective.holds(sum(known) / len(known)):
            return f"played again with {dict(counts)}, {objective} does not hold in the mean"
    return None


LESSON = Lesson(
    "lesson-13",
    "Capacity planning",
    (
        Question("nodes", "How many nodes `next_year()` needs.", verify_nodes),
        Question("saving", "Policies, as for with_fields, with which next year needs at least two nodes less.", verify_saving),
        Question(
            "own", "A plan of a scenario of your own, with an objective of users and one of money, that is met and proven.", verify_own
        ),
    ),
)
