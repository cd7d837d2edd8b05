"""Lending limits: concepts/cluster_queue, KEP 1224."""

from __future__ import annotations

from .scenario import ANY, LOWER, Outcome, Queue, Scenario, Work

KEP = "keps/1224-lending-limit, Integration tests"
UNIT = "pkg/scheduler/preemption/preemption_test.go, TestPreemption"
SCHEDULER = "pkg/scheduler/scheduler_test.go, TestSchedule"


def most(
    name: str, *, lends: float, borrows: float | None = None, third: float | None = None, third_lends: float | None = None, up_to: float
) -> Scenario:
    """a (4 nominal) may use `up_to` CPUs where b (6 nominal) lends so much; c (5 nominal) is there if `third`."""
    queues = [Queue("a", 4, "all", borrowing=borrows), Queue("b", 6, "all", lending=lends)]
    if third is not None:
        queues.append(Queue("c", third, "all", lending=third_lends))
    return Scenario(
        name=name,
        source=KEP,
        queues=queues,
        arriving=[Work("more", "a", up_to + 0.5), Work("most", "a", up_to), Work("last", "a", 0.5)],
        outcome=Outcome(rejected="more", waits="last"),
    )


LEND = [
    Queue("lend1", 6, "cohort-lend", lending=4, within=LOWER, reclaim=LOWER),
    Queue("lend2", 6, "cohort-lend", lending=2, within=LOWER, reclaim=LOWER),
]

ROWS = [
    most("as much is borrowed as the lending limit", lends=3, up_to=7),
    most("the borrowing limit is below the lending limit", lends=3, borrows=2, up_to=6),
    most("the lending limit is below the borrowing limit", lends=3, borrows=5, up_to=7),
    most("a lending limit and all of a third queue", lends=3, third=5, up_to=12),
    most("a lending limit and a third queue, up to the borrowing limit", lends=3, borrows=4, third=5, up_to=8),
    most("two lending limits", lends=3, third=5, third_lends=2, up_to=9),
    most("two lending limits above the borrowing limit", lends=3, borrows=4, third=5, third_lends=2, up_to=8),
    most("nothing is lent of a hard guarantee", lends=0, up_to=4),
    Scenario(
        name="a queue that lends one CPU",
        source="concepts/cluster_queue, LendingLimit",
        queues=[Queue("team-a", 9, "team-ab"), Queue("team-b", 12, "team-ab", lending=1)],
        running=[Work("b1", "team-b", 11), Work("a1", "team-a", 10)],
        arriving=[Work("a2", "team-a", 1), Work("b2", "team-b", 21)],
        outcome=Outcome(waits="a2 b2"),
    ),
    Scenario(
        name="what was not lent is there at once and nobody is stopped for it",
        source="keps/1224-lending-limit, Story 1",
        queues=[Queue("a", 4, "all"), Queue("b", 6, "all", lending=0, reclaim=ANY)],
        running=[Work("a1", "a", 4)],
        arriving=[Work("a2", "a", 1), Work("b1", "b", 6)],
        outcome=Outcome(waits="a2"),
    ),
    Scenario(
        name="more than is lent is not borrowed",
        source=f"{SCHEDULER}, workload exceeds lending limit when borrow in cohort",
        queues=[Queue("lend-a", 3, "lend", lending=2), Queue("lend-b", 2, "lend", lending=2)],
        running=[Work("a", "lend-b", 2)],
        arriving=[Work("b", "lend-b", 3)],
        outcome=Outcome(waits="b"),
    ),
    Scenario(
        name="without lending limits it is borrowed",
        source=f"{SCHEDULER}, lendingLimit should not affect assignments when feature disabled",
        queues=[Queue("lend-a", 3, "lend"), Queue("lend-b", 2, "lend")],
        running=[Work("a", "lend-b", 2)],
        arriving=[Work("b", "lend-b", 3)],
        outcome=Outcome(),
    ),
    Scenario(
        name="a lending limit in one of two flavors",
        source=KEP,
        queues=[
            Queue("a", {"rf-a": 4, "rf-b": 4}, "all", when_can_borrow="borrow"),
            Queue("b", {"rf-a": 6, "rf-b": 1}, "all", lending={"rf-a": 3}),
        ],
        arriving=[Work("more", "a", 8), Work("most", "a", 7)],
        outcome=Outcome(rejected="more", on={"most": "rf-a"}),
    ),
    Scenario(
        name="what was lent is reclaimed",
        source=f"{UNIT}, reclaim quota from lender",
        queues=LEND,
        running=[Work("lend1-low", "lend1", 3, -1), Work("lend2-mid", "lend2", 3), Work("lend2-high", "lend2", 4, 1)],
        arriving=[Work("in", "lend1", 3, 1)],
        outcome=Outcome(reclaimed="lend2-mid"),
    ),
    Scenario(
        name="nobody is stopped for more than lending limits allow",
        source=f"{UNIT}, cannot preempt from other ClusterQueues if exceeds requestable quota including lending limit",
        queues=LEND,
        running=[Work("lend2-low", "lend2", 10, -1)],
        arriving=[Work("in", "lend1", 9)],
        outcome=Outcome(rejected="in"),
    ),
    Scenario(
        name="reclaiming goes with lending limits",
        source="test/integration/scheduler/preemption_test.go, Should be able to preempt when lending limit enabled",
        queues=[Queue("prod", 5, "all", lending=4, reclaim=ANY), Queue("dev", 5, "all")],
        running=[Work("wl-1", "dev", 4), Work("wl-2", "dev", 5, 1)],
        arriving=[Work("wl-3", "prod", 4)],
        outcome=Outcome(reclaimed="wl-1"),
    ),
    Scenario(
        name="own and lent quota together, own victims first needed",
        source=f"{UNIT}, preempt from all ClusterQueues in cohort-lend",
        queues=LEND,
        running=[
            Work("lend1-low", "lend1", 3, -1),
            Work("lend1-mid", "lend1", 2),
            Work("lend2-low", "lend2", 3, -1),
            Work("lend2-mid", "lend2", 4),
        ],
        arriving=[Work("in", "lend1", 4)],
        outcome=Outcome(waits="in"),
        kueue=Outcome(preempted="lend1-low", reclaimed="lend2-low"),
        why="whether others may be asked is decided before own victims are taken off: with them in, the job reaches above its guarantee",
    ),
]
