"""The oracle against runs under quotas computed by hand: lending, limits, victims, claims, cohorts, flavors, shares."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mlplat.hardware import ClusterSpec
from mlplat.resources import ResourceRequest
from mlplat.workload import JobTrace

from .naive_attempts import NaiveCheckpoint
from .naive_incidents import CORDON, CRASH, LOST, NODE_UP
from .naive_quota_checks import check_reclaims
from .naive_quota_tree import ROOT, Books, NaiveCohort, NaiveQuota, NaiveTree
from .naive_scheduler import NaiveSchedule, schedule


def machines(nodes: int = 1, gpus: int = 8) -> ClusterSpec:
    return ClusterSpec.uniform(nodes=nodes, gpus=gpus, gpu_model="T4")


def gpus(amount: int) -> dict[str, int]:
    return {"gpu": 1000 * amount}


def jobs(*rows: tuple[str, float, float, int, int], priority: tuple[int, ...] | None = None) -> JobTrace:
    """Jobs of (quota, submit, duration, replicas, devices of each)."""
    groups = tuple(dict.fromkeys(row[0] for row in rows))
    return JobTrace.build(
        submit=[row[1] for row in rows],
        duration=[row[2] for row in rows],
        replicas=[row[3] for row in rows],
        request=range(len(rows)),
        requests=[ResourceRequest(gpus=row[4]) for row in rows],
        priority=priority,
        group=[groups.index(row[0]) for row in rows],
        groups=groups,
        split="never",
    )


def quota(name: str, guarantee: int | None = None, limit: int | None = None, lend: int | None = None, **more: Any) -> NaiveQuota:
    """A quota of devices, for the group of its name."""
    given = {"guarantee": guarantee, "limit": limit, "lend": lend}
    return NaiveQuota(name, groups=(name,), **{key: gpus(n) for key, n in given.items() if n is not None}, **more)


def run(spec: ClusterSpec, trace: JobTrace, *quotas: NaiveQuota | NaiveCohort, **options: Any) -> NaiveSchedule:
    found = schedule(spec, trace, quotas=quotas, **options)
    assert found.quotas is not None
    check_reclaims(found.quotas)
    return found


def starts(found: NaiveSchedule) -> list[float | None]:
    """The first start of each job."""
    return [outcome.start for outcome in found.outcomes]


def stopped(found: NaiveSchedule) -> list[tuple[int, float, str]]:
    """(job, end, outcome) of the attempts that others ended, in order of end."""
    return [(a.job, a.end or 0.0, a.outcome) for a in found.ended if a.outcome in ("reclaimed", "preempted")]


# -- the tree


def test_a_tree_computed_by_hand() -> None:
    """20 devices: x brings 2 of its own and the 3 that a lends; of 20 less 2, 6 and 4 the root has 8 itself and what c lends."""
    described = [
        NaiveCohort("x", guarantee=gpus(2)),
        quota("a", 6, 10, 3, parent="x"),
        quota("b", limit=4, parent="x"),
        quota("c", 4, lend=1),
    ]
    capacity = {"gpu": 20_000}
    tree = NaiveTree(described, ["gpu"], capacity, lambda: {"gpu": 0})
    names = ["a", "b", "x", "c", ROOT]
    assert [tree.brought(name, "gpu") for name in names] == [6000, 0, 5000, 4000, 9000]
    assert [tree.kept(name, "gpu") for name in names[:-1]] == [3000, 0, 5000, 3000]
    empty = Books(tree, [])
    # a: 3 kept, and of limit - kept = 7 and the 5 + 9 of x the less. c: 3 kept, and 9.
    assert [empty.available(name, "gpu") for name in names] == [10_000, 4000, 14_000, 12_000, 9000]
    used = Books(tree, [("a", gpus(5)), ("b", gpus(4)), ("c", gpus(10))])
    # x uses what a and b do not keep: 2 + 4, one more than it keeps; c seven more than it keeps.
    assert [used.use(name, "gpu") for name in names] == [5000, 4000, 6000, 10_000, 8000]
    assert [used.available(name, "gpu") for name in names] == [1000, 0, 1000, 1000, 1000]
    assert [used.over(name, gpus(1)) for name in names[:-1]] == [False, True, True, True]
    assert used.share("c") == 6 / 20


def test_where_nodes_are_lost_the_common_pool_is_smaller_but_nobody_loses_what_it_keeps() -> None:
    tree = NaiveTree([quota("a", 4, lend=0), quota("b")], ["gpu"], gpus(8), lambda: gpus(5))
    books = Books(tree, [])
    assert [books.available(name, "gpu") for name in ("a", "b", ROOT)] == [4000, 0, -1000]


# -- lending and reclaim


def test_a_gang_within_the_guarantee_takes_exactly_as_many_victims_as_it_needs() -> None:
    """8 devices: b borrows them all with eight jobs; a's gang of four takes the four that started last."""
    trace = jobs(*[("b", 0.0, 100.0, 1, 1)] * 8, ("a", 10.0, 50.0, 4, 1))
    found = run(machines(), trace, quota("a", 4, 8), quota("b", limit=8))
    assert starts(found) == [0] * 8 + [10]
    assert stopped(found) == [(7, 10, "reclaimed"), (6, 10, "reclaimed"), (5, 10, "reclaimed"), (4, 10, "reclaimed")]
    assert [o.end for o in found.outcomes] == [100] * 4 + [150] * 4 + [60]


