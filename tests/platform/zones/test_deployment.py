"""Deployment zones: a project's, with a guarantee that is lent and taken back. IP-11, S-103 to S-106."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied
from mlplat.platform.zones import DeploymentZone

from .worlds import World, work

EIGHT = mp.ClusterSpec.parse("1x8xV100")


@pytest.fixture
def world() -> World:
    return World()


def test_s103_a_zone_of_a_project_has_a_guarantee_and_a_limit(world: World) -> None:
    zone = world.zones.create_deployment("shop", "shop-prod", {"gpus": 4}, {"gpus": 8}, lend={"gpus": 2}, actor=world.admin)
    assert isinstance(zone, DeploymentZone) and (zone.project, zone.resource) == ("shop", "zone:shop/shop-prod")
    assert (dict(zone.guarantee), dict(zone.limit), dict(zone.lend)) == ({"gpus": 4}, {"gpus": 8}, {"gpus": 2})
    assert str(zone) == "deployment zone shop-prod of project shop: 4 gpus guaranteed, at most 8 gpus"


def test_s103_members_with_deploy_start_work_other_members_look_and_others_nothing(world: World) -> None:
    zone = world.zones.create_deployment("shop", "shop-prod", {"gpus": 4}, {"gpus": 8}, actor=world.admin)
    robot = world.identity.create_service_account("shop", "robot", actor=world.ada)
    world.identity.grant(robot, "deploy", zone.resource, actor=world.ada)
    for number, who in enumerate((world.ada, world.dan, world.admin, robot)):
        assert zone.submit(work(f"w{number}"), actor=who).name == f"w{number}"
    for who in (world.bob, world.vera, world.eve):
        with pytest.raises(AccessDenied):
            zone.submit(work("w9"), actor=who)
    for who in (world.bob, world.vera, world.dan):
        assert zone.workloads(actor=who).names() == ("w0", "w1", "w2", "w3") and zone.status(actor=who).name == "shop-prod"
    assert zone.workloads(actor=world.eve) == () and world.zones.list(actor=world.eve) == ()
    with pytest.raises(AccessDenied):
        zone.status(actor=world.eve)


def test_a_grant_that_holds_in_one_zone_opens_no_other(world: World) -> None:
    prod, test = (world.zones.create_deployment("shop", name, {"gpus": 1}, actor=world.admin) for name in ("shop-prod", "shop-test"))
    world.identity.grant(world.eve, "deploy", "project:shop", zone="shop-test", actor=world.ada)
    assert test.submit(work("w"), actor=world.eve).name == "w"
    with pytest.raises(AccessDenied, match="the grant is for another zone"):
        prod.submit(work("v"), actor=world.eve)


def _ip11(lend: Any = None) -> tuple[World, DeploymentZone, Any, list[Any]]:
    """8 GPUs; A is guaranteed 4 of them, B may use 8 and asks for 8 x 1."""
    world = World(EIGHT)
    a = world.zones.create_deployment("shop", "a", {"gpus": 4}, {"gpus": 8}, lend=lend, actor=world.admin)
    b = world.zones.create_development(world.eve, {"gpus": 8}, name="b", actor=world.admin)
    borrowers = []
    for number in range(8):
        borrowers.append(b.submit(work(f"b{number}", duration="10h"), actor=world.eve))
        world.sim.run(until=world.sim.now + 60)
    return world, a, b, borrowers


def test_a11_1_a_guarantee_is_taken_back_from_the_four_that_started_last_and_given_back_in_order() -> None:
    """S-106."""
    world, a, b, borrowers = _ip11()
    assert [each.status.value for each in borrowers] == ["running"] * 8
    assert a.status(actor=world.ada).lent["gpus"] == 4 == b.status(actor=world.eve).borrowed["gpus"] - 4
    since = world.sim.now
    gang = a.submit(mp.Workload("gang", {"cpus": 1, "gpus": 1}, replicas=4, duration="1h"), actor=world.ada)
    world.sim.run(until=since + 60)
    assert gang.status.value == "running"
    stopped = [event for event in world.events("workload.preempted") if event.data["reason"] == "RECLAIM"]
    assert sorted(event.name for event in stopped) == ["b4", "b5", "b6", "b7"]
    (reclaimed,) = world.events("guarantee.reclaimed")
    assert reclaimed.data["seconds"] <= 60
    assert [each.status.value for each in borrowers] == ["running"] * 4 + ["pending"] * 4
    world.sim.run(until=since + 2 * 3600)
    assert [each.status.value for each in borrowers] == ["running"] * 8


@pytest.mark.parametrize(("lend", "most"), [(0, 4), ({"gpus": 2}, 6), (None, 8)])
def test_a11_2_what_is_not_lent_is_never_borrowed(lend: Any, most: int) -> None:
    world, _, b, borrowers = _ip11(lend)
    assert [each.status.value for each in borrowers].count("running") == most == b.status(actor=world.eve).use["gpus"]


def test_ip11_beyond_the_limit_it_waits_with_zone_limit_and_beyond_the_guarantee_it_stops_nobody() -> None:
    """IP-11 Q."""
    world, a, _, borrowers = _ip11()
    for number in range(4):
        a.submit(work(f"a{number}", duration="10h"), actor=world.ada)
    world.sim.run(until=world.sim.now + 60)
    more = a.submit(work("more", gpus=2), actor=world.ada)
    large = a.submit(work("large", gpus=5), actor=world.ada)
    world.sim.run(until=world.sim.now + 60)
    assert (more.status.value, large.status.value, large.reason) == ("pending", "held", "ZONE_LIMIT")
    assert [each.status.value for each in borrowers].count("running") == 4


def test_ip11_who_may_not_deploy_has_no_victims() -> None:
    """IP-11 P."""
    world, a, _, _ = _ip11()
    with pytest.raises(AccessDenied):
        a.submit(work("w", gpus=4), actor=world.bob)
    world.sim.run(until=world.sim.now + 60)
    assert world.events("workload.preempted") == []


def test_zones_of_a_cohort_lend_to_each_other_before_anybody_else_has_it() -> None:
    world = World(EIGHT)
    world.zones.create_cohort("research", actor=world.admin)
    for name in ("one", "two"):
        world.zones.create_deployment("shop", name, {"gpus": 4}, cohort="research", actor=world.admin)
    outside = world.zones.create_development(world.eve, {"gpus": 8}, actor=world.admin)
    refused = outside.submit(work("w"), actor=world.eve)
    inside = world.zones.get("one", actor=world.ada).submit(work("v", gpus=8), actor=world.ada)
    world.sim.run(until="1m")
    assert inside.status.value == "running" and refused.status.value in ("pending", "rejected")
    assert world.zones.describe("one", actor=world.ada).borrowed["gpus"] == 4
    assert world.zones.describe("two", actor=world.ada).lent["gpus"] == 4
