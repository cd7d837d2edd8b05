"""A platform with something to deploy, on services that are simulated by `ServedTarget`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

import numpy as np

import mlplat as mp
from mlplat.errors import MlplatError, UnknownNameError
from mlplat.platform.artifacts.models import Signature
from mlplat.platform.automation.cd import CD, Bound, Canary, CanaryPolicy, PipelineVersion
from mlplat.platform.automation.cd.running import Runs
from mlplat.platform.storage import Store

from .served import Behaviour, Served, ServedTarget

FAST = Canary(policy=CanaryPolicy(bake="2m", requests=100, metrics=("errors",), error_rate=0.03), keep="30m")
SIGNATURE = Signature.of(np.zeros((3, 2)), np.zeros(3))
POLICY_EVENTS = ("canary.*", "service.*", "alias.*", "incident.*", "approval.*")


class Shops:
    """Serving: a `ServedTarget` for each service."""

    def __init__(self, sim: mp.Simulation, rate: float, answers: Mapping[str, Behaviour]) -> None:
        self.sim, self.rate, self.answers = sim, rate, dict(answers)
        self.targets: dict[tuple[str, str], ServedTarget] = {}
        self.options: list[Mapping[str, Any]] = []

    def target(self, service: str, zone: str, options: Mapping[str, Any]) -> ServedTarget:
        self.options.append(options)
        if options.get("refused"):
            raise MlplatError("options that cannot be")
        if (service, zone) not in self.targets:
            self.targets[service, zone] = ServedTarget(self.sim, rate=self.rate, answers=self.answers)
        return self.targets[service, zone]


class Places:
    """Pipelines: what was published, and where it is bound."""

    def __init__(self, sim: mp.Simulation) -> None:
        self.sim = sim
        self.published: dict[str, PipelineVersion] = {}
        self.tags: dict[str, str] = {}
        self.places: dict[tuple[str, str], Place] = {}
        self.outcomes: dict[str, list[str]] = {}

    def publish(self, number: int, commit: str = "", creator: str = "user-2", tag: str = "head") -> PipelineVersion:
        digest = f"sha256:{number:064x}"
        found = PipelineVersion(f"shop/train@{digest}", digest, commit, creator, {"dag": f"sha256:{number + 100:064x}"})
        self.published[found.reference] = found
        self.tags[tag] = found.reference
        return found

    def resolve(self, ref: str, *, actor: Any) -> PipelineVersion:
        name = self.tags.get(ref.partition("@")[2], ref)
        if name not in self.published:
            raise UnknownNameError("pipeline", ref, self.published)
        return self.published[name]

    def target(self, service: str, zone: str) -> Place:
        return self.places.setdefault((service, zone), Place(self))


class Place:
    """Where a pipeline is bound. `fail`: whether a call fails now."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.current: Bound | None = None
        self.bound: list[Bound | None] = []
        self.fail = lambda call: False

    def bind(self, pipeline: str | None, triggers: tuple[str, ...]) -> None:
        if self.fail("bind"):
            raise MlplatError("it cannot be bound")
        self.current = None if pipeline is None else Bound(pipeline, triggers)
        self.bound.append(self.current)

    def smoke(self) -> Any:
        if self.fail("smoke"):
            raise MlplatError("no smoke run")
        assert self.current is not None
        outcomes = self.places.outcomes.get(self.current.pipeline, [])
        return self.places.sim.timeout("1m", outcomes.pop(0) if outcomes else "success")


