"""Hierarchical cohorts: KEP 79, TestHierarchicalPreemptions. Letters as in the tests' drawings: R above C above q."""

from __future__ import annotations

from .scenario import ANY, LOWER, Cohort, Outcome, Queue, Scenario, Work

UNIT = "pkg/scheduler/preemption/preemption_hierarchical_test.go"
KEP = "keps/79-hierarchical-cohorts"


def q(name: str, cohort: str, nominal: float = 0, **more: object) -> Queue:
    return Queue(name, nominal, cohort, **{"within": LOWER, "reclaim": ANY, **more})  # type: ignore[arg-type]


def tree(nominal: float, *queues: Queue, root: float | None = None) -> list[Queue | Cohort]:
    """R with nothing, or `root`, C below it with so much, and queues."""
    return [Cohort("r", nominal={} if root is None else root), Cohort("c", "r", nominal), *queues]


BORROWING, SAME, OWN = q("q_borrowing", "r"), q("q_same_cohort", "c"), q("q", "c")
CAREFUL = q("q", "c", reclaim=LOWER, borrow_within=LOWER, threshold=0)
READY = q("q", "c", borrow_within=LOWER, threshold=0)

DEEP = [
    Cohort("r"),
    *(Cohort(name, above, 4) for name, above in (("c11", "r"), ("c12", "r"), ("c21", "c11"), ("c22", "c11"), ("c23", "c11"))),
    *(Cohort(name, "c21", 4) for name in ("c31", "c32")),
    *(q(name, cohort) for name, cohort in (("q1", "c12"), ("q2", "c23"), ("q3", "c22"), ("q4", "c32"), ("q5", "c31"))),
]
COMPANY = [
    Cohort("company"),
    Cohort("research", "company", limit=6),
    Cohort("production", "company"),
    *(Queue(name, 3, "research", reclaim=ANY) for name in ("research-1", "research-2")),
    Queue("production-1", 4, "production", reclaim=ANY),
]
SPECIAL = [
    Cohort("top"),
    *(Cohort(name, "top", limit=4) for name in ("left", "right")),
    Queue("left-1", 4, "left", reclaim=ANY),
    Queue("right-1", 4, "right", reclaim=ANY),
    Queue("special", 0, "top"),
]
LEVELS = [
    Cohort("top"),
    Cohort("middle", "top", lending=2),
    Queue("deep", 6, "middle", lending=4),
    Queue("wide", 1, "middle"),
    Queue("far", 3, "top"),
]

