"""An SCM over the store of another stands where that one stood."""

from __future__ import annotations

from typing import Any

import pytest

from mlplat.errors import IntegrityError, MlplatError
from mlplat.platform.artifacts.scm import SCM
from mlplat.platform.artifacts.scm.object_store import packed, unpacked
from mlplat.platform.storage import Store

from .worlds import REPO, World


def _state(scm: SCM) -> Any:
    """Everything that a repository knows."""
    return {
        path: {
            "objects": {number: repository.objects.frame(number) for number in repository.objects},
            "links": repository.objects.links,
            **{name: value for name, value in vars(repository).items() if name != "objects"},
        }
        for path, repository in scm._repositories.items()
    }


def _busy_world() -> World:
    world = World()
    scm, ada = world.scm, world.ada
    world.commit({"a": "1\n", "d/b": "2\n"})
    scm.create_branch(REPO, "side", actor=ada)
    world.commit({"a": "3\n"})
    world.commit({"d/c": "4\n"}, branch="side")
    scm.tag(REPO, "v1", message="one", actor=ada)
    scm.tag(REPO, "v2", actor=ada)
    scm.delete_tag(REPO, "v2", actor=ada)
    scm.protect(REPO, "main", approvals=1, reporters=[world.robot], actor=ada)
    change = scm.create_change(REPO, "side", "main", "more", actor=ada)
    candidate = scm.prepare_merge(REPO, "main", "side", actor=ada)
    scm.set_status(f"{REPO}@{candidate}", "success", actor=world.robot)
    scm.review(REPO, change.number, "approve", comment="fine", actor=world.carl)
    scm.merge_change(REPO, change.number, actor=ada)
    scm.create_change(REPO, "side", "main", "again", actor=ada)
    scm.unprotect(REPO, "main", actor=ada)
    scm.merge(REPO, "side", "main", actor=ada)
    bundle = scm.objects(REPO, actor=ada)
    scm.create_repository("shop/copy", branch="trunk", actor=ada)
    scm.import_objects("shop/copy", bundle, actor=ada)
    scm.push("shop/copy", "trunk", bundle.head, actor=ada)
    scm.create_repository("shop/gone", actor=ada)
    scm.delete_repository("shop/gone", actor=ada)
    scm.create_branch("shop/copy", "short", "trunk", actor=ada)
    scm.delete_branch("shop/copy", "short", actor=ada)
    return world


def test_a_component_made_again_stands_where_the_last_stood() -> None:
    world = _busy_world()
    again = world.again()
    assert _state(again) == _state(world.scm)
    first = world.scm.commit(REPO, "main", {"a": "5\n"}, "next", actor=world.ada)
    assert again.commit(REPO, "main", {"a": "5\n"}, "next", actor=world.ada) == first


def test_every_beginning_of_the_journal_is_a_state_that_can_be_gone_on_from() -> None:
    """What was acknowledged before a crash is there after it, whole."""
    world = _busy_world()
    records = list(world.store.records("scm"))
    for kept in range(len(records) + 1):
        store = Store()
        for digest in world.store.digests():
            store.put(world.store.get(digest))
        for journal in world.store.journals():
            store.append(journal, *(records[:kept] if journal == "scm" else world.store.records(journal)))
        scm = SCM(world.sim, world.identity, store)
        for path, repository in scm._repositories.items():
            for number in {*repository.branches.values(), *repository.tagged.values()}:
                assert scm.checkout(f"{path}@{number}", actor=world.ada)


def test_content_put_without_its_record_is_not_there() -> None:
    world = _busy_world()
    before = _state(world.scm)
    world.store.put(packed([b"blob 1\0x"]))
    assert _state(world.again()) == before


def test_a_journal_that_does_not_take_the_record_leaves_everything_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _busy_world()
    before, events = _state(world.scm), len(world.sim.log.select(predicate="commit.pushed"))

    def full(*_: Any) -> None:
        raise MlplatError("the disk is full")

    with monkeypatch.context() as patch, pytest.raises(MlplatError, match="full"):
        patch.setattr(world.store, "append", full)
        world.commit({"a": "6\n"})
    assert _state(world.scm) == before and len(world.sim.log.select(predicate="commit.pushed")) == events
    world.commit({"a": "7\n"})
    assert _state(world.again()) == _state(world.scm)


def test_a_damaged_pack_is_told_and_not_read() -> None:
    world = _busy_world()
    pack = next(record["pack"] for record in world.store.records("scm") if record.get("pack"))
    world.store._content[pack] = world.store._content[pack].replace(b"1\n", b"2\n")
    with pytest.raises(IntegrityError):
        world.again()


def test_a_pack_is_its_objects_one_after_the_other() -> None:
    world = _busy_world()
    objects = world.scm._repositories[REPO].objects
    frames = {number: objects.frame(number) for number in objects}
    assert unpacked(packed(frames.values())) == frames
