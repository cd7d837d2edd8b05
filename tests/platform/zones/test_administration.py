"""Administering zones: what is refused is refused whole, with a typed error. S-98, S-99."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, MlplatError, OptionError, SpecError, UnknownNameError
from mlplat.platform.storage import StoreError
from mlplat.platform.zones import ZoneError, ZoneOccupiedError, ZoneOwnerError

from .worlds import World, work


@pytest.fixture
def world() -> World:
    """16 GPUs in two nodes; two zones in a cohort of two, one of them with work."""
    world = World()
    admin = world.admin
    world.zones.create_cohort("research", actor=admin)
    world.zones.create_cohort("vision", parent="research", actor=admin)
    world.zones.create_deployment("shop", "shop-prod", {"gpus": 6}, {"gpus": 8}, lend={"gpus": 2}, cohort="vision", actor=admin)
    world.zones.create_development(world.ada, {"gpus": 4}, actor=admin).submit(work("train"), actor=world.ada)
    return world


Refused = Callable[[Any, Any], object]
BAD: dict[str, tuple[type[MlplatError], str, Refused]] = {
    "a guarantee above the limit": (
        SpecError,
        "is below what is guaranteed, 9",
        lambda z, w: z.create_deployment("shop", "bad", {"gpus": 9}, {"gpus": 8}, actor=w.admin),
    ),
    "a guarantee above the limit, later": (
        SpecError,
        "is below what is guaranteed, 9",
        lambda z, w: z.resize("shop-prod", guarantee={"gpus": 9}, actor=w.admin),
    ),
    "a limit below the guarantee, later": (
        SpecError,
        "is below what is guaranteed, 6",
        lambda z, w: z.resize("shop-prod", limit={"gpus": 5}, actor=w.admin),
    ),
    "more lent than guaranteed": (
        SpecError,
        "is above what is guaranteed",
        lambda z, w: z.create_deployment("shop", "bad", {"gpus": 1}, lend={"gpus": 2}, actor=w.admin),
    ),
    "hard guarantees above the capacity": (
        SpecError,
        "hard guarantees .* gpus 17 of 16",
        lambda z, w: z.create_deployment("shop", "bad", {"gpus": 13}, lend=0, actor=w.admin),
    ),
    "hard guarantees above the capacity, later": (
        SpecError,
        "hard guarantees .* gpus 17 of 16",
        lambda z, w: z.resize("shop-prod", guarantee={"gpus": 17}, limit={}, lend=0, actor=w.admin),
    ),
    "an unknown resource": (SpecError, "unknown resource 'gpu'", lambda z, w: z.create_development(w.bob, {"gpu": 4}, actor=w.admin)),
    "an unknown resource, guaranteed": (
        SpecError,
        "unknown resource 'tpus'",
        lambda z, w: z.create_deployment("shop", "bad", {"tpus": 4}, actor=w.admin),
    ),
    "an unknown flavor": (
        SpecError,
        "unknown flavor 'A100'",
        lambda z, w: z.create_deployment("shop", "bad", {"A100": {"gpus": 4}}, actor=w.admin),
    ),
    "no amount": (SpecError, "expected a number", lambda z, w: z.create_development(w.bob, {"gpus": "four"}, actor=w.admin)),
    "no mapping": (SpecError, "expected a mapping", lambda z, w: z.create_deployment("shop", "bad", 4, lend=0, actor=w.admin)),
    "an unknown cohort": (
        UnknownNameError,
        "unknown cohort 'visions'; did you mean 'vision'",
        lambda z, w: z.create_deployment("shop", "bad", {"gpus": 1}, cohort="visions", actor=w.admin),
    ),
    "an unknown project": (
        UnknownNameError,
        "unknown project 'shops'",
        lambda z, w: z.create_deployment("shops", "bad", {"gpus": 1}, actor=w.admin),
    ),
    "an unknown owner": (UnknownNameError, "unknown principal 'zoe'", lambda z, w: z.create_development("zoe", {"gpus": 1}, actor=w.admin)),
    "a second owner": (
        ZoneOwnerError,
        "ada-dev: is user-2's, and a zone is bound to one",
        lambda z, w: z.create_development(w.bob, {"gpus": 1}, name="ada-dev", actor=w.admin),
    ),
    "a second project": (
        ZoneOwnerError,
        "shop-prod: is shop's, and a zone is bound to one",
        lambda z, w: z.create_deployment("lab", "shop-prod", {"gpus": 1}, actor=w.admin),
    ),
    "two owners": (
        OptionError,
        "a list; expected one developer",
        lambda z, w: z.create_development([w.ada, w.bob], {"gpus": 1}, actor=w.admin),
    ),
    "a group as owner": (
        OptionError,
        "is a group; expected a user",
        lambda z, w: z.create_development(w.identity.create_group("team", actor=w.admin), {"gpus": 1}, actor=w.admin),
    ),
    "the name of a cohort": (
        OptionError,
        "vision is the name of a cohort",
        lambda z, w: z.create_deployment("shop", "vision", {"gpus": 1}, actor=w.admin),
    ),
    "a name that is no label": (OptionError, "lower-case", lambda z, w: z.create_development(w.bob, {}, name="Bob's", actor=w.admin)),
    "the network's own zone": (OptionError, "not 'default'", lambda z, w: z.create_development(w.bob, {}, name="default", actor=w.admin)),
    "no idle time": (OptionError, "idle=0", lambda z, w: z.create_development(w.bob, {}, idle=0, actor=w.admin)),
    "another way over the limit": (
        UnknownNameError,
        "unknown word for over_limit 'weit'; did you mean 'wait'",
        lambda z, w: z.create_development(w.bob, {}, over_limit="weit", actor=w.admin),
    ),
    "a guarantee of a developer": (
        ZoneError,
        "has a limit and no guarantee",
        lambda z, w: z.resize("ada-dev", guarantee={"gpus": 1}, actor=w.admin),
    ),
    "an idle time of a project": (
        ZoneError,
        "idle and over_limit are of development zones",
        lambda z, w: z.configure("shop-prod", idle="1h", actor=w.admin),
    ),
    "deleting an occupied zone": (
        ZoneOccupiedError,
        "ada-dev: has train; expected an empty zone, or drain=True",
        lambda z, w: z.delete("ada-dev", actor=w.admin),
    ),
    "deleting a cohort with zones": (
        ZoneOccupiedError,
        "vision: has shop-prod; expected a cohort without members",
        lambda z, w: z.delete_cohort("vision", actor=w.admin),
    ),
    "deleting a cohort with cohorts": (
        ZoneOccupiedError,
        "research: has vision; expected",
        lambda z, w: z.delete_cohort("research", actor=w.admin),
    ),
    "a cohort below itself": (
        ZoneError,
        "research: cannot be part of vision, which is part of it",
        lambda z, w: z.modify_cohort("research", parent="vision", actor=w.admin),
    ),
    "a zone that is not there": (
        UnknownNameError,
        "unknown zone 'shop-prot'; did you mean",
        lambda z, w: z.suspend("shop-prot", actor=w.admin),
    ),
    "a transfer to nobody": (UnknownNameError, "unknown principal", lambda z, w: z.transfer("ada-dev", "zoe", actor=w.admin)),
    "a transfer to no project": (UnknownNameError, "unknown project", lambda z, w: z.transfer("shop-prod", "zoo", actor=w.admin)),
    "a transfer of a project's zone to a person": (
        OptionError,
        "expected the name of a project",
        lambda z, w: z.transfer("shop-prod", w.bob, actor=w.admin),
    ),
    "by who is no administrator": (AccessDenied, "may not admin platform", lambda z, w: z.resize("shop-prod", limit={}, actor=w.ada)),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_refused_and_nothing_is_half_applied(name: str, world: World) -> None:
    error, said, call = BAD[name]
    if name == "a group as owner":
        world.identity.create_group("others", actor=world.admin)
        world.identity.create_group = lambda *_, **__: world.identity._authorization.directory.find("others")  # type: ignore[method-assign]
    before, events = world.state, len(world.sim.log)
    with pytest.raises(error, match=said):
        call(world.zones, world)
    assert world.state == before
    told = [event.predicate for event in world.sim.log[events:]]
    assert told[-1:] in (["call.refused"], ["access.denied"]) and not [
        each for each in told if each.startswith(("zone.", "quota.", "grant."))
    ]


def test_soft_guarantees_above_the_capacity_are_taken_with_a_warning_and_the_numbers(world: World) -> None:
    with pytest.warns(mp.QuotaWarning, match="guarantees add up to more than the cluster has: gpus 18 of 16"):
        world.zones.create_deployment("lab", "lab-prod", {"gpus": 12}, actor=world.admin)
    assert world.zones.list(actor=world.admin).names() == ("ada-dev", "lab-prod", "shop-prod")


def test_s99_a_lowered_limit_lets_run_what_runs_and_nothing_start_until_it_is_met(world: World) -> None:
    zone = world.zones.get("ada-dev", actor=world.ada)
    handles = [zone.submit(work(f"w{number}", duration=f"{number + 2}h"), actor=world.ada) for number in range(4)]
    world.sim.run(until="1m")
    world.zones.resize(zone, limit={"gpus": 2}, actor=world.admin)
    world.sim.run(until="61m")
    assert [each.status.value for each in handles] == ["running", "running", "running", "held"]
    world.sim.run(until="121m")
    assert [each.status.value for each in handles] == ["succeeded", "running", "running", "held"]
    world.sim.run(until="181m")
    assert [each.status.value for each in handles] == ["succeeded", "succeeded", "running", "running"]


def test_a_modification_says_what_was_and_is(world: World) -> None:
    world.zones.resize("shop-prod", guarantee={"gpus": 5}, limit={}, actor=world.admin)
    world.zones.resize("shop-prod", guarantee={"gpus": 5}, actor=world.admin)
    (event,) = world.events("zone.modified")
    assert (event.subject, event.actor) == ("zone:shop/shop-prod", world.admin.id)
    assert {key: dict(change) for key, change in event.data.items()} == {
        "guarantee": {"before": {"gpus": 6}, "after": {"gpus": 5}},
        "limit": {"before": {"gpus": 8}, "after": None},
    }


def test_nothing_starts_in_a_suspended_zone_and_what_runs_runs_on(world: World) -> None:
    world.sim.run(until="1m")
    zone = world.zones.suspend("ada-dev", actor=world.admin)
    waiting = zone.submit(work("later"), actor=world.ada)
    world.sim.run(until="30m")
    assert (zone.suspended, waiting.status.value, zone.status(actor=world.ada).running) == (True, "pending", 1)
    assert zone.explain(actor=world.ada).reason == "SUSPENDED"
    assert not world.zones.resume(zone, actor=world.admin).suspended
    world.sim.run(until="31m")
    assert waiting.status.value == "running"


def test_a_zone_that_is_transferred_is_the_others_and_no_old_grant_holds(world: World) -> None:
    world.identity.grant(world.bob, "read", "zone:ada-dev@train", actor=world.ada)
    world.identity.grant(world.eve, "read", "zone:ada-dev", actor=world.admin)
    zone = world.zones.transfer("ada-dev", world.dan, actor=world.admin)
    assert zone.workloads(actor=world.dan).names() == ("train",)
    for who in (world.ada, world.bob, world.eve):
        assert zone.workloads(actor=who) == ()
        with pytest.raises(AccessDenied):
            zone.submit(work("w"), actor=who)
    assert zone.submit(work("w"), actor=world.dan).name == "w"
    assert len(world.events("grant.revoked")) == 3
    (event,) = world.events("zone.modified")
    assert dict(event.data) == {"bound_to": world.dan.id, "before": world.ada.id}


def test_a_project_s_zone_that_is_transferred_is_the_other_project_s(world: World) -> None:
    world.identity.grant(world.bob, "deploy", "zone:shop/shop-prod", actor=world.ada)
    world.identity.grant(world.bob, "deploy", "project:shop", zone="shop-prod", actor=world.ada)
    zone = world.zones.transfer("shop-prod", "lab", actor=world.admin)
    assert zone.resource == "zone:lab/shop-prod"
    assert zone.submit(work("w"), actor=world.eve).name == "w"
    for who in (world.ada, world.bob, world.dan):
        with pytest.raises(AccessDenied):
            zone.submit(work("v"), actor=who)


def test_s98_an_empty_zone_goes_with_its_grants_and_one_of_its_name_is_another(world: World) -> None:
    world.sim.run(until="2h")
    world.identity.grant(world.bob, ["read", "write"], "zone:ada-dev@notebook", actor=world.ada)
    world.zones.delete("ada-dev", actor=world.admin)
    assert [event.subject for event in world.events("zone.deleted")] == ["zone:ada-dev"]
    assert "ada-dev" not in [each.name for each in world.cluster.endpoint.quotas()]
    zone = world.zones.create_development(world.dan, {"gpus": 1}, name="ada-dev", actor=world.admin)
    zone.environment(None, {"cpus": 1}, name="notebook", actor=world.dan)
    assert [zone.workloads(actor=who).names() for who in (world.dan, world.ada, world.bob)] == [("notebook",), (), ()]


def test_s98_ip3_6_a_drained_zone_lets_its_work_write_and_goes_when_it_is_empty(world: World) -> None:
    zone = world.zones.get("ada-dev", actor=world.ada)
    zone.environment(None, {"cpus": 1, "gpus": 1}, name="notebook", actor=world.ada)
    zone.submit(work("late", gpus=4), actor=world.ada)
    world.sim.run(until="1m")
    world.zones.delete("ada-dev", drain=True, grace="30s", actor=world.admin)
    with pytest.raises(ZoneError, match="is to be deleted once it is empty"):
        zone.submit(work("w"), actor=world.ada)
    with pytest.raises(ZoneError, match="is to be deleted"):
        world.zones.resize("ada-dev", limit={}, actor=world.admin)
    assert zone.status(actor=world.ada).state == "leaving"
    world.sim.run(until="80s")
    assert world.events("zone.deleted") == []
    world.sim.run(until="2m")
    (event,) = world.events("zone.deleted")
    assert (event.subject, event.time, event.actor) == ("zone:ada-dev", 90, world.admin.id)
    assert world.zones.list(actor=world.admin).names() == ("shop-prod",)
    assert world.cluster.endpoint.state().bound.sum() == 0
    assert "ada-dev" not in [each.name for each in world.cluster.endpoint.quotas()]


def test_cohorts_are_made_moved_and_deleted(world: World) -> None:
    zones, admin = world.zones, world.admin
    zones.create_cohort("speech", parent="research", lend={"gpus": 0}, limit={"gpus": 4}, actor=admin)
    assert [each.name for each in zones.cohorts(actor=admin)] == ["research", "speech", "vision"]
    assert [each.name for each in zones.cohorts(actor=world.ada)] == ["research", "vision"] and zones.cohorts(actor=world.eve) == ()
    assert zones.modify_cohort("speech", parent=None, actor=admin).parent is None
    zones.delete_cohort("speech", actor=admin)
    assert [event.predicate for event in world.events("cohort.*")][-3:] == ["cohort.created", "cohort.modified", "cohort.deleted"]
    zones.configure("shop-prod", cohort=None, actor=admin)
    zones.delete_cohort("vision", actor=admin)
    assert [type(each).__name__ for each in world.cluster.endpoint.quotas()].count("Cohort") == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda z, w: z.create_development(w.bob, {"gpus": 1}, actor=w.admin),
        lambda z, w: z.create_deployment("shop", "new", {"gpus": 1}, actor=w.admin),
        lambda z, w: z.resize("shop-prod", limit={"gpus": 7}, actor=w.admin),
        lambda z, w: z.suspend("ada-dev", actor=w.admin),
        lambda z, w: z.transfer("ada-dev", "bob", actor=w.admin),
        lambda z, w: z.create_cohort("speech", actor=w.admin),
        lambda z, w: z.modify_cohort("vision", parent=None, actor=w.admin),
        lambda z, w: z.delete_cohort("empty", actor=w.admin),
        lambda z, w: z.delete("empty-zone", actor=w.admin),
        lambda z, w: z.delete("ada-dev", drain=True, actor=w.admin),
    ],
)
def test_where_the_store_has_no_room_the_cluster_keeps_the_quotas_that_it_had(
    call: Refused, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.zones.create_cohort("empty", actor=world.admin)
    world.zones.create_deployment("shop", "empty-zone", {"gpus": 1}, actor=world.admin)
    before = world.state

    def full(*_: object) -> None:
        raise StoreError("the store", "no room")

    with monkeypatch.context() as patch:
        patch.setattr(world.platform.store, "append", full)
        with pytest.raises(StoreError, match="no room"):
            call(world.zones, world)
    state, journals, quotas = world.state
    assert (state, journals, sorted(quotas)) == (*before[:2], sorted(before[2]))
    call(world.zones, world)
    assert world.state != before


def test_a_warning_that_is_taken_for_an_error_has_changed_nothing(world: World) -> None:
    before = world.state
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(mp.QuotaWarning):
            world.zones.create_deployment("lab", "lab-prod", {"gpus": 12}, actor=world.admin)
    assert world.state == before


def test_the_zone_of_a_deleted_developer_stays_and_nobody_starts_anything_there_until_it_is_transferred(world: World) -> None:
    world.identity.delete(world.ada, actor=world.admin)
    zone = world.zones.get("ada-dev", actor=world.admin)
    for who in (world.ada, world.admin):
        with pytest.raises(AccessDenied):
            zone.submit(work("w"), actor=who)
    world.sim.run(until="1m")
    assert zone.status(actor=world.admin).running == 1
    world.zones.transfer(zone, world.bob, actor=world.admin)
    assert zone.submit(work("w"), actor=world.bob).name == "w"


def test_a_project_that_is_called_like_a_developer_s_zone_opens_nothing_of_it(world: World) -> None:
    world.identity.create_project("ada-dev", owner=world.eve, actor=world.admin)
    zone = world.zones.get("ada-dev", actor=world.ada)
    for ask in (
        lambda: zone.status(actor=world.eve),
        lambda: zone.logs("train", actor=world.eve),
        lambda: zone.submit(work("w"), actor=world.eve),
        lambda: world.identity.grant(world.eve, "read", "zone:ada-dev", actor=world.eve),
        lambda: world.identity.grant(world.eve, "read", "zone:ada-dev@train", actor=world.eve),
    ):
        with pytest.raises(AccessDenied):
            ask()
    assert zone.workloads(actor=world.eve) == () and world.zones.list(actor=world.eve) == ()
    with pytest.raises(OptionError, match="expected such as 'zone:ada-dev@notebook'"):
        world.identity.grant(world.eve, "read", "zone:ada-dev@a..b", actor=world.admin)
    with pytest.raises(OptionError, match=r"zone '\.\.'"):
        world.identity.grant(world.eve, "read", "zone:..", actor=world.admin)


def test_what_a_cluster_has_by_itself_is_not_taken_over(world: World) -> None:
    world.cluster.endpoint.set_quota(mp.Quota("batch", limit={"gpus": 1}))
    world.cluster.endpoint.submit(work("old", zone="shop-test"))
    before = world.state
    for create in (
        lambda: world.zones.create_deployment("shop", "batch", {"gpus": 1}, actor=world.admin),
        lambda: world.zones.create_deployment("shop", "shop-test", {"gpus": 1}, actor=world.admin),
        lambda: world.zones.create_cohort("batch", actor=world.admin),
    ):
        with pytest.raises(OptionError, match="is the name of a quota that the cluster has, or of the zone of workloads"):
            create()
    assert world.state == before
