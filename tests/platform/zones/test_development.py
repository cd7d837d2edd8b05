"""Development zones: one developer, a limit, environments that are culled when nobody uses them. IP-3, S-101, S-102."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, OptionError
from mlplat.infra.virtualization.usage import Usage
from mlplat.infra.virtualization.usage_curve import UsageCurve
from mlplat.platform.zones import DevelopmentZone, ZoneError, ZoneLimitError

from .worlds import World, work

ONE: dict[str, Any] = {"cpus": 1, "gpus": 1}


@pytest.fixture
def world() -> World:
    return World()


def test_ip3_1_a_zone_of_a_developer_has_a_limit_and_no_guarantee(world: World) -> None:
    zone = world.zones.create_development(world.ada, {"gpus": 4, "environments": 6}, actor=world.admin)
    assert isinstance(zone, DevelopmentZone) and (zone.name, zone.owner, zone.idle_s) == ("ada-dev", world.ada.id, 7200)
    assert dict(zone.limit) == {"gpus": 4, "environments": 6} and dict(zone.guarantee) == {}
    (event,) = world.events("zone.created")
    assert (event.subject, event.actor, event.data["kind"]) == ("zone:ada-dev", world.admin.id, "development")


def test_ip3_2_an_environment_is_submitted_admitted_and_bound_in_the_name_of_its_developer(world: World) -> None:
    zone = world.zones.create_development(world.ada, {"gpus": 4}, actor=world.admin)
    handle = zone.environment(None, ONE, name="notebook", actor=world.ada)
    world.sim.run(until="1m")
    assert handle.status.value == "running"
    assert {event.actor for event in world.events("workload.*")} == {world.ada.id}
    (described,) = zone.workloads(actor=world.ada)
    assert (described.name, described.zone, described.ready) == ("notebook", "ada-dev", 1)


def test_a3_2_as_many_run_as_the_limit_permits_the_next_waits_and_starts_in_the_instant_one_ends(world: World) -> None:
    """S-102, IP-3 Q."""
    zone = world.zones.create_development(world.ada, {"gpus": 4}, actor=world.admin)
    handles = [zone.environment(None, ONE, actor=world.ada) for _ in range(5)]
    world.sim.run(until="1m")
    assert [handle.status.value for handle in handles] == ["running"] * 4 + ["held"]
    assert handles[4].reason == "ZONE_LIMIT" and world.events("workload.held")[0].data["reason"] == "ZONE_LIMIT"
    zone.stop(handles[0].name, actor=world.ada)
    world.sim.run(until="1m")
    assert handles[4].status.value == "running"
    status = zone.status(actor=world.ada)
    assert (status.use["gpus"], status.running, status.waiting) == (4, 4, 0)


def test_a3_2_the_number_of_environments_is_limited_too(world: World) -> None:
    zone = world.zones.create_development(world.ada, {"environments": 2}, actor=world.admin)
    handles = [zone.environment(None, {"cpus": 1}, actor=world.ada) for _ in range(3)]
    world.sim.run(until="1m")
    assert [handle.status.value for handle in handles] == ["running", "running", "held"]


def test_a_zone_that_refuses_says_which_limit_and_how_much_is_taken(world: World) -> None:
    zone = world.zones.create_development(world.ada, {"gpus": 2, "environments": 9}, over_limit="refuse", actor=world.admin)
    first = zone.environment(None, ONE, actor=world.ada)
    zone.environment(None, ONE, actor=world.ada)
    with pytest.raises(ZoneLimitError, match="ada-dev: ZONE_LIMIT refuses more: gpus: 1 asked for, 2 of 2 taken") as refused:
        zone.environment(None, ONE, name="more", actor=world.ada)
    assert refused.value.over == {"gpus": (1, 2, 2)}
    assert [event.data["error"] for event in world.events("call.refused")] == ["ZoneLimitError"]
    zone.stop(first.name, actor=world.ada)
    assert zone.environment(None, ONE, name="more", actor=world.ada).name == "more"


def test_a_zone_that_begins_to_refuse_counts_what_runs_and_waits_there_already(world: World) -> None:
    zone = world.zones.create_development(world.ada, {"gpus": 2}, actor=world.admin)
    for number in range(200):
        zone.submit(work(f"short{number}", duration="1s"), actor=world.ada)
        world.sim.run(until=world.sim.now + 2)
    for number in range(2):
        zone.submit(work(f"w{number}"), actor=world.ada)
    world.zones.configure(zone, over_limit="refuse", actor=world.admin)
    with pytest.raises(ZoneLimitError, match="2 of 2 taken"):
        zone.submit(work("more"), actor=world.ada)
    assert len(world.zones._live._submitted[zone.name]) == 2


def test_s101_nobody_else_starts_something_there_whatever_is_granted(world: World) -> None:
    """IP-3 P."""
    zone = world.zones.create_development(world.ada, {"gpus": 4}, actor=world.admin)
    world.identity.grant(world.bob, ["read", "deploy"], zone.resource, actor=world.ada)
    for who, why in (
        (world.eve, "nothing grants that"),
        (world.bob, "another developer's zone"),
        (world.admin, "another developer's zone"),
    ):
        with pytest.raises(AccessDenied, match=why):
            zone.submit(work("intruder"), actor=who)
        with pytest.raises(AccessDenied, match=why):
            zone.environment(None, ONE, actor=who)
    assert world.events("workload.*") == []
    assert {event.data["reason"] for event in world.events("access.denied")} == {"NO_GRANT", "NOT_OWNER"}


def test_s101_a_zone_is_seen_by_its_owner_and_those_it_is_shared_with(world: World) -> None:
    zone = world.zones.create_development(world.ada, {"gpus": 4}, actor=world.admin)
    zone.environment(None, ONE, name="notebook", actor=world.ada)
    assert [world.zones.list(actor=who).names() for who in (world.ada, world.bob, world.admin)] == [("ada-dev",), (), ("ada-dev",)]
    assert zone.workloads(actor=world.bob) == () and world.zones.workloads("none-such", actor=world.bob) == ()
    for ask in (zone.status, zone.explain):
        with pytest.raises(AccessDenied):
            ask(actor=world.bob)
    with pytest.raises(AccessDenied) as there:
        world.zones.get("ada-dev", actor=world.bob)
    with pytest.raises(AccessDenied) as not_there:
        world.zones.get("bob-dev", actor=world.bob)
    assert str(there.value).replace("ada", "bob") == str(not_there.value)


def test_i37_an_environment_is_shared_by_a_grant_and_the_zone_is_not(world: World) -> None:
    zone = world.zones.create_development(world.ada, {"gpus": 4}, actor=world.admin)
    for name in ("notebook", "secret"):
        zone.environment(None, ONE, name=name, actor=world.ada)
    world.sim.run(until="1m")
    share = world.identity.grant(world.bob, ["read", "write"], "zone:ada-dev@notebook", until="1h", actor=world.ada)
    assert zone.workloads(actor=world.bob).names() == ("notebook",)
    assert "started" in str(zone.logs("notebook", actor=world.bob))
    zone.touch("notebook", actor=world.bob)
    for refused in (
        lambda: zone.logs("secret", actor=world.bob),
        lambda: zone.touch("secret", actor=world.bob),
        lambda: zone.stop("notebook", actor=world.bob),
        lambda: zone.status(actor=world.bob),
    ):
        with pytest.raises(AccessDenied):
            refused()
    world.identity.revoke(share, actor=world.ada)
    assert zone.workloads(actor=world.bob) == ()


def test_a_token_for_a_zone_is_good_in_that_zone_only(world: World) -> None:
    zone = world.zones.create_development(world.ada, {"gpus": 4}, actor=world.admin)
    other = world.zones.create_development(world.ada, {"gpus": 4}, name="ada-two", actor=world.admin)
    token = world.identity.create_token(zone="ada-dev", actor=world.ada).token
    assert zone.environment(None, ONE, actor=token).name == "ada-dev-1"
    with pytest.raises(AccessDenied, match="the token is for something narrower"):
        other.environment(None, ONE, actor=token)


def test_ip3_6_an_environment_without_use_is_stopped_and_what_it_kept_on_a_volume_stays(world: World) -> None:
    """S-102."""
    world.cluster.volumes.claim("home", "10GiB", "local")
    zone = world.zones.create_development(world.ada, {"gpus": 4}, idle="2h", actor=world.admin)
    handle = zone.environment(None, ONE, name="notebook", actor=world.ada)
    job = zone.environment(None, ONE, name="batch", interactive=False, actor=world.ada)
    world.sim.run(until="90m")
    zone.touch("notebook", actor=world.ada)
    world.sim.run(until="3h29m")
    assert handle.status.value == "running"
    world.sim.run(until="4h")
    assert (handle.status.value, handle.reason, job.status.value) == ("cancelled", "IDLE", "running")
    (ended,) = world.events("runtime.finished")
    assert (ended.time, ended.data["reason"]) == (90 * 60 + 7200, "IDLE")
    (idle,) = world.events("environment.idle")
    assert (idle.subject, idle.data["idle_s"]) == ("zone:ada-dev@notebook", 7200)
    assert world.cluster.volumes.names() == ("home",)
    with pytest.raises(ZoneError, match="no interactive environment 'notebook'"):
        zone.touch("notebook", actor=world.ada)
    assert zone.environment(None, ONE, name="notebook", actor=world.ada).status.value == "pending"


def test_the_time_in_which_it_waits_or_starts_is_no_idle_time(world: World) -> None:
    zone = world.zones.create_development(world.ada, {"gpus": 1}, idle="1h", actor=world.admin)
    zone.submit(work("first", duration="150m"), actor=world.ada)
    handle = zone.environment(None, ONE, actor=world.ada)
    world.sim.run(until="209m")
    assert handle.status.value == "running"
    world.sim.run(until="4h")
    assert world.events("environment.idle")[0].time == (150 + 60) * 60


def test_cpu_of_a_program_whose_use_is_known_is_use(world: World) -> None:
    zone = world.zones.create_development(world.ada, {"gpus": 4}, idle="1h", actor=world.admin)
    cell = UsageCurve.points([(0, 0), ("30m", 0), ("30m", 900), ("100m", 900), ("100m", 10)])
    zone.environment(None, ONE, name="busy", usage=Usage(cpu=cell), actor=world.ada)
    zone.environment(None, ONE, name="quiet", usage=Usage(cpu=10), actor=world.ada)
    world.sim.run(until="5h")
    assert [(event.name, event.time / 60) for event in world.events("environment.idle")] == [("ada-dev@quiet", 60), ("ada-dev@busy", 160)]


def test_another_idle_time_holds_for_what_runs_already_and_none_lets_it_be(world: World) -> None:
    zone = world.zones.create_development(world.ada, {"gpus": 4}, idle=None, actor=world.admin)
    handle = zone.environment(None, ONE, actor=world.ada)
    world.sim.run(until="10h")
    assert handle.status.value == "running"
    world.zones.configure(zone, idle="11h", actor=world.admin)
    world.sim.run(until="12h")
    assert world.events("environment.idle")[0].time == 11 * 3600


def test_work_of_another_zone_and_what_is_no_workload_are_refused(world: World) -> None:
    zone = world.zones.create_development(world.ada, {"gpus": 4}, actor=world.admin)
    with pytest.raises(OptionError, match="is of zone 'elsewhere', and was submitted to 'ada-dev'"):
        zone.submit(work("a", zone="elsewhere"), actor=world.ada)
    with pytest.raises(OptionError, match="a str was submitted"):
        zone.submit("a", actor=world.ada)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="interactive='yes'"):
        zone.environment(None, ONE, interactive="yes", actor=world.ada)
    assert zone.submit(work("a", zone="ada-dev"), actor=world.ada).name == "a"


def test_a_name_that_another_zone_uses_is_not_free_and_nothing_else_is_said(world: World) -> None:
    ours = world.zones.create_development(world.ada, {"gpus": 4}, actor=world.admin)
    theirs = world.zones.create_development(world.eve, {"gpus": 4}, actor=world.admin)
    theirs.submit(work("train"), actor=world.eve)
    with pytest.raises(ZoneError, match=r"^ada-dev: the name 'train' is not free on this cluster; expected another one$"):
        ours.submit(work("train"), actor=world.ada)
    with pytest.raises(ZoneError, match="there is no workload 'train'"):
        ours.stop("train", actor=world.ada)
    with pytest.raises(ZoneError, match="there is no workload 'train'"):
        ours.logs("train", actor=world.ada)


def test_on_a_platform_without_a_cluster_zones_are_described_and_nothing_runs() -> None:
    platform = mp.Platform()
    ada = platform.identity.create_user("ada", actor=platform.admin)
    zone = platform.zones.create_development(ada, {"gpus": 4}, actor=platform.admin)
    assert zone.status(actor=ada).rows() == [("gpus", 0, None, 4)] and zone.workloads(actor=ada) == ()
    with pytest.raises(ZoneError, match="nothing runs on a platform without a cluster"):
        zone.environment(None, ONE, actor=ada)


def test_ip3_n_an_environment_of_a_lost_node_starts_elsewhere_and_is_culled_there(world: World) -> None:
    zone = world.zones.create_development(world.ada, {"gpus": 4}, idle="1h", actor=world.admin)
    handle = zone.environment(None, ONE, name="notebook", actor=world.ada)
    world.sim.run(until="30m")
    node = world.cluster.endpoint.describe("notebook").parts[0].node
    assert node is not None
    world.cluster.hardware.crash(node)
    world.sim.run(until="80m")
    moved = world.cluster.endpoint.describe("notebook").parts[0]
    assert handle.status.value == "running" and moved.node != node and moved.since_s is not None
    world.sim.run(until="3h")
    (idle,) = world.events("environment.idle")
    assert idle.time == moved.since_s + 3600
