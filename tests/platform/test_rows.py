"""Rows of CAPABILITIES through all stores of a platform: nothing here stands in for a neighbour."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.errors import AccessDenied
from mlplat.events import Event
from mlplat.platform.artifacts.metadata import LockFile, MissingReason
from mlplat.platform.artifacts.models import Signature
from mlplat.platform.artifacts.referrers import ReferencedError

FRAME = pl.DataFrame({"x": [0.0, 1.0, 2.0], "label": [0, 1, 1]})
IMAGE = {"layers": [{"digest": "sha256:" + "1" * 64, "size_mib": 900}], "entry": "python"}
SIGNATURE = Signature.of(np.zeros((1, 1)), np.zeros(1))


def fit(frame: pl.DataFrame, rate: float, start: float = 0.0) -> tuple[np.ndarray, dict[str, float]]:
    """A training step that knows of no platform: one weight, by gradient descent."""
    x, label, weight = frame["x"].to_numpy(), frame["label"].to_numpy(), start
    for _ in range(10):
        weight -= rate * float(np.mean((weight * x - label) * x))
    return np.array([weight]), {"loss": float(np.mean((weight * x - label) ** 2))}


class Shop:
    """A platform with Ada's project `shop`, which has data, code with a lock file and an image; Carl's project is `lab`."""

    def __init__(self, on: mp.Cluster | None = None) -> None:
        self.cluster = on
        self.platform = mp.Platform(mp.Simulation(epoch="2026-01-01T00:00:00Z") if on is None else on)
        identity = self.platform.identity
        self.ada, self.bob, self.carl = (identity.create_user(name, actor=self.platform.admin) for name in ("ada", "bob", "carl"))
        for project, owner in (("shop", self.ada), ("lab", self.carl)):
            identity.create_project(project, owner=owner, actor=self.platform.admin)
        self.data = self.platform.data.publish("shop/clicks", FRAME, actor=self.ada)
        self.image = self.platform.images.publish("shop/train", IMAGE, tags=["v1"], actor=self.ada)
        self.platform.scm.create_repository("shop/churn", actor=self.ada)
        self.code = self.commit(LockFile.of((self.image.resource, self.image.digest), {"clicks": (self.data.resource, self.data.digest)}))

    def commit(self, lock: LockFile, message: str = "train") -> str:
        """A commit on `main` with this lock file, as `project/name@id`."""
        files = {"train.py": b"print(1)\n", "mlplat.lock": lock.to_bytes()}
        return f"shop/churn@{self.platform.scm.commit('shop/churn', 'main', files, message, actor=self.ada).id}"

    def train(self, run: str, data: str = "shop/clicks@1", parent: str = "", **fields: Any) -> str:
        """What runs steps for others: it reads, calls `fit`, registers. Returns the model."""
        platform, ada = self.platform, self.ada
        made: list[str] = []

        def step(rate: float, seed: int) -> dict[str, float]:
            frame = platform.data.read(data, actor=ada)
            start = float(platform.models.load(parent, actor=ada)["w"][0]) if parent else 0.0
            weights, metrics = fit(frame, rate, start)
            version = platform.models.register(
                "shop/churn", {"w": weights}, run=f"run:{run}", commit=fields.get("code"), signature=SIGNATURE, metrics=metrics, actor=ada
            )
            made.append(version.resource)
            return metrics

        platform.metadata.capture_call(step, run, {"rate": 0.1, "seed": 7}, actor=ada, **fields)  # type: ignore[misc]
        return made[0]


def test_s54_a_step_through_the_real_stores_leaves_all_three_categories() -> None:
    shop = Shop()
    model = shop.train("shop/r1", code=shop.code, image=shop.image.resource)
    metadata = shop.platform.metadata
    run = metadata.run("shop/r1", actor=shop.ada)
    version = shop.platform.models.resolve("shop/churn@1", actor=shop.ada)
    made = run.outputs["model"]
    assert dict(run.parameters) == {"rate": 0.1} and set(run.metrics) == {"loss"}
    assert (made.resource, made.digest, made.size) == (model, version.digest, version.size)
    assert made.signature is not None and Signature.from_json(made.signature) == SIGNATURE
    assert {role: one.resource for role, one in run.inputs.items()} == {
        "code": f"repo:{shop.code}",
        "image": shop.image.resource,
        "clicks": "dataset:shop/clicks@1",
    }
    assert (run.status.value, run.seed, run.principal, run.started, run.ended) == ("success", 7, shop.ada.id, 0.0, 0.0)
    lineage = metadata.lineage(model, actor=shop.ada)
    assert lineage.missing == () and lineage.reproducible
    again = metadata.record("shop/r1", outputs={"model": model}, actor=shop.ada)
    assert again.outputs["model"] == made, "what is said again does not take away what was known"


def test_s56_retraining_is_the_same_graph_either_way_and_the_model_that_is_used_is_the_parent() -> None:
    """S-56, S-58: across retraining."""
    shop = Shop()
    first = shop.train("shop/r1", code=shop.code, image=shop.image.resource)
    parent = shop.platform.models.resolve("shop/churn@1", actor=shop.ada)
    clicks, image = (shop.data.resource, shop.data.digest), (shop.image.resource, shop.image.digest)
    code = shop.commit(LockFile.of(image, {"clicks": clicks}, (parent.resource, parent.digest)), "again")
    second = shop.train("shop/r2", parent="shop/churn@1", code=code, image=shop.image.resource, linking="both")
    metadata = shop.platform.metadata
    direct, chained, both = (metadata.lineage(second, linking=kind, actor=shop.ada) for kind in ("direct", "chained", "both"))
    assert direct.links == chained.links == both.links and direct.nodes == chained.nodes == both.nodes
    assert direct.missing == chained.missing == both.missing == ()
    assert direct.fingerprint == chained.fingerprint == both.fingerprint
    assert {link.role: link.upstream for link in both.links} == {
        "clicks": "dataset:shop/clicks@1",
        "code": f"repo:{code}",
        "image": shop.image.resource,
        "parent": first,
        "model": "run:shop/r2",
    }


def test_nobody_adds_to_the_run_of_others_by_naming_it_or_its_commit_in_a_registry() -> None:
    """A-10.1: what a registration says of a run is a record of it only from who may write the run."""
    shop = Shop()
    metadata, models = shop.platform.metadata, shop.platform.models
    metadata.start_run("shop/r1", code=shop.code, seed=1, linking="chained", actor=shop.ada)
    mine = models.register("shop/churn", b"weights", run="run:shop/r1", commit=shop.code, actor=shop.ada)
    before = metadata.history("shop/r1", actor=shop.ada)
    lineage = metadata.lineage(mine.resource, actor=shop.ada)
    for said in ({"run": "run:shop/r1"}, {"external": []}):
        with suppress(AccessDenied):
            models.register("lab/evil", b"1", commit=shop.code, actor=shop.carl, **said)  # type: ignore[arg-type]
    assert metadata.history("shop/r1", actor=shop.ada) == before
    metadata.finish_run("shop/r1", outputs={"model": mine.resource}, actor=shop.ada)
    run = metadata.run("shop/r1", actor=shop.ada)
    assert {role: one.resource for role, one in run.outputs.items()} == {"model": mine.resource}
    assert metadata.lineage(mine.resource, actor=shop.ada).links == lineage.links
    assert metadata.downstream("run:shop/r1", actor=shop.platform.admin).nodes == (mine.resource,)


def test_what_was_shared_is_there_by_its_digest_too_whichever_of_several_equal_versions_it_was() -> None:
    """IP-10, 4: data by digest."""
    shop = Shop()
    platform, ada, bob = shop.platform, shop.ada, shop.bob
    for content in (FRAME[:1], FRAME):
        platform.data.publish("shop/clicks", content, actor=ada)
        platform.models.register("shop/m", b"same", external=[], actor=ada)
    by_digest = f"shop/clicks@{shop.data.digest}"
    model = f"shop/m@{platform.models.resolve('shop/m@1', actor=ada).digest}"
    for number in (1, 3):
        share = platform.identity.grant(bob, "read", f"dataset:shop/clicks@{number}", actor=ada)
        for told in (platform.data.describe, platform.data.fetch):
            assert told(by_digest, actor=bob).version.version == number
        assert platform.data.compare(by_digest, by_digest, actor=bob).before.version == number
        assert platform.data.read(by_digest, actor=bob).equals(FRAME)
        platform.identity.grant(bob, "write", f"dataset:shop/mine-{number}", actor=ada)
        made = platform.data.derive(f"shop/mine-{number}", lambda rows: rows[:1], parents=[by_digest], code="c", actor=bob)
        assert made.parents == (f"dataset:shop/clicks@{number}",)
        platform.identity.revoke(share, actor=ada)
        with pytest.raises(AccessDenied, match=re.escape(by_digest)):
            platform.data.read(by_digest, actor=bob)
    for number in (1, 2):
        share = platform.identity.grant(bob, ["read", "deploy"], f"model:shop/m@{number}", actor=ada)
        assert platform.models.resolve(model, actor=bob).version == platform.models.deployable(model, actor=bob).version.version == number
        platform.identity.revoke(share, actor=ada)
        with pytest.raises(AccessDenied):
            platform.models.load(model, actor=bob)
    assert platform.data.describe(by_digest, actor=ada).version.version == 3


def walked(log: Iterable[Event]) -> tuple[dict[str, set[str]], dict[str, str]]:
    """What was made of what, and which model each service runs, by reading the event log from its beginning and nothing else."""
    events = list(log)
    below: dict[str, set[str]] = {}
    live: dict[str, str] = {}
    for event in events:
        if event.predicate in ("artifact.downloaded", "artifact.published"):
            cause = event.cause
            while cause is not None and not events[cause].subject.startswith("run:"):
                cause = events[cause].cause
            if cause is not None:
                pair = (event.subject, events[cause].subject)
                upstream, downstream = pair if event.predicate == "artifact.downloaded" else pair[::-1]
                below.setdefault(upstream, set()).add(downstream)
        elif event.predicate == "service.deployed":
            live[event.subject] = f"model:{event.data['model']}"
        elif event.predicate == "service.removed":
            live.pop(event.subject, None)
    return below, live


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("train"), st.integers(1, 3), st.integers(0, 4)),
        st.tuples(st.just("deploy"), st.integers(1, 2), st.integers(1, 5)),
        st.tuples(st.just("remove"), st.integers(1, 2), st.just(0)),
    ),
    min_size=1,
    max_size=12,
)


@given(STEPS)
def test_s58_deployed_models_that_saw_a_dataset_version_are_those_of_a_brute_force_walk_of_the_event_log(
    steps: list[tuple[str, int, int]],
) -> None:
    shop = Shop()
    platform, models = shop.platform, 0
    for rows in (2, 1):
        platform.data.publish("shop/clicks", FRAME[:rows], actor=shop.ada)
    for what, a, b in steps:
        if what == "train":
            shop.train(f"shop/r{models + 1}", f"shop/clicks@{a}", f"shop/churn@{b}" if 0 < b <= models else "")
            models += 1
        elif what == "deploy" and b <= models:
            platform.sim.emit(
                f"service:shop/s{a}", "service.deployed", source="serving", actor=shop.ada.id, data={"model": f"shop/churn@{b}"}
            )
        elif what == "remove":
            platform.sim.emit(f"service:shop/s{a}", "service.removed", source="serving", actor=shop.ada.id)
    below, live = walked(platform.sim.log)
    for number in (1, 2, 3):
        dataset = f"dataset:shop/clicks@{number}"
        found, waiting = set[str](), [dataset]
        while waiting:
            fresh = below.get(waiting.pop(), set()) - found
            found |= fresh
            waiting += fresh
        impact = platform.metadata.impact(dataset, actor=shop.ada)
        assert sorted(each.model for each in impact.deployed) == sorted(model for model in live.values() if model in found)
        assert {*impact.runs, *impact.models} == found
        for model in impact.models:
            assert dataset in platform.metadata.upstream(model, actor=shop.ada)


@pytest.mark.parametrize("linking", ["direct", "chained", "both"])
@pytest.mark.parametrize("role", ["code", "image", "clicks", "parent", "model"])
def test_s57_each_link_that_a_record_names_is_named_when_it_is_withdrawn(role: str, linking: str) -> None:
    """S-57, IP-9, 1: through the real stores, whose commits, versions and lock files cannot lose a link."""
    shop = Shop()
    platform, ada = shop.platform, shop.ada
    shop.train("shop/r1", code=shop.code, image=shop.image.resource)
    parent = platform.models.resolve("shop/churn@1", actor=ada)
    clicks, image = (shop.data.resource, shop.data.digest), (shop.image.resource, shop.image.digest)
    code = shop.commit(LockFile.of(image, {"clicks": clicks}, (parent.resource, parent.digest)), "again")
    model = shop.train("shop/r2", parent="shop/churn@1", code=code, image=shop.image.resource, linking="both")
    lineage = platform.metadata.lineage(model, linking=linking, actor=ada)
    assert lineage.missing == () and lineage.reproducible
    upstream = {link.role: link.upstream for link in lineage.links} | {"model": model}
    platform.metadata.withdraw("shop/r2", role, actor=ada)
    after = platform.metadata.lineage(model, linking=linking, actor=ada)
    if linking == "chained" and role != "code":
        assert after.missing == () and after.reproducible, "the lock file and the registry name it still"
        return
    assert [(each.role, each.resource, each.reason) for each in after.missing] == [(role, upstream[role], MissingReason.NOT_RECORDED)]
    assert not after.reproducible and set(after.links) <= set(lineage.links)


@pytest.mark.parametrize("outside", [False, True])
def test_ip10_who_was_given_data_code_and_image_recreates_and_after_the_revocation_nothing(outside: bool) -> None:
    """IP-10, I-36, S-46, S-50, S-67, S-97: of a colleague, and of a third party with credentials, no project and an end."""
    shop = Shop(mp.Cluster(mp.Simulation(), mp.ClusterSpec.uniform(nodes=1, cpus=8), scrape_period=None, registry_mbps=1000))
    platform, ada = shop.platform, shop.ada
    identity, sim, cluster = platform.identity, platform.sim, shop.cluster
    shop.train("shop/r1", code=shop.code, image=shop.image.resource)
    platform.data.publish("shop/clicks", FRAME[:1], actor=ada)
    who: Any = shop.bob
    if outside:
        guest = identity.create_third_party("acme", origin="https://acme.example/eve", actor=platform.admin)
        identity.set_password(guest, "correct horse battery", actor=platform.admin)
        who = identity.authenticate("acme", "correct horse battery").token
    name = identity.whoami(actor=who).principal
    shared = (shop.data.resource, f"repo:{shop.code}", shop.image.resource, "model:shop/churn@1")
    asks = (
        lambda: platform.data.read(f"shop/clicks@{shop.data.digest}", actor=who),
        lambda: platform.scm.checkout(shop.code, actor=who)["train.py"].content,
        lambda: cluster.endpoint.submit(
            mp.Workload(f"again-{int(sim.now)}", {"cpus": 1}, image=shop.image.digest, duration="1m"), actor=name.id
        ),
        lambda: platform.metadata.lineage("shop/churn@1", actor=who),
    )

    def refused() -> None:
        for ask in asks:
            since = len(sim.log)
            with pytest.raises(AccessDenied):
                ask()
            assert [(event.predicate, event.actor) for event in sim.log[since:]] == [("access.denied", name.id)]

    refused()
    grants = [identity.grant(name, "read", resource, until="30d", actor=ada) for resource in shared]
    assert [each.reference for each in platform.data.search(actor=who)] == ["shop/clicks@1"]
    assert [each.resource for each in platform.images.search(actor=who)] == [shop.image.resource]
    assert platform.scm.list(actor=who) == (shop.code,) and platform.models.list(actor=who) == ("shop/churn",)
    lineage = asks[3]()
    assert {node.name for node in lineage.nodes if not node.withheld} == set(shared)
    assert {node.owners for node in lineage.nodes if node.withheld} == {(ada.id,)}, "the run, for which they can ask"
    assert asks[0]().equals(FRAME) and asks[1]() == b"print(1)\n"
    asks[2]()
    sim.run(until="10m")
    (pulled,) = sim.log.select(predicate="image.pulled")
    assert pulled.data["digest"] == shop.image.digest
    weights, _ = fit(asks[0](), 0.1)
    assert weights.tobytes() == platform.models.load("shop/churn@1", actor=who)["w"].tobytes()
    with pytest.raises(AccessDenied):
        platform.data.read("shop/clicks", actor=who)
    downloads = [(event.subject, [event, *sim.log.causes(event)][-1]) for event in sim.log.select(predicate="artifact.downloaded")]
    taken = {subject for subject, first in downloads if first.actor == name.id}  # a node pulls because of who submitted
    assert {shop.data.resource, shop.image.resource, "model:shop/churn@1"} <= taken
    for grant in grants:
        identity.revoke(grant, actor=ada)
    refused()
    told = sim.log.select(predicate="grant.*", subject=f"grant:{grants[0].id}")
    assert [(event.predicate, event.actor) for event in told] == [("grant.created", ada.id), ("grant.revoked", ada.id)]
    for resource in shared:
        identity.grant(name, "read", resource, until=sim.now + 10, actor=ada)
    asks[3]()
    sim.run(until=sim.now + 10)
    refused()


def test_s63_an_alias_that_moves_during_a_rollout_changes_nothing_of_what_is_rolled_out() -> None:
    """S-63, S-64: a rollout of three steps, each of which loads what the first resolved."""
    shop = Shop()
    platform, ada = shop.platform, shop.ada
    for content in (b"first", b"second"):
        platform.models.register("shop/churn", content, external=[], actor=ada)
    platform.models.set_alias("shop/churn@1", "champion", actor=ada)
    rolled: list[tuple[float, int, bytes]] = []

    def rollout() -> Any:
        given = platform.models.deployable("shop/churn@champion", zone="prod", actor=ada)
        platform.models.protect(str(given.version), by="service:shop/api", actor=ada)
        for _ in range(3):
            yield platform.sim.timeout(10)
            rolled.append((platform.sim.now, given.version.version, platform.models.load(str(given.version), actor=ada)))
        platform.metadata.record_deployment("shop/api", str(given.version), actor=ada)

    platform.sim.process(rollout())
    platform.sim.run(until=15)
    platform.models.set_alias("shop/churn@2", "champion", actor=ada)
    with pytest.raises(ReferencedError, match="service:shop/api"):
        platform.models.delete("shop/churn@1", actor=ada)
    platform.sim.run()
    assert rolled == [(10.0, 1, b"first"), (20.0, 1, b"first"), (30.0, 1, b"first")]
    platform.models.unprotect("shop/churn@1", by="service:shop/api", actor=ada)
    with pytest.raises(ReferencedError, match="deployment:shop/api@1"):
        platform.models.delete("shop/churn@1", actor=ada)


def test_s57_a_model_of_another_project_was_not_made_by_the_only_run_of_its_commit() -> None:
    """S-57: a link is never invented. Carl may read the code, and registers a model of his own under its commit."""
    shop = Shop()
    platform, ada, carl = shop.platform, shop.ada, shop.carl
    platform.metadata.start_run("shop/r1", code=shop.code, seed=1, linking="chained", actor=ada)
    platform.identity.grant(carl, "read", f"repo:{shop.code}", actor=ada)
    for who, name in ((carl, "lab/mine"), (platform.admin, "lab/other")):
        model = platform.models.register(name, b"weights", external=["run"], commit=shop.code, actor=who)
        lineage = platform.metadata.lineage(str(model), linking="chained", actor=who)
        assert (lineage.run, lineage.links, lineage.reproducible) == ("", (), False)
        assert [(each.role, each.reason) for each in lineage.missing] == [("code", MissingReason.NOT_RECORDED)]
    assert platform.metadata.downstream("run:shop/r1", actor=platform.admin).nodes == ()
    own = platform.models.register("shop/own", b"weights", external=["run"], commit=shop.code, actor=ada)
    assert platform.metadata.lineage(str(own), linking="chained", actor=ada).run == "run:shop/r1", "in one project it is told by the commit"
