"""Stopping others so as to borrow: borrowWithinCohort (KEP 1337, TestPreemption)."""

from __future__ import annotations

from .scenario import ANY, LOWER, Outcome, Queue, Scenario, Work

UNIT = "pkg/scheduler/preemption/preemption_test.go, TestPreemption"
INTEGRATION = "test/integration/scheduler/preemption_test.go"
KEP = "keps/1337-preempt-within-cohort-while-borrowing"

# a_standard, b_standard: 1 nominal; a_best_effort: 1; b_best_effort: 0; shared: 10. All may borrow up to 13.
SHARED = [
    Queue("a_standard", 1, "standard and best effort", borrowing=12, reclaim=LOWER, borrow_within=LOWER, threshold=0),
    Queue("b_standard", 1, "standard and best effort", borrowing=12, within=LOWER, reclaim=ANY, borrow_within=LOWER, threshold=0),
    Queue("a_best_effort", 1, "standard and best effort", borrowing=12, reclaim=LOWER, borrow_within=LOWER, threshold=0),
    Queue("b_best_effort", 0, "standard and best effort", borrowing=13, reclaim=LOWER, borrow_within=LOWER, threshold=0),
    Queue("shared", 10, "standard and best effort"),
]
STORY = [
    *(Queue(name, 0, "company", borrowing=100, reclaim=LOWER, borrow_within=LOWER, threshold=100) for name in ("a-standard", "b-standard")),
    *(Queue(name, 0, "company", borrowing=100, reclaim=LOWER, borrow_within=LOWER) for name in ("a-best", "b-best")),
    Queue("shared", 100, "company", borrowing=0),
]

