"""A platform that is opened again has the zones that it had, and so has its cluster."""

from __future__ import annotations

import mlplat as mp

from ..states import differing, state_of
from .worlds import SPEC, World, work


def _make(world: World) -> None:
    zones, admin = world.zones, world.admin
    zones.create_cohort("research", limit={"gpus": 12}, actor=admin)
    zones.create_cohort("vision", actor=admin)
    zones.modify_cohort("research", parent="vision", actor=admin)  # now after the one it came before
    zones.create_deployment("shop", "shop-prod", {"gpus": 6}, {"gpus": 8}, lend=0, cohort="research", priority=3, actor=admin)
    zones.resize(zones.create_development(world.ada, {"gpus": 4}, idle="1h", actor=admin), limit={"gpus": 2}, actor=admin)
    zones.suspend(zones.create_development(world.bob, {"environments": 4}, over_limit="refuse", actor=admin), actor=admin)


def _quotas(world: World) -> dict[str, object]:
    return {each.name: each for each in world.cluster.endpoint.quotas()}


def test_s98_the_cluster_has_the_same_quotas_again() -> None:
    world = World()
    _make(world)
    again = World(store=world.platform.store)
    assert _quotas(again) == _quotas(world) and len(_quotas(again)) == 6
    assert differing(state_of(again.platform), state_of(world.platform)) == ""
    assert again.zones.list(actor=again.admin) == world.zones.list(actor=world.admin)
    ada = again.identity._authorization.directory.find("ada")
    handle = again.zones.get("ada-dev", actor=ada).environment(None, {"cpus": 1}, actor=ada)
    again.sim.run(until="2h")
    assert (handle.status.value, handle.reason) == ("cancelled", "IDLE")


def test_a_zone_that_was_being_drained_when_the_process_ended_goes_when_time_passes() -> None:
    world = World()
    zone = world.zones.create_development(world.ada, {"gpus": 4}, actor=world.admin)
    zone.submit(work("train", stop_grace="1m"), actor=world.ada)
    world.sim.run(until="1s")
    world.zones.delete(zone, drain=True, actor=world.admin)
    cluster = mp.Cluster(mp.Simulation(), SPEC, scrape_period=None)
    cluster.sim.run(until=world.sim.now)
    platform = mp.Platform(cluster, store=world.platform.store)
    assert platform.zones.describe("ada-dev", actor=platform.admin).state == "leaving"
    platform.sim.run(until="2s")
    assert platform.zones.list(actor=platform.admin) == ()
    (event,) = platform.sim.log.select(predicate="zone.deleted")
    assert event.actor == platform.admin.id
