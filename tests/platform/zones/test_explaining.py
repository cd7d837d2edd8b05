"""Zones are listed with what they use, and say why their work waits."""

from __future__ import annotations

import mlplat as mp
from mlplat.platform.zones import ZoneExplanation

from .worlds import World, work

WHOLE = mp.Workload("whole", {"cpus": 1, "gpus": 8}, duration="1h")


def _why(world: World, zone: str) -> ZoneExplanation:
    world.sim.run(until=world.sim.now + 60)
    return world.zones.explain(zone, actor=world.admin)


def test_a_list_has_a_row_for_each_resource_of_each_zone_and_can_be_shown() -> None:
    world = World()
    zone = world.zones.create_deployment("shop", "shop-prod", {"gpus": 4, "V100": {"gpus": 2}}, {"gpus": 8}, actor=world.admin)
    zone.submit(work("w", gpus=2), actor=world.ada)
    world.zones.create_development(world.eve, {"gpus": 1}, actor=world.admin)
    world.sim.run(until="1m")
    listed = world.zones.list(actor=world.admin)
    assert listed.names() == ("eve-dev", "shop-prod")
    assert listed[1].rows()[:2] == [("gpus", 2, 4, 8), ("V100.gpus", 2, 2, None)]
    assert str(listed[0]) == "eve-dev (active): gpus 0 of 1; 0 running, 0 waiting"
    assert "<td>shop-prod</td><td>deployment</td><td>shop</td><td>active</td><td>gpus</td><td>2</td><td>4</td>" in listed._repr_html_()
    assert repr(world.zones.list(actor=world.bob)) == str(listed[1]) and repr(world.zones.list(actor=world.dan)[:0]) == "()"


def test_nothing_waits() -> None:
    world = World()
    world.zones.create_development(world.ada, {"gpus": 1}, actor=world.admin)
    why = _why(world, "ada-dev")
    assert (why.workload, why.reason, str(why)) == (None, "", "ada-dev: nothing waits.")


def test_the_limit_is_told_with_the_numbers_of_the_resource_that_it_is_about() -> None:
    world = World()
    zone = world.zones.create_development(world.ada, {"gpus": 2, "cpus": 64}, actor=world.admin)
    for number in range(3):
        zone.submit(work(f"w{number}"), actor=world.ada)
    why = _why(world, "ada-dev")
    assert (why.workload, why.reason) == ("w2", "ZONE_LIMIT")
    assert "gpus: 1 asked for, 2 of 2 in use" in str(why) and "cpus: 1 asked" not in str(why)
    assert {line.resource: (line.asks, line.use, line.limit, line.over) for line in why.lines} == {
        "gpus": (1, 2, 2, True),
        "cpus": (1, 2, 64, False),
        "environments": (1, 2, None, False),
    }
    assert "<td>gpus</td><td>1</td><td>2</td><td>0</td><td>2</td>" in why._repr_html_()


def _fragmented(**options: object) -> World:
    """Two nodes of 8; what is not guaranteed runs on both of them, within a guarantee that nobody takes back."""
    world = World(placement="worst-fit")
    world.zones.create_deployment("shop", "shop-prod", {"gpus": 8}, actor=world.admin, **options)  # type: ignore[arg-type]
    other = world.zones.create_deployment("lab", "lab-prod", {"gpus": 8}, actor=world.admin)
    for number in range(4):
        other.submit(work(f"lab{number}", duration="10h"), actor=world.eve)
    world.sim.run(until="1m")
    return world


def test_a_guarantee_is_no_promise_of_a_place_and_the_reason_says_so_and_reserved_nodes_are() -> None:
    world = _fragmented()
    handle = world.zones.submit("shop-prod", WHOLE, actor=world.ada)
    why = _why(world, "shop-prod")
    assert (handle.status.value, why.reason) == ("pending", "FRAGMENTED") and "0/2 nodes" in str(why)
    assert world.events("workload.preempted") == []
    world = _fragmented(reserve={"nodes": 1})
    handle = world.zones.submit("shop-prod", WHOLE, actor=world.ada)
    assert _why(world, "shop-prod").reason == "" and handle.status.value == "running"


def test_beyond_the_guarantee_it_waits_for_what_others_do_not_need_and_says_nothing_of_them() -> None:
    world = _fragmented()
    for number in range(8):
        world.zones.submit("lab-prod", work(f"more{number}"), actor=world.eve)
    world.zones.create_development(world.ada, {}, actor=world.admin)
    for number in range(8):
        world.zones.submit("ada-dev", work(f"ada{number}"), actor=world.ada)
    why = _why(world, "ada-dev")
    assert why.reason == "NO_CAPACITY" and "lab" not in str(why) and "more" not in str(why)


def test_what_came_in_this_instant_takes_part_at_its_end() -> None:
    world = World()
    zone = world.zones.create_development(world.ada, {"gpus": 2}, actor=world.admin)
    zone.submit(work("w"), actor=world.ada)
    assert zone.explain(actor=world.ada).reason == "NEXT_CYCLE"


def test_room_that_is_being_taken_back_is_the_reason() -> None:
    world = World(mp.ClusterSpec.parse("1x8xV100"))
    zone = world.zones.create_deployment("shop", "shop-prod", {"gpus": 8}, actor=world.admin)
    dev = world.zones.create_development(world.eve, {"gpus": 8}, actor=world.admin)
    dev.submit(mp.Workload("borrower", {"cpus": 1, "gpus": 8}, duration="10h", checkpoint="every 30m write 40s"), actor=world.eve)
    world.sim.run(until="1h")
    handle = zone.submit(WHOLE, actor=world.ada)
    world.sim.run(until=world.sim.now + 20)
    assert zone.explain(actor=world.ada).reason == "CLAIMS" and zone.status(actor=world.ada).claims == 1
    world.sim.run(until=world.sim.now + 40)
    assert handle.status.value == "running"


def test_the_next_is_that_of_the_queue_policy() -> None:
    for queue, first in (("fifo", "low"), ("priority", "high")):
        world = World(queue=queue)
        zone = world.zones.create_development(world.ada, {"gpus": 1}, actor=world.admin)
        for name, priority in (("running", 9), ("low", 1), ("high", 2)):
            zone.submit(work(name, priority=priority), actor=world.ada)
            world.sim.run(until=world.sim.now + 60)
        assert zone.explain(actor=world.ada).workload == first