@pytest.mark.parametrize(("lend", "at_once"), [(None, 8), (4, 8), (2, 6), (0, 4)])
def test_others_use_of_a_guarantee_what_is_lent(lend: int | None, at_once: int) -> None:
    found = run(machines(), jobs(*[("b", 0.0, 10.0, 1, 1)] * 8, ("a", 5.0, 1.0, 1, 1)), quota("a", 4, lend=lend), quota("b"))
    assert starts(found)[:8] == [0] * at_once + [10] * (8 - at_once)
    assert starts(found)[8] == 5
    assert len(stopped(found)) == (at_once == 8)


def test_a_limit_holds_and_what_is_not_guaranteed_is_not_reclaimed() -> None:
    """a may use 6, of which 4 are its own; it borrows 2, and the rest of its jobs are held."""
    found = run(machines(), jobs(*[("a", 0.0, math.inf, 1, 1)] * 7, ("a", 0.0, 1.0, 7, 1)), quota("a", 4, 6), quota("b", 2))
    assert starts(found) == [0] * 6 + [None, None]
    assert [(o.state, o.reason) for o in found.outcomes[6:]] == [("held", ""), ("rejected", "QUOTA")]
    found = run(machines(), jobs(("b", 0.0, 9.0, 8, 1), ("a", 1.0, 1.0, 1, 1)), quota("a"), quota("b", 2))
    assert starts(found) == [0, 9]


def test_a_guarantee_in_use_is_not_taken() -> None:
    """b has borrowed 2; a would need 4 to start: nobody is stopped until b's own jobs end."""
    trace = jobs(*[("b", 0.0, 20.0, 1, 1)] * 6, ("c", 0.0, 20.0, 2, 1), ("a", 1.0, 1.0, 4, 1))
    found = run(machines(), trace, quota("a", 2), quota("b", 4), quota("c", 2))
    assert (starts(found)[7], stopped(found)) == (20, [])


def test_reclaim_begins_with_the_lowest_priority_and_then_with_the_last_start() -> None:
    trace = jobs(*[("b", t, 100.0, 1, 1) for t in (0.0, 1.0, 2.0, 3.0)], ("a", 10.0, 50.0, 2, 1), priority=(1, 0, 2, 1, 0))
    found = run(machines(gpus=4), trace, quota("a", 2), quota("b"))
    assert stopped(found) == [(1, 10, "reclaimed"), (3, 10, "reclaimed")]