ROWS = [
    Scenario(
        name="a lower priority of another queue is stopped for what borrows",
        source=f"{UNIT}, use BorrowWithinCohort; allow preempting a lower-priority workload from another ClusterQueue while borrowing",
        queues=SHARED,
        running=[Work("a_best_effort_low", "a_best_effort", 10, -1), Work("b_best_effort_low", "b_best_effort", 1, -1)],
        arriving=[Work("in", "a_standard", 10)],
        outcome=Outcome(reclaimed="a_best_effort_low"),
    ),
    Scenario(
        name="a lower priority above the threshold is not stopped for what borrows",
        source=f"{UNIT}, use BorrowWithinCohort; don't allow preempting a lower-priority workload above MaxPriorityThreshold, "
        "if borrowing is required even after the preemption",
        queues=SHARED,
        running=[Work("b_standard", "b_standard", 10, 1)],
        arriving=[Work("in", "a_standard", 10, 2)],
        outcome=Outcome(waits="in"),
    ),
    Scenario(
        name="a lower priority above the threshold is stopped for what does not borrow",
        source=f"{UNIT}, use BorrowWithinCohort; allow preempting a lower-priority workload above MaxPriorityThreshold, "
        "if borrowing is not required after the preemption",
        queues=SHARED,
        running=[Work("b_standard", "b_standard", 13, 1)],
        arriving=[Work("in", "a_standard", 1, 2)],
        outcome=Outcome(reclaimed="b_standard"),
    ),
    Scenario(
        name="it does not allow to preempt within the queue",
        source=f"{UNIT}, use BorrowWithinCohort; don't allow for preemption of lower-priority workload from the same ClusterQueue",
        queues=SHARED,
        running=[Work("a_standard", "a_standard", 13, 1)],
        arriving=[Work("in", "a_standard", 1, 2)],
        outcome=Outcome(waits="in"),
    ),
    Scenario(
        name="only own victims where others are above the threshold",
        source=f"{UNIT}, use BorrowWithinCohort; only preempt from CQ if no workloads below threshold and already above nominal",
        queues=SHARED,
        running=[
            Work("a_standard_1", "a_standard", 10, 1),
            Work("a_standard_2", "a_standard", 1, 1),
            Work("b_standard_1", "b_standard", 1, 1),
            Work("b_standard_2", "b_standard", 1, 2),
        ],
        arriving=[Work("in", "b_standard", 1, 3)],
        outcome=Outcome(preempted="b_standard_1"),
    ),
    Scenario(
        name="own victims and others below the threshold",
        source=f"{UNIT}, use BorrowWithinCohort; preempt from CQ and from other CQs with workloads below threshold",
        queues=SHARED,
        running=[
            Work("b_standard_high", "b_standard", 10, 2),
            Work("b_standard_mid", "b_standard", 1, 1),
            Work("a_best_effort_low", "a_best_effort", 1, -1),
            Work("a_best_effort_lower", "a_best_effort", 1, -2),
        ],
        arriving=[Work("in", "b_standard", 2, 2)],
        outcome=Outcome(preempted="b_standard_mid", reclaimed="a_best_effort_lower"),
    ),
    Scenario(
        name="all is borrowed, and a lower priority gives way",
        source=f"{KEP}, Story 1 and Integration tests",
        queues=STORY,
        running=[Work("best", "a-best", 60, 50)],
        arriving=[Work("in", "a-standard", 60, 250)],
        outcome=Outcome(reclaimed="best"),
    ),
    Scenario(
        name="all is borrowed, and a higher priority does not give way",
        source=f"{KEP}, Story 1 and Integration tests",
        queues=STORY,
        running=[Work("other", "b-best", 60, 90)],
        arriving=[Work("in", "a-best", 60, 50)],
        outcome=Outcome(waits="in"),
    ),
    Scenario(
        name="all is borrowed, and a lower priority above the threshold does not give way",
        source=f"{KEP}, Story 1 and Integration tests",
        queues=STORY,
        running=[Work("other", "b-standard", 60, 220)],
        arriving=[Work("in", "a-standard", 60, 250)],
        outcome=Outcome(waits="in"),
    ),
    Scenario(
        name="a queue that does not borrow does not give way to what borrows",
        source=f"{KEP}, Integration tests",
        queues=STORY,
        running=[Work("own", "shared", 60, 10)],
        arriving=[Work("in", "a-standard", 60, 250)],
        outcome=Outcome(waits="in"),
    ),
    Scenario(
        name="what was stopped for a borrower does not come back for it",
        source=f"{KEP}, Flopping between preempting pair of workloads",
        queues=STORY,
        running=[Work("low", "b-best", 60, 10)],
        arriving=[Work("in", "a-best", 60, 20), Work("again", "b-best", 60, 20)],
        outcome=Outcome(reclaimed="low", waits="again"),
    ),
    Scenario(
        name="a queue that borrows stops a lower priority to borrow more",
        source=f"{INTEGRATION}, When borrowWithinCohort is used and PrioritySortingWithinCohort disabled",
        queues=[
            Queue("a", 0, "all", borrowing=10, reclaim=ANY, within=LOWER),
            Queue("b", 5, "all", borrowing=5, reclaim=ANY, within=LOWER, borrow_within=LOWER, threshold=2),
            Queue("c", 5, "all", reclaim=ANY, within=LOWER),
        ],
        running=[Work("a-mid", "a", 4), Work("b1-high", "b", 4, 1)],
        arriving=[Work("b2-high", "b", 4, 1)],
        outcome=Outcome(reclaimed="a-mid"),
    ),
    Scenario(
        name="one that waits does not hold up another queue that borrows",
        source="pkg/scheduler/scheduler_test.go, TestSchedule, preemption while borrowing, workload waiting … should not block "
        "a borrowing workload in another CQ",
        queues=[
            Queue("cq_shared", 4, "co", borrowing=0),
            Queue("cq_a", 0, "co", borrowing=3, reclaim=LOWER, borrow_within=LOWER),
            Queue("cq_b", 0, "co", reclaim=LOWER, borrow_within=LOWER),
        ],
        running=[Work("admitted_a", "cq_a", 2)],
        arriving=[Work("a", "cq_a", 3, at=1000), Work("b", "cq_b", 1, at=1000)],
        outcome=Outcome(waits="a"),
    ),
]
