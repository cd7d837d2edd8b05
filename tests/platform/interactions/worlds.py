"""A platform with everything wired, of level 2 unless said, on a small cluster: from a push to a model that is served."""

from __future__ import annotations

from typing import Any

import mlplat as mp
from mlplat.errors import AccessDenied
from mlplat.events import Event
from mlplat.platform.artifacts.images import Layer, Manifest
from mlplat.platform.automation.retraining import RetrainingPolicy
from mlplat.platform.pipelines import PipelineRun
from mlplat.platform.serving import Requests
from mlplat.platform.storage import Store
from mlplat.platform.training import churn

AUTHOR = "Ada Lovelace <ada@example.org>"
PIPELINE = """
from __future__ import annotations
import polars as pl
from mlplat.platform.pipelines import pipeline, step
from mlplat.platform.training import LogisticRegression

@step(image="shop/churn@latest", request={"cpus": 2}, duration="2m", numerics="portable")
def prepare(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.head(300)

@step(image="shop/churn@latest", request={"cpus": 4}, duration="10m", checkpoint="every 2m", numerics="portable")
def train(rows: pl.DataFrame, iterations: int) -> LogisticRegression:
    if iterations < 0:
        raise ValueError("no iterations at all")
    return LogisticRegression(max_iter=iterations).fit(rows.drop("churned"), rows["churned"])

@pipeline(data={"rows": "customers"}, publish={"model": "churn"})
def churn(rows: pl.DataFrame, iterations: int = 20):
    return {"model": train(prepare(rows), iterations)}
"""
FILES = {
    "pipeline.py": PIPELINE,
    "image.yaml": "base: shop/python@3.11\npackages: [numpy>=2]\nfiles: [pipeline.py]\n",
    "ci.yaml": "image: image.yaml\n",
    "test_sums.py": "def test_sum():\n    assert 1 + 1 == 2\n",
}
REPO, API, TRAIN = "shop/churn", "shop/api", "shop/train"
OPTIONS: dict[str, Any] = {
    "request": {"cpus": 2},
    "base": "40ms",
    "slots": 4,
    "timeout": "2s",
    "sample": 1.0,
    "retries": 2,
    "health": "10s",
}
CANARY: dict[str, Any] = {
    "kind": "canary",
    "policy": {"steps": [0.25, 1.0], "requests": 200, "bake": "2m", "deadline": "20m", "metrics": ["errors", "latency"]},
}
ENDS = ("answered", "timed_out", "rejected", "failed")


