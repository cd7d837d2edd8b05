"""Every public call of a platform that writes, made in a world in which it has the most to do."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

import mlplat as mp
from mlplat.platform.artifacts.metadata import LockFile
from mlplat.platform.automation.builder import Package, PackageIndex
from mlplat.platform.identity import Principal
from mlplat.platform.storage import Store

from . import writing_monitoring
from .capsules.worlds import World
from .serving.filled import write_served
from .writing_cd import CD_CALLS, CD_READING, CD_SEVERAL, deliver
from .writing_serving import SERVING_CALLS, SERVING_READING

PASSWORD = "a password of some length"
REVOKED = 5
"""A grant that another relies on."""
FRAME = pl.DataFrame({"user": [1, 2, 3, 4], "clicks": [3, 0, 5, 1]})
MORE = pl.DataFrame({"user": [5], "clicks": [9]})


def image(number: int) -> dict[str, Any]:
    """A manifest with a layer of its own on a common one."""
    layers = [{"digest": "sha256:" + "1" * 64, "size_mib": 900}, {"digest": f"sha256:{number:064x}", "size_mib": number}]
    return {"layers": layers, "entry": "python", "labels": {"n": str(number)}}


def fill(store: Store) -> mp.Platform:
    """A platform with some of everything over a store."""
    platform = mp.Platform(store=store)
    identity, scm, data = platform.identity, platform.scm, platform.data
    images, models, metadata = platform.images, platform.models, platform.metadata
    admin = platform.admin
    ada, bob = (identity.create_user(name, actor=admin) for name in ("ada", "bob"))
    identity.create_third_party("carl", origin="other/user-9", actor=admin)
    identity.create_group("team", [bob], actor=admin)
    identity.create_role("reviewer", ["read", "approve"], actor=admin)
    for project in ("shop", "lab"):
        identity.create_project(project, owner=ada, actor=admin)
    robot = identity.create_service_account("shop", "robot", actor=ada)
    identity.add_member("shop", bob, "maintainer" if "maintainer" in identity.roles(actor=admin) else "owner", actor=ada)
    identity._cost = 2  # so that the next to sign in gets a stronger hash
    identity.set_password(ada, PASSWORD, actor=admin)
    identity.create_token(actor=ada)
    identity.create_token({"dataset:shop/*": "read"}, actor=ada, lifetime="1h", label="narrow")
    share = identity.grant(bob, ["read", "share"], "dataset:shop/clicks", actor=ada)
    identity.grant("carl", "read", "dataset:shop/clicks@1", actor=bob)
    identity.grant(robot, ["read", "write", "approve"], "project:shop", until="9h", actor=ada)
    assert share.id == REVOKED

    first = data.publish("shop/clicks", FRAME, tags=["first"], splits={"seed": 3}, actor=ada)
    data.append("shop/clicks", MORE, actor=ada)
    data.publish("shop/clicks", FRAME.head(2), actor=ada)
    data.snapshot("shop/clicks@2", "kept", actor=ada)
    data.publish("shop/loose", b"1", actor=ada)
    data.derive("shop/loose", b"2", parents=["shop/loose@1"], code="shop/churn@main", actor=ada)
    data.publish("shop/loose", b"3", actor=ada)
    data.publish("shop/loose", b"4", actor=ada)

    version = images.publish("shop/train", image(1), tags=["v1", "now"], actor=ada)
    for number in (2, 3):
        images.publish("shop/train", image(number), actor=ada)
    images.pull("shop/train@v1", actor=ada)

    lock = LockFile.of((version.resource, version.digest), {"training": (first.resource, first.digest)})
    scm.create_repository("shop/churn", actor=ada)
    commit = scm.commit("shop/churn", "main", {"a": b"1\n", "mlplat.lock": lock.to_bytes()}, "one", actor=ada)
    scm.create_branch("shop/churn", "side", actor=ada)
    scm.create_branch("shop/churn", "idle", actor=ada)
    scm.commit("shop/churn", "side", {"b": b"2\n"}, "two", actor=ada)
    scm.commit("shop/churn", "main", {"c": b"3\n"}, "three", actor=ada)
    scm.tag("shop/churn", "v1", message="a release", actor=ada)
    scm.create_change("shop/churn", "side", "main", "more", actor=ada)
    scm.create_repository("shop/guarded", actor=ada)
    scm.commit("shop/guarded", "main", {"a": b"1\n"}, "one", actor=ada)
    scm.protect("shop/guarded", "main", reporters=[robot], actor=ada)
    scm.create_repository("shop/empty", actor=ada)

    code = f"shop/churn@{commit.id}"
    metadata.start_run("shop/r1", code=code, image=version.resource, data={"training": first.resource}, seed=7, linking="both", actor=ada)
    models.register("shop/churn", b"weights", run="run:shop/r1", commit=code, metrics={"auc": 0.8}, actor=ada)
    metadata.log_metrics("shop/r1", {"loss": 0.5}, step=1, actor=ada)
    metadata.finish_run("shop/r1", outputs={"model": "model:shop/churn@1"}, actor=ada)
    metadata.start_run("shop/r2", parameters={"depth": 3}, code=code, actor=ada)
    models.register("shop/churn", {"w": FRAME["user"].to_numpy(), "b": b"bias"}, external=["data"], actor=ada)
    models.set_alias("shop/churn@1", "champion", actor=ada)
    models.set_stage("shop/churn@1", "staging", actor=ada)
    models.protect("shop/churn@1", "deployment:shop/front", actor=ada)
    metadata.record_deployment("shop/front", "shop/churn@1", actor=ada)
    metadata.record_baseline("shop/churn@1", quality={"auc": 0.8}, actor=ada)
    secrets = platform.secrets
    secrets.put("shop/database", "of the project", actor=ada)
    for value in ("old", b"new"):
        secrets.put("shop/database", value, zone="prod", actor=ada)
    zones = platform.zones
    zones.create_cohort("research", limit={"gpus": 64}, actor=admin)
    zones.create_cohort("vision", parent="research", actor=admin)
    zones.create_cohort("empty", actor=admin)
    zones.create_deployment("shop", "shop-prod", {"gpus": 4}, {"gpus": 8}, lend={"gpus": 2}, cohort="vision", actor=admin)
    zones.suspend(zones.create_deployment("lab", "lab-test", {}, actor=admin), actor=admin)
    zones.create_development(bob, {"gpus": 2, "environments": 3}, cohort="research", actor=admin)
    identity.grant(bob, "deploy", "zone:shop/shop-prod", actor=ada)
    identity.grant(ada, ["read", "write"], "zone:bob-dev@notebook", actor=bob)
    _build(platform, ada, robot)
    _flow(platform, ada)
    platform.retraining.configure("shop/front", robot, actor=ada)
    platform.retraining.request("shop/front", actor=ada)  # and refused, since nothing is bound
    write_served(platform, ada)
    writing_monitoring.watch_a_service(platform, ada, robot)
    identity._authorization.audit.flush()
    return platform


def _build(platform: mp.Platform, ada: Principal, robot: Principal) -> None:
    """A repository with builds and a run that take no time: of an image that has its base and no more, of no image, of no tests."""
    scm, builder, ci = platform.scm, platform.builder, platform.ci
    scm.create_repository("shop/built", actor=ada)
    scm.commit(
        "shop/built", "main", {"image.yaml": b"base: shop/train@v1\nentry: run\n", "ci.yaml": b"", "other.yaml": b"3"}, "one", actor=ada
    )
    builder.build("shop/built@main", actor=ada)
    builder.build("shop/built@main", manifest="other.yaml", actor=ada)
    ci.run("shop/built@main", actor=ada)
    for automatic in (builder, ci):
        automatic.enable("shop/built", robot, actor=ada)


FLOW = b"""
import mlplat as mp

