"""Nominal quotas and borrowing: concepts/cluster_queue, concepts/cohort, tasks/manage/administer_cluster_quotas."""

from __future__ import annotations

from .scenario import Cohort, Outcome, Queue, Scenario, Work

CLUSTER_QUEUE = "concepts/cluster_queue"
ADMINISTER = "tasks/manage/administer_cluster_quotas"
SCHEDULER = "pkg/scheduler/scheduler_test.go, TestSchedule"
INTEGRATION = "test/integration/scheduler/scheduler_test.go"

SAMPLE = [Queue("cluster-queue", {"cpus": 9, "memory_gib": 36})]
TEAMS = [Queue("team-a", {"cpus": 9, "memory_gib": 36}, "team-ab"), Queue("team-b", {"cpus": 12, "memory_gib": 48}, "team-ab")]
LIMITED = [Queue("team-a", 9, "team-ab", borrowing=1), Queue("team-b", 12, "team-ab")]
ADMINISTERED = [
    Queue("team-a", {"cpus": 9, "memory_gib": 36}, "team-ab", borrowing={"cpus": 6, "memory_gib": 24}),
    Queue("team-b", {"cpus": 12, "memory_gib": 48}, "team-ab"),
]
PRODUCTION = [
    Queue("prod", 5, "all", borrowing=10),
    Queue("dev", 5, "all", borrowing=10),
    Queue("test", 15, "all", borrowing=0),
]
THREE = [Queue(f"cq{place}", {"cpus": 10, "memory_gib": 10}, "co", borrowing={"cpus": 10, "memory_gib": 10}) for place in (1, 2, 3)]
PODS = [Queue("pods-count", 100, pods=5)]