class Shop:
    """Ada owns project `shop`, bob maintains it, eve is nobody's; a robot acts for it. `limit`, `guarantee`: CPUs of `shop-prod`."""

    def __init__(
        self,
        words: str = "4x16cpu",
        *,
        level: int = 2,
        limit: int = 48,
        guarantee: int = 16,
        seed: int = 7,
        store: Store | None = None,
        artifacts: bool = True,
    ) -> None:
        self.sim = mp.Simulation(seed=seed)
        self.cluster = mp.Cluster(self.sim, mp.ClusterSpec.parse(words), queue="best-effort-fifo", scrape_period=None)
        self.platform = platform = mp.Platform(self.cluster, level=level, store=store)
        self.admin, identity = platform.admin, platform.identity
        self.ada, self.bob, self.eve = (identity.create_user(name, actor=self.admin) for name in ("ada", "bob", "eve"))
        identity.create_project("shop", owner=self.ada, actor=self.admin)
        self.robot = identity.create_service_account("shop", "robot", actor=self.ada)
        for who in (self.bob, self.robot):
            identity.add_member("shop", who, "maintainer", actor=self.ada)
        platform.zones.create_development(self.ada, {"cpus": 16}, actor=self.admin)
        platform.zones.create_deployment("shop", "shop-prod", {"cpus": guarantee}, {"cpus": limit}, actor=self.admin)
        platform.cd.act_as("shop", self.robot.id, actor=self.ada)
        self.rows = churn(600, seed=1).frame()
        if artifacts:
            platform.images.publish("shop/python", base(), tags=["3.11"], actor=self.ada)
            platform.data.publish("shop/customers", self.rows[:400], actor=self.ada)
            platform.data.publish("shop/held", self.rows[400:], actor=self.ada)
        platform.scm.create_repository(REPO, actor=self.ada)
        platform.builder.enable(REPO, self.robot, actor=self.ada)
        platform.ci.enable(REPO, self.robot, actor=self.ada)

    # -- the steps, each with what it makes

    def push(self, **files: str) -> str:
        """Commit and push everything, and let an image be built and tests run. Returns the id."""
        said = {**FILES, **{name.replace("_dot_", "."): text for name, text in files.items()}}
        commit = self.platform.scm.commit(REPO, "main", said, "change", author=AUTHOR, empty=True, actor=self.ada).id
        self.wait("20m")
        return commit

    def publish(self, ref: str = f"{REPO}@main") -> str:
        """The pipeline of a commit as an artifact."""
        return self.platform.orchestrator.publish(ref, name=TRAIN, actor=self.ada).reference

    def train(self, ref: str = TRAIN, **options: Any) -> PipelineRun:
        """A run that has ended."""
        run = self.platform.orchestrator.run(ref, project="shop", actor=self.ada, **options)
        self.sim.run(until=run.wait())
        return run

    def bind(self, version: str, *triggers: str, approve: bool = True) -> int:
        """Deliver the pipeline, and bind it. Returns the number of its approval."""
        if not self.platform.retraining.list(actor=self.ada):
            said: dict[str, Any] = {"data": {"rows": "shop/customers"}, "held_out": "shop/held", "target": "churned"}
            said["policy"] = RetrainingPolicy(margin=0.2)
            self.platform.retraining.configure(TRAIN, self.robot, current="shop/churn@production", deploy=API, actor=self.ada, **said)
        approval = self.platform.cd.deliver(TRAIN, f"pipeline:{version}", zone="shop-prod", triggers=triggers, actor=self.ada).number
        if approve:
            self.platform.cd.approve(approval, actor=self.bob)
            self.wait("1h")
        return approval

    def serve(self, model: str, wait: str = "5m", **options: Any) -> Any:
        """Deploy a model version as `shop/api`; the change after a while."""
        said = {"replicas": 2, "strategy": CANARY, "options": OPTIONS, **options}
        change = self.platform.cd.deploy(API, model, zone="shop-prod", actor=self.ada, **said)
        self.wait(wait)
        return self.platform.cd.change(change.id, actor=self.ada)

    def traffic(self, rate: float = 2.0, until: str = "3h", shift: float = 0.0) -> None:
        """Requests from now on."""
        inputs = churn(2_000, seed=3, shift=shift).frame().drop("churned")
        self.platform.serving.attach(
            API,
            Requests.poisson(rate, until=until, seed=11),
            inputs=lambda numbers: inputs[[number % 2_000 for number in numbers]],
            actor=self.ada,
        )

    def chain(self) -> dict[str, str]:
        """From a push to a model in production. Returns what each step has made, by digest or id."""
        commit = self.push()
        version = self.publish()
        run = self.train()
        self.serve(model_of(run), strategy="rolling")
        return self.made(commit, version, run)

    def made(self, commit: str, version: str, run: PipelineRun) -> dict[str, str]:
        """Digests and ids by step."""
        platform, ada = self.platform, self.ada
        return {
            "commit": commit,
            "image": platform.images.resolve(f"{REPO}@latest", actor=ada).digest,
            "data": platform.data.resolve("shop/customers@1", actor=ada).digest,
            "pipeline": version.partition("@")[2],
            "model": platform.models.resolve(model_of(run), actor=ada).digest,
        }

    # -- what is so

    def wait(self, time: str) -> None:
        """Let time pass."""
        self.sim.run(until=self.sim.now + mp.units.seconds(time))

    def events(self, predicate: str, since: int = 0) -> list[Event]:
        """What has happened of a kind."""
        return [event for event in self.sim.log.select(predicate=predicate) if event.id >= since]

    def production(self) -> tuple[Any, ...]:
        """What is deployed: the pipeline with its triggers, the model of the service, and what the alias names."""
        platform = self.platform
        bound = platform.retraining.status(TRAIN, actor=self.admin) if platform.retraining.list(actor=self.admin) else None
        there = {each.name: each.current for each in platform.cd.list(actor=self.admin)}
        model = there.get(API)
        alias = (
            platform.models.aliases("shop/churn", actor=self.admin).get("production") if platform.models.list(actor=self.admin) else None
        )
        return (bound and (bound.pipeline, bound.triggers), model and model.what, alias)

    def status(self) -> Any:
        """Of the service."""
        return self.platform.serving.status(API, actor=self.admin)

    def check(self) -> None:
        """Whatever happened: causes are whole, no artifact is partial, no request is lost, no limit is exceeded."""
        assert self.sim.log.check() == []
        assert self.platform.verify(actor=self.admin)
        if API in self.platform.serving._catalogue.services:
            for version in self.status().versions:
                assert version.counts["sent"] == sum(version.counts[name] for name in ENDS) + version.unfinished
        for zone in self.platform.zones.list(actor=self.admin):
            assert all(used <= zone.limit.get(resource, used) for resource, used in zone.use.items()), zone


def base() -> Manifest:
    """The image on which others are built."""
    return Manifest((Layer.of("python 3.11", 900),), entry="python")


def model_of(run: PipelineRun) -> str:
    """The version that a run has published."""
    assert run.outcome == "success", (run.reason, run.error)
    return run.outputs["model"].partition(":")[2]


def refused(shop: Shop, call: Any, kind: type[Exception] = AccessDenied) -> Event:
    """A call that is refused before any effect: one event says so, and nothing that is kept has changed. Returns the event."""
    before, since = kept(shop), len(shop.sim.log)
    try:
        call()
    except kind:
        pass
    else:
        raise AssertionError(f"expected {kind.__name__}")
    told = [event for event in shop.sim.log.select() if event.id >= since]
    assert [event.predicate for event in told] == ["access.denied" if kind is AccessDenied else "call.refused"], told
    assert kept(shop) == before
    return told[0]


def kept(shop: Shop) -> dict[str, int]:
    """How much each journal holds, but for that of decisions."""
    store = shop.platform.store
    return {name: sum(1 for _ in store.records(name)) for name in store.journals() if name != "audit"}