def test_a_victim_without_which_the_job_fits_too_is_spared() -> None:
    """On the second node the other device is a's own: only the job on the first one helps, though its turn comes last."""
    trace = jobs(("b", 0.0, 100.0, 1, 2), ("a", 0.0, 100.0, 1, 1), ("b", 0.0, 100.0, 1, 1), ("a", 10.0, 5.0, 1, 2), priority=(1, 0, 0, 0))
    found = run(machines(2, 2), trace, quota("a", 3), quota("b"))
    assert stopped(found) == [(0, 10, "reclaimed")]
    assert starts(found)[3] == 10


def test_who_is_spare_goes_before_who_reaches_across_its_guarantee() -> None:
    """b has 2 and uses 5. Its gang of four started last, but without it b would be below its guarantee."""
    trace = jobs(("b", 0.0, 100.0, 1, 1), ("b", 1.0, 100.0, 4, 1), ("a", 10.0, 5.0, 1, 1), ("c", 0.0, 100.0, 3, 1))
    found = run(machines(), trace, quota("a", 1), quota("b", 2), quota("c", 3))
    assert stopped(found) == [(0, 10, "reclaimed")]
    trace = jobs(("b", 0.0, 100.0, 5, 1), ("a", 10.0, 5.0, 1, 1), ("c", 0.0, 100.0, 3, 1))
    assert stopped(run(machines(), trace, quota("a", 1), quota("b", 2), quota("c", 3))) == [(0, 10, "reclaimed")]


@pytest.mark.parametrize(
    ("reclaim", "priority", "start"), [("any", 5, 1), ("lower-priority", 5, 9), ("lower-priority", -1, 1), ("never", -1, 9)]
)
def test_whom_reclaim_may_stop(reclaim: str, priority: int, start: float) -> None:
    trace = jobs(("b", 0.0, 9.0, 1, 8), ("a", 1.0, 1.0, 1, 1), priority=(priority, 0))
    assert starts(run(machines(), trace, quota("a", 1, reclaim=reclaim), quota("b")))[1] == start


@pytest.mark.parametrize(
    ("borrow_within", "threshold", "start"), [("never", math.inf, 9), ("lower-priority", math.inf, 1), ("lower-priority", -1, 9)]
)
def test_borrowing_stops_other_borrowers_only_where_it_may(borrow_within: str, threshold: float, start: float) -> None:
    trace = jobs(("b", 0.0, 9.0, 1, 4), ("a", 1.0, 1.0, 1, 2), priority=(0, 1))
    first = quota("a", 1, borrow_within=borrow_within, threshold=threshold)
    assert starts(run(machines(gpus=4), trace, first, quota("b", 1)))[1] == start


@pytest.mark.parametrize(
    ("within", "queue", "expected"), [(None, "fifo", 9), (None, "priority", 1), ("lower-priority", "fifo", 1), ("never", "priority", 9)]
)
def test_a_quota_stops_its_own_jobs_as_within_says(within: str | None, queue: str, expected: float) -> None:
    trace = jobs(("a", 0.0, 9.0, 1, 4), ("a", 1.0, 1.0, 1, 2), priority=(0, 1))
    found = run(machines(gpus=4), trace, quota("a", 4, within=within), queue=queue)
    assert starts(found)[1] == expected
    assert [outcome for _, _, outcome in stopped(found)] == ["preempted"] * (expected == 1)


def test_lower_or_newer_also_stops_what_was_submitted_later() -> None:
    trace = jobs(("a", 0.0, 5.0, 1, 3), ("a", 0.0, 9.0, 1, 2), ("a", 0.0, 20.0, 1, 1))
    found = run(machines(gpus=4), trace, quota("a", 4, within="lower-or-newer"), queue="best-effort-fifo")
    # The second waits for the first; no one is newer but the third, and without that one it does not fit either.
    assert starts(found) == [0, 5, 0]
    found = run(
        machines(gpus=4),
        jobs(("a", 0.0, 5.0, 1, 3), ("a", 0.0, 9.0, 1, 4), ("a", 0.0, 20.0, 1, 1)),
        quota("a", 4, within="lower-or-newer"),
        queue="best-effort-fifo",
    )
    assert starts(found) == [0, 5, 0]
    assert stopped(found) == [(2, 5, "preempted")]