@mp.step(duration=0)
def double(x: int) -> int:
    return 2 * x

@mp.pipeline
def flow(x: int = 1):
    return {"doubled": double(x)}
"""


def _flow(platform: mp.Platform, ada: Principal) -> None:
    """A pipeline that was run before it was published, one commit of it that was not, a run under way, and a schedule; it takes no time."""
    scm, orchestrator = platform.scm, platform.orchestrator
    scm.create_repository("shop/flow", actor=ada)
    scm.commit("shop/flow", "main", {"pipeline.py": FLOW}, "one", actor=ada)
    run = orchestrator.run("shop/flow@main", actor=ada)
    platform.sim.run(until=run.wait())
    orchestrator.publish("shop/flow@main", actor=ada)
    orchestrator.schedule("shop/hourly", "shop/flow", every="1h", actor=ada)
    deliver(platform, ada)
    scm.commit("shop/flow", "main", {"more.txt": b"2"}, "two", actor=ada)
    orchestrator.run("shop/flow", {"x": 2}, actor=ada)


def ada_of(platform: mp.Platform) -> Principal:
    """Who makes the calls: the owner of the project."""
    return platform.identity._authorization.directory.find("ada")


Made = Callable[[mp.Platform, Principal, Principal, Path], object]
"""A call on a platform by its owner or its administrator; the path: git's repository in a folder."""


