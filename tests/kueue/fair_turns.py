"""Whose turn it is under fair sharing: concepts/preemption, concepts/cohort, KEP 1714."""

from __future__ import annotations

from .scenario import SHARES, Cohort, Outcome, Queue, Scenario, Work, units

INTEGRATION = "test/integration/scheduler/fairsharing/fair_sharing_test.go"

DISABLED = [Queue("a", 3, "all"), Queue("b", 1, "all"), Queue("shared", 4, "all")]


def saturated(first: float, second: float) -> list[Work]:
    """Eight of a, of which four end at one time and two at another."""
    ends = {**dict.fromkeys((1, 2, 3, 4), first), **dict.fromkeys((5, 6), second)}
    return [Work(f"a{n}", "a", 1, until=ends.get(n, 1e7)) for n in range(1, 9)]


WAITING = [*(Work(f"a{n}", "a", 1, at=900) for n in (9, 10)), *(Work(f"b{n}", "b", 1, at=1000) for n in range(1, 6))]
ROWS = [
    Scenario(
        name="freed quota is shared: one of the one and three of the other",
        source=f"{INTEGRATION}, Preemption is disabled, Admits workloads respecting fair share",
        queues=DISABLED,
        running=saturated(2000, 3000),
        arriving=WAITING,
        outcome=Outcome(over="a1 a2 a3 a4", waits="a10 b4 b5"),
        under=(SHARES,),
        until=2500,
    ),
    Scenario(
        name="freed quota is shared: the last of the one and one more of the other",
        source=f"{INTEGRATION}, Preemption is disabled, Admits workloads respecting fair share",
        queues=DISABLED,
        running=saturated(2000, 3000),
        arriving=WAITING,
        outcome=Outcome(over="a1 a2 a3 a4 a5 a6", waits="b5"),
        under=(SHARES,),
    ),
    Scenario(
        name="the smaller share goes first",
        source="pkg/scheduler/scheduler_test.go, TestSchedule, with fair sharing: schedule workload with lowest share first",
        queues=[
            Queue("eng-alpha", 50, "eng", borrowing=50),
            Queue("eng-beta", 50, "eng", borrowing=10),
            Queue("eng-shared", 10, "eng", borrowing=0),
        ],
        running=[Work("all_nominal", "eng-alpha", 50), Work("borrowing", "eng-beta", 55)],
        arriving=[Work("older_new", "eng-beta", 1, at=1000), Work("new", "eng-alpha", 5, at=1000)],
        outcome=Outcome(waits="older_new"),
        under=(SHARES,),
    ),
    Scenario(
        # The weights are those of the cohorts there.
        name="three quarters and one quarter",
        source="concepts/cohort, Hierarchical Cohorts",
        queues=[
            Cohort("root-cohort", nominal=8),
            Queue("regular", 0, "root-cohort", weight=0.25),
            Queue("important", 0, "root-cohort", weight=0.75),
        ],
        arriving=[*units("regular", 1, 8, at=1000), *units("important", 1, 8, at=1000)],
        outcome=Outcome(waits="regular3 regular4 regular5 regular6 regular7 regular8 important7 important8"),
        under=(SHARES,),
    ),
    Scenario(
        name="three queues of which one has three times the weight",
        source="keps/1714-fair-sharing, Story 3",
        queues=[Cohort("C1", nominal=15), Queue("1A", 0, "C1"), Queue("1B", 0, "C1"), Queue("1C", 0, "C1", weight=3.0)],
        arriving=[work for name in ("1A", "1B", "1C") for work in units(name, 1, 10, at=1000)],
        outcome=Outcome(waits=" ".join([*(f"{name}{n}" for name in ("1A", "1B") for n in range(4, 11)), "1C10"])),
        under=(SHARES,),
    ),
]
