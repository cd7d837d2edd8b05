"""Who is next: StrictFIFO, BestEffortFIFO, stopped queues (concepts/cluster_queue)."""

from __future__ import annotations

from .scenario import ANY, BEST_EFFORT, NEVER, SHARES, STRICT, Outcome, Queue, Scenario, Work

CLUSTER_QUEUE = "concepts/cluster_queue"
INTEGRATION = "test/integration/scheduler/scheduler_test.go"
FIFO = [Queue("fifo", 5, borrowing=0)]
STRICTLY = [Work("wl1", "fifo", 2, 100, at=1000), Work("wl2", "fifo", 5, 10, at=1000), Work("wl3", "fifo", 1, 1, at=1000)]


def under_quota(reclaim: str) -> list[Queue]:
    return [Queue("prod", 2, "all", reclaim=reclaim), Queue("dev", 0, "all")]


PROD = [Work("p-wl-1", "prod", 1, until=2000), Work("p-wl-2", "prod", 1, until=3000)]

ROWS = [
    Scenario(
        name="an older one that does not fit blocks newer ones",
        source=f"{CLUSTER_QUEUE}, StrictFIFO",
        queues=FIFO,
        running=[Work("wl1", "fifo", 2)],
        arriving=[Work("wl2", "fifo", 5), Work("wl3", "fifo", 1)],
        outcome=Outcome(waits="wl2 wl3"),
        under=("fifo", STRICT),
    ),
    Scenario(
        name="an older one that does not fit blocks no newer ones",
        source=f"{CLUSTER_QUEUE}, BestEffortFIFO",
        queues=FIFO,
        running=[Work("wl1", "fifo", 2)],
        arriving=[Work("wl2", "fifo", 5), Work("wl3", "fifo", 1)],
        outcome=Outcome(waits="wl2"),
        under=(BEST_EFFORT, SHARES),
    ),
    Scenario(
        name="one queue does not block another",
        source=f"{CLUSTER_QUEUE}, StrictFIFO",
        queues=[Queue("one", 5, borrowing=0), Queue("two", 5, borrowing=0)],
        running=[Work("wl1", "one", 2)],
        arriving=[Work("wl2", "one", 5), Work("wl3", "two", 5)],
        outcome=Outcome(waits="wl2"),
        under=("fifo", STRICT, BEST_EFFORT, SHARES),
    ),
    Scenario(
        name="strictly by priority",
        source=f"{INTEGRATION}, Should schedule workloads by their priority strictly",
        queues=FIFO,
        arriving=STRICTLY,
        outcome=Outcome(waits="wl2 wl3"),
        under=(STRICT,),
    ),
    Scenario(
        name="by priority, though submitted in another order",
        source=f"{CLUSTER_QUEUE}, StrictFIFO",
        queues=FIFO,
        arriving=list(reversed(STRICTLY)),
        outcome=Outcome(waits="wl2 wl3"),
        under=(STRICT,),
    ),
    Scenario(
        name="of equal priority by time",
        source=f"{CLUSTER_QUEUE}, StrictFIFO",
        queues=FIFO,
        running=[Work("wl0", "fifo", 5, until=2000)],
        arriving=[Work("wl1", "fifo", 3, 7), Work("wl2", "fifo", 3, 7), Work("wl3", "fifo", 3, 8)],
        outcome=Outcome(over="wl0", waits="wl1 wl2"),
        under=(STRICT,),
    ),
    Scenario(
        name="BestEffortFIFO goes by priority too",
        source=f"{CLUSTER_QUEUE}, BestEffortFIFO",
        queues=FIFO,
        running=[Work("wl0", "fifo", 5, until=2000)],
        arriving=[Work("low", "fifo", 3, 1), Work("high", "fifo", 3, 2)],
        outcome=Outcome(over="wl0", waits="high"),
        under=(BEST_EFFORT,),
        kueue=Outcome(over="wl0", waits="low"),
        why="priorities order a lane under the queue policy `priority` only",
    ),
    Scenario(
        name="the second is admitted when the first is over",
        source=f"{INTEGRATION}, Should admit workloads as they fit in their ClusterQueue",
        queues=[Queue("prod", 5), Queue("dev", 5)],
        running=[Work("prod-wl1", "prod", 2, until=2000)],
        arriving=[Work("prod-wl2", "prod", 5), Work("dev-wl", "dev", 5)],
        outcome=Outcome(over="prod-wl1"),
        under=("fifo", STRICT, BEST_EFFORT, SHARES),
    ),
    Scenario(
        name="it waits until the first is over",
        source=f"{INTEGRATION}, Should admit workloads as they fit in their ClusterQueue",
        queues=[Queue("prod", 5), Queue("dev", 5)],
        running=[Work("prod-wl1", "prod", 2, until=2000)],
        arriving=[Work("prod-wl2", "prod", 5), Work("dev-wl", "dev", 5)],
        outcome=Outcome(waits="prod-wl2"),
        under=("fifo", STRICT, BEST_EFFORT, SHARES),
        until=1900,
    ),
    Scenario(
        name="what is under the nominal quota starts before what borrows",
        source=f"{INTEGRATION}, Should start workloads that are under min quota before borrowing",
        queues=under_quota(NEVER),
        running=PROD,
        arriving=[Work("d-wl-1", "dev", 1), Work("p-wl-3", "prod", 2)],
        outcome=Outcome(over="p-wl-1 p-wl-2", waits="p-wl-3"),
        under=(STRICT,),
        kueue=Outcome(over="p-wl-1 p-wl-2", waits="d-wl-1"),
        why="nothing is kept free for the head of a lane: what is guaranteed to it comes back by reclaiming, which this queue does not",
    ),
    Scenario(
        name="what is under the nominal quota takes it back from what borrowed",
        source=f"{INTEGRATION}, Should start workloads that are under min quota before borrowing, with reclaimWithinCohort Any",
        queues=under_quota(ANY),
        running=PROD,
        arriving=[Work("d-wl-1", "dev", 1), Work("p-wl-3", "prod", 2)],
        outcome=Outcome(over="p-wl-1 p-wl-2", reclaimed="d-wl-1"),
        under=(STRICT,),
    ),
    Scenario(
        name="a stopped queue starts nothing and lets run what runs",
        source=f"{CLUSTER_QUEUE}, StopPolicy Hold",
        queues=[Queue("held", 5, stopped=True), Queue("other", 5)],
        arriving=[Work("w1", "held", 1), Work("w2", "other", 5)],
        outcome=Outcome(waits="w1"),
        under=("fifo", STRICT, BEST_EFFORT, SHARES),
    ),
]
