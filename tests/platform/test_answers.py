"""What a platform answers cannot be changed by who asked, and so changes nothing inside."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
import pytest

from mlplat.infra.quotas.amounts import Amounts
from mlplat.platform.identity import Right

from .asked_automation import AUTOMATION_ASKED, AUTOMATION_OWN, OPTIONS, automate
from .serving.filled import write_served
from .test_rows import Shop
from .writing_monitoring import WATCHED, watch_a_service

CAPSULE, COMMIT, MODEL, RUN, DATA, IMAGE, REPO = (
    "capsule",
    "commit",
    "shop/churn@1",
    "shop/r1",
    "shop/clicks",
    "shop/train@v1",
    "shop/churn",
)
BUILT = "shop/built"
ASKED: dict[str, tuple[Any, ...]] = {
    "builder.builds": (BUILT,),
    "builder.index": (),
    "builder.lock": (f"{BUILT}@main",),
    "builder.plan": (f"{BUILT}@main",),
    "capsules.inspect": (CAPSULE,),
    "capsules.import_file": (CAPSULE,),
    "ci.results": (BUILT, 1),
    "ci.runs": (BUILT,),
    "data.compare": (DATA, DATA),
    "data.describe": (DATA,),
    "data.list": (),
    "data.resolve": (DATA,),
    "data.schema": (DATA,),
    "data.search": (),
    "data.snapshots": (DATA,),
    "data.versions": (DATA,),
    "identity.audit": (),
    "identity.decide": ("read", "project:shop"),
    "identity.grants_of": (),
    "identity.grants_on": ("project:shop",),
    "identity.members": ("shop",),
    "identity.principals": (),
    "identity.tokens": (),
    "identity.whoami": (),
    "images.history": ("shop/train",),
    "images.list": (),
    "images.manifest": (IMAGE,),
    "images.pull": (IMAGE,),
    "images.resolve": (IMAGE,),
    "images.search": (),
    "images.storage": (),
    "inbox.messages": (),
    "metadata.baseline": (MODEL,),
    "metadata.compare": (RUN, RUN),
    "metadata.count": (),
    "metadata.downstream": ("dataset:shop/clicks@1",),
    "metadata.graph": ("model:shop/churn@1",),
    "metadata.history": (RUN,),
    "metadata.impact": ("dataset:shop/clicks@1",),
    "metadata.lineage": (MODEL,),
    "metadata.metric_history": (RUN, "loss"),
    "metadata.run": (RUN,),
    "metadata.search": (),
    "metadata.upstream": ("model:shop/churn@1",),
    "models.aliases": (REPO,),
    "models.compare": (MODEL, MODEL),
    "models.history": (REPO,),
    "models.list": (),
    "models.load": (MODEL,),
    "models.resolve": (MODEL,),
    "models.rules": (REPO,),
    "models.search": (),
    "models.stage_history": (REPO,),
    "models.versions": (REPO,),
    "monitoring.incidents": (WATCHED,),
    "monitoring.watches": (),
    "monitoring.windows": (WATCHED,),
    "reproduction.verdicts": (MODEL,),
    "retraining.history": ("shop/api",),
    "retraining.list": (),
    "retraining.status": ("shop/api",),
    "scm.blame": (COMMIT, "train.py"),
    "scm.branches": (REPO,),
    "scm.changes": (REPO,),
    "scm.checkout": (COMMIT,),
    "scm.diff": (COMMIT, COMMIT),
    "scm.diff_text": (COMMIT, COMMIT),
    "scm.log": (COMMIT,),
    "scm.merge_base": (COMMIT, COMMIT),
    "scm.objects": (COMMIT,),
    "scm.read": (COMMIT, "train.py"),
    "scm.list": (),
    "scm.resolve": (COMMIT,),
    "scm.show": (COMMIT,),
    "scm.statuses": (COMMIT,),
    "scm.tags": (REPO,),
    "secrets.get": ("shop/database",),
    "secrets.list": (),
    "secrets.versions": ("shop/database",),
    "serving.list": (),
    "serving.status": ("shop/served",),
    "zones.cohorts": (),
    "zones.describe": ("shop-prod",),
    "zones.explain": ("shop-prod",),
    "zones.list": (),
    **AUTOMATION_ASKED,
}
OWN = {
    "builder.build": "begins a build; the answer is one of `builds`",
    "builder.wait": "an event of the caller's own",
    "ci.wait": "an event of the caller's own",
    "data.read": "a copy of the caller's own",
    "data.fetch": "a copy of the caller's own, when it is there",
    "data.preview": "a copy of the caller's own",
    "reproduction.start": "a reproduction under way",
    "scm.subscribe": "the function that ends it",
    "scm.export_repository": "a number",
    "secrets.for_workload": "as of `get`, where there is a cluster",
    "serving.collect": "nothing",
    "serving.observations": "a frame that is made for each answer, of a service at work",
    "serving.send": "a request of the caller's own, to a service at work",
    "zones.get": "a zone to work in, by the calls of the Zone Manager",
    "zones.workloads": "what the cluster says, nothing without one",
    "zones.logs": "what the cluster says",
    **AUTOMATION_OWN,
}


def changeable(value: Any, path: str = "") -> Iterator[str]:
    """Places in an answer that can be changed."""
    if value is None or isinstance(value, (str, int, float, bytes, enum.Enum, pl.DataFrame)):  # a frame is made for each answer
        return
    if isinstance(value, np.ndarray):
        if value.flags.writeable:
            yield f"{path}: an array that can be written"
    elif isinstance(value, (tuple, frozenset)):
        for place, each in enumerate(value):
            yield from changeable(each, f"{path}[{place}]")
    elif isinstance(value, MappingProxyType):
        for key, each in value.items():
            yield from changeable(each, f"{path}[{key!r}]")
    elif isinstance(value, Amounts):
        yield from changeable(value.units, f"{path}.units")
        yield from changeable(value.flavors, f"{path}.flavors")
    elif is_dataclass(value):
        if not value.__dataclass_params__.frozen:  # type: ignore[attr-defined]
            yield f"{path}: {type(value).__name__}"
        for field in fields(value):
            yield from changeable(getattr(value, field.name), f"{path}.{field.name}")
    else:
        yield f"{path}: {type(value).__name__}"


@pytest.fixture(scope="module")
def shop() -> Shop:
    """A shop in which every question has an answer."""
    shop = Shop()
    platform, ada = shop.platform, shop.ada
    shop.train(RUN, code=shop.code, image=shop.image.resource)
    platform.metadata.record_baseline(MODEL, features={"x": {"edges": [0, 1], "counts": [1]}}, actor=ada)
    platform.metadata.record_deployment("shop/api", MODEL, actor=ada)
    platform.models.set_rules(REPO, "@champion", ["loss >= 0.0"], actor=ada)
    platform.models.set_alias(MODEL, "champion", actor=ada)
    platform.models.set_stage(MODEL, "staging", actor=ada)
    platform.scm.tag(REPO, "v1", actor=ada)
    platform.scm.create_branch(REPO, "side", actor=ada)
    platform.scm.create_change(REPO, "side", "main", "x", actor=ada)
    platform.scm.set_status(shop.code, "success", actor=ada)
    platform.data.snapshot(DATA, "frozen", actor=ada)
    platform.data.split(DATA, actor=ada)
    platform.secrets.put("shop/database", "hunter2", actor=ada)
    platform.scm.create_repository(BUILT, actor=ada)
    files = {"image.yaml": "packages: [numpy]\n", "ci.yaml": "", "test_a.py": "def test_a(): pass\n"}
    platform.scm.commit(BUILT, "main", files, "first", actor=ada)
    platform.builder.build(f"{BUILT}@main", actor=ada)
    platform.ci.run(f"{BUILT}@main", actor=ada)
    platform.sim.run()
    platform.zones.create_cohort("research", limit={"gpus": 9}, actor=platform.admin)
    flavored = {"gpus": 4, "A100": {"gpus": 2}}
    platform.zones.create_deployment("shop", "shop-prod", flavored, flavored, cohort="research", actor=platform.admin)
    write_served(platform, ada)
    robot = platform.identity.create_service_account("shop", "tester", actor=ada)
    platform.retraining.configure("shop/api", robot, parameters={"number": [4]}, actor=ada)
    platform.retraining.request("shop/api", actor=ada)
    platform.reproduction.start(MODEL, actor=ada)
    watch_a_service(platform, ada, robot)
    automate(platform, ada, robot)
    platform.identity.grant(shop.bob, "read", "dataset:shop/clicks@1", actor=ada)
    platform.identity.create_token({"dataset:shop/*": "read"}, actor=ada)
    return shop


def reading(shop: Shop) -> dict[str, Callable[..., Any]]:
    """All calls that only look."""
    found = {}
    for source, component in shop.platform.components.items():
        for name in dir(type(component)):
            check = getattr(getattr(type(component), name), "check", None)
            if check is not None and check.right in (Right.READ, None) and not name.startswith("_"):
                found[f"{source}.{name}"] = getattr(component, name)
    return found


def test_every_call_that_only_looks_is_asked(shop: Shop) -> None:
    missing = reading(shop).keys() - ASKED.keys() - OWN.keys()
    assert {name for name in missing if not name.startswith("identity.")} == set()  # of identity those of anybody check for themselves


@pytest.mark.parametrize("name", ASKED)
def test_an_answer_cannot_be_changed_and_is_not_empty(name: str, shop: Shop) -> None:
    call = getattr(shop.platform.components[name.partition(".")[0]], name.partition(".")[2])
    made = {COMMIT: lambda: shop.code, CAPSULE: lambda: shop.platform.capsules.export(MODEL, actor=shop.ada).content}
    answer = call(*(made[each]() if each in made else each for each in ASKED[name]), actor=shop.ada, **OPTIONS.get(name, {}))
    assert name in ("scm.diff", "scm.diff_text") or (answer is not None and answer != ())
    if name == "identity.audit":
        answer = answer[:20]
    assert list(changeable(answer)) == []
