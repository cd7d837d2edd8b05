"""Flavors and which of them is taken: concepts/cluster_queue, tasks/manage/administer_cluster_quotas, KEP 582."""

from __future__ import annotations

from .scenario import ANY, LOWER, PREEMPT, STRICT, TRY_NEXT, Outcome, Queue, Scenario, Work

CLUSTER_QUEUE = "concepts/cluster_queue"
KEP = "keps/582-preempt-based-on-flavor-order"
INTEGRATION = "test/integration/scheduler/scheduler_test.go"
SCHEDULER = "pkg/scheduler/scheduler_test.go, TestSchedule"
FALLBACK = "tasks/manage/administer_cluster_quotas, Multiple ClusterQueue with dedicated and fallback flavors"

TENANTS = [
    Queue("team-a", {"arm": 9, "x86": 0}, "team-ab", borrowing={"arm": 0}),
    Queue("team-b", {"arm": 12, "x86": 0}, "team-ab", borrowing={"arm": 0}),
    Queue("shared", {"x86": 6}, "team-ab"),
]


def borrowing_from(when_can_borrow: str) -> list[Queue]:
    return [
        Queue("prod", {"on-demand": 10}, "all", borrowing={"on-demand": 10}),
        Queue("dev", {"on-demand": 10, "spot": 11}, "all", borrowing={"on-demand": 10}, when_can_borrow=when_can_borrow),
    ]


def reclaiming(when_can_preempt: str) -> list[Queue]:
    return [
        Queue("prod", {"on-demand": 10, "spot": 11}, "all", borrowing={"on-demand": 10}, reclaim=ANY, when_can_preempt=when_can_preempt),
        Queue("dev", {"on-demand": 10}, "all", borrowing={"on-demand": 10}, when_can_borrow=TRY_NEXT),
    ]


def two(when_can_preempt: str, when_can_borrow: str = "borrow") -> list[Queue]:
    """a, which has something nominal in one only, and b, which lends in two."""
    return [
        Queue("a", {"one": 4, "two": 0}, "ab", within=LOWER, when_can_preempt=when_can_preempt, when_can_borrow=when_can_borrow),
        Queue("b", {"one": 0, "two": 4}, "ab"),
    ]


def shared_queue(name: str, threshold: int | None) -> Queue:
    return Queue(
        name,
        {"one": 1, "fallback": 10},
        "all",
        borrowing={"one": 10, "fallback": 0},
        reclaim=LOWER,
        borrow_within=LOWER,
        threshold=threshold,
        when_can_preempt=PREEMPT,
    )


ENGINEERS = [
    Queue("eng-alpha", {"on-demand": 50, "spot": 100}, "eng", borrowing={"on-demand": 50, "spot": 0}),
    Queue("eng-beta", {"on-demand": 50, "spot": 0}, "eng", borrowing={"on-demand": 10, "spot": 100}, reclaim=ANY, within=LOWER),
]