ROWS = [
    Scenario(
        name="the sum of the CPUs is at most the nominal quota",
        source=f"{CLUSTER_QUEUE}, sample",
        queues=SAMPLE,
        running=[Work("a1", "cluster-queue", 4, memory_gib=16), Work("a2", "cluster-queue", 5, memory_gib=16)],
        arriving=[Work("in", "cluster-queue", 1, memory_gib=1)],
        outcome=Outcome(waits="in"),
    ),
    Scenario(
        name="the sum of the memory is at most the nominal quota",
        source=f"{CLUSTER_QUEUE}, sample",
        queues=SAMPLE,
        running=[Work("a1", "cluster-queue", 4, memory_gib=30)],
        arriving=[Work("in", "cluster-queue", 2, memory_gib=7), Work("small", "cluster-queue", 5, memory_gib=6)],
        outcome=Outcome(waits="in"),
        under=("best-effort-fifo",),
    ),
    Scenario(
        name="the number of pods is at most that of the quota, and a later one that fits goes first",
        source=f"{CLUSTER_QUEUE}, sample; {INTEGRATION}, Should admit workloads as number of pods allows it",
        queues=PODS,
        running=[Work("wl1", "pods-count", 2, pods=3)],
        arriving=[Work("wl2", "pods-count", 2, pods=3), Work("wl3", "pods-count", 2, pods=2)],
        outcome=Outcome(waits="wl2"),
        under=("best-effort-fifo",),
    ),
    Scenario(
        name="pods of a finished workload make room for the one that waited",
        source=f"{INTEGRATION}, Should admit workloads as number of pods allows it",
        queues=PODS,
        running=[Work("wl1", "pods-count", 2, pods=3, until=2000)],
        arriving=[Work("wl2", "pods-count", 2, pods=3), Work("wl3", "pods-count", 2, pods=2)],
        outcome=Outcome(over="wl1"),
        under=("best-effort-fifo",),
    ),
    Scenario(
        name="with nobody else admitted, all that is nominal in the cohort may be used",
        source=f"{CLUSTER_QUEUE}, Borrowing example",
        queues=TEAMS,
        running=[Work("a1", "team-a", 9, memory_gib=36), Work("a2", "team-a", 12, memory_gib=48)],
        arriving=[Work("a3", "team-a", 1, memory_gib=0)],
        outcome=Outcome(waits="a3"),
    ),
    Scenario(
        name="what is within the nominal quota goes before what borrows",
        source=f"{CLUSTER_QUEUE}, Borrowing example",
        queues=TEAMS,
        running=[Work("a1", "team-a", 9, memory_gib=36)],
        arriving=[Work("a2", "team-a", 12, memory_gib=48, at=1000), Work("b1", "team-b", 12, memory_gib=48, at=1000)],
        outcome=Outcome(waits="a2"),
    ),
    Scenario(
        name="of those that borrow the higher priority goes first",
        source=f"{CLUSTER_QUEUE}, Flavors and borrowing semantics, note",
        queues=[Queue("team-a", 0, "all"), Queue("team-b", 0, "all"), Queue("shared", 4, "all")],
        arriving=[Work("a1", "team-a", 3, at=1000), Work("b1", "team-b", 3, 1, at=1000)],
        outcome=Outcome(waits="a1"),
        under=("priority",),
    ),
    Scenario(
        name="borrowing ends at the borrowing limit",
        source=f"{CLUSTER_QUEUE}, BorrowingLimit",
        queues=LIMITED,
        running=[Work("a1", "team-a", 9), Work("a2", "team-a", 1)],
        arriving=[Work("a3", "team-a", 1)],
        outcome=Outcome(waits="a3"),
    ),
    Scenario(
        name="what asks for more than nominal and borrowing limit never runs",
        source=f"{CLUSTER_QUEUE}, BorrowingLimit",
        queues=LIMITED,
        arriving=[Work("a1", "team-a", 11), Work("a2", "team-a", 10)],
        outcome=Outcome(rejected="a1"),
    ),
    Scenario(
        name="without a borrowing limit all nominal quotas of the cohort may be used",
        source=f"{CLUSTER_QUEUE}, BorrowingLimit",
        queues=LIMITED,
        arriving=[Work("b1", "team-b", 21)],
        outcome=Outcome(),
    ),
    Scenario(
        name="borrowing limits of CPUs and of memory",
        source=f"{ADMINISTER}, Multiple ClusterQueues and borrowing cohorts",
        queues=ADMINISTERED,
        running=[Work("a1", "team-a", 15, memory_gib=60)],
        arriving=[Work("a2", "team-a", 1), Work("a3", "team-a", 10, memory_gib=61), Work("b1", "team-b", 6, memory_gib=24)],
        outcome=Outcome(waits="a2", rejected="a3"),
    ),
    Scenario(
        name="a queue without a cohort borrows from nobody",
        source=f"{CLUSTER_QUEUE}, Cohort",
        queues=[Queue("alone", 6), Queue("other", 6, "team")],
        running=[Work("a1", "alone", 4)],
        arriving=[Work("big", "alone", 7), Work("a2", "alone", 3)],
        outcome=Outcome(rejected="big", waits="a2"),
    ),
    Scenario(
        name="nobody borrows from a queue without a cohort",
        source=f"{CLUSTER_QUEUE}, Cohort",
        queues=[Queue("alone", 6), Queue("other", 6, "team"), Queue("third", 1, "team")],
        running=[Work("o1", "other", 7)],
        arriving=[Work("t1", "third", 1), Work("a1", "alone", 6)],
        outcome=Outcome(waits="t1"),
    ),
    Scenario(
        name="a single queue is full",
        source=f"{SCHEDULER}, single clusterQueue full",
        queues=[Queue("sales", 50, borrowing=0)],
        running=[Work("assigned", "sales", 1, pods=40)],
        arriving=[Work("new", "sales", 1, pods=11), Work("fits", "sales", 1, pods=10)],
        outcome=Outcome(waits="new"),
        under=("best-effort-fifo",),
    ),
    Scenario(
        name="a queue with nothing nominal uses what its cohort has",
        source="concepts/cohort, Configuring Quotas",
        queues=[Cohort("hello-cohort", nominal=12), Queue("my-cluster-queue", 0, "hello-cohort")],
        running=[Work("w1", "my-cluster-queue", 12)],
        arriving=[Work("w2", "my-cluster-queue", 1)],
        outcome=Outcome(waits="w2"),
    ),
    Scenario(
        name="queues of a cohort share what is the cohort's own besides their own",
        source="concepts/cohort, Configuring Quotas",
        queues=[Cohort("hello-cohort", nominal=12), Queue("one", 2, "hello-cohort"), Queue("two", 3, "hello-cohort")],
        running=[Work("w1", "one", 14), Work("w2", "two", 3)],
        arriving=[Work("w3", "two", 1)],
        outcome=Outcome(waits="w3"),
    ),
    Scenario(
        name="two queues borrow from a third at once",
        source=f"{INTEGRATION}, Should schedule workloads borrowing quota from ClusterQueues in the same Cohort",
        queues=PRODUCTION,
        arriving=[Work("wl-1", "prod", 11, at=1000), Work("wl-2", "dev", 11, at=1000)],
        outcome=Outcome(),
    ),
    Scenario(
        name="two borrow different resources in the same cycle",
        source=f"{SCHEDULER}, two workloads can borrow different resources from the same flavor in the same cycle",
        queues=THREE,
        arriving=[Work("wl1", "cq1", 0, -1, memory_gib=16, at=1000), Work("wl2", "cq2", 16, -2, at=1000)],
        outcome=Outcome(),
    ),
    Scenario(
        name="two borrow the same resource in the same cycle where it suffices",
        source=f"{SCHEDULER}, two workloads can borrow the same resources from the same flavor in the same cycle if fits",
        queues=THREE,
        arriving=[Work("wl1", "cq1", 16, -1, at=1000), Work("wl2", "cq2", 14, -2, at=1000)],
        outcome=Outcome(),
    ),
    Scenario(
        name="only one borrows where the cohort's quota does not suffice for two",
        source=f"{SCHEDULER}, only one workload can borrow one resources from the same flavor in the same cycle if cohort quota cannot fit",
        queues=THREE,
        arriving=[Work("wl1", "cq1", 16, -1, at=1000), Work("wl2", "cq2", 16, -2, at=1000)],
        outcome=Outcome(waits="wl2"),
    ),
    Scenario(
        name="no more is admitted than is there while others borrow",
        source=f"{SCHEDULER}, no overadmission while borrowing",
        queues=[
            Queue("eng-alpha", 50, "eng", borrowing=50),
            Queue("eng-beta", 50, "eng", borrowing=10, reclaim="any", within="lower-priority"),
            Queue("eng-gamma", 50, "eng", borrowing=10, reclaim="any", within="lower-priority"),
        ],
        running=[Work("existing", "eng-gamma", 51)],
        arriving=[
            Work("new", "eng-beta", 50, at=1000),
            Work("new-alpha", "eng-alpha", 1, at=1000),
            Work("new-gamma", "eng-gamma", 50, at=1000),
        ],
        outcome=Outcome(waits="new-gamma"),
    ),
    Scenario(
        name="more than is in the cohort never runs",
        source="test/integration/scheduler/fairsharing/fair_sharing_test.go, Shouldn't reserve quota because not enough resources",
        queues=[Queue("a", 3, "all"), Queue("b", 1, "all"), Queue("shared", 4, "all")],
        arriving=[Work("wl", "a", 10), Work("most", "a", 8)],
        outcome=Outcome(rejected="wl"),
        under=("priority", "best-effort-fifo", "drf"),
    ),
]
