"""Attacks by false claims: lock files and registrations that name what their author may not read or write."""

from __future__ import annotations

from typing import Any

import pytest

from mlplat.errors import AccessDenied
from mlplat.platform.artifacts.metadata import LockFile, MissingReason
from mlplat.platform.identity import Principal
from mlplat.platform.storage import digest_of

from .matrix_world import AUTHOR, DATA, REPO, PlatformWorld

SINGLE = "dataset:shop/single@1"


def _eve(world: PlatformWorld) -> Principal:
    eve = world.identity.create_user("eve", actor=world.identity.admin)
    world.identity.create_project("lab", owner=eve, actor=world.identity.admin)
    world.platform.scm.create_repository("lab/code", actor=eve)
    return eve


def _lock(world: PlatformWorld, eve: Principal, resource: str, digest: str) -> str:
    """A commit of eve's whose lock file names a dataset. Returns its reference."""
    lock = LockFile.of((f"image:lab/none@{digest_of(b'none')}", digest_of(b"none")), {"training": (resource, digest)})
    files: dict[str, Any] = {"mlplat.lock": lock.to_bytes(), "claim": resource + digest}
    return f"lab/code@{world.platform.scm.commit('lab/code', 'main', files, 'claim', author=AUTHOR, actor=eve).id}"


def _claimed(world: PlatformWorld, eve: Principal, resource: str, digest: str, number: int) -> Any:
    """The lineage that eve sees of a model of hers whose lock file claims that it was trained on something."""
    code = _lock(world, eve, resource, digest)
    run = world.platform.metadata.start_run(f"lab/r{number}", code=code, linking="chained", actor=eve).resource
    model = world.platform.models.register(f"lab/m{number}", b"m", run=run, commit=code, actor=eve)
    world.platform.metadata.finish_run(run, actor=eve)
    return world.platform.metadata.lineage(model.resource.removeprefix("model:"), linking="chained", actor=eve)


def test_a10_3_a_lock_file_is_no_way_to_ask_what_is_there_and_whether_it_is_what_one_thinks() -> None:
    world = PlatformWorld()
    eve, guess = _eve(world), digest_of(b"guess")
    real = world.platform.data.describe("shop/single", actor=world.owner).version.digest
    seen = []
    for number, (resource, digest) in enumerate(
        [(SINGLE, guess), (SINGLE, real), ("dataset:shop/none@1", guess), (SINGLE.replace("1", "9"), guess)]
    ):
        lineage = _claimed(world, eve, resource, digest, number)
        text = repr(lineage).replace(digest, "DIGEST").replace(f"r{number}", "RUN").replace(f"m{number}", "MODEL")
        assert digest == real or real not in text
        missing = {each.reason for each in lineage.missing if each.role == "training"}
        seen.append((missing, len(lineage.nodes), [node.name.replace(digest, "DIGEST") for node in lineage.nodes if node.withheld]))
    assert all(each == seen[0] for each in seen), seen


def test_a_false_claim_keeps_nobody_from_deleting_and_stands_in_nobody_elses_graph() -> None:
    world = PlatformWorld()
    eve, owner = _eve(world), world.owner
    _claimed(world, eve, SINGLE, digest_of(b"single"), 0)
    assert len(world.platform.metadata.downstream(SINGLE, actor=owner)) == 0
    world.platform.data.delete("shop/single@1", actor=owner)


def test_what_its_author_may_read_is_chained_and_a_loss_of_it_is_seen() -> None:
    world = PlatformWorld()
    eve = _eve(world)
    world.identity.grant(eve, "read", SINGLE, actor=world.owner)
    real = world.platform.data.describe("shop/single", actor=world.owner).version.digest
    lineage = _claimed(world, eve, SINGLE, real, 0)
    assert SINGLE in {node.name for node in lineage.nodes}
    assert "run:lab/r0" in repr(world.platform.metadata.downstream(SINGLE, actor=world.identity.admin))
    wrong = _claimed(world, eve, SINGLE, digest_of(b"wrong"), 1)
    assert MissingReason.DIGEST_DIFFERS in {each.reason for each in wrong.missing}


def test_nobody_registers_a_model_as_made_by_code_they_may_not_read_or_a_run_they_may_not_write() -> None:
    world = PlatformWorld()
    eve, code = _eve(world), f"{REPO}@{world.head}"
    before = world.platform.metadata.history("shop/r1", actor=world.owner)
    state, log = tuple(world.store.records("models")), len(world.sim.log)
    for said in ({"run": "run:shop/r1"}, {"run": "shop/r1"}, {"external": ["run"], "commit": code}, {"run": "lab/r", "commit": code}):
        with pytest.raises(AccessDenied):
            world.platform.models.register("lab/evil", b"evil", actor=eve, **said)  # type: ignore[arg-type]
    assert [event.predicate for event in world.sim.log[log:]] == ["access.denied"] * 4
    assert tuple(world.store.records("models")) == state
    assert world.platform.metadata.history("shop/r1", actor=world.owner) == before


def test_who_may_read_code_changes_no_run_of_others_by_naming_it() -> None:
    world = PlatformWorld()
    eve, code, owner = _eve(world), f"{REPO}@{world.head}", world.owner
    world.identity.grant(eve, "read", f"repo:{code}", actor=owner)
    before = world.platform.metadata.history("shop/r1", actor=owner)
    world.platform.models.register("lab/evil", b"evil", external=["run"], commit=code, actor=eve)
    assert world.platform.metadata.history("shop/r1", actor=owner) == before
    world.platform.metadata.record("shop/r1", linking="both", actor=owner)
    assert "lab/evil" not in repr(world.platform.metadata.run("shop/r1", actor=world.identity.admin))
    assert "lab/evil" not in repr(world.platform.metadata.downstream(f"dataset:{DATA}@2", actor=world.identity.admin))
