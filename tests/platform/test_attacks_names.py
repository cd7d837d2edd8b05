"""Attacks by names: what a refusal, the audit log, and an unknown name tell a hostile third party that has one share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mlplat.errors import AccessDenied, MlplatError
from mlplat.platform.identity import Principal

from .matrix_world import DATA, IMAGE, MODEL, REPO, PlatformWorld

Ask = Callable[[Any, str, Any], Any]
BY_ANOTHER_NAME: tuple[tuple[str, Ask, tuple[str, ...]], ...] = (
    ("model", lambda p, name, who: p.models.load(name, actor=who), (MODEL, f"{MODEL}@latest", f"{MODEL}@champion", "shop/none@champion")),
    ("model", lambda p, name, who: p.metadata.lineage(name, actor=who), (MODEL, f"{MODEL}@champion", "shop/none@latest")),
    ("model", lambda p, name, who: p.metadata.start_run("lab/r", parent=name, actor=who), (f"{MODEL}@champion", "shop/none@champion")),
    ("model", lambda p, name, who: p.metadata.record_deployment("lab/api", name, actor=who), (f"{MODEL}@champion", "shop/none@champion")),
    ("dataset", lambda p, name, who: p.data.read(name, actor=who), (DATA, f"{DATA}@head", f"{DATA}@frozen", "shop/none@frozen")),
    ("dataset", lambda p, name, who: p.data.publish("lab/x", b"1", parents=[name], actor=who), (DATA, f"{DATA}@frozen", "shop/none")),
    (
        "dataset",
        lambda p, name, who: p.metadata.start_run("lab/r", data={"training": name}, actor=who),
        (f"{DATA}@head", f"{DATA}@frozen", "shop/none@frozen"),
    ),
    ("image", lambda p, name, who: p.images.pull(name, actor=who), (f"{IMAGE}@v1", f"{IMAGE}@v2", f"{IMAGE}@v9", "shop/none@v1")),
    ("image", lambda p, name, who: p.metadata.start_run("lab/r", image=name, actor=who), (f"{IMAGE}@v1", "shop/none@v1")),
    ("repo", lambda p, name, who: p.scm.show(name, actor=who), (REPO, f"{REPO}@main", f"{REPO}@v1", "shop/none@main")),
)


def _attacker(world: PlatformWorld) -> Principal:
    """One who has a project of their own, and nothing in `shop`."""
    eve = world.identity.create_user("eve", actor=world.identity.admin)
    world.identity.create_project("lab", owner=eve, actor=world.identity.admin)
    return eve


@pytest.mark.parametrize("number", range(len(BY_ANOTHER_NAME)))
def test_a10_3_neither_a_refusal_nor_the_audit_log_tells_what_an_alias_tag_or_branch_means(number: int) -> None:
    kind, ask, names = BY_ANOTHER_NAME[number]
    world = PlatformWorld()
    eve = _attacker(world)
    for name in names:
        before = len(world.sim.log)
        with pytest.raises(AccessDenied) as refused:
            ask(world.platform, name, eve)
        assert refused.value.resource == f"{kind}:{name}"
        assert [event.data["resource"] for event in world.sim.log[before:]] == [f"{kind}:{name}"]
        last = world.identity.audit(allowed=False, actor=eve)[-1]
        assert last.decision.resource == f"{kind}:{name}"


def test_a10_3_a_share_of_what_is_not_there_tells_no_neighbour() -> None:
    """Such as of a version that was deleted."""
    world = PlatformWorld()
    eve = _attacker(world)
    gone = "sha256:" + "e" * 64
    for resource in (f"model:{MODEL}@9", f"dataset:{DATA}@9", f"image:{IMAGE}@{gone}", f"repo:{REPO}@{'e' * 40}"):
        world.identity.grant(eve, ["read", "write", "deploy", "admin"], resource, actor=world.identity.admin)
    asks: tuple[Callable[[], Any], ...] = (
        lambda: world.platform.models.load(f"{MODEL}@9", actor=eve),
        lambda: world.platform.models.deployable(f"{MODEL}@9", actor=eve),
        lambda: world.platform.models.delete(f"{MODEL}@9", actor=eve),
        lambda: world.platform.models.unprotect(f"{MODEL}@9", "it", actor=eve),
        lambda: world.platform.data.read(f"{DATA}@9", actor=eve),
        lambda: world.platform.data.delete(f"{DATA}@9", actor=eve),
        lambda: world.platform.images.pull(f"{IMAGE}@{gone}", actor=eve),
        lambda: world.platform.images.delete(f"{IMAGE}@{gone}", actor=eve),
        lambda: world.platform.scm.show(f"{REPO}@{'e' * 40}", actor=eve),
        lambda: world.platform.scm.set_status(f"{REPO}@{'e' * 40}", "success", actor=eve),
    )
    for ask in asks:
        with pytest.raises(MlplatError) as refused:
            ask()
        assert getattr(refused.value, "known", []) == [], refused.value
        for hidden in (f"{MODEL}@1", "champion", f"{DATA}@1", "@v1", world.one, world.head):
            assert hidden not in str(refused.value)


def test_a10_3_a_right_on_what_is_not_there_yet_tells_neither_projects_nor_datasets() -> None:
    world = PlatformWorld()
    eve, platform = _attacker(world), world.platform
    for resource in ("dataset:shop/none", "dataset:nowhere/x", "model:nowhere/x", "image:nowhere/x", "run:nowhere/x", "project:nowhere"):
        world.identity.grant(eve, ["read", "write", "admin"], resource, actor=world.identity.admin)
    layers = {"layers": [{"digest": world.one, "size_mib": 1}], "entry": "e"}
    asks: tuple[Callable[[], Any], ...] = (
        lambda: platform.data.append("shop/none", b"1", actor=eve),
        lambda: platform.data.release("shop/none", "x", actor=eve),
        lambda: platform.data.snapshots("shop/none", actor=eve),
        lambda: platform.data.publish("nowhere/x", b"1", actor=eve),
        lambda: platform.models.register("nowhere/x", b"1", run="r", actor=eve),
        lambda: platform.models.set_rules("nowhere/x", "@champion", [], actor=eve),
        lambda: platform.images.publish("nowhere/x", layers, actor=eve),
        lambda: platform.metadata.start_run("nowhere/x", actor=eve),
        lambda: world.identity.members("nowhere", actor=eve),
    )
    for ask in asks:
        with pytest.raises(MlplatError) as refused:
            ask()
        assert not {"shop", "elsewhere", DATA, "shop/single"} & set(getattr(refused.value, "known", ())), refused.value
