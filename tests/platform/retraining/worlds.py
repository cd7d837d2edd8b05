"""A deployed pipeline that trains a real model on real rows, and what runs it again."""

from __future__ import annotations

from typing import Any

import polars as pl

import mlplat as mp
from mlplat.events import Event
from mlplat.platform.automation.retraining import Retrainer, RetrainingPolicy
from mlplat.platform.storage import Store
from mlplat.platform.training import churn

CODE = """
from __future__ import annotations
import polars as pl
from mlplat.platform.pipelines import pipeline, step
from mlplat.platform.training import LogisticRegression, TrainingData

@step(duration="10m", numerics="portable")
def train(rows: pl.DataFrame, iterations: int) -> LogisticRegression:
    if iterations < 0:
        raise ValueError("no iterations at all")
    data = TrainingData.from_frame(rows, "churned")
    return LogisticRegression(max_iter=iterations).fit(data.x, data.y)

@pipeline(data={"rows": "customers"}, publish={"model": "churn"})
def churn(rows: pl.DataFrame, iterations: int = 20):
    return {"model": train(rows, iterations)}
"""


class World:
    """Project `shop` of ada; pipeline `shop/train`, datasets `shop/customers` and `shop/held`, a robot that may all but administer."""

    def __init__(
        self, policy: RetrainingPolicy | None = None, triggers: tuple[str, ...] = ("dataset:shop/customers",), **spec: Any
    ) -> None:
        self.store = Store()
        self.sim = mp.Simulation(seed=3)
        self.platform = mp.Platform(self.sim, store=self.store)
        platform, admin = self.platform, self.platform.admin
        self.ada = platform.identity.create_user("ada", actor=admin)
        platform.identity.create_project("shop", owner=self.ada, actor=admin)
        self.robot = platform.identity.create_service_account("shop", "trainer", actor=self.ada)
        self.grants = [platform.identity.grant(self.robot, right, "project:shop", actor=self.ada) for right in ("read", "write", "deploy")]
        self.rows = churn(600, seed=1).frame()
        platform.data.publish("shop/customers", self.rows[:200], actor=self.ada)
        platform.data.publish("shop/held", self.rows[400:], actor=self.ada)
        platform.scm.create_repository("shop/code", actor=self.ada)
        self.push(CODE)
        self.version = platform.orchestrator.publish("shop/code@main", name="shop/train", actor=self.ada)
        self.deployed: list[tuple[str, str, str, int]] = []
        self.retraining = self.make()
        self.target = self.rows.columns[-1]
        said = {"data": {"rows": "shop/customers"}, "held_out": "shop/held", "target": self.target, "current": "shop/churn@production"}
        self.retraining.configure(
            "shop/churn", self.robot, policy=policy or RetrainingPolicy(cooldown="1h"), actor=self.ada, **(said | spec)
        )
        self.retraining.bind("shop/churn", self.version.reference, triggers=triggers, actor=self.ada)

    def make(self, **options: Any) -> Retrainer:
        """One over the same store."""
        p = self.platform
        more: dict[str, Any] = {"inbox": p.inbox, "deploy": self._deploy, **options}
        return Retrainer(self.sim, p.identity, p.store, orchestrator=p.orchestrator, data=p.data, models=p.models, **more)

    def _deploy(self, deployment: str, model: str, account: Any, event: Event) -> None:
        self.deployed.append((deployment, model, account.id, event.id))
        self.platform.models.set_alias(model, "production", actor=account)

    def push(self, code: str) -> str:
        """Commit the pipeline."""
        return self.platform.scm.commit("shop/code", "main", {"pipeline.py": code}, "change", empty=True, actor=self.ada).id

    def change(self, rows: pl.DataFrame) -> None:
        """A new version of the customers."""
        self.platform.data.publish("shop/customers", rows, actor=self.ada)

    def alarm(self, number: int = 1, kind: str = "drift", dataset: str = "") -> Event:
        """What the Monitoring System says when a window is wrong."""
        window = self.sim.emit(
            f"window:shop/churn@{number}", "window.evaluated", source="monitoring", data={"outcome": kind, "dataset": dataset}
        )
        data = {"kind": kind, "watch": "shop/churn", "version": "shop/churn@1"}
        return self.sim.emit(f"incident:shop/churn/{number}", "incident.detected", source="monitoring", cause=window, data=data)

    def steady(self, number: int = 9) -> None:
        """A window in which nothing is wrong."""
        self.sim.emit(f"window:shop/churn@{number}", "window.evaluated", source="monitoring", data={"outcome": "steady"})

    def told(self) -> list[str]:
        """What ada was told."""
        return [message.text for message in self.platform.inbox.messages(actor=self.ada)]

    def suppressed(self) -> list[str]:
        """Why triggers led to nothing, in order."""
        return [event.data["reason"] for event in self.sim.log.select(predicate="retraining.suppressed")]

    def reasons(self) -> list[str]:
        """How retrainings ended, in order."""
        return [each.reason.value for each in self.retraining.history("shop/churn", actor=self.ada)]