# -- cohorts


def test_what_a_cohort_does_not_use_stays_in_it_unless_it_lends() -> None:
    rows = [*[("c", 0.0, 10.0, 1, 1)] * 8, *[("b", 0.0, 10.0, 1, 1)] * 4]
    tree = quota("a", 4, parent="x"), quota("b", parent="x"), quota("c")
    found = run(machines(), jobs(*rows), NaiveCohort("x"), *tree)
    assert starts(found) == [0] * 4 + [10] * 4 + [0] * 4
    found = run(machines(), jobs(*rows), NaiveCohort("x", lend=gpus(4)), *tree)
    # Lent it may be, but b, which is in x, takes it back from c.
    assert starts(found) == [0] * 12
    assert [job for job, _, _ in stopped(found)] == [7, 6, 5, 4]


def test_a_quota_reclaims_across_cohorts_only_where_the_whole_branch_has_borrowed() -> None:
    """y brings 4: b borrows 2 of them from c, and so long as y is not over, a may stop nobody in it."""
    cohorts = NaiveCohort("x", lend=gpus(4)), NaiveCohort("y", lend=gpus(4))
    tree = quota("a", 4, parent="x"), quota("b", 2, parent="y"), quota("c", 2, parent="y")
    trace = jobs(("b", 0.0, 30.0, 1, 4), ("d", 0.0, 30.0, 1, 4), ("a", 1.0, 1.0, 1, 1))
    assert stopped(run(machines(), trace, *cohorts, *tree, quota("d"))) == [(1, 1, "reclaimed")]
    trace = jobs(*[("b", 0.0, 30.0, 1, 1)] * 8, ("a", 1.0, 1.0, 4, 1))
    assert len(stopped(run(machines(), trace, *cohorts, *tree))) == 4


def test_the_limit_of_a_cohort_holds_for_all_below_it() -> None:
    trace = jobs(*[("a", 0.0, 10.0, 1, 1)] * 3, *[("b", 0.0, 10.0, 1, 1)] * 3)
    found = run(machines(), trace, NaiveCohort("x", limit=gpus(5)), quota("a", parent="x"), quota("b", parent="x"))
    assert starts(found) == [0, 0, 0, 0, 0, 10]
    assert found.outcomes[5].state == "completed"


# -- the order of the cycle


def test_the_entitled_go_first_the_quota_of_the_higher_priority_before_the_others() -> None:
    rows = [("c", 1.0, 5.0, 1, 4), ("a", 1.0, 5.0, 1, 4), ("b", 1.0, 5.0, 1, 4)]
    trace = jobs(("d", 0.0, 2.0, 1, 4), *rows)
    never = {"reclaim": "never"}
    # Guarantees are no more than there is: a and b share one of two nodes in time, d is gone at 2.
    found = run(machines(gpus=8), jobs(*rows), quota("a", 4, **never), quota("b", 4, priority=1, **never), quota("c"))
    assert starts(found) == [6, 1, 1]
    found = run(machines(gpus=4), trace, quota("a", 4, **never), quota("b", 4, priority=1, **never), quota("c"), quota("d"))
    assert starts(found) == [0, 12, 7, 2]


def test_under_drf_the_smaller_share_goes_first_by_weight() -> None:
    rows = [*[("b", 0.0, 10.0, 1, 1)] * 6, *[("c", 0.0, 10.0, 1, 1)] * 6]
    never = {"queue": "drf", "fair_preemption": ()}
    found = run(machines(gpus=6), jobs(*rows), quota("a", 1), quota("b"), quota("c"), **never)
    assert starts(found).count(0) == 6
    assert starts(found)[:4] == [0, 0, 0, 10]
    found = run(machines(gpus=6), jobs(*rows), quota("a", 1), quota("b"), quota("c", weight=2.0), **never)
    assert starts(found)[:3] == [0, 0, 10]


