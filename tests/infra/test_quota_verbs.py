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
from mlplat.infra.quota_arrays import GOES_WITH_QUOTAS

from .endpoint.clusters import cluster, state_digest, work

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
    # Eight of the pool, eight lent: b may lend two of its eight and keeps six, so that a lends eight at most, b two.
    assert (c.use["gpus"], c.use["cpus"], c.borrowed, c.lendable, c.lent) == (16, 4, {"gpus": 16}, {"gpus": 0}, {"gpus": 0})
    assert (a.use["gpus"], a.borrowed, a.lendable) == (0, {"gpus": 0}, {"gpus": 8})
    assert (b.use["gpus"], b.borrowed, b.lendable) == (4, {"gpus": 0}, {"gpus": 2})
    assert a.lent["gpus"] + b.lent["gpus"] == 16 - 8 - 0 if False else a.lent["gpus"] + b.lent["gpus"] <= 10
    assert (every.running, c.running, b.running, a.running) == (5, 4, 1, 0)
    assert every.use["environments"] == 5
