"""Guarantees that lost nodes cannot hold are told of, in order of priority, and so is it when they can. S-100, IP-11."""

from __future__ import annotations

import mlplat as mp

from .worlds import World


def _world() -> World:
    """Two nodes of 8 GPUs; guarantees of 4 (priority 2), 6 (priority 1) and 2 (priority 0)."""
    world = World(mp.ClusterSpec.parse("2x8xV100"))
    for name, gpus, priority in (("low", 2, 0), ("high", 4, 2), ("middle", 6, 1)):
        world.zones.create_deployment("shop", name, {"gpus": gpus}, priority=priority, actor=world.admin)
    return world


def test_s100_each_zone_that_misses_something_is_told_of_in_order_of_priority_and_again_when_it_is_back() -> None:
    """IP-11 N."""
    world = _world()
    world.cluster.hardware.crash("node-0")
    world.sim.run(until="30m")
    told = [(event.subject, event.data["missing"]["gpus"]) for event in world.events("zone.degraded")]
    assert told == [("zone:shop/middle", 2), ("zone:shop/low", 2)]
    assert all(world.sim.log.causes(event)[0].predicate == "node.unavailable" for event in world.events("zone.degraded"))
    states = {each.name: each.state for each in world.zones.list(actor=world.admin)}
    assert states == {"high": "active", "middle": "degraded", "low": "degraded"}
    world.cluster.hardware.restore("node-0")
    world.sim.run(until="1h")
    assert [event.subject for event in world.events("zone.modified")] == ["zone:shop/middle", "zone:shop/low"]
    assert all(event.data["restored"] for event in world.events("zone.modified"))
    assert {each.state for each in world.zones.list(actor=world.admin)} == {"active"}
