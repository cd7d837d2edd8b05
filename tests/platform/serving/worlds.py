"""A platform that serves: project `shop` with a deployment zone, and versions of a model."""

from __future__ import annotations

from typing import Any

import numpy as np

import mlplat as mp
from mlplat.events import Event
from mlplat.platform.artifacts.models import Signature
from mlplat.platform.identity import Principal
from mlplat.platform.storage import Store

SPEC = mp.ClusterSpec.parse("6x16cpu")
NETWORKED = mp.ClusterSpec.uniform(nodes=6, cpus=16, network={"topology": "leaf-spine"})
ONE: dict[str, Any] = {"cpus": 9}
"""One replica a node."""
OPTIONS: dict[str, Any] = {"request": ONE, "timeout": "2s", "load": "5s", "limit": 4, "health": "10s"}


SIGNATURE = Signature.of(np.zeros(3), np.zeros(3))


class Doubling:
    """Predicts twice what it is given, plus what the model is made of."""

    def __init__(self, bias: float) -> None:
        self.bias = bias

    def predict(self, frame: Any) -> Any:
        return 2.0 * np.asarray(frame) + self.bias


class World:
    """Ada owns project `shop`, dan deploys for it, vera looks, eve is nobody's. Versions 1 to 4 of `shop/churn` add 1 to 4."""

    def __init__(
        self, spec: mp.ClusterSpec = SPEC, store: Store | None = None, seed: int = 7, limit: int = 96, cluster: bool = True
    ) -> None:
        self.sim = mp.Simulation(seed=seed)
        self.cluster = mp.Cluster(self.sim, spec, scrape_period=None) if cluster else None
        self.platform = mp.Platform(self.cluster or self.sim, store=store)
        self.identity, self.admin = self.platform.identity, self.platform.admin
        if store is None:
            self._fill(limit)
        self.serving = self.platform.serving
        self.serving._load = lambda artifact: Doubling(float(artifact["bias"][0]))

    def _fill(self, limit: int) -> None:
        self.ada, self.dan, self.vera, self.eve = (
            self.identity.create_user(name, actor=self.admin) for name in ("ada", "dan", "vera", "eve")
        )
        self.identity.create_project("shop", owner=self.ada, actor=self.admin)
        for who, role in ((self.dan, "deployer"), (self.vera, "viewer")):
            self.identity.add_member("shop", who, role, actor=self.ada)
        self.platform.zones.create_deployment("shop", "prod", {"cpus": 9}, {"cpus": limit}, actor=self.admin)
        for bias in range(1, 5):
            tags = {"serving.base": "100ms"} | ({"serving.error_rate": "0.3"} if bias == 4 else {})
            made = self.platform.models.register(
                "shop/churn", {"bias": np.full(1, float(bias))}, external=["data"], signature=SIGNATURE, actor=self.ada
            )
            self.platform.models.set_tags(made.reference, tags, actor=self.ada)

    def deploy(self, replicas: int = 3, actor: Principal | None = None, **options: Any) -> Any:
        """Version 1 under `shop/api`, with all traffic."""
        given = {**OPTIONS, **options}
        return self.serving.deploy("shop/api", "shop/churn@1", zone="prod", replicas=replicas, actor=actor or self.ada, **given)

    def status(self) -> Any:
        """Of `shop/api`."""
        return self.serving.status("shop/api", actor=self.ada)

    def events(self, predicate: str) -> list[Event]:
        """What has happened of a kind."""
        return self.sim.log.select(predicate=predicate)
