"""A registry with people around it, for the tests of images."""

from __future__ import annotations

import json
from typing import Any

import mlplat as mp
from mlplat.canonical import canonical_json
from mlplat.platform.artifacts.images import ImageRegistry, Layer, Manifest
from mlplat.platform.artifacts.referrers import Referrers
from mlplat.platform.identity import IdentityProvider, Principal
from mlplat.platform.storage import Store

BASE, LIBS, CODE = Layer.of("python", 900), Layer.of("torch", 2000), Layer.of("train.py", 1)


def written_down(store: Store) -> Store:
    """A store with the journals of another one, read from their JSON as from a disk."""
    again = Store()
    for journal in store.journals():
        again.append(journal, *(json.loads(canonical_json(record)) for record in store.records(journal)))
    return again


class Shop:
    """Projects shop of ada and lab of carl; bob, eve and the third party acme have nothing."""

    def __init__(self, store: Store | None = None, **options: Any) -> None:
        self.sim = mp.Simulation(seed=7)
        self.store = Store() if store is None else store
        self.identity = IdentityProvider(self.sim)
        self.admin = self.identity.admin
        self.ada, self.bob, self.carl, self.eve = (self._user(name) for name in ("ada", "bob", "carl", "eve"))
        self.acme = self.identity.create_third_party("acme", actor=self.admin)
        self.identity.create_project("shop", owner=self.ada, actor=self.admin)
        self.identity.create_project("lab", owner=self.carl, actor=self.admin)
        self.referrers = Referrers()
        self.images = ImageRegistry(self.sim, self.identity, self.store, referrers=self.referrers)

    def _user(self, name: str) -> Principal:
        return self.identity.create_user(name, actor=self.admin)

    def told(self, predicate: str) -> list[tuple[str, str]]:
        """Subject and actor of events."""
        return [(event.subject, event.actor) for event in self.sim.log.select(predicate=predicate) if event.source == "images"]


def image(*layers: Layer, entry: str = "train.py", **said: Any) -> Manifest:
    """A manifest of these layers."""
    return Manifest(layers or (BASE, CODE), entry, **said)


def layers_of(manifest: Manifest) -> list[str]:
    """Digests of its layers, in order."""
    return [layer.digest for layer in manifest.layers]
