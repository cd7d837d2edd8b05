"""The calls of the endpoint about quotas: what they do, what they write down, what they refuse, and that a refused call changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, MlplatError, OptionError, SpecError, UnknownNameError
from mlplat.infra.cluster import Cluster
from mlplat.infra.queueing import QUEUES
from mlplat.infra.quotas.arrays import GOES_WITH_QUOTAS

from ..endpoint.clusters import cluster, state_digest, work

TEAM = mp.Quota("team", guarantee={"gpus": 8}, limit={"gpus": 12})


def quota_digest(of: Cluster) -> str:
    """`state_digest`, and all that is known of quotas."""
    digest = hashlib.sha256(state_digest(of).encode())
    table = of.scheduler.table.quotas
    if table is not None:
        digest.update(repr((table.described, table._leaf, table._lanes, table.parts.flavors)).encode())
        for name in set(table.arrays._fields) - {"ask", "open_to", "chosen", "fair", "by_share"}:
            digest.update(getattr(table.arrays, name).tobytes())
    return digest.hexdigest()


def events_since(of: Cluster, first: int) -> list[Any]:
    return list(of.sim.log)[first:]


def refused(of: Cluster, call: Callable[[], object], error: type[MlplatError], said: str, event: str = "call.refused") -> None:
    """A call raises, says so once in the log, and changes nothing."""
    before, first = quota_digest(of), len(of.sim.log)
    quotas = of.endpoint.quotas()
    with pytest.raises(error, match=said):
        call()
    assert quota_digest(of) == before
    assert of.endpoint.quotas() == quotas
    assert [one.predicate for one in events_since(of, first)] == [event]


def status(of: Cluster, *names: str) -> list[str]:
    return [of.endpoint.describe(name).status.value for name in names]


def test_what_is_set_is_told_and_written_down() -> None:
    of = cluster()
    assert of.endpoint.quotas() == ()
    of.endpoint.set_quota(mp.Cohort("research", lend={"gpus": 4}))
    of.endpoint.set_quota(TEAM)
    assert of.endpoint.quotas() == (mp.Quota(""), mp.Cohort("research", lend={"gpus": 4}), TEAM)
    of.endpoint.set_quota(other := mp.Quota("team", guarantee={"gpus": 4}, cohort="research"))
    assert of.endpoint.quotas() == (mp.Quota(""), mp.Cohort("research", lend={"gpus": 4}), other)
    of.endpoint.remove_quota("team")
    of.endpoint.remove_quota("research")
    assert of.endpoint.quotas() == (mp.Quota(""),)
    told = [(one.predicate, one.subject, one.actor, dict(one.data)) for one in of.sim.log]
    assert told[0] == ("quota.set", "quota:research", "admin", {"kind": "cohort", "name": "research", "lend": {"gpus": 4}})
    assert told[1][3] == {"kind": "quota", "name": "team", "guarantee": {"gpus": 8}, "limit": {"gpus": 12}}
    assert [(predicate, subject) for predicate, subject, _, _ in told[2:]] == [
        ("quota.set", "quota:team"),
        ("quota.removed", "quota:team"),
        ("quota.removed", "quota:research"),
    ]


def test_a_limit_below_the_use_drains_and_admits_nothing_until_met() -> None:
    of = cluster(quotas=[mp.Quota("team")])
    for i, minutes in enumerate((10, 20, 30, 40)):
        of.endpoint.submit(work(f"w-{i}", gpus=4, zone="team", duration=f"{minutes}m"))
    of.sim.run(until="1m")
    of.endpoint.set_quota(mp.Quota("team", limit={"gpus": 8}))
    of.endpoint.submit(work("next", gpus=4, zone="team"))
    of.sim.run(until="2m")
    assert status(of, "w-0", "w-1", "w-2", "w-3", "next") == ["running"] * 4 + ["held"]
    use = of.endpoint.quota_use("team")
    assert (use.use["gpus"], use.limit, use.running, use.waiting, use.held) == (16, {"gpus": 8}, 4, 1, 1)
    of.sim.run(until="29m")
    assert status(of, "next") == ["held"]  # two run, as many as the limit allows
    of.sim.run(until="31m")
    assert status(of, "next") == ["running"]
    assert of.workloads["next"].started_s == 1800
    of.endpoint.submit(work("wide", gpus=9, zone="team"))
    of.endpoint.submit(work("last", gpus=4, zone="team"))
    of.sim.run(until="32m")
    assert status(of, "wide", "last") == ["rejected", "held"]
    of.endpoint.set_quota(mp.Quota("team", limit={"gpus": 12}))
    of.sim.run(until="33m")
    assert status(of, "last") == ["running"]


def test_a_suspended_quota_starts_nothing_and_goes_on_with_what_runs() -> None:
    of = cluster(quotas=[TEAM])
    of.endpoint.submit(work("old", gpus=4, zone="team", duration="10m"))
    of.sim.run(until="1m")
    first = len(of.sim.log)
    of.endpoint.suspend_quota("team", actor="admin")
    assert [one.data["suspended"] for one in events_since(of, first) if one.predicate == "quota.set"] == [True]
    of.endpoint.submit(work("new", gpus=4, zone="team"))
    of.endpoint.submit(work("other", gpus=4))
    of.sim.run(until="15m")
    assert status(of, "old", "new", "other") == ["succeeded", "pending", "running"]
    of.endpoint.suspend_quota("team", False)
    of.sim.run(until="16m")
    assert status(of, "new") == ["running"]
    assert of.workloads["new"].started_s == 900
    assert of.endpoint.quotas()[1] == TEAM


def test_a_guarantee_that_comes_later_is_reclaimed() -> None:
    of = cluster(quotas=[mp.Quota("team"), mp.Quota("guest")])
    for i in range(2):
        of.endpoint.submit(work(f"g-{i}", gpus=8, zone="guest"))
    of.sim.run(until="1m")
    of.endpoint.submit(work("mine", gpus=8, zone="team"))
    of.sim.run(until="2m")
    assert status(of, "mine") == ["pending"]
    of.endpoint.set_quota(TEAM)
    of.sim.run(until="3m")
    assert status(of, "g-0", "g-1", "mine") == ["running", "pending", "running"]


def test_the_numbers_of_use_say_who_borrows_from_whom() -> None:
    quotas = [
        mp.Quota("a", guarantee={"gpus": 8}, cohort="all"),
        mp.Quota("b", guarantee={"gpus": 8}, lend={"gpus": 2}, cohort="all"),
        mp.Quota("c", cohort="all"),
        mp.Cohort("all"),
    ]
    of = cluster("3x8xV100", quotas=quotas)
    for i in range(4):
        of.endpoint.submit(work(f"c-{i}", gpus=4, cpus=1, zone="c"))
    of.endpoint.submit(work("b-0", gpus=4, cpus=2, zone="b"))
    of.sim.run(until="1m")
    a, b, c, every = (of.endpoint.quota_use(name) for name in ("a", "b", "c", "all"))
    # The cohort has ten to lend, eight of a and two of b, which keeps six; the other six are of the common pool.
    assert (c.use["gpus"], c.use["cpus"], c.borrowed, c.lendable, c.lent) == (16, 4, {"gpus": 16}, {"gpus": 0}, {"gpus": 0})
    assert (a.use["gpus"], a.borrowed, a.lendable, a.lent) == (0, {"gpus": 0}, {"gpus": 8}, {"gpus": 8})
    assert (b.use["gpus"], b.borrowed, b.lendable, b.lent) == (4, {"gpus": 0}, {"gpus": 2}, {"gpus": 2})
    assert every.borrowed == {"gpus": 6}
    assert (every.running, c.running, b.running, a.running) == (5, 4, 1, 0)
    assert every.use["environments"] == 5
    of.endpoint.submit(work("c-4", gpus=3, zone="c"))
    of.sim.run(until="2m")
    assert status(of, "c-4") == ["pending"]  # two of the pool are left, and two that b keeps


def test_a_quota_with_work_and_a_cohort_with_members_stay() -> None:
    of = cluster(quotas=[mp.Quota("team", cohort="all"), mp.Quota("idle", cohort="all"), mp.Cohort("all"), mp.Cohort("part", parent="all")])
    of.endpoint.submit(work("one", gpus=4, zone="team", duration="10m"))
    refused(of, lambda: of.endpoint.remove_quota("team"), OptionError, "'team' has 1 jobs")  # it has not arrived yet
    of.sim.run(until="1m")
    refused(of, lambda: of.endpoint.remove_quota("team"), OptionError, "'team' has 1 jobs")
    refused(of, lambda: of.endpoint.remove_quota("all"), OptionError, "the cohort 'all' has members: team, idle, part")
    refused(of, lambda: of.endpoint.remove_quota(""), OptionError, "cannot be removed|has .* jobs")
    of.sim.run(until="11m")
    for name in ("team", "idle", "part", "all"):
        of.endpoint.remove_quota(name)
    assert of.endpoint.quotas() == (mp.Quota(""),)
    of.endpoint.submit(work("two", gpus=4, zone="team"))
    of.sim.run(until="12m")
    assert (status(of, "two"), of.endpoint.quota_use("").running) == (["running"], 1)


def test_a_name_comes_back_after_it_was_removed() -> None:
    of = cluster(quotas=[mp.Quota("a", limit={"gpus": 4}), mp.Quota("b", limit={"gpus": 8})])
    of.endpoint.remove_quota("a")
    of.endpoint.set_quota(mp.Quota("a", limit={"gpus": 12}))
    of.endpoint.submit(work("y", gpus=2, zone="b"))
    of.endpoint.submit(work("z", gpus=6, replicas=2, zone="a"))
    of.sim.run(until="1m")
    assert status(of, "y", "z") == ["running", "running"]
    assert of.endpoint.quota_use("a").use["gpus"] == 12


def test_the_first_quota_and_other_parts_of_the_cluster_wait_for_a_moment_without_work() -> None:
    of = cluster()
    of.endpoint.submit(work("one", gpus=4, duration="10m"))
    refused(of, lambda: of.endpoint.set_quota(TEAM), OptionError, "only while it has no work; there are jobs: 1 arriving")
    of.sim.run(until="1m")
    refused(of, lambda: of.endpoint.set_quota(TEAM), OptionError, "only while it has no work; there are jobs: 1 running")
    of.sim.run(until="11m")
    of.endpoint.set_quota(TEAM)
    of.endpoint.submit(work("two", gpus=4, zone="team", duration="10m"))
    of.sim.run(until="12m")
    flavored = mp.Quota("team", limit={"V100": {"gpus": 8}})
    refused(of, lambda: of.endpoint.set_quota(flavored), OptionError, "flavors and its reserved nodes can be changed only while")
    reserved = mp.Quota("team", reserve={"nodes": 1})
    refused(of, lambda: of.endpoint.set_quota(reserved), OptionError, "flavors and its reserved nodes can be changed only while")
    of.sim.run(until="30m")
    of.endpoint.set_quota(flavored)
    of.endpoint.set_quota(mp.Quota("team", reserve={"nodes": 1}))
    of.endpoint.submit(work("three", gpus=4, zone="team"))
    of.endpoint.submit(work("four", gpus=4))
    of.sim.run(until="31m")
    assert [of.endpoint.describe(name).parts[0].node for name in ("three", "four")] == ["node-0", "node-1"]


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda end: end.set_quota(mp.Quota("team", guarantee={"gpus": 17}, lend={"gpus": 0})), SpecError, "hard guarantees"),
        (lambda end: end.set_quota(mp.Quota("x", cohort="nowhere")), SpecError, "nowhere"),
        (lambda end: end.set_quota(mp.Quota("x", groups=("team",))), SpecError, "team"),
        (lambda end: end.set_quota(mp.Quota("x", flavors=("H100",))), SpecError, "H100"),
        (lambda end: end.set_quota(mp.Cohort("all", parent="part")), SpecError, "cycle|itself|part"),
        (lambda end: end.set_quota(mp.Cohort("team")), OptionError, "is the name of a quota"),
        (lambda end: end.set_quota(mp.Quota("all")), OptionError, "is the name of a cohort"),
        (lambda end: end.set_quota({"name": "x"}), OptionError, "expected a Quota or a Cohort"),
        (lambda end: end.remove_quota("tean"), UnknownNameError, "unknown quota 'tean'.*team"),
        (lambda end: end.suspend_quota("nobody"), UnknownNameError, "unknown quota 'nobody'"),
        (lambda end: end.suspend_quota("all"), OptionError, "is a cohort"),
        (lambda end: end.suspend_quota("team", "yes"), SpecError, "expected true or false"),
        (lambda end: end.quota_use("nobody"), UnknownNameError, "unknown quota 'nobody'"),
        (lambda end: end.quota_use(None), UnknownNameError, "unknown quota 'None'"),
        (lambda end: end.remove_quota("<b>\n"), UnknownNameError, "unknown quota"),
        (lambda end: end.set_quota(TEAM, actor=""), OptionError, "expected the name of a principal"),
        (lambda end: end.configure(queue="easy"), OptionError, "does not go with quotas|only while"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(call: Callable[[Any], object], error: type[MlplatError], said: str) -> None:
    of = cluster(quotas=[mp.Cohort("all"), mp.Cohort("part", parent="all"), mp.Quota("team", cohort="part")])
    for name in ("one", "two", "three"):
        of.endpoint.submit(work(name, gpus=8, zone="team"))
    of.sim.run(until="1m")
    refused(of, lambda: call(of.endpoint), error, said)
    of.sim.run(until="3h")
    assert status(of, "one", "two", "three") == ["succeeded"] * 3


def test_a_cluster_without_quotas_knows_none() -> None:
    of = cluster()
    for call in (of.endpoint.remove_quota, of.endpoint.suspend_quota, of.endpoint.quota_use):
        refused(of, lambda call=call: call("team"), UnknownNameError, "unknown quota 'team'")  # type: ignore[misc]


@pytest.mark.parametrize("queue", [name for name, one in QUEUES.items() if one.code not in GOES_WITH_QUOTAS])
def test_queue_policies_that_do_not_go_with_quotas(queue: str) -> None:
    of = cluster(queue=queue)
    refused(of, lambda: of.endpoint.set_quota(TEAM), OptionError, f"queue='{queue}': does not go with quotas; expected one of fifo")
    with pytest.raises(OptionError, match="does not go with quotas"):
        cluster(queue=queue, quotas=[TEAM])
    other = cluster(quotas=[TEAM])
    refused(other, lambda: other.endpoint.configure(queue=queue), OptionError, "does not go with quotas")


@pytest.mark.parametrize("queue", [name for name, one in QUEUES.items() if one.code in GOES_WITH_QUOTAS])
def test_the_queue_policy_may_change_to_one_that_goes_with_quotas(queue: str) -> None:
    of = cluster(quotas=[TEAM])
    of.endpoint.configure(queue=queue)
    assert of.endpoint.quotas() == (mp.Quota(""), TEAM)
    for name in ("one", "two"):
        of.endpoint.submit(work(name, gpus=8, zone="team"))
    of.sim.run(until="1m")
    assert status(of, "one", "two") == ["running", "held"]


def test_who_is_no_administrator_is_denied_and_may_look() -> None:
    of = cluster(quotas=[TEAM], administrators=frozenset({"ops"}))
    calls: list[tuple[str, Callable[[], object]]] = [
        ("set_quota", lambda: of.endpoint.set_quota(mp.Quota("team"), actor="ann")),
        ("remove_quota", lambda: of.endpoint.remove_quota("team", actor="ann")),
        ("suspend_quota", lambda: of.endpoint.suspend_quota("team", actor="ann")),
        ("suspend_quota", lambda: of.endpoint.suspend_quota("nobody", actor="ann")),
    ]
    for action, call in calls:
        refused(of, call, AccessDenied, "takes an administrator", "access.denied")
        last = events_since(of, 0)[-1]
        assert (last.actor, last.subject, last.data["action"]) == ("ann", "principal:ann", action)
    of.endpoint.set_quota(mp.Quota("team", limit={"gpus": 4}), actor="ops")
    assert of.endpoint.quota_use("team").limit == {"gpus": 4}