ROWS = [
    Scenario(
        name="what its cohort is guaranteed a queue takes back from outside",
        source=f"{UNIT}, preempt with hierarchical advantage",
        queues=tree(2, OWN, BORROWING),
        running=[Work("admitted", "q_borrowing", 2)],
        arriving=[Work("in", "q", 2)],
        outcome=Outcome(reclaimed="admitted"),
    ),
    Scenario(
        name="queues within their nominal quota are left alone",
        source=f"{UNIT}, avoid queues within nominal quota",
        queues=tree(2, OWN, BORROWING, q("q_nominal", "r", 2)),
        running=[Work("nominal", "q_nominal", 2, -10), Work("borrowing", "q_borrowing", 2)],
        arriving=[Work("in", "q", 2)],
        outcome=Outcome(reclaimed="borrowing"),
    ),
    Scenario(
        name="several of a borrower outside, of any priority",
        source=f"{UNIT}, preempt multiple with hierarchical advantage",
        queues=tree(2, OWN, BORROWING),
        running=[Work("admitted1", "q_borrowing", 1, 1), Work("admitted2", "q_borrowing", 1, 2)],
        arriving=[Work("in", "q", 2)],
        outcome=Outcome(reclaimed="admitted1 admitted2"),
    ),
    Scenario(
        name="in the cohort by priority, and in the own queue",
        source=f"{UNIT}, preempt in cohort and own CQ",
        queues=tree(3, READY, SAME),
        running=[Work("not_preemptible", "q_same_cohort", 1, 1), Work("preemptible", "q_same_cohort", 1), Work("own", "q", 1, -1)],
        arriving=[Work("in", "q", 2, 1)],
        outcome=Outcome(reclaimed="preemptible", preempted="own"),
    ),
    Scenario(
        name="a borrower outside goes before one of its own, though of higher priority",
        source=f"{UNIT}, prefer to preempt hierarchical candidate",
        queues=tree(2, OWN, BORROWING),
        running=[Work("borrowing", "q_borrowing", 1, 1), Work("same_queue", "q", 1, -2)],
        arriving=[Work("in", "q", 1)],
        outcome=Outcome(reclaimed="borrowing"),
    ),
    Scenario(
        name="one of the same cohort where nobody outside borrows",
        source=f"{UNIT}, forced to preempt priority candidate",
        queues=tree(2, READY, SAME, q("q_nominal", "r", 2)),
        running=[Work("nominal", "q_nominal", 2, -10), Work("same_cohort", "q_same_cohort", 2, -1)],
        arriving=[Work("in", "q", 2)],
        outcome=Outcome(reclaimed="same_cohort"),
    ),
    Scenario(
        name="what is nominal to the queue itself is taken back inside and outside the cohort",
        source=f"{UNIT}, incoming workload fits in CQ nominal quota",
        queues=tree(2, q("q", "c", 4), BORROWING, SAME),
        running=[Work("borrowing", "q_borrowing", 3, 10), Work("same_cohort", "q_same_cohort", 3, 10)],
        arriving=[Work("in", "q", 4)],
        outcome=Outcome(reclaimed="borrowing same_cohort"),
    ),
    Scenario(
        name="the same, whichever was admitted last",
        source=f"{UNIT}, incoming workload fits in CQ nominal quota",
        queues=tree(2, q("q", "c", 4), BORROWING, SAME),
        running=[Work("same_cohort", "q_same_cohort", 3, 10), Work("borrowing", "q_borrowing", 3, 10)],
        arriving=[Work("in", "q", 4)],
        outcome=Outcome(reclaimed="borrowing same_cohort"),
    ),
    Scenario(
        # Once it was stopped, `preemptible` takes back what is nominal to its cohort, whatever the priority there.
        name="borrowers outside and lower priorities in the cohort",
        source=f"{UNIT}, preempt hierarchical and priority candidates",
        queues=tree(4, CAREFUL, BORROWING, SAME, root=1),
        running=[
            Work("borrowing", "q_borrowing", 2, -1),
            Work("preemptible", "q_same_cohort", 1, -1),
            Work("not_preemptible", "q_borrowing", 2, 1),
        ],
        arriving=[Work("in", "q", 3)],
        outcome=Outcome(reclaimed="borrowing preemptible not_preemptible", again="preemptible"),
    ),
    Scenario(
        name="borrowers outside and lower priorities in the queue",
        source=f"{UNIT}, preempt hierarchical candidates and inside CQ",
        queues=tree(4, CAREFUL, BORROWING, SAME, root=1),
        running=[Work("borrowing", "q_borrowing", 2, -1), Work("own", "q", 1, -1), Work("not_preemptible", "q_borrowing", 2, 1)],
        arriving=[Work("in", "q", 3)],
        outcome=Outcome(reclaimed="borrowing", preempted="own"),
    ),
    Scenario(
        name="of those that borrow the lowest priority",
        source=f"{UNIT}, reclaim nominal quota from lowest priority workload, excluding non-borrowing",
        queues=tree(3, OWN, BORROWING, q("q_nominal", "r", 2)),
        running=[
            Work("prio_8", "q_borrowing", 1, 8),
            Work("prio_9", "q_borrowing", 1, 9),
            Work("prio_10", "q_borrowing", 1, 9),
            Work("nominal", "q_nominal", 2, -2),
        ],
        arriving=[Work("in", "q", 1)],
        outcome=Outcome(reclaimed="prio_8"),
    ),
    Scenario(
        name="nobody where all others are within what their cohorts are guaranteed",
        source=f"{UNIT}, infeasible preemption all available workloads in pruned subtrees",
        queues=[*tree(2, OWN, SAME), Cohort("c_other", "r", 2), q("q_other", "c_other")],
        running=[Work("other_1", "q_other", 1, -10), Work("other_2", "q_other", 1, -10), Work("same_cohort", "q_same_cohort", 2)],
        arriving=[Work("in", "q", 2)],
        outcome=Outcome(waits="in"),
    ),
    Scenario(
        name="two resources, of which one is lacking",
        source=f"{UNIT}, hiearchical preemption with multiple resources",
        queues=[Cohort("r", nominal=3), Cohort("c", "r", {"cpus": 4, "memory_gib": 4}), OWN, BORROWING, SAME],
        running=[Work("borrowing", "q_borrowing", 3, memory_gib=1), Work("same_cohort", "q_same_cohort", 1, -2, memory_gib=3)],
        arriving=[Work("in", "q", 2, -2, memory_gib=1)],
        outcome=Outcome(reclaimed="borrowing"),
    ),
    Scenario(
        name="what a queue does not lend counts as its own where its cohort takes back",
        source=f"{UNIT}, respect lending limits",
        queues=tree(2, q("q", "c", 3, lending=2), BORROWING),
        running=[Work("borrowing", "q_borrowing", 4)],
        arriving=[Work("in", "q", 5, -2)],
        outcome=Outcome(reclaimed="borrowing"),
    ),
    Scenario(
        name="of a cohort within its own quota nothing more is taken",
        source=f"{UNIT}, reclaim in complex hierarchy",
        queues=DEEP,
        running=[
            Work("borrowing_1", "q1", 4, -6),
            Work("borrowing_2", "q1", 4, -5),
            Work("borrowing_3", "q2", 4, -9),
            Work("borrowing_4", "q2", 4, -10),
            Work("borrowing_5", "q3", 4, -4),
            Work("borrowing_6", "q3", 3, -3),
            Work("borrowing_7", "q4", 2, 4),
            Work("borrowing_8", "q4", 3, 2),
        ],
        arriving=[Work("in", "q5", 7, -2)],
        outcome=Outcome(reclaimed="borrowing_4 borrowing_1"),
    ),
    Scenario(
        name="preemption across two cohorts",
        source="pkg/scheduler/preemption/preemption_test.go, TestPreemption, long range preemption",
        queues=[
            Cohort("left", "root"),
            Cohort("right", "root"),
            Cohort("root"),
            Queue("cq-left", 10, "left", reclaim=ANY),
            Queue("cq-right", 0, "right"),
        ],
        running=[Work("to-be-preempted", "cq-right", 5)],
        arriving=[Work("incoming", "cq-left", 8)],
        outcome=Outcome(reclaimed="to-be-preempted"),
    ),
    Scenario(
        name="production borrows from research",
        source=f"{KEP}, Story 1",
        queues=COMPANY,
        running=[Work("p1", "production-1", 10)],
        arriving=[Work("p2", "production-1", 1)],
        outcome=Outcome(waits="p2"),
    ),
    Scenario(
        name="research does not borrow from production",
        source=f"{KEP}, Story 1",
        queues=COMPANY,
        running=[Work("r1", "research-1", 6)],
        arriving=[Work("more", "research-1", 7), Work("r2", "research-1", 1), Work("p1", "production-1", 4)],
        outcome=Outcome(rejected="more", waits="r2"),
    ),
    Scenario(
        name="research takes back what production borrowed",
        source=f"{KEP}, Story 1",
        queues=COMPANY,
        running=[Work("p1", "production-1", 4), Work("p2", "production-1", 6)],
        arriving=[Work("r1", "research-1", 6)],
        outcome=Outcome(reclaimed="p2"),
    ),
    Scenario(
        name="organisations do not borrow from each other, a special queue from any",
        source=f"{KEP}, Story 2",
        queues=SPECIAL,
        running=[Work("s1", "special", 2, -1), Work("s2", "special", 6, -1)],
        arriving=[Work("more", "left-1", 5), Work("l1", "left-1", 4)],
        outcome=Outcome(rejected="more", reclaimed="s2"),
    ),
    Scenario(
        name="special workloads fit into what is left",
        source=f"{KEP}, Story 2",
        queues=SPECIAL,
        running=[Work("l1", "left-1", 3)],
        arriving=[Work("s1", "special", 6, -1), Work("s2", "special", 5, -1)],
        outcome=Outcome(waits="s1"),
        under=("best-effort-fifo",),
    ),
    Scenario(
        name="lending limits on two levels",
        source=f"{KEP}, Proposal",
        queues=LEVELS,
        running=[Work("w1", "wide", 5)],
        arriving=[Work("more", "far", 6), Work("f1", "far", 5), Work("f2", "far", 3)],
        # wide uses 5 of the 1 + 4 that its cohort has for all: nothing is left to lend above.
        outcome=Outcome(rejected="more", waits="f1"),
        under=("best-effort-fifo",),
    ),
    Scenario(
        name="a cohort lends no more than it says",
        source=f"{KEP}, Proposal",
        queues=LEVELS,
        running=[Work("f1", "far", 5)],
        arriving=[Work("f2", "far", 1), Work("d1", "deep", 5)],
        outcome=Outcome(waits="f2"),
    ),
    Scenario(
        name="a cohort's borrowing limit holds for all below it",
        source=f"{KEP}, Proposal",
        queues=[
            Cohort("top"),
            Cohort("middle", "top", limit=5),
            Queue("one", 1, "middle"),
            Queue("two", 2, "middle"),
            Queue("far", 6, "top"),
        ],
        running=[Work("o1", "one", 3)],
        arriving=[Work("more", "two", 6), Work("t1", "two", 3), Work("t2", "two", 2)],
        outcome=Outcome(rejected="more", waits="t1"),
        under=("best-effort-fifo",),
    ),
]
