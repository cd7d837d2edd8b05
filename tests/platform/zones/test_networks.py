"""Each zone has a network of its own, which goes and comes with it."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.infra.endpoint import NetworkOverlapError, NoNetworkLeftError
from mlplat.platform.zones import ZoneError

from .worlds import World, work

SPEC = mp.ClusterSpec.uniform(nodes=4, cpus=16, network={"topology": "leaf-spine"})


def _world(spec: mp.ClusterSpec = SPEC, **options: Any) -> World:
    return World(spec, **options)


def test_a3_3_zones_have_networks_apart_and_cannot_reach_each_other() -> None:
    world = _world()
    ours = world.zones.create_development(world.ada, {"cpus": 4}, actor=world.admin)
    theirs = world.zones.create_deployment("lab", "lab-prod", {"cpus": 4}, network="/24", actor=world.admin)
    assert ours.network != theirs.network and dict(world.cluster.endpoint.networks()) == {
        "ada-dev": ours.network,
        "lab-prod": theirs.network,
    }
    ours.environment(None, {"cpus": 1}, name="one", actor=world.ada)
    ours.environment(None, {"cpus": 1}, name="two", actor=world.ada)
    theirs.submit(mp.Workload("api", {"cpus": 1}), actor=world.eve)
    world.sim.run(until="1m")
    reach = world.cluster.endpoint.can_reach
    assert reach("one/0", "two").allowed and not reach("one/0", "api.lab-prod").allowed
    assert world.zones.get("ada-dev", actor=world.ada).network == ours.network


def test_what_is_refused_leaves_neither_network_nor_quota() -> None:
    world = _world()
    zone = world.zones.create_deployment("lab", "lab-prod", {"cpus": 4}, actor=world.admin)
    before, networks = world.state, dict(world.cluster.endpoint.networks())
    for network, error in ((zone.network, NetworkOverlapError), ("/4", NoNetworkLeftError)):
        with pytest.raises((error, mp.errors.OptionError)):
            world.zones.create_development(world.ada, {"cpus": 4}, network=network, actor=world.admin)
    with pytest.raises(mp.errors.SpecError):
        world.zones.create_deployment("shop", "shop-prod", {"cpus": 99}, lend=0, actor=world.admin)
    assert world.state == before and dict(world.cluster.endpoint.networks()) == networks


def test_a_network_goes_with_its_zone_and_is_there_again_on_a_platform_that_is_opened_again() -> None:
    world = _world()
    first = world.zones.create_deployment("lab", "lab-prod", {"cpus": 4}, actor=world.admin)
    second = world.zones.create_development(world.ada, {"cpus": 4}, actor=world.admin)
    second.environment(None, {"cpus": 1}, actor=world.ada)
    world.zones.delete(first, actor=world.admin)
    assert dict(world.cluster.endpoint.networks()) == {"ada-dev": second.network}
    again = _world(store=world.platform.store)
    assert dict(again.cluster.endpoint.networks()) == {"ada-dev": second.network}
    elsewhere = World(store=world.platform.store)
    assert elsewhere.zones.get("ada-dev", actor=elsewhere.admin).network == second.network
    world.sim.run(until="1m")
    world.zones.delete(second, drain=True, actor=world.admin)
    world.sim.run(until="2m")
    assert world.events("zone.deleted") and dict(world.cluster.endpoint.networks()) == {}


def test_a_cluster_without_a_network_has_none_for_a_zone() -> None:
    world = World()
    before = world.state
    with pytest.raises(ZoneError, match="network='/24', and the cluster has no network"):
        world.zones.create_development(world.ada, {"gpus": 1}, network="/24", actor=world.admin)
    assert world.state == before
    zone = world.zones.create_development(world.ada, {"gpus": 1}, actor=world.admin)
    assert zone.network == "" and zone.submit(work("w"), actor=world.ada).name == "w"