def _signature() -> Any:
    from mlplat.platform.artifacts.models import Signature

    return Signature.of(FRAME, FRAME.select("clicks"))


CALLS: dict[str, Made] = {
    "identity.create_user": lambda p, ada, admin, git: p.identity.create_user("dora", actor=admin),
    "identity.create_third_party": lambda p, ada, admin, git: p.identity.create_third_party("eve", origin="x/1", actor=admin),
    "identity.create_service_account": lambda p, ada, admin, git: p.identity.create_service_account("shop", "bot", actor=ada),
    "identity.create_group": lambda p, ada, admin, git: p.identity.create_group("all", ["ada", "bob"], actor=admin),
    "identity.add_to_group": lambda p, ada, admin, git: p.identity.add_to_group("team", "ada", actor=admin),
    "identity.remove_from_group": lambda p, ada, admin, git: p.identity.remove_from_group("team", "bob", actor=admin),
    "identity.delete": lambda p, ada, admin, git: p.identity.delete("bob", actor=admin),
    "identity.create_role": lambda p, ada, admin, git: p.identity.create_role("tester", ["read", "write"], actor=admin),
    "identity.create_project": lambda p, ada, admin, git: p.identity.create_project("books", "bob", actor=admin),
    "identity.add_member": lambda p, ada, admin, git: p.identity.add_member("shop", "bob", "reviewer", actor=ada),
    "identity.remove_member": lambda p, ada, admin, git: p.identity.remove_member("shop", "bob", actor=ada),
    "identity.grant": lambda p, ada, admin, git: p.identity.grant("carl", ["read", "write"], "model:shop/churn", actor=ada),
    "identity.revoke": lambda p, ada, admin, git: p.identity.revoke(REVOKED, actor=ada),
    "identity.set_password": lambda p, ada, admin, git: p.identity.set_password("ada", "another password", actor=admin),
    "identity.change_password": lambda p, ada, admin, git: p.identity.change_password(PASSWORD, "another password", actor=ada),
    "identity.authenticate": lambda p, ada, admin, git: p.identity.authenticate("ada", PASSWORD),
    "identity.create_token": lambda p, ada, admin, git: p.identity.create_token({"project:shop": "read"}, actor=ada),
    "identity.revoke_token": lambda p, ada, admin, git: p.identity.revoke_token(1, actor=ada),
    "identity.revoke_tokens": lambda p, ada, admin, git: p.identity.revoke_tokens(actor=ada),
    "scm.create_repository": lambda p, ada, admin, git: p.scm.create_repository("shop/new", actor=ada),
    "scm.delete_repository": lambda p, ada, admin, git: p.scm.delete_repository("shop/guarded", actor=ada),
    "scm.commit": lambda p, ada, admin, git: p.scm.commit("shop/churn", "main", {"d/e": b"4\n", "a": None}, "four", actor=ada),
    "scm.push": lambda p, ada, admin, git: p.scm.push("shop/empty", "main", p.scm.objects("shop/churn", actor=ada), actor=ada),
    "scm.import_objects": lambda p, ada, admin, git: p.scm.import_objects("shop/empty", p.scm.objects("shop/churn", actor=ada), actor=ada),
    "scm.import_repository": lambda p, ada, admin, git: p.scm.import_repository("shop/empty", git, actor=ada),
    "scm.create_branch": lambda p, ada, admin, git: p.scm.create_branch("shop/churn", "other", "v1", actor=ada),
    "scm.delete_branch": lambda p, ada, admin, git: p.scm.delete_branch("shop/churn", "idle", actor=ada),
    "scm.tag": lambda p, ada, admin, git: p.scm.tag("shop/churn", "v2", "side", message="another", actor=ada),
    "scm.delete_tag": lambda p, ada, admin, git: p.scm.delete_tag("shop/churn", "v1", actor=ada),
    "scm.protect": lambda p, ada, admin, git: p.scm.protect("shop/churn", "main", approvals=1, actor=ada),
    "scm.unprotect": lambda p, ada, admin, git: p.scm.unprotect("shop/guarded", "main", actor=ada),
    "scm.set_status": lambda p, ada, admin, git: p.scm.set_status("shop/guarded@main", "failure", actor=ada),
    "scm.prepare_merge": lambda p, ada, admin, git: p.scm.prepare_merge("shop/churn", "main", "side", actor=ada),
    "scm.merge": lambda p, ada, admin, git: p.scm.merge("shop/churn", "main", "side", actor=ada),
    "scm.create_change": lambda p, ada, admin, git: p.scm.create_change("shop/churn", "idle", "main", "again", actor=ada),
    "scm.review": lambda p, ada, admin, git: p.scm.review("shop/churn", 1, "request_changes", comment="why", actor=ada),
    "scm.merge_change": lambda p, ada, admin, git: p.scm.merge_change("shop/churn", 1, actor=ada),
    "scm.abandon_change": lambda p, ada, admin, git: p.scm.abandon_change("shop/churn", 1, actor=ada),
    "data.publish": lambda p, ada, admin, git: p.data.publish("shop/clicks", FRAME.tail(3), tags=["x"], splits={"seed": 1}, actor=ada),
    "data.register": lambda p, ada, admin, git: p.data.register("shop/clicks", b"bytes", source="elsewhere", actor=ada),
    "data.derive": lambda p, ada, admin, git: p.data.derive(
        "shop/features", FRAME * 2, parents=["shop/clicks@1"], code="shop/churn@main", actor=ada
    ),
    "data.append": lambda p, ada, admin, git: p.data.append("shop/clicks", MORE, note="more", actor=ada),
    "data.tag": lambda p, ada, admin, git: p.data.tag("shop/clicks@2", "good", "best", actor=ada),
    "data.snapshot": lambda p, ada, admin, git: p.data.snapshot("shop/clicks@1", "release", actor=ada),
    "data.release": lambda p, ada, admin, git: p.data.release("shop/clicks", "kept", actor=ada),
    "data.split": lambda p, ada, admin, git: p.data.split("shop/clicks@2", seed=5, actor=ada),
    "data.delete": lambda p, ada, admin, git: p.data.delete("shop/loose@4", actor=ada),
    "data.retain": lambda p, ada, admin, git: p.data.retain("shop/loose", keep=1, actor=ada),
    "images.publish": lambda p, ada, admin, git: p.images.publish("shop/train", image(4), tags=["now", "v4"], actor=ada),
    "images.register": lambda p, ada, admin, git: p.images.register("shop/base", image(5), external=["manifest"], tags=["a"], actor=ada),
    "images.tag": lambda p, ada, admin, git: p.images.tag("shop/train@v1", "old", actor=ada),
    "images.untag": lambda p, ada, admin, git: p.images.untag("shop/train", "now", actor=ada),
    "images.fix_tags": lambda p, ada, admin, git: p.images.fix_tags("shop/train", ["v*"], actor=ada),
    "images.pull": lambda p, ada, admin, git: p.images.pull("shop/train@now", actor=ada),
    "images.delete": lambda p, ada, admin, git: p.images.delete(f"shop/train@{_untagged(p)}", actor=ada),
    "images.collect": lambda p, ada, admin, git: p.images.collect("shop", dry_run=False, actor=ada),
    "capsules.import_file": lambda p, ada, admin, git: p.capsules.import_file(_capsule(), project="lab", actor=ada),
    "models.register": lambda p, ada, admin, git: p.models.register(
        "shop/churn", {"w": b"1", "b": b"2"}, run="run:shop/r2", commit=_code(p), signature=_signature(), actor=ada
    ),
    "models.set_tags": lambda p, ada, admin, git: p.models.set_tags("shop/churn@1", {"team": "a"}, actor=ada),
    "models.describe": lambda p, ada, admin, git: p.models.describe("shop/churn@1", "the first", actor=ada),
    "models.set_rules": lambda p, ada, admin, git: p.models.set_rules("shop/churn", "@champion", ["auc >= 0.7"], actor=ada),
    "models.promote": lambda p, ada, admin, git: p.models.promote("shop/churn@1", "production", actor=ada),
    "models.set_alias": lambda p, ada, admin, git: p.models.set_alias("shop/churn@2", "champion", actor=ada),
    "models.set_stage": lambda p, ada, admin, git: p.models.set_stage("shop/churn@2", "staging", actor=ada),
    "models.remove_alias": lambda p, ada, admin, git: p.models.remove_alias("shop/churn", "champion", actor=ada),
    "models.protect": lambda p, ada, admin, git: p.models.protect("shop/churn@2", "deployment:shop/x", actor=ada),
    "models.unprotect": lambda p, ada, admin, git: p.models.unprotect("shop/churn@1", "deployment:shop/front", actor=ada),
    "models.delete": lambda p, ada, admin, git: p.models.delete("shop/churn@2", actor=ada),
    "secrets.put": lambda p, ada, admin, git: p.secrets.put("shop/database", "newest", zone="prod", actor=ada),
    "secrets.delete": lambda p, ada, admin, git: p.secrets.delete("shop/database", zone="prod", actor=ada),
    "metadata.start_run": lambda p, ada, admin, git: p.metadata.start_run(
        "shop/r9", code=_code(p), data={"training": "shop/clicks@2"}, linking="both", actor=ada
    ),
    "metadata.log_parameters": lambda p, ada, admin, git: p.metadata.log_parameters("shop/r2", {"rate": 0.1}, actor=ada),
    "metadata.log_metrics": lambda p, ada, admin, git: p.metadata.log_metrics("shop/r2", {"loss": 1.0, "auc": 0.5}, actor=ada),
    "metadata.log_step": lambda p, ada, admin, git: p.metadata.log_step("shop/r2", "train", resources={"gpus": 1}, actor=ada),
    "metadata.finish_run": lambda p, ada, admin, git: p.metadata.finish_run("shop/r2", outputs={"m": "model:shop/churn@2"}, actor=ada),
    "metadata.record": lambda p, ada, admin, git: p.metadata.record(
        "shop/r8", outputs={"model": "model:shop/churn@2"}, metrics={"auc": 0.5}, actor=ada
    ),
    "metadata.withdraw": lambda p, ada, admin, git: p.metadata.withdraw("shop/r1", "model", actor=ada),
    "metadata.capture": lambda p, ada, admin, git: p.metadata.capture("shop/r7", seed=1, actor=ada),
    "metadata.link": lambda p, ada, admin, git: p.metadata.link("dataset:shop/clicks@1", "window:shop/w@1", "window", actor=ada),
    "metadata.record_deployment": lambda p, ada, admin, git: p.metadata.record_deployment("shop/shelf", "shop/churn@2", actor=ada),
    "metadata.record_baseline": lambda p, ada, admin, git: p.metadata.record_baseline("shop/churn@2", latency={"p50": 0.1}, actor=ada),
    "builder.enable": lambda p, ada, admin, git: p.builder.enable("shop/churn", "robot", manifest="b.yaml", zone="shop-prod", actor=ada),
    "builder.disable": lambda p, ada, admin, git: p.builder.disable("shop/built", actor=ada),
    "builder.set_index": lambda p, ada, admin, git: p.builder.set_index(PackageIndex((Package("numpy", "3.0", 70),)), actor=admin),
    "ci.enable": lambda p, ada, admin, git: p.ci.enable("shop/churn", "robot", definition="c.yaml", zone="shop-prod", actor=ada),
    "ci.disable": lambda p, ada, admin, git: p.ci.disable("shop/built", actor=ada),
    "inbox.post": lambda p, ada, admin, git: p.inbox.post("shop", "the cluster is back", actor=ada),
    "orchestrator.publish": lambda p, ada, admin, git: p.orchestrator.publish("shop/flow@main", actor=ada),
    "orchestrator.schedule": lambda p, ada, admin, git: p.orchestrator.schedule("shop/daily", "shop/flow", every="1d", actor=ada),
    "orchestrator.trigger": lambda p, ada, admin, git: p.orchestrator.trigger("shop/fresh", "shop/flow", actor=ada),
    "orchestrator.unschedule": lambda p, ada, admin, git: p.orchestrator.unschedule("shop/hourly", actor=ada),
    "zones.create_development": lambda p, ada, admin, git: p.zones.create_development("ada", {"gpus": 1}, idle=None, actor=admin),
    "zones.create_deployment": lambda p, ada, admin, git: p.zones.create_deployment(
        "lab", "lab-prod", {"A100": {"gpus": 2}}, lend=0, reclaim_within="2m", reserve={"nodes": 1}, actor=admin
    ),
    "zones.create_cohort": lambda p, ada, admin, git: p.zones.create_cohort("speech", parent="research", lend={"gpus": 1}, actor=admin),
    "zones.modify_cohort": lambda p, ada, admin, git: p.zones.modify_cohort("vision", parent=None, limit={"gpus": 9}, actor=admin),
    "zones.delete_cohort": lambda p, ada, admin, git: p.zones.delete_cohort("empty", actor=admin),
    "zones.resize": lambda p, ada, admin, git: p.zones.resize("shop-prod", guarantee={"gpus": 6}, lend=0, actor=admin),
    "zones.configure": lambda p, ada, admin, git: p.zones.configure("bob-dev", idle="1h", over_limit="refuse", cohort=None, actor=admin),
    "zones.suspend": lambda p, ada, admin, git: p.zones.suspend("shop-prod", actor=admin),
    "zones.resume": lambda p, ada, admin, git: p.zones.resume("lab-test", actor=admin),
    "zones.transfer": lambda p, ada, admin, git: p.zones.transfer("bob-dev", "ada", actor=admin),
    "zones.delete": lambda p, ada, admin, git: p.zones.delete("bob-dev", drain=True, actor=admin),
    "retraining.configure": lambda p, ada, admin, git: p.retraining.configure("shop/other", "robot", current="shop/churn", actor=ada),
    "retraining.bind": lambda p, ada, admin, git: p.retraining.bind("shop/front", "shop/flow", triggers=["dataset:shop/clicks"], actor=ada),
    "retraining.resume": lambda p, ada, admin, git: p.retraining.resume("shop/front", actor=ada),
    "reproduction.start": lambda p, ada, admin, git: p.reproduction.start("shop/churn@2", actor=ada),
    **CD_CALLS,
    **SERVING_CALLS,
    **writing_monitoring.CALLS,
}

