"""A platform on a small cluster, with a repository, a base image and an Image Builder."""

from __future__ import annotations

from typing import Any

import mlplat as mp
from mlplat.events import Event
from mlplat.infra.endpoint import Layer
from mlplat.platform.artifacts.images import Manifest
from mlplat.platform.automation.builder import Build, Package, PackageIndex
from mlplat.platform.identity import Principal
from mlplat.platform.storage import Store

INDEX = PackageIndex((Package("numpy", "2.0.0", 60), Package("numpy", "2.1.0", 62), Package("tools", "1.0", 3)))
MANIFEST = "base: shop/python@3.11\npackages:\n- numpy>=2\nfiles:\n- train.py\nentry: python train.py\n"
FILES = {"image.yaml": MANIFEST, "train.py": "print(1)\n", "README.md": "# Churn\n"}
REPO = "shop/churn"


class World:
    """Ada owns project `shop` and bob is a contributor, both with a development zone; carl has nothing."""

    def __init__(
        self, spec: str = "2x8cpu", *, limit: dict[str, Any] | None = None, store: Store | None = None, seed: int = 7, **options: Any
    ) -> None:
        self.sim = mp.Simulation(seed=seed, **options)
        self.cluster = mp.Cluster(self.sim, mp.ClusterSpec.parse(spec), scrape_period=None)
        self.platform = platform = mp.Platform(self.cluster, store=store)
        self.identity, self.admin, self.scm, self.images = platform.identity, platform.admin, platform.scm, platform.images
        self.zones, self.metadata = platform.zones, platform.metadata
        if store is None:
            self.ada, self.bob, self.carl = map(self._user, ("ada", "bob", "carl"))
            self.identity.create_project("shop", owner=self.ada, actor=self.admin)
            self.identity.create_project("lab", owner=self.carl, actor=self.admin)
            self.identity.add_member("shop", self.bob, "contributor", actor=self.ada)
            self.robot = self.identity.create_service_account("shop", "robot", actor=self.ada)
            self.identity.add_member("shop", self.robot, "contributor", actor=self.ada)
            for who in (self.ada, self.bob):
                self.zones.create_development(who, limit or {"cpus": 4}, actor=self.admin)
            base = Manifest((Layer.of("python", 900),), entry="python", packages={"pip": "24.0"})
            self.images.publish("shop/python", base, tags=["3.11"], actor=self.ada)
            self.scm.create_repository(REPO, actor=self.ada)
        self.builder = platform.builder
        if store is None:
            self.builder.set_index(INDEX, actor=self.admin)

    def _user(self, name: str) -> Principal:
        return self.identity.create_user(name, actor=self.admin)

    def commit(self, files: dict[str, Any] | None = None, branch: str = "main", actor: Principal | None = None, **options: Any) -> str:
        """Commit files. Returns the id."""
        return self.scm.commit(REPO, branch, FILES if files is None else files, "change", actor=actor or self.ada, **options).id

    def built(self, ref: str = f"{REPO}@main", **options: Any) -> Build:
        """A build that was waited for."""
        build = self.builder.build(ref, **{"actor": self.ada, **options})
        return self.sim.run(until=self.builder.wait(build.repository, build.number, actor=self.ada))  # type: ignore[no-any-return]

    def events(self, *predicates: str) -> list[Event]:
        """What has happened of some kinds."""
        return [event for event in self.sim.log if event.predicate in predicates]

    def tag(self, tag: str = "latest") -> str:
        """The digest that a tag of the image points to."""
        return self.images.resolve(f"{REPO}@{tag}", actor=self.ada).digest
