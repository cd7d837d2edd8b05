"""What goes out in a capsule, and what does not."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, OptionError, UnknownNameError
from mlplat.platform.artifacts.capsules import CapsuleError, IncompleteLineageError

from ..scm.git_program import Git, needs_git
from .worlds import MODEL, World, elsewhere


@pytest.mark.parametrize("linking", ["direct", "chained", "both"])
def test_a14_2_exporting_twice_gives_the_same_bytes(linking: str, tmp_path: Path) -> None:
    world = World(linking=linking)
    content = world.export()
    assert world.export() == content == World(linking=linking).export()
    summary = world.platform.capsules.export("shop/churn@1", tmp_path / "churn.capsule", actor=world.ada)
    assert (tmp_path / "churn.capsule").read_bytes() == content and summary.content is None
    assert [path.name for path in tmp_path.iterdir()] == ["churn.capsule"]
    buffer = io.BytesIO()
    assert world.platform.capsules.export("shop/churn@1", buffer, actor=world.ada) == summary
    assert buffer.getvalue() == content


def test_what_is_in_a_capsule_is_what_the_stores_have() -> None:
    world = World()
    lineage = world.platform.metadata.lineage("shop/churn@1", actor=world.ada)
    content = world.export(licence="Use it well.\n")
    summary = world.platform.capsules.inspect(content, actor=world.bob)
    assert (summary.model, summary.model_digest, summary.run) == (MODEL, world.model.digest, "run:shop/r1")
    assert summary.fingerprint == lineage.fingerprint and summary.self_contained and summary.withheld == ()
    assert {*summary.artifacts, summary.run} == {node.name for node in lineage.nodes}
    assert summary.licence == "Use it well.\n" and summary.notes == () and summary.seed == 7
    assert summary.principals == ((world.ada.id, "ada"),)
    with zipfile.ZipFile(io.BytesIO(content)) as capsule:
        manifest = json.loads(capsule.read("manifest.json"))
        run, events = json.loads(capsule.read("run.json")), json.loads(capsule.read("events.json"))
        assert json.loads(capsule.read("lineage.json"))["links"] == [list(link) for link in lineage.links]
    assert [member._asdict() for member in summary.members] == manifest["members"]
    assert run["parameters"] == {"depth": 3, "time": 1.5, "source": "a"} and [each[:2] for each in run["metrics"]] == [
        ["auc", 1],
        ["auc", 2],
    ]
    published = {event["subject"] for event in events if event["predicate"] == "artifact.published"}
    assert {world.data.resource, world.model.resource, world.image.resource} <= published
    assert f"repo:shop/churn@{world.commit.id}" in {event["subject"] for event in events}


def test_the_event_of_an_export() -> None:
    world = World()
    summary = world.platform.capsules.export("shop/churn@1", actor=world.ada)
    event = world.platform.sim.log[-1]
    assert (event.predicate, event.subject, event.actor) == ("capsule.exported", MODEL, world.ada.id)
    assert dict(event.data) == {"digest": summary.digest, "size": summary.size, "self_contained": True}


@needs_git
def test_a14_5_git_reads_the_objects_of_a_capsule(tmp_path: Path) -> None:
    world = World()
    with zipfile.ZipFile(io.BytesIO(world.export())) as capsule:
        pack = capsule.read(f"code/{world.commit.id}.pack")
    git = Git(tmp_path).init()
    git("unpack-objects", "-q", "--strict", given=pack)
    assert git("rev-parse", f"{world.commit.id}^{{commit}}").decode().strip() == world.commit.id
    assert git("fsck", "--full", "--strict", world.commit.id) is not None
    assert git("show", f"{world.commit.id}:train.py").startswith(b"import os")
    assert git("rev-list", "--count", world.commit.id).strip() == b"2"


def test_an_incomplete_lineage_is_listed() -> None:
    world = World()
    platform = world.platform
    platform.metadata.start_run("shop/r2", data={"training": world.data.resource}, actor=world.ada)
    model = platform.models.register("shop/other", b"x", run="run:shop/r2", actor=world.ada)
    platform.metadata.finish_run("shop/r2", outputs={"model": model.resource}, actor=world.ada)
    with pytest.raises(IncompleteLineageError) as caught:
        platform.capsules.export("shop/other", actor=world.ada)
    assert {each.role for each in caught.value.missing} == {"code", "image", "seed"}
    alone = platform.models.register("shop/alone", b"x", external=["run"], actor=world.ada)
    with pytest.raises(IncompleteLineageError, match="model of model:shop/alone@1"):
        platform.capsules.export(str(alone), actor=world.ada)
    with pytest.raises(UnknownNameError, match="shop/none"):
        platform.capsules.export("shop/none", actor=world.ada)


def test_what_no_store_has_is_missing_too() -> None:
    world = World()
    platform = world.platform
    window = "window:shop/live@7"
    platform.metadata.start_run(
        "shop/r2",
        code=f"shop/churn@{world.commit.id}",
        image=world.image.resource,
        inputs={"training": (window, "sha256:" + "5" * 64)},
        seed=1,
        linking="direct",
        actor=world.ada,
    )
    model = platform.models.register("shop/other", b"x", run="run:shop/r2", actor=world.ada)
    platform.metadata.finish_run("shop/r2", outputs={"model": model.resource}, actor=world.ada)
    with pytest.raises(IncompleteLineageError, match="training of run:shop/r2"):
        platform.capsules.export("shop/other", actor=world.ada)
    summary = platform.capsules.export("shop/other", withhold=True, actor=world.ada)
    assert summary.withheld == ("window:shop/withheld@sha256:" + "5" * 64,)


def _share(world: World, *resources: str, rights: tuple[str, ...] = ("read", "share")) -> None:
    for resource in resources:
        for right in rights:
            world.platform.identity.grant(world.bob, right, resource, actor=world.ada)


def test_p_every_member_takes_the_right_to_share_it() -> None:
    """IP-14 P."""
    world = World()
    platform = world.platform
    needed = [MODEL, "run:shop/r1", f"repo:shop/churn@{world.commit.id}", world.image.resource, "dataset:secret/labels@1"]
    needed += [world.parent.resource, world.data.resource]
    for resource in needed:
        with pytest.raises(AccessDenied) as caught:
            platform.capsules.export("shop/churn@1", actor=world.bob)
        assert resource == caught.value.resource or caught.value.resource.startswith("withheld:")
        _share(world, resource, rights=("share",))
        with pytest.raises(AccessDenied):
            platform.capsules.export("shop/churn@1", actor=world.bob)
        _share(world, resource, rights=("read",))
    theirs = platform.capsules.export("shop/churn@1", actor=world.bob)
    assert theirs.content == world.export()


def test_p_what_may_not_be_given_is_left_as_a_digest() -> None:
    world = World()
    _share(world, "project:shop")
    with pytest.raises(AccessDenied, match="withheld:"):
        world.platform.capsules.export("shop/churn@1", actor=world.bob)
    summary = world.platform.capsules.export("shop/churn@1", withhold=True, actor=world.bob)
    assert not summary.self_contained and len(summary.withheld) == 2
    assert summary.fingerprint == world.platform.metadata.lineage("shop/churn@1", actor=world.ada).fingerprint
    assert any("not self-contained" in note for note in summary.notes)
    content = summary.content
    assert content is not None
    with zipfile.ZipFile(io.BytesIO(content)) as capsule:
        documents = b"".join(capsule.read(name) for name in capsule.namelist() if name.endswith(".json"))
    assert b"secret" not in documents and world.parent.digest.encode() in documents
    whole = world.platform.capsules.export("shop/churn@1", withhold=True, actor=world.ada)
    assert whole.self_contained and whole.content == world.export()


def test_the_run_is_never_withheld() -> None:
    world = World()
    _share(world, MODEL)
    with pytest.raises(AccessDenied):
        world.platform.capsules.export("shop/churn@1", withhold=True, actor=world.bob)


@pytest.mark.parametrize("file", [3, "/nowhere/at/all", "a\0b", ""])
def test_a_file_that_cannot_be_written(file: Any) -> None:
    world = World(rich=False)
    with pytest.raises(OptionError, match=r"written|expected a path"):
        world.platform.capsules.export("shop/churn@1", file, actor=world.ada)


@pytest.mark.parametrize("licence", [3, "x" * 2_000_000, "a\0b"])
def test_a_licence_that_is_none(licence: Any) -> None:
    world = World(rich=False)
    with pytest.raises(OptionError, match="licence"):
        world.platform.capsules.export("shop/churn@1", licence=licence, actor=world.ada)


def test_the_summary_shows_no_markup_and_no_control_characters() -> None:
    world = World(rich=False)
    summary = world.platform.capsules.export("shop/churn@1", licence="<b>bold</b>\x1b[31m\nmore", actor=world.ada)
    assert "&lt;b&gt;" in summary._repr_html_() and "<b>" not in summary._repr_html_()
    assert "\x1b" not in str(summary) and "more" not in str(summary)
    assert json.dumps(summary.to_dict())


def test_inspecting_stores_nothing_and_takes_a_known_principal(tmp_path: Path) -> None:
    world = World(rich=False)
    content = world.export()
    platform, carl = elsewhere()
    (tmp_path / "c").write_bytes(content)
    for file in (content, tmp_path / "c", str(tmp_path / "c"), io.BytesIO(content)):
        assert platform.capsules.inspect(file, actor=carl).model == MODEL
    assert not list(platform.store.digests())
    with pytest.raises(AccessDenied):
        platform.capsules.inspect(content, actor=None)
    with pytest.raises(mp.MlplatError, match="cannot be read"):
        platform.capsules.inspect(tmp_path / "none", actor=carl)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(mp.MlplatError, match="cannot be read"):
        platform.capsules.inspect(tmp_path / "pipe", actor=carl)
    with pytest.raises(CapsuleError, match="more than 100 bytes"):
        platform.capsules.inspect(content, max_bytes=100, actor=carl)
    for wrong in (None, 3, io.StringIO("x")):
        with pytest.raises(OptionError):
            platform.capsules.inspect(wrong, actor=carl)
    with pytest.raises(OptionError, match="max_bytes"):
        platform.capsules.inspect(content, max_bytes=True, actor=carl)
