"""The rows of the authorization matrix: every public method of every component, how it is called, and what it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import mlplat as mp
from mlplat.errors import InputError, OptionError
from mlplat.platform.identity import Principal, Right
from mlplat.platform.zones import ZoneError

from .matrix import PASSWORD, PLATFORM, Row, World
from .matrix_automation import BUILDER, CI, INBOX, ORCHESTRATOR, REPRODUCE, REPRODUCTION, RETRAINING
from .matrix_cd import CD_ROWS, DeliveryWorld
from .matrix_rows import ADMIN, APPROVE, DEPLOY, FORCE, READ, SHARE, WRITE, given
from .matrix_rows import row as _row
from .matrix_serving import SERVING
from .matrix_world import DATA, FRAME, IMAGE, MODEL, REPO, PlatformWorld, manifest
from .monitoring.matrix_rows import MONITORING

NOWHERE = Path("/dev/null/nowhere")
_made = PlatformWorld()
HEAD, FIRST, SIDE, ONE, TWO = _made.head, _made.first, _made.side, _made.one, _made.two
"""Commits and images: they have the same ids in every world."""


def _own_token(world: PlatformWorld, caller: Principal | None) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (world.identity.create_token(actor=caller or world.bob).id,), {}


_platform = partial(_row, ADMIN, PLATFORM)
_project = partial(_row, ADMIN, "project:shop")
_anybody = Row(given())

IDENTITY = {
    "create_user": _platform("dora"),
    "create_third_party": _platform("dora", origin="other/user-3"),
    "create_service_account": _project("shop", "robot"),
    "create_group": _platform("others"),
    "add_to_group": _platform("team", ".carl"),
    "remove_from_group": _platform("team", ".bob"),
    "delete": _platform(".bob"),
    "principals": _anybody,
    "whoami": _anybody,
    "create_role": _platform("reviewer", "read"),
    "roles": _anybody,
    "create_project": _platform("books", ".bob"),
    "add_member": _project("shop", ".carl", "viewer"),
    "remove_member": _project("shop", ".bob"),
    "members": _row(READ, "project:shop", "shop"),
    "grant": _row(SHARE, f"dataset:{DATA}", ".bob", "read", f"dataset:{DATA}", more=((READ, f"dataset:{DATA}"),), zone="prod"),
    "revoke": _row(SHARE, f"dataset:{DATA}", ".share")._replace(instead=((ADMIN, f"dataset:{DATA}"),)),
    "decide": Row(given("read", f"dataset:{DATA}")),
    "grants_on": _row(SHARE, f"dataset:{DATA}", f"dataset:{DATA}"),
    "grants_of": _anybody,
    "audit": Row(given(), whole=True),
    "set_password": _platform(".bob", "another password"),
    "change_password": Row(given(PASSWORD, "another password"), whole=True),
    "create_token": Row(given(), whole=True),
    "tokens": Row(given(), whole=True),
    "revoke_token": Row(_own_token, whole=True),
    "revoke_tokens": Row(given(), whole=True),
}

REPOSITORY, AT_HEAD = f"repo:{REPO}", f"repo:{REPO}@{HEAD}"
_repo = partial(_row, WRITE, REPOSITORY, REPO)
_head = partial(_row, READ, AT_HEAD, f"{REPO}@main")
_two_commits = partial(_row, READ, AT_HEAD, f"{REPO}@main", f"{REPO}@v1", more=((READ, f"repo:{REPO}@{FIRST}"),))


def _bundle(world: PlatformWorld, caller: Principal | None) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (REPO, world.platform.scm.objects(f"{REPO}@main", actor=world.owner)), {}


SCM = {
    "abandon_change": _repo(1),
    "blame": _head("a"),
    "branches": _row(READ, REPOSITORY, REPO),
    "changes": _row(READ, REPOSITORY, REPO),
    "checkout": _head(),
    "checkout, of an ancestor": _head(at=FIRST),
    "commit": _repo("main", {"a": b"other\n"}, "other"),
    "create_branch": _repo("new"),
    "create_change": _repo("side", "locked", "title"),
    "create_repository": _row(WRITE, "repo:shop/new", "shop/new"),
    "delete_branch": _repo("side"),
    "delete_repository": _row(ADMIN, "repo:shop/old", "shop/old"),
    "delete_tag": _row(ADMIN, REPOSITORY, REPO, "v1"),
    "diff": _two_commits(),
    "diff_text": _two_commits(),
    "export_repository": _row(READ, REPOSITORY, REPO, NOWHERE, raises=OptionError),
    "import_objects": Row(_bundle, ((WRITE, REPOSITORY),)),
    "import_repository": _repo(NOWHERE, raises=InputError),
    "log": _head(),
    "merge": _repo("main", "side"),
    "merge_base": _two_commits(),
    "merge_change": _repo(1),
    "objects": _head(),
    "prepare_merge": _repo("main", "side"),
    "protect": _row(ADMIN, REPOSITORY, REPO, "main"),
    "push": _repo("new", "side"),
    "push, by force": _repo("main", "side", force=True, more=((FORCE, REPOSITORY),)),
    "read": _head("a"),
    "list": _anybody,
    "resolve": _head(),
    "review": _row(APPROVE, REPOSITORY, REPO, 1, "request_changes"),
    "set_status": _row(WRITE, AT_HEAD, f"{REPO}@main", "success"),
    "show": _head(),
    "statuses": _head(),
    "subscribe": _row(READ, REPOSITORY, REPO, print),
    "tag": _repo("v2"),
    "tags": _row(READ, REPOSITORY, REPO),
    "unprotect": _row(ADMIN, REPOSITORY, REPO, "locked"),
}

DATASET, NEWEST = f"dataset:{DATA}", f"dataset:{DATA}@3"
_dataset = partial(_row, WRITE, DATASET)
_newest = partial(_row, READ, NEWEST, DATA)

DATASETS = {
    "publish": _dataset(DATA, b"x"),
    "publish, with a parent": _dataset("shop/clicks", b"x", parents=["shop/single@1"], more=((READ, "dataset:shop/single@1"),)),
    "register": _dataset(DATA, b"x"),
    "derive": _dataset(DATA, b"x", parents=["shop/single"], code="c", more=((READ, "dataset:shop/single@1"),)),
    "append": _dataset(DATA, FRAME),
    "tag": _dataset(f"{DATA}@3", "mine"),
    "snapshot": _dataset(f"{DATA}@3", "mine"),
    "split": _dataset(f"{DATA}@3"),
    "release": _row(ADMIN, DATASET, DATA, "frozen"),
    "retain": _row(ADMIN, DATASET, DATA, keep=1),
    "delete": _row(ADMIN, NEWEST, f"{DATA}@3"),
    "read": _newest(),
    "read, as of a time": _newest(as_of=0.0),
    "read, by snapshot": _row(READ, f"dataset:{DATA}@1", f"{DATA}@frozen"),
    "fetch": _newest(),
    "preview": _newest(),
    "resolve": _newest(),
    "resolve, as of a time": _newest(as_of=0.0),
    "schema": _newest(),
    "describe": _newest(),
    "compare": _newest(f"{DATA}@1", more=((READ, f"dataset:{DATA}@1"),)),
    "versions": _row(READ, "dataset:shop/single@1", "shop/single"),
    "snapshots": _row(READ, DATASET, DATA),
    "list": _anybody,
    "search": _anybody,
}

AN_IMAGE, FIRST_IMAGE = f"image:{IMAGE}", f"image:{IMAGE}@{ONE}"
_image = partial(_row, WRITE, AN_IMAGE, IMAGE)
_first_image = partial(_row, READ, FIRST_IMAGE)


def _cluster(world: PlatformWorld, caller: Principal | None) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (mp.Cluster(world.sim, mp.ClusterSpec.uniform(nodes=1, cpus=1), scrape_period=None).endpoint,), {}


IMAGES = {
    "publish": _image(manifest("v3"), tags=["v3"]),
    "register": _image(manifest("v3"), external=["commit"]),
    "tag": _row(WRITE, AN_IMAGE, f"{IMAGE}@v1", "new"),
    "untag": _image("v1"),
    "fix_tags": _row(ADMIN, AN_IMAGE, IMAGE, ["v*"]),
    "resolve": _first_image(f"{IMAGE}@v1"),
    "manifest": _first_image(f"{IMAGE}@{ONE}"),
    "pull": _first_image(f"{IMAGE}@v1"),
    "list": _anybody,
    "search": Row(given("train")),
    "history": _row(READ, AN_IMAGE, IMAGE),
    "storage": _anybody,
    "delete": _row(ADMIN, FIRST_IMAGE, f"{IMAGE}@v1"),
    "collect": _row(ADMIN, "project:shop", "shop", dry_run=False),
    "serve": Row(_cluster, ((ADMIN, PLATFORM),)),
}

A_MODEL, FIRST_MODEL = f"model:{MODEL}", f"model:{MODEL}@1"
_model = partial(_row, WRITE, A_MODEL)
_read_model = partial(_row, READ, A_MODEL, MODEL)
_deploy = partial(_row, DEPLOY, FIRST_MODEL, f"{MODEL}@1", zone="prod")

MODELS = {
    "register": _model(MODEL, b"new", run="r"),
    "set_tags": _row(WRITE, FIRST_MODEL, f"{MODEL}@1", {"a": "b"}),
    "describe": _row(WRITE, FIRST_MODEL, f"{MODEL}@1", "text"),
    "resolve": _row(READ, FIRST_MODEL, f"{MODEL}@1"),
    "load": _row(READ, FIRST_MODEL, f"{MODEL}@champion"),
    "deployable": _deploy(),
    "list": _anybody,
    "versions": Row(given(MODEL)),
    "search": _anybody,
    "compare": _row(READ, f"model:{MODEL}@2", MODEL, f"{MODEL}@champion", more=((READ, FIRST_MODEL),)),
    "aliases": _read_model(),
    "history": _read_model(),
    "stage_history": _read_model(),
    "rules": _read_model(),
    "set_rules": _row(ADMIN, A_MODEL, MODEL, "@champion", ["run"]),
    "promote": _model(f"{MODEL}@1", "staging"),
    "promote, in a zone": _model(f"{MODEL}@1", "staging", zone="prod"),
    "set_alias": _model(f"{MODEL}@1", "new"),
    "set_stage": _model(f"{MODEL}@1", "staging"),
    "remove_alias": _model(MODEL, "champion"),
    "protect": _deploy("other"),
    "unprotect": _deploy("it"),
    "delete": _row(ADMIN, f"model:{MODEL}@2", MODEL),
}

RUN, USED = "run:shop/r1", f"dataset:{DATA}@2"
_new_run = partial(_row, WRITE, "run:shop/new", "shop/new")
_write_run = partial(_row, WRITE, RUN, "shop/r1")
_read_run = partial(_row, READ, RUN, "shop/r1")

METADATA = {
    "start_run": _new_run(),
    "start_run, in a project": _row(WRITE, "run:shop/*", "shop"),
    "start_run, of data": _new_run(data={"training": f"{DATA}@frozen"}, more=((READ, f"dataset:{DATA}@1"),)),
    "start_run, of code": _new_run(code=f"{REPO}@{HEAD}", more=((READ, AT_HEAD),)),
    "start_run, of a model": _new_run(parent=f"{MODEL}@champion", more=((READ, FIRST_MODEL),)),
    "log_parameters": _write_run({"depth": 1}),
    "log_metrics": _write_run({"auc": 1}),
    "log_step": _write_run("train"),
    "finish_run": _row(WRITE, "run:shop/r2", "shop/r2"),
    "finish_run, with a model": _row(
        WRITE, "run:shop/r2", "shop/r2", outputs={"model": f"model:{MODEL}@2"}, more=((WRITE, f"model:{MODEL}@2"),)
    ),
    "record": _row(WRITE, "run:shop/old", "shop/old"),
    "withdraw": _write_run("image"),
    "capture": _new_run(),
    "capture_call": _row(WRITE, "run:shop/new", dict, "shop/new"),
    "run": _read_run(),
    "history": _read_run(),
    "metric_history": _read_run("auc"),
    "compare": _read_run("shop/r2", more=((READ, "run:shop/r2"),)),
    "search": _anybody,
    "count": _anybody,
    "link": _row(WRITE, "dataset:shop/x@1", f"dataset:{DATA}@1", "dataset:shop/x@1", "derived", more=((READ, f"dataset:{DATA}@1"),)),
    "lineage": _row(READ, FIRST_MODEL, f"{MODEL}@champion"),
    "upstream": _row(READ, FIRST_MODEL, FIRST_MODEL),
    "downstream": _row(READ, USED, USED),
    "impact": _row(READ, USED, USED),
    "graph": _row(READ, FIRST_MODEL, FIRST_MODEL),
    "record_baseline": _row(WRITE, FIRST_MODEL, f"{MODEL}@1"),
    "baseline": _row(READ, FIRST_MODEL, f"{MODEL}@1"),
    "record_deployment": _row(DEPLOY, "deployment:shop/api", "shop/api", f"{MODEL}@1", more=((READ, FIRST_MODEL),)),
    "record_deployment, of nothing": _row(DEPLOY, "deployment:shop/api", "shop/api", None),
}

IN_CAPSULE = (RUN, FIRST_MODEL, USED, f"image:{IMAGE}@{TWO}", AT_HEAD)
CAPSULE = _made.platform.capsules.export(f"{MODEL}@1", actor=_made.owner).content

CAPSULES = {
    "export": Row(given(f"{MODEL}@champion"), tuple((right, name) for name in IN_CAPSULE for right in (SHARE, READ))),
    "inspect": Row(given(CAPSULE)),
    "import_file": Row(given(CAPSULE), tuple((WRITE, name) for name in IN_CAPSULE)),
}

SECRET, NEWEST_SECRET = "secret:shop/database", "secret:shop/database@2"
_in_prod = partial(_row, zone="prod")


def _delivered(world: PlatformWorld, caller: Principal | None) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return ("shop/database", "train"), {"zone": "prod"}


SECRETS = {
    "put": _row(WRITE, SECRET, "shop/database", "another"),
    "put, in a zone": _in_prod(WRITE, SECRET, "shop/database", "another"),
    "get": _row(READ, "secret:shop/database@1", "shop/database"),
    "get, in a zone": _in_prod(READ, NEWEST_SECRET, "shop/database"),
    "get, a version": _in_prod(READ, "secret:shop/database@1", "shop/database@1"),
    "for_workload": Row(_delivered, ((READ, NEWEST_SECRET),), zone="prod", raises=OptionError),
    "versions": _in_prod(READ, SECRET, "shop/database"),
    "list": _anybody,
    "delete": _in_prod(ADMIN, SECRET, "shop/database@1"),
}

ZONE = "zone:shop/shop-prod"


def _in_zone(right: Right, *names: Any, of: str = ZONE, zone: str = "shop-prod", **options: Any) -> Row:
    raises = options.pop("raises", None)
    return Row(given(*names, **options), ((right, of),), zone=zone, raises=raises)


WORK = mp.Workload("web", {"cpus": 1})
ZONES = {
    "create_development": _platform(".carl", {"gpus": 1}),
    "create_deployment": _platform("shop", "shop-test", {"gpus": 1}),
    "create_cohort": _platform("other"),
    "modify_cohort": _platform("research", limit={"gpus": 9}),
    "delete_cohort": _platform("empty"),
    "cohorts": _anybody,
    "resize": _platform("shop-prod", limit={"gpus": 9}),
    "configure": _platform("shop-prod", priority=1),
    "suspend": _platform("shop-prod"),
    "resume": _platform("shop-prod"),
    "transfer": _platform("shop-prod", "elsewhere"),
    "delete": _platform("shop-prod"),
    "list": _anybody,
    "get": _in_zone(READ, "shop-prod"),
    "describe": _in_zone(READ, "shop-prod"),
    "describe, of a developer's": _in_zone(READ, "bob-dev", of="zone:bob-dev", zone="bob-dev"),
    "explain": _in_zone(READ, "shop-prod"),
    "workloads": Row(given("shop-prod")),
    "submit": _in_zone(DEPLOY, "shop-prod", WORK, raises=ZoneError),
    "environment": _in_zone(DEPLOY, "shop-prod", None, {"cpus": 1}, raises=ZoneError),
    "touch": _in_zone(WRITE, "shop-prod@web", of=f"{ZONE}@web", raises=ZoneError),
    "stop": _in_zone(DEPLOY, "shop-prod@web", of=f"{ZONE}@web", raises=ZoneError),
    "logs": _in_zone(READ, "shop-prod@web", of=f"{ZONE}@web", raises=ZoneError),
    "logs, of a developer's": _in_zone(READ, "bob-dev@nb", of="zone:bob-dev@nb", zone="bob-dev", raises=ZoneError),
}

TABLES: Mapping[str, Mapping[str, Row]] = MappingProxyType(
    {
        "identity": IDENTITY,
        "scm": SCM,
        "data": DATASETS,
        "images": IMAGES,
        "models": MODELS,
        "metadata": METADATA,
        "capsules": CAPSULES,
        "secrets": SECRETS,
        "zones": ZONES,
        "inbox": INBOX,
        "builder": BUILDER,
        "ci": CI,
        "cd": CD_ROWS,
        "orchestrator": ORCHESTRATOR,
        "monitoring": MONITORING,
        "retraining": RETRAINING,
        "serving": SERVING,
        "reproduction": REPRODUCTION,
        "platform": {"sweep": _platform(), "verify": _platform(), "reproduce": REPRODUCE},
    }
)
"""By the name that a component has in events."""

WORLDS: Mapping[str, Callable[[], World]] = MappingProxyType({"cd": DeliveryWorld})
"""Where a component is called that is not called in a `PlatformWorld`."""
