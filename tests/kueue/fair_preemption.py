"""Who is stopped under fair sharing: concepts/preemption, KEP 1714, TestFairPreemptions."""

from __future__ import annotations

from .scenario import ANY, LOWER, SHARES, Cohort, Outcome, Queue, Scenario, Work, units

UNIT = "pkg/scheduler/preemption/preemption_fair_test.go, TestFairPreemptions"
INTEGRATION = "test/integration/scheduler/fairsharing/fair_sharing_test.go"
FINAL, INITIAL = "final-share", "initial-share"
BY_SHARE = "victims are taken by priority and by when they started, not from the queue of the largest share first"
SPARE = "jobs without which a queue keeps its guarantee go before those without which it falls below it"


def base(weights: dict[str, float] | None = None) -> list[Queue]:
    """a, b and c with 3 CPUs each, and one with none."""
    weights = weights or {}
    three = [
        Queue(name, 3, "all", within=LOWER, reclaim=ANY, borrow_within=LOWER, threshold=-3, weight=weights.get(name, 1.0))
        for name in ("a", "b", "c")
    ]
    return [*three, Queue("preemptible", 0, "all")]


def fair(
    name: str,
    test: str,
    running: list[Work],
    arriving: Work | list[Work],
    outcome: Outcome,
    *,
    queues: list[Queue] | list[Queue | Cohort] | None = None,
    strategies: tuple[str, ...] = (FINAL, INITIAL),
    kueue: Outcome | None = None,
    why: str = "",
) -> Scenario:
    return Scenario(
        name=name,
        source=test if "/" in test else f"{UNIT}, {test}",
        queues=base() if queues is None else queues,
        running=running,
        arriving=[arriving] if isinstance(arriving, Work) else arriving,
        outcome=outcome,
        under=(SHARES,),
        fair=strategies,
        kueue=kueue,
        why=why,
    )