def test_fair_preemption_brings_shares_together() -> None:
    """b has borrowed all; c's jobs stop b's until the shares are equal."""
    rows = [*[("b", 0.0, 100.0, 1, 1)] * 6, *[("c", 1.0, 100.0, 1, 1)] * 6]
    found = run(
        machines(gpus=6), jobs(*rows), quota("a", 1), quota("b"), quota("c"), queue="drf", fair_preemption=("final-share",), until=50
    )
    assert stopped(found) == [(5, 1, "reclaimed"), (4, 1, "reclaimed"), (3, 1, "reclaimed")]


# -- claims


def test_a_claimant_starts_when_its_victim_has_written_and_nobody_takes_its_node_meanwhile() -> None:
    """b's job writes for 3 s. The claimed node is kept for a, also from the device that is free there."""
    trace = jobs(("b", 0.0, 100.0, 1, 3), ("a", 10.0, 5.0, 1, 4), ("c", 11.0, 1.0, 1, 1))
    write = {"checkpoint": NaiveCheckpoint(write=3)}
    found = run(machines(gpus=4), trace, quota("a", 4), quota("b"), quota("c"), **write)
    assert stopped(found) == [(0, 13, "reclaimed")]
    assert starts(found) == [0, 13, 18]
    assert [(a.stop, a.saved) for a in found.attempts if a.outcome == "reclaimed"] == [(10, 10)]
    # A grace below the write time: nothing is saved, and the room is free after the grace.
    found = run(machines(gpus=4), trace, quota("a", 4, reclaim_within=1.0), quota("b"), quota("c"), **write)
    assert (starts(found)[1], stopped(found)) == (11, [(0, 11, "reclaimed")])
    assert [a.saved for a in found.attempts if a.outcome == "reclaimed"] == [0]


def test_a_claim_is_not_delayed_by_what_a_later_claim_waits_for() -> None:
    """a's victim is gone at 13. Then d's is still there, for which all is used, but d holds nothing yet."""
    trace = jobs(("b", 0.0, 100.0, 1, 4), ("b", 0.0, 100.0, 1, 4), ("a", 10.0, 5.0, 1, 4), ("d", 12.0, 5.0, 1, 4))
    write = {"checkpoint": NaiveCheckpoint(write=3)}
    found = run(machines(2, 4), trace, quota("a", 4), quota("b"), quota("d", 4), **write)
    assert stopped(found) == [(1, 13, "reclaimed"), (0, 15, "reclaimed")]
    assert starts(found)[2:] == [13, 15]


def test_a_job_that_only_has_to_wait_for_the_stopping_claims_without_victims() -> None:
    trace = jobs(("b", 0.0, 100.0, 1, 2), ("b", 0.0, 100.0, 1, 2), ("a", 10.0, 5.0, 1, 1), ("a", 11.0, 5.0, 1, 1))
    write = {"checkpoint": NaiveCheckpoint(write=3)}
    found = run(machines(2, 2), trace, quota("a", 2), quota("b", 2), **write)
    assert stopped(found) == [(1, 13, "reclaimed")]
    assert starts(found)[2:] == [13, 13]


def test_with_stale_state_the_room_of_victims_is_seen_at_the_next_scrape() -> None:
    trace = jobs(("b", 0.0, 100.0, 1, 4), ("a", 11.0, 5.0, 1, 4))
    found = run(machines(gpus=4), trace, quota("a", 4), quota("b"), scrape=5.0)
    assert (starts(found)[1], stopped(found)) == (15, [(0, 15, "reclaimed")])


def test_a_claim_whose_node_is_lost_stops_others_or_goes() -> None:
    trace = jobs(("b", 0.0, 100.0, 1, 4), ("b", 0.0, 100.0, 1, 4), ("a", 10.0, 5.0, 1, 4))
    write = {"checkpoint": NaiveCheckpoint(write=3)}
    incidents = [(11, CRASH, 1), (11, LOST, 1)]
    found = run(machines(2, 4), trace, quota("a", 4), quota("b"), incidents=incidents, until=90, **write)
    assert stopped(found) == [(1, 11, "reclaimed"), (0, 14, "reclaimed")]
    assert starts(found)[2] == 14


