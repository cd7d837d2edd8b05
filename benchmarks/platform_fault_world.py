"""The platform of the platform fault campaign: people, zones, a small repository, little data, and models made elsewhere."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from mlplat.context import Simulation
from mlplat.hardware import ClusterSpec
from mlplat.infra.cluster import Cluster
from mlplat.platform.artifacts.images import Layer, Manifest
from mlplat.platform.automation.retraining import RetrainingPolicy
from mlplat.platform.facade import Platform
from mlplat.platform.training import LogisticRegression

if TYPE_CHECKING:
    from benchmarks.platform_fault_cases import PlatformCase

REPO, API, TRAIN, MODEL = "shop/churn", "shop/api", "shop/train", "shop/churn"
PROD, DEV = "shop-prod", "ada-dev"
LIMIT, GUARANTEE, DEV_LIMIT = 16, 8, 8
"""CPUs of the zones."""
FEATURES = ["a", "b"]

PIPELINE = '''\
"""Number {number}."""

from __future__ import annotations

import polars as pl

from rows import FEATURES, latest
from mlplat.platform.pipelines import pipeline, step
from mlplat.platform.training import LogisticRegression


@step(image="shop/churn@latest", request={{"cpus": 1}}, duration="30s", numerics="portable")
def prepare(customers: pl.DataFrame) -> pl.DataFrame:
    {prepare}
    return latest(customers)


@step(image="shop/churn@latest", request={{"cpus": 2}}, duration="3m", checkpoint="every 40s", numerics="portable", retries={retries})
def train(rows: pl.DataFrame) -> LogisticRegression:
    return LogisticRegression(max_iter=5).fit(rows.select(FEATURES), rows["y"])


@step(image="shop/churn@latest", request={{"cpus": 1}}, duration="10s", numerics="portable", validates="model")
def check(model: LogisticRegression, rows: pl.DataFrame) -> bool:
    return {passes}


@pipeline(data={{"customers": "customers"}}, publish={{"model": "churn"}})
def churn(customers: pl.DataFrame):
    rows = prepare(customers)
    model = train(rows)
    {check}
    return {{"model": model}}
'''
ROWS = 'FEATURES = ["a", "b"]\n\n\ndef latest(rows):\n    return rows.tail(50)\n'
TESTS = "from rows import FEATURES\n\n\ndef test_features():\n    assert len(FEATURES) == {features}\n"
IMAGE = "base: shop/python@3.11\npackages: [{package}]\nfiles: [pipeline.py, rows.py]\n"
CI = "image: image.yaml\ntests: [test_*.py]\n"

GOOD = ("good", "checked", "careful")
KINDS = (*GOOD, "raises", "invalid", "untested", "unbuildable", "unreadable")
"""Of commits: the first are right, the others raise in a step, do not pass their own check, fail a test, name a package that is not
there, or cannot be read."""


def files(kind: str, number: int) -> dict[str, str]:
    """What a commit of a kind holds; `number` makes it another one."""
    code = PIPELINE.format(
        number=number,
        prepare='raise ValueError("of no use")' if kind == "raises" else "pass",
        passes=kind != "invalid",
        check="check(model, rows)" if kind in ("checked", "invalid") else "pass",
        retries=2 if kind == "careful" else 0,
    )
    return {
        "pipeline.py": "def (" if kind == "unreadable" else code,
        "rows.py": ROWS,
        "test_rows.py": TESTS.format(features=3 if kind == "untested" else 2),
        "image.yaml": IMAGE.format(package="no-such-package" if kind == "unbuildable" else "numpy"),
        "ci.yaml": CI,
    }


@cache
def rows(count: int, seed: int, shift: float = 0.0) -> pl.DataFrame:
    """Rows of which `a` says what `y` is."""
    draw = np.random.default_rng(seed)
    x = draw.normal(shift, 1.0, (count, 2))
    return pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": (x[:, 0] + 0.3 * draw.normal(size=count) > shift).astype(np.int64)})


@cache
def inputs(shift: float) -> pl.DataFrame:
    """What requests ask about."""
    return rows(256, 9, shift).select(FEATURES)


@cache
def external(worse: bool) -> Any:
    """A model made elsewhere; a worse one says the opposite."""
    frame = rows(60, 4)
    return LogisticRegression(max_iter=5).fit(frame.select(FEATURES), 1 - frame["y"] if worse else frame["y"])


TAGS: dict[str, dict[str, str]] = {
    "better": {},
    "wrong": {},
    "slow": {"serving.base": "900ms"},
    "broken": {"serving.error_rate": "0.6"},
}
"""Models made elsewhere, and how they serve."""


class World:
    """A platform at its beginning, as a case describes it; and what those who act remember."""

    def __init__(self, case: PlatformCase) -> None:
        self.case = case
        self.sim = Simulation(case.seed)
        spec: dict[str, Any] = {"groups": [{"name": "n", "count": case.nodes, "cpus": 8, "memory_gib": 32, "disk_gib": 100, "racks": 2}]}
        if case.network:
            spec["network"] = {"topology": "leaf-spine", "hosts_per_leaf": 2}
        self.cluster = Cluster(self.sim, ClusterSpec.model_validate(spec), queue="best-effort-fifo", scrape_period=None)
        self.platform = platform = Platform(self.cluster, level=case.level)
        identity, self.admin = platform.identity, platform.admin
        self.ada, self.bob, self.eve = (identity.create_user(name, actor=self.admin) for name in ("ada", "bob", "eve"))
        identity.create_project("shop", owner=self.ada, actor=self.admin)
        identity.add_member("shop", self.bob, "maintainer", actor=self.ada)
        self.robot = identity.create_service_account("shop", "robot", actor=self.ada)
        identity.add_member("shop", self.robot, "maintainer", actor=self.ada)
        platform.zones.create_development(self.ada, {"cpus": DEV_LIMIT}, actor=self.admin)
        guarantee = {"cpus": min(GUARANTEE, 8 * case.nodes)}
        platform.zones.create_deployment("shop", PROD, guarantee, {"cpus": LIMIT}, actor=self.admin)
        platform.cd.act_as("shop", self.robot.id, actor=self.ada)
        platform.cd.set_gate(zone=PROD, required=case.gated, expires="30m", actor=self.ada)
        platform.images.publish("shop/python", Manifest((Layer.of("python 3.11", 90),)), tags=["3.11"], actor=self.ada)
        platform.data.publish("shop/customers", rows(60, 1), actor=self.ada)
        platform.data.publish("shop/held", rows(40, 2), actor=self.ada)
        platform.scm.create_repository(REPO, actor=self.ada)
        platform.builder.enable(REPO, self.robot, actor=self.ada)
        platform.ci.enable(REPO, self.robot, actor=self.ada)
        self.commits: dict[str, str] = {}
        """By commit its kind."""
        self.called = {0.0}
        """When somebody has called for something."""
        self.shift = 0.0
        self.sent = self.fillers = self.branches = 0
        self.streams: list[tuple[int, Any]] = []
        self.reproductions: list[Any] = []
        self.lost: dict[str, dict[str, Any]] = {}
        """By component that is away the calls that it had."""

    def policy(self) -> RetrainingPolicy:
        """When the pipeline is run again."""
        return RetrainingPolicy(on=("drift", "dataset", "degradation", "latency"), cooldown="3m", accept="not-worse", margin=0.2)
