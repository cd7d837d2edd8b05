"""A platform with a watched service, and answers of it."""

from __future__ import annotations

from typing import Any

import numpy as np

import mlplat as mp
from mlplat.platform.automation.monitoring import Monitoring, Prediction, baseline_of
from mlplat.platform.storage import Store
from mlplat.streams import stream

SERVICE = "shop/churn"


class Shop:
    """Ada owns the project, Bob belongs to it, Eve does not; the robot is the account of the monitor, the server that of serving."""

    def __init__(self, store: Store | None = None, **options: Any) -> None:
        self.platform = mp.Platform(store=store)
        self.sim, self.identity, self.data, self.metadata = (getattr(self.platform, n) for n in ("sim", "identity", "data", "metadata"))
        admin, identity = self.platform.admin, self.identity
        self.ada, self.bob, self.eve = (identity.create_user(name, actor=admin) for name in ("ada", "bob", "eve"))
        identity.create_project("shop", owner=self.ada, actor=admin)
        identity.add_member("shop", self.bob, "viewer", actor=self.ada)
        self.robot = identity.create_service_account("shop", "monitor", actor=self.ada)
        self.server = identity.create_service_account("shop", "server", actor=self.ada)
        self.reads = identity.grant(self.robot, "read", "project:shop", actor=self.ada)
        self.writes = identity.grant(self.robot, "write", "dataset:shop/*", actor=self.ada)
        identity.grant(self.server, "write", "window:shop/*", actor=self.ada)
        self.monitoring = self.monitor(**options)
        self.requests = 0

    def monitor(self, **options: Any) -> Monitoring:
        return Monitoring(
            self.sim, self.identity, self.platform.store, metadata=self.metadata, data=self.data, inbox=self.platform.inbox, **options
        )

    def capture(self, version: str = "shop/churn@1", *, shift: float = 0.0, hardware: str = "", seed: int = 0) -> None:
        """A baseline as of a captured training run."""
        random = stream(seed, "test/capture")
        x, c = random.normal(shift, 1, 3_000), random.choice(["a", "b"], 3_000)
        answers = (x > 0).astype(int)
        right = random.random(3_000) < 0.9
        found = baseline_of(
            {"x": x, "c": c},
            {"prediction": answers},
            np.where(right, answers, 1 - answers),
            latency_s=random.gamma(2, 0.01, 3_000),
            hardware=hardware,
        )
        self.metadata.record_baseline(version, **found, actor=self.ada)

    def watch(self, **options: Any) -> Any:
        return self.monitoring.watch(SERVICE, account=self.robot, actor=self.ada, **{"rows": 500, **options})

    def answers(
        self,
        number: int = 500,
        version: str = "shop/churn@1",
        *,
        shift: float = 0.0,
        slower: float = 1.0,
        hardware: str = "",
        seed: int = 1,
    ) -> list[Prediction]:
        random = stream(seed + self.requests, "test/answers")
        x, c, latency = random.normal(shift, 1, number), random.choice(["a", "b"], number), random.gamma(2, 0.01 * slower, number)
        found = [
            Prediction(f"r{self.requests + i}", version, {"x": x[i], "c": str(c[i])}, int(x[i] > 0), float(latency[i]), None, hardware)
            for i in range(number)
        ]
        self.requests += number
        return found

    def serve(self, number: int = 500, version: str = "shop/churn@1", **options: Any) -> Any:
        """Answers are collected a second later."""
        self.sim.run(until=self.sim.now + 1)
        return self.monitoring.collect(SERVICE, self.answers(number, version, **options), actor=self.server)

    def label(self, answers: list[Prediction], wrong: float, seed: int = 2) -> Any:
        """Labels of which such a share differs from the answer."""
        drawn = stream(seed, "test/labels").random(len(answers))
        labels = {one.request: one.prediction if drawn[i] >= wrong else 1 - one.prediction for i, one in enumerate(answers)}
        return self.monitoring.label(SERVICE, labels, actor=self.server)

    def events(self, predicate: str) -> list[Any]:
        return [event for event in self.sim.log if event.predicate == predicate]

    def open(self) -> list[str]:
        return [str(one.kind) for one in self.monitoring.incidents(SERVICE, only_open=True, actor=self.ada)]
