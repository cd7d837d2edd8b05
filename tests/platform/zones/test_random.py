"""Zones under random starts, stops and changes. A-3.1."""

from __future__ import annotations

import random
from typing import Any

from .worlds import World, work

STARTS = 10_000


def test_a3_1_use_never_exceeds_the_limit_over_10_000_random_starts_and_stops() -> None:
    world = World(events="brief")
    draw = random.Random(5)
    limits = {"ada-dev": 3, "bob-dev": 5}
    zones = {
        who: world.zones.create_development(who, {"gpus": limits[f"{who.name}-dev"]}, idle=None, actor=world.admin)
        for who in (world.ada, world.bob)
    }
    most = dict.fromkeys(limits, 0)
    endpoint = world.cluster.endpoint

    def look(_: object) -> None:
        for name, limit in limits.items():
            used = endpoint.quota_use(name).use["gpus"]
            most[name] = max(most[name], used)
            assert used <= limit

    world.sim.log.subscribe("workload.bound", look)
    handles: dict[str, Any] = {}
    running: list[tuple[object, object, str]] = []
    for number in range(STARTS):
        who = draw.choice((world.ada, world.bob))
        zone = zones[who]
        handle = zone.submit(work(f"w{number}", gpus=draw.choice((1, 1, 2, 3)), duration=draw.choice((30, 300, 3000))), actor=who)
        handles[handle.name] = handle
        running.append((who, zone, handle.name))
        if len(running) > 12:
            who, zone, name = running.pop(draw.randrange(len(running)))  # type: ignore[assignment]
            if not handles[name].over:
                zone.stop(name, actor=who)
        if draw.random() < 0.5:
            world.sim.run(until=world.sim.now + draw.random() * 60)
    assert most == limits
