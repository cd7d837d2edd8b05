"""A platform with something of everything in it, for the authorization matrix and for attacks."""

from __future__ import annotations

from typing import Any

import polars as pl

import mlplat as mp
from mlplat.platform.artifacts.images import Manifest
from mlplat.platform.artifacts.metadata import LockFile
from mlplat.platform.identity import IdentityProvider
from mlplat.platform.storage import Store, digest_of

from .monitoring.matrix_rows import watched
from .serving.filled import cluster_of, serve

REPO, DATA, IMAGE, MODEL, FLOW = "shop/churn", "shop/clicks", "shop/train", "shop/churn", "shop/flow"
FRAME = pl.DataFrame({"user": [1, 2, 3], "clicks": [3, 0, 5]})
AUTHOR = "Ada Lovelace <ada@example.org>"
AUTOMATION = ("inbox", "builder", "ci", "orchestrator", "retraining", "reproduction")
FLOW_FILES = {
    "pipeline.py": """
from mlplat.platform.pipelines import pipeline, step


@step(duration="1m")
def double(number: int) -> int:
    return 2 * number


@pipeline
def flow(number: int = 3):
    double(double(number))
""",
    "image.yaml": "packages: [numpy>=2]\nfiles: [pipeline.py]\nentry: python pipeline.py\n",
    "ci.yaml": "",
    "test_flow.py": "def test_sum():\n    assert 1 + 1 == 2\n",
}
"""A commit that is a pipeline, an image and its tests."""


def manifest(code: str) -> Manifest:
    """An image of one layer that all have and one of its own."""
    layers = [{"digest": digest_of(text.encode()), "size_mib": size} for text, size in (("python", 900), (code, 1))]
    return Manifest.of({"layers": layers, "entry": "python"})


