"""A platform with code, data and an image, on a small cluster or without one, and the orchestrator."""

from __future__ import annotations

from typing import Any

import polars as pl

import mlplat as mp
from mlplat.platform.artifacts.images import Layer, Manifest
from mlplat.platform.artifacts.metadata import LOCK_FILE, LockFile
from mlplat.platform.identity import Principal
from mlplat.platform.pipelines import PipelineRun
from mlplat.platform.storage import Store

CLICKS = pl.DataFrame({"user": [1, 2, 3, 4], "clicks": [3.0, 0.0, 5.0, 1.0]})
AUTHOR = "Ada Lovelace <ada@example.org>"
CHURN = '''
from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from mlplat.platform.pipelines import StepContext, pipeline, step


class Mean:
    """The smallest model there is."""

    def __init__(self, value: float, depth: int) -> None:
        self.value, self.depth = value, depth

    def to_parts(self):
        return {"mean": np.array([self.value]), "depth": str(self.depth).encode()}

    @classmethod
    def from_parts(cls, parts):
        return cls(float(parts["mean"][0]), int(parts["depth"]))


class Parts(NamedTuple):
    train: pl.DataFrame
    test: pl.DataFrame


@step(request={"cpus": 1}, duration="10m", numerics="portable")
def split(ctx: StepContext, clicks: pl.DataFrame) -> Parts:
    order = ctx.rng("order").permutation(len(clicks))
    return Parts(clicks[order[:-1]], clicks[order[-1:]])


@step(request={"cpus": 2}, duration="1h", numerics="portable")
def train(rows: pl.DataFrame, depth: int) -> Mean:
    return Mean(sum(rows["clicks"].to_list()) / len(rows) + depth, depth)


@step(request={"cpus": 1}, duration="5m", numerics="portable")
def evaluate(model: Mean, rows: pl.DataFrame) -> dict[str, float]:
    return {"error": abs(model.value - rows["clicks"][0])}


@pipeline(data={"clicks": "clicks"}, publish={"model": "churn"})
def churn(clicks: pl.DataFrame, depth: int = 3):
    parts = split(clicks)
    model = train(parts.train, depth)
    evaluate(model, parts.test)
    return {"model": model}
'''


class World:
    """Project `shop` of ada: repository `shop/churn` with `CHURN` and a lock file, dataset `shop/clicks`, image `shop/train`.

    `words`: of the cluster; empty for none. bob is a member, eve is not. `zone`: ada's own on the cluster.
    """

    def __init__(self, words: str = "", code: str = CHURN, *, store: Store | None = None, lock: bool = True, **options: Any) -> None:
        self.sim = mp.Simulation(seed=5)
        self.cluster: Any = None
        if words:
            self.cluster = mp.Cluster(self.sim, mp.ClusterSpec.parse(words), queue="best-effort-fifo", scrape_period=None, **options)
        self.platform = mp.Platform(self.cluster or self.sim, store=store)
        self.identity = self.platform.identity
        admin = self.platform.admin
        self.ada, self.bob, self.eve = (self.identity.create_user(name, actor=admin) for name in ("ada", "bob", "eve"))
        self.identity.create_project("shop", owner=self.ada, actor=admin)
        self.identity.add_member("shop", self.bob, "maintainer", actor=self.ada)
        self.zone = ""
        if words:
            self.zone = self.platform.zones.create_development(self.ada, {"cpus": 64}, actor=admin).name
        self.clicks = self.platform.data.publish("shop/clicks", CLICKS, actor=self.ada)
        self.image = self.platform.images.publish(
            "shop/train", Manifest((Layer.of("python", 900),), entry="python"), tags=["v1"], actor=self.ada
        )
        self.platform.scm.create_repository("shop/churn", actor=self.ada)
        locked = LockFile.of((self.image.resource, self.image.digest), {"clicks": (self.clicks.resource, self.clicks.digest)})
        self.commit = self.push(code, **({LOCK_FILE: locked.to_bytes()} if lock else {}))
        self.pipelines = self.platform.orchestrator

    def push(self, code: str, **files: Any) -> str:
        """Commit `pipeline.py` and other files. Returns the id."""
        everything = {"pipeline.py": code, **files}
        return self.platform.scm.commit("shop/churn", "main", everything, "change", author=AUTHOR, empty=True, actor=self.ada).id

    def run(self, ref: Any = "shop/churn@main", parameters: Any = None, *, actor: Principal | None = None, **options: Any) -> PipelineRun:
        """Start a run and let it come to its end."""
        run = self.pipelines.run(ref, parameters, actor=actor or self.ada, **options)
        self.sim.run(until=run.wait())
        return run

    def events(self, predicate: str) -> list[Any]:
        """Events so far."""
        return self.sim.log.select(predicate=predicate)