ROWS = [
    fair(
        "nominal quota is taken back from who uses the most",
        "reclaim nominal from user using the most",
        [*units("a", 1, 3), *units("b", 5, 1), *units("c", 1, 1)],
        Work("in", "c", 1),
        Outcome(reclaimed="b1"),
    ),
    fair(
        "one victim that reaches into a guarantee, or two that do not",
        "can reclaim from queue using less, if taking the latest workload from user using the most isn't enough",
        [Work("a1", "a", 3), Work("a2", "a", 1), Work("b1", "b", 2), Work("b2", "b", 3)],
        Work("in", "c", 3),
        Outcome(reclaimed="a2 b1"),
        kueue=Outcome(reclaimed="a1"),
        why=SPARE,
    ),
    fair(
        "what may be borrowed is taken from who uses the most",
        "reclaim borrowable quota from user using the most",
        [*units("a", 1, 3), *units("b", 5, 1), *units("c", 1, 1)],
        Work("in", "a", 1),
        Outcome(reclaimed="b1"),
    ),
    fair(
        "one from each that borrows",
        "preempt one from each CQ borrowing",
        [Work("a3", "a", 3), Work("b3", "b", 3), Work("a2", "a", 0.5), Work("b2", "b", 0.5), Work("a1", "a", 0.5), Work("b1", "b", 0.5)],
        Work("in", "c", 2),
        Outcome(reclaimed="a1 b1"),
    ),
    fair(
        "one from each that borrows, where those of one began last",
        "preempt one from each CQ borrowing",
        [Work("a3", "a", 3), Work("a2", "a", 0.5), Work("a1", "a", 0.5), Work("b3", "b", 3), Work("b2", "b", 0.5), Work("b1", "b", 0.5)],
        Work("in", "c", 2),
        # One of the two then takes its share from the other queue.
        Outcome(reclaimed="b1 b2 a1", again="b2"),
        kueue=Outcome(reclaimed="a1 b1"),
        why=BY_SHARE,
    ),
    fair(
        "nobody where all are within their nominal quotas",
        "can't preempt when everyone under nominal",
        [*units("a", 1, 3), *units("b", 1, 3), *units("c", 1, 3)],
        Work("in", "c", 1),
        Outcome(waits="in"),
    ),
    fair(
        "not to turn the imbalance around",
        "can't preempt when it would switch the imbalance",
        [*units("a", 1, 3), *units("b", 1, 5)],
        Work("in", "a", 2),
        Outcome(waits="in"),
    ),
    fair(
        "lower priorities of the own queue",
        "can preempt lower priority workloads from same CQ",
        [*units("a", 1, 2, priority=-1), *units("a", 3, 4), *units("b", 1, 5)],
        Work("in", "a", 2),
        Outcome(preempted="a1 a2"),
    ),
    fair(
        "of the own queue and of who uses the most",
        "can preempt a combination of same CQ and highest user",
        [Work("a_low", "a", 1, -1), *units("a", 2, 3), *units("b", 6, 1)],
        Work("in", "a", 2),
        Outcome(preempted="a_low", reclaimed="b1"),
    ),
    fair(
        "a huge one where there is no other way",
        "preempt huge workload if there is no other option, as long as the target CQ gets a lower share",
        [Work("b1", "b", 9)],
        Work("in", "a", 2),
        Outcome(reclaimed="b1"),
    ),
    fair(
        "no huge one for another huge one",
        "can't preempt huge workload if the incoming is also huge",
        [Work("a1", "a", 2), Work("b1", "b", 7)],
        Work("in", "a", 5),
        Outcome(waits="in"),
    ),
    fair(
        "no two smaller ones for a huge one",
        "can't preempt 2 smaller workloads if the incoming is huge",
        [Work("b1", "b", 2), Work("b2", "b", 2), Work("b3", "b", 3)],
        Work("in", "a", 6),
        Outcome(waits="in"),
    ),
    fair(
        "of the own queue and of others though above the nominal quota",
        "preempt from target and others even if over nominal",
        [Work("a2_low", "a", 1, -1), Work("a1_low", "a", 2, -1), Work("b2", "b", 3), Work("b1", "b", 3)],
        Work("in", "a", 4),
        Outcome(waits="in"),
        kueue=Outcome(preempted="a1_low", reclaimed="b1"),
        why="whether others may be asked is decided before own victims are taken off: with them in, the job's queue has too large a share",
    ),
    fair(
        "one after which its queue still has the larger share",
        "prefer to preempt workloads that don't make the target CQ have the biggest share",
        [Work("b2", "b", 1), Work("b3", "b", 2), Work("b1", "b", 2), Work("c1", "c", 1)],
        Work("in", "a", 3.5),
        Outcome(reclaimed="b2"),
    ),
    fair(
        "from two queues where the largest share is then smaller",
        "preempt from different cluster queues if the end result has a smaller max share",
        [Work("b2", "b", 2.5), Work("c2", "c", 2.5), Work("b1", "b", 2), Work("c1", "c", 2)],
        Work("in", "a", 3.5),
        Outcome(reclaimed="b1 c1"),
    ),
    fair(
        "and not back again",
        "scenario above does not flap",
        [Work("a1", "a", 3.5), Work("b2", "b", 2.5), Work("c2", "c", 2.5)],
        Work("in", "b", 2),
        Outcome(waits="in"),
    ),
    fair(
        "not where a second victim would have to come from within a guarantee",
        "cannot preempt if it would make the candidate CQ go under nominal after preempting one element",
        [Work("b1", "b", 3), Work("b2", "b", 3), Work("c1", "c", 3)],
        Work("in", "a", 4),
        Outcome(waits="in"),
    ),
    fair(
        "a low priority alone is no reason",
        "workloads under priority threshold not capriciously preempted",
        [*units("a", 1, 3), *units("b", 1, 3), *units("preemptible", 1, 3, priority=-3)],
        Work("in", "a", 2),
        Outcome(waits="in"),
    ),
    fair(
        "by the share before: the lower priority, even if big",
        "preempt lower priority first, even if big",
        [Work("a1", "a", 3), Work("b_low", "b", 5), Work("b_high", "b", 1, 1)],
        Work("in", "a", 1),
        Outcome(reclaimed="b_low"),
        strategies=(INITIAL,),
    ),
    fair(
        "by the share after: the one that does not turn the imbalance around, even of high priority",
        "preempt workload that doesn't transfer the imbalance, even if high priority",
        [Work("a1", "a", 3), Work("b_low", "b", 5), Work("b_high", "b", 1, 1)],
        Work("in", "a", 1),
        # Which then preempts the other one of its queue.
        Outcome(reclaimed="b_high", preempted="b_low", again="b_high"),
        strategies=(FINAL,),
    ),
    fair(
        "a queue of more weight may take more",
        "CQ with higher weight can preempt more",
        [*units("a", 1, 3), *units("b", 6, 1)],
        Work("in", "a", 2),
        Outcome(reclaimed="b1 b2"),
        queues=base({"a": 2.0}),
    ),
    fair(
        "all that is borrowed from a queue of no weight",
        "can preempt anything borrowing from CQ with 0 weight",
        [*units("a", 1, 3), *units("b", 6, 1)],
        Work("in", "a", 3),
        Outcome(reclaimed="b1 b2 b3"),
        queues=base({"b": 0.0}),
    ),
    fair(
        "nothing nominal from a queue of no weight",
        "can't preempt nominal from CQ with 0 weight",
        [*units("a", 1, 3), *units("b", 1, 3)],
        Work("in", "a", 1),
        Outcome(waits="in"),
        queues=[Queue("a", 3, "all", within=LOWER, reclaim=ANY), Queue("b", 3, "all", within=LOWER, reclaim=ANY, weight=0.0)],
    ),
    fair(
        "nothing nominal from a cohort",
        "can't preempt nominal from Cohort with 0 weight",
        [Work("right-1", "right-cq", 1)],
        Work("left-1", "left-cq", 1),
        Outcome(waits="left-1"),
        queues=[
            Cohort("root"),
            Cohort("right-cohort", "root", 1),
            Queue("left-cq", 0, "root", reclaim=ANY),
            Queue("right-cq", 0, "right-cohort", reclaim=ANY, weight=0.0),
        ],
    ),
    fair(
        "within a queue without a cohort",
        "can preempt within cluster queue when no cohort",
        [Work("a1", "a", 1)],
        Work("in", "a", 1, 1000),
        Outcome(preempted="a1"),
        queues=[Queue("a", 1, within=LOWER)],
    ),
    fair(
        "a queue that borrows in a cohort that does not is protected",
        "borrowing cq in non-borrowing cohort is protected",
        [*units("a", 1, 3, priority=-1), Work("b1", "b", 1, -1)],
        Work("in", "a", 5),
        Outcome(preempted="a1 a2 a3"),
        queues=[
            Cohort("ROOT"),
            Cohort("RIGHT", "ROOT", 1),
            Queue("a", 5, "ROOT", reclaim=ANY, within=LOWER, weight=10.0),
            Queue("b", 0, "RIGHT", weight=0.1),
        ],
    ),
    fair(
        "own ones where what others borrow is of higher priority",
        "forced to preempt within clusterqueue because borrowing workload too important",
        [*units("a", 1, 3, priority=-1), Work("b1", "b", 4, 100)],
        Work("in", "a", 4),
        Outcome(preempted="a1 a2 a3"),
        queues=[
            Cohort("ROOT"),
            Cohort("RIGHT", "ROOT", 3),
            Queue("a", 5, "ROOT", reclaim=LOWER, within=LOWER, weight=10.0),
            Queue("b", 0, "RIGHT", weight=0.1),
        ],
    ),
    fair(
        # The weights are those of A and B there.
        "across deep cohorts by weight",
        "deep preemption",
        [Work("b1", "b", 1)],
        Work("a1", "a", 1),
        Outcome(reclaimed="b1"),
        queues=[
            Cohort("ROOT"),
            *(Cohort(letter * depth, letter * (depth - 1) or "ROOT") for letter in "ABC" for depth in (1, 2, 3)),
            Cohort("CCCC", "CCC", 1),
            Queue("a", 0, "AAA", reclaim=ANY, weight=1.01),
            Queue("b", 0, "BBB", weight=0.99),
        ],
    ),
    fair(
        "across deep cohorts of equal weights not",
        "deep preemption",
        [Work("b1", "b", 1)],
        Work("a1", "a", 1),
        Outcome(waits="a1"),
        queues=[
            Cohort("ROOT"),
            *(Cohort(letter * depth, letter * (depth - 1) or "ROOT") for letter in "ABC" for depth in (1, 2, 3)),
            Cohort("CCCC", "CCC", 1),
            Queue("a", 0, "AAA", reclaim=ANY),
            Queue("b", 0, "BBB"),
        ],
    ),
    fair(
        "a queue of no weight takes back what is nominal",
        "cq with zero weight can reclaim nominal quota",
        [Work("b1", "b", 1)],
        Work("a1", "a", 1),
        Outcome(reclaimed="b1"),
        queues=[Queue("a", 1, "ROOT", reclaim=ANY, weight=0.0), Queue("b", 0, "ROOT")],
    ),
    fair(
        "a queue of no weight takes back what is nominal to its cohort",
        "cohort with zero weight can reclaim nominal quota",
        [Work("b1", "b", 1)],
        Work("a1", "a", 1),
        Outcome(reclaimed="b1"),
        queues=[Cohort("ROOT"), Cohort("A", "ROOT", 1), Queue("a", 0, "A", reclaim=ANY, weight=0.0), Queue("b", 0, "ROOT")],
    ),
    fair(
        "what is nominal in one flavor is taken back whatever is borrowed in another",
        "nominal first: workload fitting within nominal can preempt despite high aggregate DRS",
        [
            Work("a_prem1", "a", 1),
            Work("a_prem2", "a", 1),
            Work("a_prem3", "a", 1, until=100),
            *(Work(f"a_cheap{n}", "a", 1) for n in range(1, 6)),
            Work("b_prem1", "b", 1, at=500),
        ],
        Work("in", "a", 1),
        Outcome(reclaimed="b_prem1", again="b_prem1", over="a_prem3", on={"in": "premium", "a_cheap1": "cheap", "b_prem1": "cheap"}),
        queues=[
            Queue("a", {"premium": 3, "cheap": 0}, "all", reclaim=ANY, when_can_preempt="preempt"),
            Queue("b", {"premium": 0, "cheap": 6}, "all"),
        ],
    ),
    fair(
        "newer workloads take their fair share",
        f"{INTEGRATION}, Preemption is enabled, Admits workloads respecting fair share",
        units("a", 1, 9),
        units("b", 1, 5, at=1000),
        Outcome(reclaimed="a6 a7 a8 a9", waits="b5"),
        queues=[Queue(name, 3, "all", reclaim=ANY, within=LOWER) for name in ("a", "b", "c")],
    ),
    fair(
        "then a third one takes back what is nominal, from who uses the most",
        f"{INTEGRATION}, Preemption is enabled, Admits workloads respecting fair share",
        [*units("a", 1, 5), *units("b", 1, 4)],
        Work("c1", "c", 1),
        # Which then takes its share from the first.
        Outcome(reclaimed="b4 a5", again="b4"),
        queues=[Queue(name, 3, "all", reclaim=ANY, within=LOWER) for name in ("a", "b", "c")],
        kueue=Outcome(reclaimed="a5"),
        why=BY_SHARE,
    ),
]