class PlatformWorld:
    """Project `shop` of the owner has a repository, a dataset, an image and a model of several versions each, runs and a zone; bob is its
    member and has a zone, carl has a share of one dataset, project `elsewhere` is the administrator's. For calls of automatic components
    there is repository `shop/flow` with a build, a run of CI, pipelines and their runs, of which the first is over, the second was
    called off, and the third is under way. For those of services it is on a cluster, and serves as `shop/front`.

    `first`, `head`, `side`, `flow`, `flow_before`: ids of commits. `one`, `two`: digests of images. `pipeline`, `pipeline_before`: of
    pipelines. `source`: whose calls the matrix makes.
    """

    def __init__(self, source: str = "identity") -> None:
        self.source, self.sim, self.store = source, mp.Simulation(), Store()
        on = cluster_of(self.sim) if source == "serving" else self.sim
        self.platform = mp.Platform(on, store=self.store)
        self.identity: IdentityProvider = self.platform.identity
        self.identity._cost = 2  # of passwords, which are many
        self.component: Any = self.platform if source == "platform" else self.platform.components[source]
        self._people()
        self._code()
        self._artifacts()
        self._runs()
        self._secrets()
        self._zones()
        if source in AUTOMATION:
            self._automation()
        if source == "serving":
            self.platform.models.register(MODEL, b"third", external=["data"], actor=self.owner)
            serve(self.platform, MODEL, "shop-prod", self.owner)
        if source == "monitoring":
            watched(self, self.component)

    def _people(self) -> None:
        admin, identity = self.identity.admin, self.identity
        self.owner = identity.create_user("owner", actor=admin)
        identity.create_project("shop", owner=self.owner, actor=admin)
        identity.create_project("elsewhere", owner=admin, actor=admin)
        self.bob, self.carl = (identity.create_user(name, actor=admin) for name in ("bob", "carl"))
        self.team = identity.create_group("team", [self.bob], actor=admin)
        identity.add_member("shop", self.bob, actor=admin)
        self.share = identity.grant(self.carl, "read", f"dataset:{DATA}", actor=self.owner)

    def _code(self) -> None:
        scm: Any = self.platform.scm
        said: dict[str, Any] = {"author": AUTHOR, "actor": self.owner}
        scm.create_repository("shop/old", actor=self.owner)
        scm.create_repository(REPO, actor=self.owner)
        self.first = scm.commit(REPO, "main", {"a": b"1\n"}, "first", **said).id
        for branch in ("side", "locked"):
            scm.create_branch(REPO, branch, actor=self.owner)
        scm.tag(REPO, "v1", actor=self.owner)
        self.side = scm.commit(REPO, "side", {"b": b"2\n"}, "side", **said).id
        scm.create_change(REPO, "side", "main", "change", actor=self.owner)
        scm.protect(REPO, "locked", actor=self.owner)

    def _artifacts(self) -> None:
        platform, owner = self.platform, self.owner
        for rows in (1, 2, 3):
            platform.data.publish(DATA, FRAME[:rows], actor=owner)
        platform.data.publish("shop/single", b"single", actor=owner)
        platform.data.snapshot(f"{DATA}@1", "frozen", actor=owner)
        images = [platform.images.publish(IMAGE, manifest(f"v{n}"), tags=[f"v{n}"], actor=owner) for n in (1, 2)]
        self.one, self.two = (image.digest for image in images)
        lock = LockFile.of(
            (images[1].resource, self.two),
            {"training": (f"dataset:{DATA}@2", platform.data.describe(f"{DATA}@2", actor=owner).version.digest)},
        )
        self.head = platform.scm.commit(
            REPO, "main", {"a": b"new\n", "mlplat.lock": lock.to_bytes()}, "head", author=AUTHOR, actor=owner
        ).id

    def _runs(self) -> None:
        platform, owner = self.platform, self.owner
        code = f"{REPO}@{self.head}"
        platform.metadata.start_run(
            "shop/r1", code=code, image=f"image:{IMAGE}@{self.two}", data={"training": f"{DATA}@2"}, seed=7, linking="both", actor=owner
        )
        model = platform.models.register(MODEL, b"weights", run="run:shop/r1", commit=code, metrics={"auc": 0.9}, actor=owner)
        platform.metadata.log_metrics("shop/r1", {"auc": 0.9}, actor=owner)
        platform.metadata.finish_run("shop/r1", outputs={"model": model.resource}, actor=owner)
        platform.metadata.start_run("shop/r2", actor=owner)
        platform.metadata.record_baseline(f"{MODEL}@1", quality={"auc": 0.9}, actor=owner)
        platform.models.register(MODEL, b"others", external=["data"], actor=owner)
        platform.models.set_alias(f"{MODEL}@1", "champion", actor=owner)
        platform.models.protect(f"{MODEL}@1", "it", actor=owner)

    def _secrets(self) -> None:
        secrets = self.platform.secrets
        secrets.put("shop/database", "of the project", actor=self.owner)
        for value in ("old", "new"):
            secrets.put("shop/database", value, zone="prod", actor=self.owner)

    def _zones(self) -> None:
        zones, admin = self.platform.zones, self.platform.admin
        for name in ("research", "empty"):
            zones.create_cohort(name, actor=admin)
        zones.create_deployment("shop", "shop-prod", {"gpus": 4}, {"gpus": 8}, cohort="research", actor=admin)
        zones.create_development(self.bob, {"gpus": 2}, actor=admin)

    def _automation(self) -> None:
        platform, owner = self.platform, self.owner
        self.robot = self.identity.create_service_account("shop", "robot", actor=owner)
        platform.scm.create_repository(FLOW, actor=owner)
        self.flow_before = platform.scm.commit(FLOW, "main", FLOW_FILES, "flow", author=AUTHOR, actor=owner).id
        self.flow = platform.scm.commit(FLOW, "main", {"README.md": "flow"}, "said", author=AUTHOR, actor=owner).id
        runs = platform.orchestrator
        self.pipeline_before, self.pipeline = (
            runs.publish(f"{FLOW}@{commit}", actor=owner).digest for commit in (self.flow_before, self.flow)
        )
        runs.schedule("shop/daily", FLOW, every="30d", actor=owner)
        platform.builder.build(f"{FLOW}@main", actor=owner)
        platform.ci.run(f"{FLOW}@main", actor=owner)
        runs.run(FLOW, actor=owner)
        self.sim.run(until="10m")
        runs.cancel(runs.run(FLOW, {"number": 4}, actor=owner), actor=owner)
        runs.run(FLOW, {"number": 5}, actor=owner)
        platform.inbox.post("shop", "all is well", actor=owner)
        platform.builder.enable(FLOW, self.robot, actor=owner)
        platform.ci.enable(FLOW, self.robot, actor=owner)
        platform.retraining.configure("shop/front", self.robot, actor=owner)

    @property
    def stores(self) -> tuple[Store, ...]:
        """What everything is kept in."""
        return (self.store,)

    def other(self, resource: str) -> str:
        """Another version of it, another thing of its kind, another project."""
        if resource == "platform" or resource.startswith("project:"):
            return "project:elsewhere"
        path, _, version = resource.partition("@")
        if version and resource.startswith("zone:"):
            return f"{path}@other"
        twins = {self.head: self.side, self.first: self.side, self.one: self.two, self.two: self.one}
        if self.source in AUTOMATION:
            twins |= {self.flow: self.flow_before, self.pipeline: self.pipeline_before}
        if version:
            return f"{path}@{twins[version] if version in twins else int(version) % 3 + 1}"
        return f"{path.partition(':')[0]}:elsewhere/*" if path.endswith("/*") else f"{path}-other"