SEVERAL = {
    "metadata.capture_call": "runs somebody's code between the start of a run and its end, each of which is a call of its own",
    "builder.build": "begins a build, which is written down before it goes on to publish and to link",
    "orchestrator.run": "begins a run, which is written down before its steps are run and written down one by one",
    "orchestrator.resume": "begins a run, as `run`",
    "orchestrator.rerun": "begins a run, as `run`",
    "orchestrator.cancel": "ends the steps of a run, each of which is written down, and then the run",
    "retraining.offer": "writes down what is thought of a candidate, before it is marked, deployed or told of",
    "retraining.request": "begins a run, as `run` of the orchestrator, or writes down that it was refused",
    "ci.run": "begins a run, which is written down before it goes on to test and to report",
    **CD_SEVERAL,
    **writing_monitoring.SEVERAL,
}
"""Calls that are several, with the reason."""

READING = {
    **SERVING_READING,
    "identity": "principals whoami roles members decide grants_on grants_of audit tokens",
    "scm": "resolve show read checkout log diff diff_text merge_base blame objects statuses branches tags list changes subscribe "
    "export_repository",
    "data": "compare describe fetch list preview read resolve schema search snapshots versions",
    "images": "history list manifest resolve search serve storage",
    "models": "aliases compare deployable history list load resolve rules search stage_history versions",
    "capsules": "export inspect",
    "secrets": "for_workload get list versions",
    "builder": "plan lock builds wait index",
    "ci": "runs results wait cancel",
    "cd": CD_READING,
    "orchestrator": "resolve graph versions list get runs value schedules",
    "inbox": "messages",
    "monitoring": writing_monitoring.READING,
    "retraining": "status history list",
    "reproduction": "verdicts",
    "zones": "list get describe explain workloads logs cohorts submit environment touch stop",
    "metadata": "baseline compare count downstream graph history impact lineage metric_history run search upstream",
}


@cache
def _capsule() -> bytes:
    content = World(rich=False).export()
    assert isinstance(content, bytes)
    return content


def _untagged(platform: mp.Platform) -> str:
    return next((version.digest for version in platform.images.list(actor=platform.admin) if not version.tags), "v1")


def _code(platform: mp.Platform) -> str:
    return f"shop/churn@{platform.scm.log('shop/churn@main', actor=platform.admin)[-1].id}"
