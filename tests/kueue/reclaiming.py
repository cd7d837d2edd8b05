"""Taking back what is nominal: reclaimWithinCohort (concepts/cluster_queue, concepts/preemption, TestPreemption)."""

from __future__ import annotations

from .scenario import ANY, LOWER, NEVER, STRICT, Outcome, Queue, Scenario, Work

UNIT = "pkg/scheduler/preemption/preemption_test.go, TestPreemption"
INTEGRATION = "test/integration/scheduler/preemption_test.go"
CLUSTER_QUEUE = "concepts/cluster_queue, Preemption"
OWN_FIRST = "whether others may be asked is decided before own victims are taken off: with them in, the job reaches above its guarantee"

BOTH = {"cpus": 6, "memory_gib": 3}
TWO = [
    Queue("c1", BOTH, "cohort", borrowing=BOTH, within=LOWER, reclaim=LOWER),
    Queue("c2", BOTH, "cohort", borrowing=BOTH, reclaim=ANY),
]
UNLIMITED = [Queue("d1", BOTH, "cohort", within=LOWER, reclaim=LOWER), Queue("d2", BOTH, "cohort", reclaim=ANY)]
PAIR = {"cpus": 2, "memory_gib": 2}
THREE = [Queue("a", PAIR, "three", within=LOWER, reclaim=ANY), Queue("b", PAIR, "three"), Queue("c", PAIR, "three")]
GREEK = [
    Queue("alpha", 2, "all", within=LOWER, reclaim=ANY),
    Queue("beta", 2, "all"),
    Queue("gamma", 2, "all", within=LOWER, reclaim=ANY),
]


def lenders(reclaim: str = ANY) -> list[Queue]:
    """a, which lends to b and may want it back as `reclaim` says."""
    return [Queue("a", 6, "ab", reclaim=reclaim), Queue("b", 6, "ab")]


