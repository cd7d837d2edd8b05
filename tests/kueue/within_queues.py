"""Preemption within a queue: withinClusterQueue (concepts/cluster_queue, TestPreemption)."""

from __future__ import annotations

from .scenario import BEST_EFFORT, LOWER, LOWER_OR_NEWER, NEVER, Outcome, Queue, Scenario, Work

UNIT = "pkg/scheduler/preemption/preemption_test.go, TestPreemption"
INTEGRATION = "test/integration/scheduler/preemption_test.go"
CLUSTER_QUEUE = "concepts/cluster_queue, Preemption"

ALONE = [Queue("standalone", 6, within=LOWER)]
ONE_QUEUE = [Queue("cq", 4, within=LOWER_OR_NEWER)]

ROWS = [
    Scenario(
        name="the lowest priority is preempted",
        source=f"{UNIT}, preempt lowest priority",
        queues=ALONE,
        running=[Work("low", "standalone", 2, -1), Work("mid", "standalone", 2), Work("high", "standalone", 2, 1)],
        arriving=[Work("in", "standalone", 2, 1)],
        outcome=Outcome(preempted="low"),
    ),
    Scenario(
        name="several are preempted",
        source=f"{UNIT}, preempt multiple",
        queues=ALONE,
        running=[Work("low", "standalone", 2, -1), Work("mid", "standalone", 2), Work("high", "standalone", 2, 1)],
        arriving=[Work("in", "standalone", 3, 1)],
        outcome=Outcome(preempted="low mid"),
    ),
    Scenario(
        name="a low priority preempts nobody",
        source=f"{UNIT}, no preemption for low priority",
        queues=ALONE,
        running=[Work("low", "standalone", 3, -1), Work("mid", "standalone", 3)],
        arriving=[Work("in", "standalone", 1, -1)],
        outcome=Outcome(waits="in"),
    ),
    Scenario(
        name="nobody is preempted where the lower priorities are not enough",
        source=f"{UNIT}, not enough low priority workloads",
        queues=ALONE,
        running=[Work("low", "standalone", 3, -1), Work("mid", "standalone", 3)],
        arriving=[Work("in", "standalone", 4)],
        outcome=Outcome(waits="in"),
    ),
    Scenario(
        name="what is free counts",
        source=f"{UNIT}, some free quota, preempt low priority",
        queues=ALONE,
        running=[Work("low", "standalone", 1, -1), Work("mid", "standalone", 1), Work("high", "standalone", 3, 1)],
        arriving=[Work("in", "standalone", 2, 1)],
        outcome=Outcome(preempted="low"),
    ),
    Scenario(
        name="one that turns out not to be needed is spared",
        source=f"{UNIT}, minimal set excludes low priority",
        queues=ALONE,
        running=[Work("low", "standalone", 1, -1), Work("mid", "standalone", 2), Work("high", "standalone", 3, 1)],
        arriving=[Work("in", "standalone", 2, 1)],
        outcome=Outcome(preempted="mid"),
    ),
    Scenario(
        name="within a queue nobody is preempted unless it says so",
        source=f"{CLUSTER_QUEUE}, withinClusterQueue; {UNIT}, can't preempt workloads in ClusterQueue for withinClusterQueue=Never",
        queues=[Queue("cq", 6, within=NEVER)],
        running=[Work("low", "cq", 3, -1)],
        arriving=[Work("in", "cq", 4, 1)],
        outcome=Outcome(waits="in"),
    ),
    Scenario(
        name="two of low priority for one of high",
        source=f"{INTEGRATION}, Should preempt Workloads with lower priority when there is not enough quota",
        queues=ONE_QUEUE,
        running=[Work("low-1", "cq", 1, -1), Work("low-2", "cq", 1, -1), Work("mid", "cq", 1), Work("high-1", "cq", 1, 1)],
        arriving=[Work("low-3", "cq", 1, -1), Work("high-2", "cq", 2, 1)],
        outcome=Outcome(preempted="low-1 low-2", waits="low-3"),
    ),
    Scenario(
        name="a newer one of the same priority is preempted",
        source=f"{INTEGRATION}, Should preempt newer Workloads with the same priority when there is not enough quota",
        queues=ONE_QUEUE,
        running=[Work("wl-1", "cq", 1, -1, until=2000), Work("wl-2", "cq", 1, -1)],
        arriving=[Work("wl-3", "cq", 3, -1), Work("wl-4", "cq", 1, -1)],
        outcome=Outcome(preempted="wl-4", over="wl-1"),
        under=(BEST_EFFORT,),
    ),
    Scenario(
        name="an older one of the same priority is not",
        source=f"{CLUSTER_QUEUE}, withinClusterQueue",
        queues=ONE_QUEUE,
        running=[Work("wl-1", "cq", 2), Work("wl-2", "cq", 2)],
        arriving=[Work("in", "cq", 1)],
        outcome=Outcome(waits="in"),
    ),
]
