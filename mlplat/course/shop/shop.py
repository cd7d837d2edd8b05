"""`Shop`: the platform of the lessons, as it is on the first morning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...context import Simulation
from ...hardware import ClusterSpec
from ...infra.cluster import Cluster
from ...platform.artifacts.images import Layer, Manifest
from ...platform.facade import Platform
from ...platform.training import churn
from .files import FILES

if TYPE_CHECKING:
    from ...platform.identity import Principal
    from ...platform.pipelines.handles import PipelineRun

CLUSTER = """
name: shop
groups:
  - {name: cpu, count: 4, cpus: 16, memory_gib: 64, disk_gib: 500, racks: 2}
  - {name: gpu, count: 1, cpus: 32, memory_gib: 256, disk_gib: 2000, gpus: 4, gpu_model: A100-40}
"""


class Shop:
    """A platform of one level, on four nodes and one with GPUs.

    Ada develops, Bob reviews; `robot` is the service account that acts for the project `shop`, `records` the one that tells what became of
    customers. There are a development zone of Ada's and the deployment zone `prod`; the image `shop/train`, built from the first commit of
    `shop/churn`; 2,000 rows of `shop/customers` to train on, and 1,000 of `shop/held` that no model has seen. `level`: of maturity, 0 to
    2 (docs/platform/maturity.md); at 2 pushes are built and tested. `seed`: of all that is drawn. `placement`: policy of the scheduler.

    >>> shop = Shop()
    >>> run = shop.train()
    >>> run.outputs["model"], round(shop.auc("shop/churn@1"), 3)
    ('model:shop/churn@1', 0.839)
    """

    def __init__(self, level: int = 0, *, seed: int = 0, placement: str = "best-fit") -> None:
        self.sim = Simulation(seed=seed)
        self.cluster = Cluster(self.sim, ClusterSpec.from_yaml(CLUSTER), queue="best-effort-fifo", placement=placement, scrape_period=None)
        self.platform = Platform(self.cluster, level=level)
        self.ada, self.bob, self.robot, self.records = self._people()
        self._artifacts()

    def _people(self) -> tuple[Principal, Principal, Principal, Principal]:
        identity, admin = self.platform.identity, self.platform.admin
        ada, bob = (identity.create_user(name, actor=admin) for name in ("ada", "bob"))
        identity.create_project("shop", owner=ada, actor=admin)
        robot, records = (identity.create_service_account("shop", name, actor=ada) for name in ("robot", "records"))
        for member in (bob, robot):
            identity.add_member("shop", member, "maintainer", actor=ada)
        identity.add_member("shop", records, "contributor", actor=ada)
        self.platform.zones.create_development(ada, {"cpus": 16}, actor=admin)
        self.platform.zones.create_deployment("shop", "prod", {"cpus": 32}, {"cpus": 48}, actor=admin)
        self.platform.cd.act_as("shop", robot.id, actor=ada)
        return ada, bob, robot, records

    def _artifacts(self) -> None:
        platform, ada = self.platform, self.ada
        platform.images.publish("shop/python", Manifest((Layer.of("python 3.11", 900),)), tags=["3.11"], actor=ada)
        rows = churn(3000, seed=1).frame()
        platform.data.publish("shop/customers", rows[:2000], actor=ada)
        platform.data.publish("shop/held", rows[2000:], actor=ada)
        platform.scm.create_repository("shop/churn", actor=ada)
        platform.builder.enable("shop/churn", self.robot, actor=ada)
        platform.ci.enable("shop/churn", self.robot, actor=ada)
        commit = self.commit(dict(FILES), "Predict who leaves")
        if platform.level < 2:
            self.build(commit)
        self.sim.run(until="10m")

    def commit(self, files: Mapping[str, Any], message: str, branch: str = "main") -> str:
        """Commit files (path -> text, None for one that goes) as Ada; the id of the commit, which is git's. No time passes."""
        return self.platform.scm.commit("shop/churn", branch, dict(files), message, actor=self.ada).id

    def build(self, commit: str) -> None:
        """Build the image of a commit by hand, as Ada, and wait until it is there."""
        builder = self.platform.builder
        made = builder.build(f"shop/churn@{commit}", actor=self.ada)
        self.sim.run(until=builder.wait("shop/churn", made.number, actor=self.ada))

    def train(self, ref: str = "main", parameters: Mapping[str, Any] | None = None, *, seed: int = 0) -> PipelineRun:
        """Run the pipeline of a branch, tag or commit as Ada, and wait until it is over."""
        run = self.platform.orchestrator.run(f"shop/churn@{ref}", dict(parameters or {}), seed=seed, actor=self.ada)
        self.sim.run(until=run.wait())
        return run

    def auc(self, model: str) -> float:
        """The AUC of a model on the newest `shop/held`, by the platform's own measure."""
        from ...platform.training import model_from_parts, score

        found = model_from_parts(self.platform.models.load(model, actor=self.ada))
        held = self.platform.data.read("shop/held", actor=self.ada)
        return float(score("auc", held["churned"], found.predict_proba(held.drop("churned"))[:, 1]))  # type: ignore[attr-defined]
