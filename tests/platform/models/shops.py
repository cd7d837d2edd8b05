"""A registry with people around it, for the tests of models."""

from __future__ import annotations

import json
from typing import Any

import mlplat as mp
from mlplat.canonical import canonical_json
from mlplat.platform.artifacts.models import ModelRegistry, ModelVersion
from mlplat.platform.artifacts.referrers import Referrers
from mlplat.platform.identity import IdentityProvider, Principal
from mlplat.platform.storage import Store


def written_down(store: Store) -> Store:
    """A store with the journals of another one, read from their JSON as from a disk."""
    again = Store()
    for journal in store.journals():
        again.append(journal, *(json.loads(canonical_json(record)) for record in store.records(journal)))
    return again


class Shop:
    """Projects shop of ada and lab of carl; bob and eve have nothing."""

    def __init__(self) -> None:
        self.sim = mp.Simulation(seed=7)
        self.store = Store()
        self.identity = IdentityProvider(self.sim)
        self.admin = self.identity.admin
        self.ada, self.bob, self.carl, self.eve = (self._user(name) for name in ("ada", "bob", "carl", "eve"))
        self.identity.create_project("shop", owner=self.ada, actor=self.admin)
        self.identity.create_project("lab", owner=self.carl, actor=self.admin)
        self.referrers = Referrers()
        self.models = ModelRegistry(self.sim, self.identity, self.store, referrers=self.referrers)

    def _user(self, name: str) -> Principal:
        return self.identity.create_user(name, actor=self.admin)

    def add(self, artifact: Any = b"weights", name: str = "shop/churn", **said: Any) -> ModelVersion:
        """Register a version, of a run unless it is said to be external."""
        if "external" not in said:
            said.setdefault("run", "run:shop/r1")
        return self.models.register(name, artifact, actor=self.admin, **said)

    def records(self) -> list[dict[str, Any]]:
        """What the registry has written down."""
        return [dict(record) for record in self.store.records("models")]

    def told(self, predicate: str) -> list[tuple[str, str]]:
        """Subject and actor of events."""
        return [(event.subject, event.actor) for event in self.sim.log.select(predicate=predicate) if event.source == "models"]