def test_room_that_is_there_again_unblocks_a_lane_though_the_node_takes_no_work() -> None:
    """While its node is lost a keeps what it may claim; when it is back, b may use the other node again."""
    incidents = [(0, CORDON, 1), (0, CRASH, 1), (0, LOST, 1), (5, NODE_UP, 1)]
    found = run(machines(2, 4), jobs(("b", 1.0, 2.0, 1, 4)), quota("a", 4, lend=0), quota("b"), incidents=incidents)
    assert starts(found) == [5]


def test_nobody_is_stopped_where_it_does_not_help_to_place_a_gang() -> None:
    """A quota is no promise of a place: b's own jobs leave half of each node."""
    trace = jobs(("b", 0.0, 30.0, 1, 2), ("b", 0.0, 30.0, 1, 2), ("a", 1.0, 5.0, 1, 4))
    found = run(machines(2, 4), trace, quota("a", 4), quota("b", 4), policy="worst-fit")
    assert {replica.node for a in found.attempts[:2] for replica in a.replicas} == {0, 1}
    assert (starts(found)[2], stopped(found)) == (30, [])


# -- flavors

TWO_KINDS = {"groups": [{"name": name, "count": 1, "cpu_milli": 8000, "gpus": 4, "gpu_model": "T4"} for name in ("own", "spot")]}


def flavored(name: str, guarantee: dict[str, int], **more: Any) -> NaiveQuota:
    amounts = {f"{flavor}/gpu": 1000 * n for flavor, n in guarantee.items()}
    return NaiveQuota(name, groups=(name,), guarantee=amounts, flavors=("own", "spot"), **more)


@pytest.mark.parametrize(("when_can_borrow", "node"), [("borrow", 0), ("try-next", 1)])
def test_a_job_borrows_in_the_first_flavor_or_tries_the_next_one_first(when_can_borrow: str, node: int) -> None:
    spec = ClusterSpec.model_validate(TWO_KINDS)
    a = flavored("a", {"own": 1, "spot": 4}, when_can_borrow=when_can_borrow)
    found = run(spec, jobs(("a", 0.0, 1.0, 1, 2)), a, flavored("b", {"own": 3}))
    assert [r.node for r in found.attempts[0].replicas] == [node]


@pytest.mark.parametrize(("when_can_preempt", "node"), [("preempt", 0), ("try-next", 1)])
def test_a_job_stops_others_in_the_first_flavor_or_tries_the_next_one_first(when_can_preempt: str, node: int) -> None:
    spec = ClusterSpec.model_validate(TWO_KINDS)
    a = flavored("a", {"own": 2, "spot": 2}, when_can_preempt=when_can_preempt)
    found = run(spec, jobs(("b", 0.0, 9.0, 1, 4), ("a", 1.0, 1.0, 1, 2)), a, flavored("b", {}))
    assert [r.node for a in found.attempts for r in a.replicas if a.job == 1] == [node]
    assert len(stopped(found)) == (node == 0)


def test_a_job_is_charged_in_the_flavor_in_which_it_runs() -> None:
    """A limit in the first flavor: the rest goes to the second, and what fits in none is rejected."""
    spec = ClusterSpec.model_validate(TWO_KINDS)
    a = NaiveQuota("a", groups=("a",), limit={"own/gpu": 2000, "spot/gpu": 3000}, flavors=("own", "spot"))
    found = run(spec, jobs(*[("a", 0.0, 5.0, 1, 1)] * 6, ("a", 0.0, 1.0, 1, 4)), a)
    assert [a.replicas[0].node for a in found.attempts] == [0, 0, 1, 1, 1, 0]
    assert [o.start for o in found.outcomes] == [0] * 5 + [5, None]
    assert found.outcomes[6].reason == "QUOTA"
