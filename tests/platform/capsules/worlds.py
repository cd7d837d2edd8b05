"""A platform with a model that was made of code, data, an image and a parent, and an empty one for it to go to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl

import mlplat as mp
from mlplat.platform.artifacts.metadata import LockFile
from mlplat.platform.identity import Principal

FRAME = pl.DataFrame({"user": [1, 2, 3, None], "name": ["a", "ü", None, ""], "tags": [["x"], [], None, ["y", None]]})
IMAGE = {"layers": [{"digest": "sha256:" + "1" * 64, "size_mib": 900}], "entry": "python"}
MODEL = "model:shop/churn@1"


class World:
    """`ada` owns the project `shop`, in which `model` was made; `bob` is somebody else. `linking`: as of the run."""

    def __init__(
        self, platform: mp.Platform | None = None, linking: str = "both", rich: bool = True, projects: Iterable[str] = ("shop", "secret")
    ) -> None:
        self.platform = platform = mp.Platform() if platform is None else platform
        admin = platform.admin
        self.ada: Principal = platform.identity.create_user("ada", actor=admin)
        self.bob: Principal = platform.identity.create_user("bob", actor=admin)
        for project in projects:
            platform.identity.create_project(project, owner=self.ada, actor=admin)
        ada = self.ada
        self.data = platform.data.publish("shop/clicks", FRAME, tags=["raw"], keys=["user"], note="of May", actor=ada)
        platform.data.split("shop/clicks@1", {"train": 0.5, "test": 0.5}, seed=3, actor=ada)
        self.image = platform.images.publish("shop/train", IMAGE, tags=["v1"], actor=ada)
        inputs: dict[str, Any] = {"training": (self.data.resource, self.data.digest)}
        parent = None
        if rich:
            arrays = {"x": np.arange(6.0).reshape(2, 3), "note": b"hello"}
            other = platform.data.publish("secret/labels", arrays, actor=ada)
            inputs["labels"] = (other.resource, other.digest)
            self.parent = platform.models.register(
                "secret/base", {"w": np.ones(3), "b": b"\x80\x04cposix\nsystem"}, external=["data"], actor=ada
            )
            parent = (self.parent.resource, self.parent.digest)
        lock = LockFile.of((self.image.resource, self.image.digest), inputs, parent)
        platform.scm.create_repository("shop/churn", actor=ada)
        platform.scm.commit("shop/churn", "main", {"README": b"hello\n", "bin/x": every_byte() if rich else b"x"}, "first", actor=ada)
        files = {"train.py": b"import os; os.system('touch /tmp/never')\n", "mlplat.lock": lock.to_bytes()}
        self.commit = platform.scm.commit("shop/churn", "main", files, "train", actor=ada)
        code = f"shop/churn@{self.commit.id}"
        said: dict[str, Any] = {"code": code, "seed": 7, "parameters": {"depth": 3, "time": 1.5, "source": "a"}, "linking": linking}
        if linking != "chained":
            said |= {"image": self.image.resource, "data": {role: name for role, (name, _) in inputs.items()}}
            said |= {"parent": parent[0]} if parent else {}
        platform.metadata.start_run("shop/r1", actor=ada, **said)
        platform.metadata.log_metrics("shop/r1", {"auc": 0.7}, step=1, actor=ada)
        platform.metadata.log_metrics("shop/r1", {"auc": 0.8}, step=2, actor=ada)
        platform.metadata.log_step("shop/r1", "fit", started=1.0, ended=2.0, resources={"gpus": 1}, actor=ada)
        weights = {"w": np.arange(4.0), "b": b"bytes"} if rich else b"weights"
        self.model = platform.models.register(
            "shop/churn",
            weights,
            run="run:shop/r1",
            commit=code,
            metrics={"auc": 0.8},
            parameters={"depth": 3},
            tags={"team": "a"},
            actor=ada,
        )
        outputs = {} if linking == "chained" else {"outputs": {"model": self.model.resource}}
        platform.metadata.finish_run("shop/r1", actor=ada, **outputs)  # type: ignore[arg-type]

    def export(self, **options: Any) -> bytes:
        content = self.platform.capsules.export("shop/churn@1", actor=self.ada, **options).content
        assert content is not None
        return content


def every_byte() -> bytes:
    """A file of every byte, longer than a block of deflate."""
    return bytes(range(256)) * 300


def elsewhere(projects: Iterable[str] = ("shop", "secret"), platform: mp.Platform | None = None) -> tuple[mp.Platform, Principal]:
    """Another platform, and who owns its projects there."""
    platform = mp.Platform() if platform is None else platform
    for name in ("one", "two", "three"):
        platform.identity.create_user(name, actor=platform.admin)
    carl = platform.identity.create_user("carl", actor=platform.admin)
    for project in projects:
        platform.identity.create_project(project, owner=carl, actor=platform.admin)
    return platform, carl


def state_of(platform: mp.Platform) -> tuple[Any, ...]:
    """All that a platform keeps, but the log of decisions."""
    store = platform.store
    return (
        [(name, [dict(record) for record in store.records(name)]) for name in store.journals() if name != "audit"],
        list(store.digests()),
    )
