"""Zones under random starts, stops and changes. A-3.1."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

import mlplat as mp
from mlplat.errors import MlplatError

from ..states import differing, state_of
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


def _random_call(world: World, draw: random.Random) -> None:
    zones, admin = world.zones, world.admin
    names, cohorts = ["ada-dev", "bob-dev", "one", "two", "three"], ["red", "green", "blue", None]
    name, cohort = draw.choice(names), draw.choice(cohorts)

    def amounts(most: int) -> dict[str, int]:
        return {"gpus": draw.randrange(most), "cpus": draw.randrange(most)}

    lend: Any = draw.choice((None, 0, {"gpus": 1}))
    calls: list[Callable[[], object]] = [
        lambda: zones.create_development(draw.choice(("ada", "bob")), amounts(9), cohort=cohort, actor=admin),
        lambda: zones.create_deployment(draw.choice(("shop", "lab")), name, amounts(9), amounts(12), lend=lend, cohort=cohort, actor=admin),
        lambda: zones.resize(name, guarantee=amounts(9), limit=draw.choice(({}, amounts(9))), lend=lend, actor=admin),
        lambda: zones.configure(name, cohort=cohort, priority=draw.randrange(3), actor=admin),
        lambda: draw.choice((zones.suspend, zones.resume))(name, actor=admin),
        lambda: zones.transfer(name, draw.choice(("ada", "bob", "shop", "lab")), actor=admin),
        lambda: zones.delete(name, drain=draw.random() < 0.5, actor=admin),
        lambda: zones.create_cohort(str(cohort), parent=draw.choice(cohorts), limit=draw.choice((None, amounts(20))), actor=admin),
        lambda: zones.modify_cohort(str(cohort), parent=draw.choice(cohorts), actor=admin),
        lambda: zones.delete_cohort(str(cohort), actor=admin),
        lambda: zones.submit(name, work(f"w{draw.randrange(20)}", duration=100), actor=draw.choice((world.ada, world.bob, world.eve))),
        lambda: world.sim.run(until=world.sim.now + draw.choice((1, 50, 200))),
    ]
    draw.choice(calls)()


def test_s98_whatever_is_changed_the_cluster_has_the_quotas_of_the_zones_and_a_platform_opened_again_has_them_too() -> None:
    world = World()
    draw = random.Random(11)
    done = refused = 0
    for _ in range(1500):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                _random_call(world, draw)
            done += 1
        except MlplatError:
            refused += 1
        quotas = {each.name: each for each in world.cluster.endpoint.quotas() if each.name}
        assert quotas == {each.name: each for each in world.zones._catalogue.described()}
    assert done > 300 and refused > 300
    again = mp.Platform(store=world.platform.store)
    assert differing(state_of(again), state_of(world.platform)) == ""
    owners = {grant.resource for grant in world.identity._authorization.grants.in_force() if grant.on_behalf_of.startswith("zone:")}
    assert owners == {f"zone:{name}" for name, entry in world.zones._catalogue.zones.items() if entry.kind == "development"}