class World:
    """Ada owns project shop, bob maintains it, carl contributes to it and has a zone of his own; eve has nothing.

    `shop/churn` has versions 1 to 4, of a run, with a signature; zone `shop-prod` is the project's. `answers`: by version how it serves.
    """

    def __init__(
        self,
        *,
        rate: float = 20.0,
        answers: Mapping[str, Behaviour] | None = None,
        store: Store | None = None,
        seed: int = 0,
        before: World | None = None,
    ) -> None:
        fresh = store is None
        self.store = Store() if store is None else store
        self.sim = mp.Simulation(seed=seed)
        if not fresh:
            latest = max((record["time"] for record in self.store.records("cd")), default=0.0)
            self.sim.run(until=latest + 1)
        with patch.object(Runs, "resume"):  # the deployments of these worlds go on in the component made below, not in the platform's own
            self.platform = mp.Platform(self.sim, store=self.store)
        self.admin = self.platform.admin
        if fresh:
            self._fill()
        people = {each.name: each for each in self.platform.identity.principals(actor=self.admin)}
        self.ada, self.bob, self.carl, self.eve = (people[name] for name in ("ada", "bob", "carl", "eve"))
        self.shops = Shops(self.sim, rate, answers or {})
        self.places = Places(self.sim)
        if before is not None:
            self._carry_over(before)
        platform = self.platform
        self.cd = CD(
            self.sim,
            platform.identity,
            self.store,
            models=platform.models,
            zones=platform.zones,
            scm=platform.scm,
            metadata=platform.metadata,
            serving=self.shops,
            pipelines=self.places,
            referrers=platform.models._referrers,
        )

    def _carry_over(self, before: World) -> None:
        """What ran in one process runs in this one."""
        for (service, zone), served in before.shops.targets.items():
            target = self.shops.target(service, zone, {})
            for name, version in served.served.items():
                ready = [0.0 if time <= before.sim.now else self.sim.now + 20 for time in version.ready_s]
                target.served[name] = Served(ready, version.weight, version.lost)

    def _fill(self) -> None:
        platform, admin = self.platform, self.platform.admin
        identity = platform.identity
        ada, bob, carl, _ = (identity.create_user(name, actor=admin) for name in ("ada", "bob", "carl", "eve"))
        identity.create_project("shop", owner=ada, actor=admin)
        identity.create_project("books", owner=admin, actor=admin)
        identity.add_member("shop", bob, "maintainer", actor=ada)
        identity.add_member("shop", carl, "contributor", actor=ada)
        identity.create_service_account("shop", "robot", actor=ada)
        platform.zones.create_deployment("shop", "shop-prod", {"gpus": 4}, {"gpus": 8}, actor=admin)
        platform.zones.create_deployment("books", "books-prod", {"gpus": 4}, {"gpus": 8}, actor=admin)
        platform.zones.create_development(carl, {"gpus": 2}, actor=admin)
        for number in range(1, 5):
            run = f"shop/r{number}"
            platform.metadata.start_run(run, seed=number, actor=ada)
            version = platform.models.register(
                "shop/churn",
                f"weights {number}".encode(),
                run=f"run:{run}",
                metrics={"auc": round(0.8 + number / 100, 2)},
                signature=SIGNATURE,
                actor=ada,
            )
            platform.metadata.finish_run(run, outputs={"model": version.resource}, actor=ada)
            platform.metadata.record_baseline(version.resource, latency={"p95": 0.06}, quality={"score": {"low": 0.8}}, actor=ada)

    def deploy(self, number: int = 1, **options: Any) -> Any:
        """Deploy a version of the model as ada, and let it run to its end."""
        change = self.cd.deploy("shop/api", f"shop/churn@{number}", **{"zone": "shop-prod", "strategy": FAST, "actor": self.ada, **options})
        return self.end(change)

    def end(self, change: Any) -> Any:
        """A change at its end."""
        self.sim.run(until=self.cd.ended(change.id, actor=self.admin))
        self.sim.run(until=self.sim.now + 90)
        return self.cd.change(change.id, actor=self.admin)

    @property
    def target(self) -> ServedTarget:
        return self.shops.targets["shop/api", "shop-prod"]

    @property
    def place(self) -> Place:
        return self.places.target("shop/retrain", "shop-prod")

    def events(self, *patterns: str, since: int = 0) -> list[str]:
        """Predicates of events, in order."""
        return [event.predicate for event in self.told(*patterns, since=since)]

    def told(self, *patterns: str, since: int = 0) -> list[Any]:
        chosen = {event.id: event for pattern in patterns or POLICY_EVENTS for event in self.sim.log.select(predicate=pattern)}
        return [chosen[number] for number in sorted(chosen) if number >= since]

    def alias(self, name: str = "production") -> int | None:
        return self.platform.models.aliases("shop/churn", actor=self.admin).get(name)