ROWS = [
    Scenario(
        name="the first flavor of the list that has enough",
        source=f"{CLUSTER_QUEUE}, Resource Groups",
        queues=[Queue("cluster-queue", {"spot": 9, "on-demand": 18})],
        running=[Work("w1", "cluster-queue", 9)],
        arriving=[Work("w2", "cluster-queue", 9), Work("w3", "cluster-queue", 10), Work("more", "cluster-queue", 19)],
        outcome=Outcome(on={"w1": "spot", "w2": "on-demand"}, waits="w3", rejected="more"),
    ),
    Scenario(
        name="a dedicated flavor, and a fallback that is shared",
        source=FALLBACK,
        queues=TENANTS,
        running=[Work("a1", "team-a", 9), Work("b1", "team-b", 12)],
        arriving=[Work("a2", "team-a", 4), Work("b2", "team-b", 2), Work("a3", "team-a", 1)],
        outcome=Outcome(on={"a1": "arm", "b1": "arm", "a2": "x86", "b2": "x86"}, waits="a3"),
    ),
    Scenario(
        name="a flavor that may not be borrowed",
        source=FALLBACK,
        queues=TENANTS,
        arriving=[Work("a1", "team-a", 10), Work("a2", "team-a", 9), Work("a3", "team-a", 6)],
        outcome=Outcome(rejected="a1", on={"a2": "arm", "a3": "x86"}),
    ),
    Scenario(
        name="a flavor that the queue does not define is not borrowed",
        source=f"{CLUSTER_QUEUE}, Flavors and borrowing semantics",
        queues=[Queue("a", {"one": 4}, "ab"), Queue("b", {"one": 1, "two": 8}, "ab")],
        running=[Work("a1", "a", 5)],
        arriving=[Work("a2", "a", 1), Work("more", "a", 6)],
        outcome=Outcome(waits="a2", rejected="more"),
    ),
    Scenario(
        name="one workload does not borrow in two flavors at once",
        source=f"{CLUSTER_QUEUE}, Flavors and borrowing semantics",
        queues=[Queue("a", {"one": 1, "two": 1}, "ab"), Queue("b", {"one": 3, "two": 3}, "ab")],
        arriving=[Work("more", "a", 5), Work("most", "a", 4)],
        outcome=Outcome(rejected="more", on={"most": "one"}),
    ),
    Scenario(
        name="the next flavor where nobody can be preempted in the first",
        source=f"{INTEGRATION}, Should try next flavor if can't preempt on first",
        queues=[Queue("prod", {"on-demand": 2, "spot": 2}, "all", within=LOWER, when_can_preempt=PREEMPT)],
        running=[Work("wl-1", "prod", 1), Work("wl-2", "prod", 1)],
        arriving=[Work("wl-3", "prod", 1)],
        outcome=Outcome(on={"wl-1": "on-demand", "wl-2": "on-demand", "wl-3": "spot"}),
    ),
    Scenario(
        name="the second flavor where the first has no candidates",
        source=f"{SCHEDULER}, use second flavor when the first has no preemption candidates; WhenCanPreempt: Preempt",
        queues=[
            Queue(
                "other-alpha",
                {"on-demand": 50, "spot": 100},
                borrowing={"on-demand": 50, "spot": 0},
                within=LOWER,
                when_can_preempt=PREEMPT,
            ),
        ],
        running=[Work("admitted", "other-alpha", 50)],
        arriving=[Work("new", "other-alpha", 20)],
        outcome=Outcome(on={"admitted": "on-demand", "new": "spot"}),
    ),
    Scenario(
        name="borrowing before the next flavor, by default",
        source=f"{CLUSTER_QUEUE}, whenCanBorrow Borrow",
        queues=borrowing_from("borrow"),
        running=[Work("wl-1", "prod", 9)],
        arriving=[Work("wl-2", "dev", 11)],
        outcome=Outcome(on={"wl-1": "on-demand", "wl-2": "on-demand"}),
    ),
    Scenario(
        name="the next flavor before borrowing",
        source=f"{INTEGRATION}, Should try next flavor instead of borrowing",
        queues=borrowing_from(TRY_NEXT),
        running=[Work("wl-1", "prod", 9)],
        arriving=[Work("wl-2", "dev", 11)],
        outcome=Outcome(on={"wl-1": "on-demand", "wl-2": "spot"}),
    ),
    Scenario(
        name="borrowing after all where no flavor has enough of its own",
        source=f"{CLUSTER_QUEUE}, whenCanBorrow TryNextFlavor",
        queues=borrowing_from(TRY_NEXT),
        running=[Work("wl-1", "prod", 5), Work("wl-0", "dev", 10), Work("full", "dev", 11)],
        arriving=[Work("wl-2", "dev", 3)],
        outcome=Outcome(on={"wl-0": "on-demand", "full": "spot", "wl-2": "on-demand"}),
    ),
    Scenario(
        name="preempting before the next flavor",
        source=f"{INTEGRATION}, Should preempt before try next flavor",
        queues=reclaiming(PREEMPT),
        running=[Work("wl-1", "dev", 9), Work("wl-2", "dev", 9, 1)],
        arriving=[Work("wl-3", "prod", 5)],
        outcome=Outcome(reclaimed="wl-1", on={"wl-3": "on-demand"}),
    ),
    Scenario(
        name="the next flavor before preempting, by default",
        source=f"{CLUSTER_QUEUE}, whenCanPreempt TryNextFlavor",
        queues=reclaiming(TRY_NEXT),
        running=[Work("wl-1", "dev", 9), Work("wl-2", "dev", 9, 1)],
        arriving=[Work("wl-3", "prod", 5)],
        outcome=Outcome(on={"wl-3": "spot"}),
    ),
    Scenario(
        name="preempting once the remaining flavors do not fit",
        source=f"{CLUSTER_QUEUE}, FlavorFungibility",
        queues=reclaiming(TRY_NEXT),
        running=[Work("wl-1", "dev", 9), Work("wl-2", "dev", 9, 1), Work("full", "prod", 11)],
        arriving=[Work("wl-3", "prod", 5)],
        outcome=Outcome(reclaimed="wl-1", on={"full": "spot", "wl-3": "on-demand"}),
    ),
    Scenario(
        name="borrowing in a later flavor before preempting in the first, by default",
        source=f"{KEP}, Behavior Changes",
        queues=two(TRY_NEXT),
        running=[Work("low", "a", 4, -1)],
        arriving=[Work("in", "a", 2, 1)],
        outcome=Outcome(on={"low": "one", "in": "two"}),
    ),
    Scenario(
        name="preempting in the first flavor before borrowing in a later one",
        source=f"{KEP}, Behavior Changes",
        queues=two(PREEMPT),
        running=[Work("low", "a", 4, -1)],
        arriving=[Work("in", "a", 2, 1)],
        outcome=Outcome(preempted="low", again="low", on={"low": "two", "in": "one"}),
    ),
    Scenario(
        name="nobody is preempted where it fits by borrowing",
        source=f"{CLUSTER_QUEUE}, FlavorFungibility",
        queues=[Queue("a", {"one": 4}, "ab", within=LOWER, when_can_preempt=PREEMPT), Queue("b", {"one": 4}, "ab")],
        running=[Work("low", "a", 4, -1)],
        arriving=[Work("in", "a", 4, 1)],
        outcome=Outcome(),
    ),
    Scenario(
        name="what is important stays on stable nodes",
        source=f"{KEP}, Story 1",
        queues=[Queue("cq", {"standard": 4, "spot": 4}, within=LOWER, when_can_preempt=PREEMPT)],
        running=[Work("low", "cq", 4)],
        arriving=[Work("high", "cq", 4, 10)],
        outcome=Outcome(preempted="low", again="low", on={"high": "standard", "low": "spot"}),
    ),
    Scenario(
        name="the next flavor where there is not enough to borrow",
        source=f"{SCHEDULER}, not enough resources to borrow, fallback to next flavor; WhenCanPreempt: TryNextFlavor",
        queues=ENGINEERS,
        running=[Work("existing", "eng-beta", 45)],
        arriving=[Work("new", "eng-alpha", 60)],
        outcome=Outcome(on={"existing": "on-demand", "new": "spot"}),
    ),
    Scenario(
        name="victims of the own queue and of the cohort in one flavor",
        source=f"{SCHEDULER}, preempt workloads in ClusterQueue and cohort",
        queues=ENGINEERS,
        running=[
            Work("low-1", "eng-beta", 30, -1),
            Work("low-2", "eng-beta", 10, -2),
            Work("borrower", "eng-alpha", 60),
            Work("use-all-spot", "eng-alpha", 100),
        ],
        arriving=[Work("preemptor", "eng-beta", 20)],
        outcome=Outcome(preempted="low-1", on={"preemptor": "on-demand", "borrower": "on-demand", "use-all-spot": "spot"}),
        under=(STRICT,),
        kueue=Outcome(preempted="low-2", again="low-2", reclaimed="borrower", on={"preemptor": "on-demand", "use-all-spot": "spot"}),
        why="whether others may be asked is decided before own victims are taken off: with them in, the job reaches above its guarantee",
    ),
    Scenario(
        name="stopped for a borrower, it runs again in its second flavor",
        source="test/integration/scheduler/preemption_test.go, should allow preempting workloads while borrowing",
        queues=[
            shared_queue("a-standard", 0),
            shared_queue("a-best-effort", None),
            shared_queue("b-best-effort", None),
            shared_queue("b-standard", 0),
            Queue("shared", {"one": 10}, "all"),
        ],
        running=[
            Work("a-best-effort-low", "a-best-effort", 5, -1),
            Work("b-best-effort-low", "b-best-effort", 1, -1),
            Work("b-standard-high", "b-standard", 5, 1),
        ],
        arriving=[Work("a-standard-very-high", "a-standard", 7, 2)],
        outcome=Outcome(
            reclaimed="a-best-effort-low",
            again="a-best-effort-low",
            on={"a-standard-very-high": "one", "a-best-effort-low": "fallback", "b-standard-high": "one", "b-best-effort-low": "one"},
        ),
    ),
]
