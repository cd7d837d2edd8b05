"""S-99, S-104, IP-11: a zone that asks for all that it may, thousands of times, keeps no other from what it is guaranteed."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.platform.identity import Principal
from mlplat.platform.zones import DeploymentZone

CPUS, WITHIN = 64, 60.0
"""Of the whole cluster, and seconds within which a guarantee is taken back."""


class Flooded:
    """A cluster of 64 CPUs. Zone `a` may use them all, is guaranteed 16, and asks for 3,000 of its own; zone `b` is guaranteed 32."""

    def __init__(self, *, lend: Any = None, flood: int = 3000, queue: str = "fifo", network: Any = None) -> None:
        self.sim = mp.Simulation(seed=7)
        spec = mp.ClusterSpec.uniform(nodes=8, cpus=CPUS // 8, **({} if network is None else {"network": network}))
        self.cluster = mp.Cluster(self.sim, spec, scrape_period=None, queue=queue)
        self.platform = mp.Platform(self.cluster)
        self.anna, self.a = self._zone("a", "alpha", 16, None)
        self.ben, self.b = self._zone("b", "beta", 32, lend)
        for number in range(flood):
            self.a.submit(_job(f"flood-{number}", duration="10h" if number % 2 else "2h"), actor=self.anna)
        self.sim.run(until="10m")

    def _zone(self, name: str, project: str, cpus: int, lend: Any) -> tuple[Principal, DeploymentZone]:
        identity, admin = self.platform.identity, self.platform.admin
        owner = identity.create_user(f"{name}-owner", actor=admin)
        identity.create_project(project, owner=owner, actor=admin)
        options: dict[str, Any] = {"lend": lend, "reclaim_within": WITHIN}
        zone = self.platform.zones.create_deployment(project, name, {"cpus": cpus}, {"cpus": CPUS}, **options, actor=admin)
        return owner, zone

    def used(self, zone: str) -> float:
        """CPUs that a zone has now."""
        return float(self.cluster.endpoint.quota_use(zone).use["cpus"])

    def started_s(self, name: str) -> float:
        """When the first replica of a workload was given its node."""
        return next(event.time for event in self.sim.log.select(predicate="workload.bound", subject=f"workload:{name}"))


def _job(name: str, cpus: float = 1, replicas: int = 1, duration: str = "10h") -> mp.Workload:
    return mp.Workload(name, {"cpus": cpus}, replicas=replicas, duration=duration)


def test_s104_each_workload_within_the_guarantee_starts_in_time_while_thousands_of_another_zone_run_and_wait() -> None:
    world = Flooded()
    assert (world.used("a"), world.used("b")) == (CPUS, 0)
    since = world.sim.now
    mine = [world.b.submit(_job(f"mine-{number}"), actor=world.ben) for number in range(32)]
    world.sim.run(until=since + WITHIN + 1)
    assert [handle.status.value for handle in mine] == ["running"] * 32
    assert max(world.started_s(f"mine-{number}") for number in range(32)) <= since + WITHIN
    assert (world.used("a"), world.used("b")) == (CPUS - 32, 32)
    victims = world.sim.log.select(predicate="workload.preempted")
    assert len(victims) == 32 and all(event.subject.startswith("workload:flood-") for event in victims)
    reclaimed = world.sim.log.select(predicate="guarantee.reclaimed")
    assert reclaimed and max(event.data["seconds"] for event in reclaimed) <= WITHIN


@pytest.mark.parametrize(("replicas", "cpus"), [(4, 8), (32, 1), (8, 4)])
def test_s104_a_gang_within_the_guarantee_starts_in_time(replicas: int, cpus: int) -> None:
    world = Flooded(flood=1000)
    since = world.sim.now
    gang = world.b.submit(_job("gang", cpus, replicas), actor=world.ben)
    world.sim.run(until=since + WITHIN + 1)
    assert gang.status.value == "running" and world.started_s("gang") <= since + WITHIN
    assert (world.used("a"), world.used("b")) == (CPUS - 32, 32)


def test_s105_under_a_hard_guarantee_room_is_kept_and_nobody_is_stopped_for_it() -> None:
    world = Flooded(lend=0, flood=1000)
    assert (world.used("a"), world.used("b")) == (CPUS - 32, 0)
    since = world.sim.now
    mine = [world.b.submit(_job(f"mine-{number}"), actor=world.ben) for number in range(32)]
    world.sim.run(until=since + 1)
    assert all(world.started_s(f"mine-{number}") == since for number in range(32))
    world.sim.run(until=since + WITHIN)
    assert [handle.status.value for handle in mine] == ["running"] * 32
    assert world.sim.log.select(predicate="workload.preempted") == []


@pytest.mark.parametrize("queue", ["fifo", "best-effort-fifo"])
def test_s99_s104_over_a_day_of_coming_and_going_no_guarantee_waits_longer_and_no_limit_is_passed(queue: str) -> None:
    world = Flooded(flood=2000, queue=queue)
    submitted: dict[str, float] = {}
    for hour in range(24):
        for number in range(8):
            name = f"mine-{hour}-{number}"
            world.b.submit(_job(name, 4 if number % 2 else 1, duration="50m"), actor=world.ben)
            submitted[name] = world.sim.now
        for _ in range(12):
            world.sim.run(until=world.sim.now + 300)
            a, b = world.used("a"), world.used("b")
            assert a <= CPUS and a + b <= CPUS and (a >= 16 or not world.a.workloads(actor=world.anna))
    assert max(world.started_s(name) - since for name, since in submitted.items()) <= WITHIN
    assert len(world.sim.log.select(predicate="guarantee.reclaimed")) >= 24


def test_a_zone_that_has_taken_all_addresses_of_its_network_takes_none_from_another() -> None:
    world = Flooded(flood=0, network={"topology": "leaf-spine", "cidr": "10.0.0.0/24"})
    assert world.cluster.endpoint.networks() == {"a": "10.0.0.16/28", "b": "10.0.0.32/28"}
    world.cluster.endpoint.set_network("b", "/26")
    for number in range(40):
        world.a.submit(_job(f"flood-{number}"), actor=world.anna)
    world.sim.run(until=world.sim.now + 60)
    assert world.sim.log.select(predicate="address.exhausted")
    mine = [world.b.submit(_job(f"mine-{number}"), actor=world.ben) for number in range(32)]
    world.sim.run(until=world.sim.now + WITHIN + 10)
    assert [handle.status.value for handle in mine] == ["running"] * 32
    assert {event.data["zone"] for event in world.sim.log.select(predicate="address.exhausted")} == {"a"}