ROWS = [
    Scenario(
        name="nothing is reclaimed by default",
        source=f"{CLUSTER_QUEUE}, reclaimWithinCohort Never",
        queues=lenders(NEVER),
        running=[Work("b1", "b", 12, -1)],
        arriving=[Work("in", "a", 6, 10)],
        outcome=Outcome(waits="in"),
    ),
    Scenario(
        name="only lower priorities are reclaimed",
        source=f"{CLUSTER_QUEUE}, reclaimWithinCohort LowerPriority",
        queues=lenders(LOWER),
        running=[Work("b-low", "b", 3), Work("b-high", "b", 3, 2), Work("b-same", "b", 6, 1)],
        arriving=[Work("in", "a", 3, 1), Work("more", "a", 3, 1)],
        outcome=Outcome(reclaimed="b-low", waits="more"),
    ),
    Scenario(
        name="any priority is reclaimed",
        source=f"{CLUSTER_QUEUE}, reclaimWithinCohort Any",
        queues=lenders(ANY),
        running=[Work("b1", "b", 6, 10), Work("b2", "b", 6, 20)],
        arriving=[Work("in", "a", 6, -10)],
        outcome=Outcome(reclaimed="b1"),
    ),
    Scenario(
        name="among equals the one that was admitted last is stopped",
        source="concepts/preemption, Candidates",
        queues=lenders(ANY),
        running=[Work("b1", "b", 3), Work("b2", "b", 3), Work("b3", "b", 3), Work("b4", "b", 3)],
        arriving=[Work("in", "a", 6)],
        outcome=Outcome(reclaimed="b3 b4"),
    ),
    Scenario(
        name="a borrower gives back",
        source=f"{UNIT}, reclaim quota from borrower",
        queues=TWO,
        running=[Work("c1-low", "c1", 3, -1), Work("c2-mid", "c2", 3), Work("c2-high", "c2", 6, 1)],
        arriving=[Work("in", "c1", 3, 1)],
        outcome=Outcome(reclaimed="c2-mid"),
    ),
    Scenario(
        name="a resource of which nothing is asked hinders nothing",
        source=f"{UNIT}, reclaim quota if workload requests 0 resources for a resource at nominal quota",
        queues=TWO,
        running=[Work("c1-low", "c1", 3, -1, memory_gib=3), Work("c2-mid", "c2", 3), Work("c2-high", "c2", 6, 1)],
        arriving=[Work("in", "c1", 3, 1, memory_gib=0)],
        outcome=Outcome(reclaimed="c2-mid"),
    ),
    Scenario(
        name="what reaches above the nominal quota reclaims nothing",
        source=f"{UNIT}, not enough workloads borrowing",
        queues=TWO,
        running=[Work("c1-high", "c1", 4, 1), Work("c2-low-1", "c2", 4, -1), Work("c2-low-2", "c2", 4, -1)],
        arriving=[Work("in", "c1", 4, 1)],
        outcome=Outcome(waits="in"),
    ),
    Scenario(
        name="own victims, and another resource is borrowed",
        source=f"{UNIT}, preempting locally and borrowing other resources in cohort, without cohort candidates",
        queues=TWO,
        running=[Work("c1-low", "c1", 4, -1), Work("c2-low-1", "c2", 4, -1), Work("c2-high-2", "c2", 4, 1)],
        arriving=[Work("in", "c1", 4, 1, memory_gib=5)],
        outcome=Outcome(preempted="c1-low"),
    ),
    Scenario(
        name="own victims, and the same resource is borrowed",
        source=f"{UNIT}, preempting locally and borrowing same resource in cohort",
        queues=TWO,
        running=[Work("c1-med", "c1", 4), Work("c1-low", "c1", 4, -1), Work("c2-low-1", "c2", 4, -1)],
        arriving=[Work("in", "c1", 4, 1)],
        outcome=Outcome(preempted="c1-low"),
    ),
    Scenario(
        name="own victims without a borrowing limit",
        source=f"{UNIT}, preempting locally and borrowing same resource in cohort; no borrowing limit in the cohort",
        queues=UNLIMITED,
        running=[Work("d1-med", "d1", 4), Work("d1-low", "d1", 4, -1), Work("d2-low-1", "d2", 4, -1)],
        arriving=[Work("in", "d1", 4, 1)],
        outcome=Outcome(preempted="d1-low"),
    ),
    Scenario(
        # The one that was preempted then takes back what is guaranteed to its queue.
        name="own victims where another resource must be borrowed, though others borrow",
        source=f"{UNIT}, preempting locally and borrowing other resources in cohort, with cohort candidates",
        queues=TWO,
        running=[Work("c1-med", "c1", 4), Work("c2-low-1", "c2", 5, -1), Work("c2-low-2", "c2", 1, -1), Work("c2-low-3", "c2", 1, -1)],
        arriving=[Work("in", "c1", 2, 1, memory_gib=5)],
        outcome=Outcome(preempted="c1-med", again="c1-med", reclaimed="c2-low-3"),
    ),
    Scenario(
        name="own victims in a cohort of one queue",
        source=f"{UNIT}, preempting locally and not borrowing same resource in 1-queue cohort",
        queues=[Queue("l1", BOTH, "legion", borrowing={"cpus": 12, "memory_gib": 6}, within=LOWER, reclaim=LOWER)],
        running=[Work("l1-med", "l1", 4), Work("l1-low", "l1", 2, -1)],
        arriving=[Work("in", "l1", 4, 1)],
        outcome=Outcome(preempted="l1-med"),
    ),
    Scenario(
        name="the same priority is not reclaimed as a lower one",
        source=f"{UNIT}, do not reclaim borrowed quota from same priority for withinCohort=ReclaimFromLowerPriority",
        queues=TWO,
        running=[Work("c1", "c1", 2), Work("c2-1", "c2", 4), Work("c2-2", "c2", 4)],
        arriving=[Work("in", "c1", 4)],
        outcome=Outcome(waits="in"),
    ),
    Scenario(
        name="the same priority is reclaimed as any",
        source=f"{UNIT}, reclaim borrowed quota from same priority for withinCohort=ReclaimFromAny",
        queues=TWO,
        running=[Work("c1-1", "c1", 4), Work("c1-2", "c1", 4, 1), Work("c2", "c2", 2)],
        arriving=[Work("in", "c2", 4)],
        outcome=Outcome(reclaimed="c1-1"),
    ),
    Scenario(
        name="from the own queue and from the cohort",
        source=f"{UNIT}, preempt from all ClusterQueues in cohort",
        queues=TWO,
        running=[Work("c1-low", "c1", 3, -1), Work("c1-mid", "c1", 2), Work("c2-low", "c2", 3, -1), Work("c2-mid", "c2", 4)],
        arriving=[Work("in", "c1", 4)],
        outcome=Outcome(waits="in"),
        kueue=Outcome(preempted="c1-low", reclaimed="c2-low"),
        why=OWN_FIRST,
    ),
    Scenario(
        name="own victims where the queue is exhausted",
        source=f"{UNIT}, preemptions from cq when target queue is exhausted for the single requested resource",
        queues=THREE,
        running=[
            *(Work(f"a{n}", "a", 1, priority) for n, priority in ((1, -2), (2, -2), (3, -1))),
            *(Work(f"b{n}", "b", 1) for n in (1, 2, 3)),
        ],
        arriving=[Work("in", "a", 2)],
        outcome=Outcome(preempted="a1 a2"),
    ),
    Scenario(
        name="own victims where the queue is exhausted for two resources",
        source=f"{UNIT}, preemptions from cq when target queue is exhausted for two requested resources",
        queues=THREE,
        running=[
            *(Work(f"a{n}", "a", 1, priority, memory_gib=1) for n, priority in ((1, -2), (2, -2), (3, -1))),
            *(Work(f"b{n}", "b", 1, memory_gib=1) for n in (1, 2, 3)),
        ],
        arriving=[Work("in", "a", 2, memory_gib=2)],
        outcome=Outcome(preempted="a1 a2"),
    ),
    Scenario(
        name="own victims where the queue is exhausted for one of two resources",
        source=f"{UNIT}, preemptions from cq when target queue is exhausted for one requested resource, but not the other",
        queues=THREE,
        running=[
            *(Work(f"a{n}", "a", 1, priority) for n, priority in ((1, -2), (2, -2), (3, -1))),
            *(Work(f"b{n}", "b", 1) for n in (1, 2, 3)),
        ],
        arriving=[Work("in", "a", 2, memory_gib=2)],
        outcome=Outcome(preempted="a1 a2"),
    ),
    Scenario(
        name="an own victim and one of the cohort where the queue is not exhausted",
        source=f"{UNIT}, allow preemption from other cluster queues if target cq is not exhausted for the requested resource",
        queues=THREE,
        running=[Work("a1", "a", 1, -1), *(Work(f"b{n}", "b", 1) for n in (1, 2, 3, 4)), Work("b5", "b", 1, -1)],
        arriving=[Work("in", "a", 2)],
        outcome=Outcome(waits="in"),
        kueue=Outcome(preempted="a1", reclaimed="b5"),
        why=OWN_FIRST,
    ),
    Scenario(
        name="a low one of its own and a borrower's",
        source=f"{INTEGRATION}, Should preempt Workloads in the cohort borrowing quota, when … using less than nominal quota",
        queues=GREEK,
        running=[Work("alpha-low", "alpha", 1, -1), Work("beta-mid", "beta", 1), Work("beta-high", "beta", 4, 1)],
        arriving=[Work("alpha-mid", "alpha", 2)],
        outcome=Outcome(waits="alpha-mid"),
        kueue=Outcome(preempted="alpha-low", reclaimed="beta-mid"),
        why=OWN_FIRST,
    ),
    Scenario(
        name="nobody in the cohort is stopped for what borrows",
        source=f"{INTEGRATION}, Should not preempt Workloads in the cohort, if the ClusterQueue requires borrowing",
        queues=GREEK,
        running=[Work("alpha-high-1", "alpha", 2, 1), Work("beta-low", "beta", 4, -1)],
        arriving=[Work("alpha-high-2", "alpha", 2, 1)],
        outcome=Outcome(waits="alpha-high-2"),
    ),
    Scenario(
        name="two reclaim at once from different priorities",
        source=f"{INTEGRATION}, Should preempt all necessary workloads in concurrent scheduling with different priorities",
        queues=GREEK,
        running=[Work("beta-mid", "beta", 3), Work("beta-high", "beta", 3, 1)],
        arriving=[Work("alpha-mid", "alpha", 2, at=1000), Work("gamma-mid", "gamma", 2, at=1000)],
        outcome=Outcome(reclaimed="beta-mid beta-high"),
    ),
    Scenario(
        name="two reclaim at once from the same priority",
        source=f"{INTEGRATION}, Should preempt all necessary workloads in concurrent scheduling with the same priority",
        queues=GREEK,
        running=[Work(f"beta-{n}", "beta", 2) for n in (0, 1, 2)],
        arriving=[Work("alpha", "alpha", 2, at=1000), Work("gamma", "gamma", 2, at=1000)],
        outcome=Outcome(reclaimed="beta-1 beta-2"),
    ),
    Scenario(
        name="reclaiming goes on though another queue has pending workloads",
        source=f"{INTEGRATION}, Should reclaim from cohort even if another CQ has pending workloads",
        queues=[Queue("alpha", 2, "all", within=LOWER, reclaim=ANY), Queue("beta", 2, "all", within=LOWER, reclaim=ANY)],
        running=[Work("use-all", "alpha", 4, 1)],
        arriving=[Work("pending", "alpha", 1), Work("preemptor", "beta", 1, -1)],
        outcome=Outcome(reclaimed="use-all", waits="pending"),
        under=(STRICT,),
    ),
    Scenario(
        name="a pending one of higher priority in the borrowing queue does not hold up reclaiming",
        source="pkg/scheduler/scheduler_test.go, TestSchedule, multiple CQs need preemption",
        queues=[Queue("other-alpha", 50, "other", borrowing=50), Queue("other-beta", 50, "other", borrowing=10, reclaim=ANY, within=LOWER)],
        running=[Work("use-all", "other-alpha", 100)],
        arriving=[Work("preemptor", "other-beta", 1, -1, at=1000), Work("pending", "other-alpha", 1, 1, at=1000)],
        # `pending` borrows what is left once the large one is gone.
        outcome=Outcome(reclaimed="use-all"),
    ),
]
