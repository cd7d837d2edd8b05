"""Random lives of a service: versions come and go, weights move, nodes die and come back, and every request is accounted for once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlplat.errors import MlplatError
from mlplat.platform.serving import Concurrency, Observed, Requests, Utilization
from mlplat.streams import stream

from .worlds import NETWORKED, SPEC, World

END = 1500.0
MODELS = [f"shop/churn@{n}" for n in range(1, 5)]


class Life:
    """A world in which something random is done to `shop/api` at random instants."""

    def __init__(self, seed: int) -> None:
        self.draw = stream(seed, "test/serving")
        self.world = World(NETWORKED if seed % 2 else SPEC, seed=seed)
        scale: Any = [
            None,
            Concurrency(0.8, least=1, stable=20, panic=4),
            Utilization(0.6, period=5, hold=30),
            Concurrency(1, stable=10, panic=2),
        ][seed % 4]
        options: dict[str, Any] = {
            "queue": int(self.draw.integers(1, 30)),
            "retries": seed % 3,
            "backoff": "700ms",
            "grace": "20s",
            "sample": 0.5,
        }
        self.world.deploy(2, scale=scale, slots=int(self.draw.integers(1, 3)), timeout=None if seed % 5 == 0 else "2s", **options)
        self.told: list[Observed] = []
        self.world.serving.collect("shop/api", self.told.append, actor=self.world.ada)
        self.requests = 0
        for name in ("a", "b"):
            attached = Requests.poisson(
                float(self.draw.uniform(2, 15)), until=END - 300.0, service="exponential", mean="50ms", seed=seed, name=name
            )
            self.world.serving.attach("shop/api", attached, inputs=lambda rows: rows.astype(float), actor=self.world.ada)
            self.requests += len(attached)
        self.refused = 0
        for at in sorted(self.draw.uniform(0, END - 300.0, 40).tolist()):
            self.world.sim.at(round(at, 1), self._something)

    def _something(self) -> None:
        world, draw = self.world, self.draw
        serving, ada = world.serving, world.ada
        there = [version for version in world.status().versions if not version.retired and not version.retiring]
        model, node = str(draw.choice(MODELS)), f"node-{draw.integers(0, 6)}"
        try:
            match int(draw.integers(0, 8)):
                case 0 | 1:
                    serving.add_version("shop/api", model, replicas=int(draw.integers(0, 3)), actor=ada)
                case 2:
                    serving.set_weights("shop/api", {version.model: float(draw.integers(0, 4)) for version in there}, actor=ada)
                case 3:
                    serving.remove_version("shop/api", model, actor=ada)
                case 4:
                    serving.scale("shop/api", model, int(draw.integers(0, 5)), actor=ada)
                case 5:
                    world.cluster.hardware.crash(node)
                    world.sim.after(float(draw.uniform(1, 200)), world.cluster.hardware.restore, node)
                case 6:
                    world.cluster.hardware.cut_off(node)
                    world.sim.after(float(draw.uniform(1, 200)), world.cluster.hardware.restore, node)
                case 7:
                    world.sim.at(world.sim.now, lambda: serving.observations("shop/api", actor=ada))
        except MlplatError:
            self.refused += 1


@pytest.mark.parametrize("seed", range(6))
def test_every_request_is_accounted_for_once_whatever_happens(seed: int) -> None:
    life = Life(seed)
    world = life.world
    for _ in range(30):
        world.sim.run(until=world.sim.now + END / 30)
        status = world.status()
        for version in status.versions:
            counts = version.counts
            assert counts["sent"] == sum(counts[name] for name in ("answered", "timed_out", "rejected", "failed")) + version.unfinished
            assert version.retired or version.ready <= 2 * 4 + 4
        for workload in world.cluster.endpoint.list(zone="prod"):
            assert workload.replicas <= 4
    world.serving.remove("shop/api", actor=world.ada)
    numbers = np.concatenate([each.request for each in life.told])
    assert len(numbers) == len(set(numbers.tolist())) == life.requests
    assert sum(len(each.sampled) + each.lost for each in life.told) > 0.4 * sum(
        int(np.isin(each.outcome, (1, 2)).sum()) for each in life.told
    )
    world.sim.run(until=END + 600.0)
    assert not world.cluster.endpoint.list(zone="prod")
