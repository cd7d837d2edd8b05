"""A small world for the Metadata Store: people, a project, and neighbours that are dictionaries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mlplat as mp
from mlplat.platform.artifacts.metadata import LockFile, MetadataStore, ModelOfCommit, Resolvers
from mlplat.platform.artifacts.referrers import Referrers
from mlplat.platform.identity import IdentityProvider, Principal
from mlplat.platform.storage import Store, digest_of

COMMIT = "repo:shop/churn@" + "a1" * 20
CODE = COMMIT.removeprefix("repo:")
TRAINING, VALIDATION = "dataset:shop/clicks@3", "dataset:shop/holdout@1"
IMAGE = "image:shop/train@" + digest_of(b"image")
PARENT, MODEL = "model:shop/churn@1", "model:shop/churn@2"
PIPELINE = "pipeline:shop/train@" + digest_of(b"pipeline")


def content(resource: str) -> str:
    """The digest of an artifact of this world."""
    return digest_of(resource.encode())


def pair(resource: str) -> tuple[str, str]:
    """An artifact with its digest, as a lock file has it."""
    return resource, content(resource)


class World:
    """`files`, `commits` (of models), `there` (digests by resource): what the neighbours know. Change them to break a link."""

    def __init__(self, store: Store | None = None) -> None:
        self.sim = mp.Simulation()
        self.identity = IdentityProvider(self.sim)
        self.admin = self.identity.admin
        self.ada, self.bob, self.eve = (self.identity.create_user(name, actor=self.admin) for name in ("ada", "bob", "eve"))
        self.identity.create_project("shop", owner=self.ada, actor=self.admin)
        self.files: dict[str, bytes] = {}
        self.commits: dict[str, str] = {}
        self.runs: dict[str, str] = {}
        self.there: dict[str, str] = {name: content(name) for name in (TRAINING, VALIDATION, IMAGE, PARENT, MODEL)}
        self.there[COMMIT] = ""
        self.referrers = Referrers()
        self.store = Store() if store is None else store
        self.metadata = self.open()

    def open(self) -> MetadataStore:
        """A Metadata Store over the same records."""
        kinds = ("dataset", "image", "repo", "model")
        resolvers = Resolvers(
            read_file=lambda commit, path, actor: self.files.get(f"{commit}:{path}"),
            models_of_commit=self._models,
            commit_of_model=self.commits.get,
            digest_of=dict.fromkeys(kinds, self.there.get),
        )
        return MetadataStore(self.sim, self.identity, self.store, resolvers=resolvers, referrers=self.referrers)

    def _models(self, commit: str) -> list[ModelOfCommit]:
        return [ModelOfCommit(model, content(model), self.runs.get(model, "")) for model, of in self.commits.items() if of == commit]

    def lock(self, **named: Any) -> None:
        """The lock file of the commit: image, training and validation data and parent model, unless said otherwise."""
        full: dict[str, Any] = {
            "image": pair(IMAGE),
            "data": {"training": pair(TRAINING), "validation": pair(VALIDATION)},
            "parent": pair(PARENT),
        }
        self.files[f"{CODE}:mlplat.lock"] = LockFile.of(**(full | named)).to_bytes()

    def register(self, model: str = MODEL, commit: str = COMMIT, run: str = "") -> None:
        """The registry names a model by its commit, and tells of it."""
        self.commits[model] = commit
        self.runs[model] = run
        self.sim.emit(model, "artifact.published", source="models", actor=self.ada.id, data={"kind": "model", "digest": content(model)})

    def train(self, linking: str, name: str = "shop/r1", actor: Principal | None = None) -> None:
        """Train the model, and record it directly, along the chain, or both."""
        who = self.ada if actor is None else actor
        fields: dict[str, Any] = {"code": CODE, "parameters": {"depth": 3}, "seed": 7, "linking": linking}
        if linking != "chained":
            fields |= {"image": IMAGE, "data": {"training": TRAINING, "validation": VALIDATION}, "parent": PARENT}
        if linking != "direct":
            self.lock()
        self.metadata.start_run(name, actor=who, **fields)
        outputs: Mapping[str, object] = {} if linking == "chained" else {"model": MODEL}
        self.metadata.finish_run(name, outputs=outputs, actor=who)
        if linking != "direct":
            self.register()
