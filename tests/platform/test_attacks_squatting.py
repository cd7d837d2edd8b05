"""Attacks across projects: learning of others' content by publishing one's own, getting in its way, and being told who uses what."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import MlplatError
from mlplat.platform.artifacts.images import Manifest
from mlplat.platform.artifacts.metadata.lineage_graph import LineageCycleError
from mlplat.platform.artifacts.referrers import ReferencedError
from mlplat.platform.identity import Principal
from mlplat.platform.storage import digest_of

from .matrix_world import DATA, FRAME, IMAGE, MODEL, PlatformWorld, manifest


def _eve(world: PlatformWorld) -> Principal:
    eve = world.identity.create_user("eve", actor=world.identity.admin)
    world.identity.create_project("lab", owner=eve, actor=world.identity.admin)
    return eve


def _layered(text: str, size_mib: int) -> Manifest:
    return Manifest.of({"layers": [{"digest": digest_of(text.encode()), "size_mib": size_mib}], "entry": "python"})


def test_a10_3_nobody_learns_from_the_size_of_a_layer_whether_another_project_has_it() -> None:
    world = PlatformWorld()
    eve = _eve(world)
    for number, (text, size) in enumerate([("v1", 1), ("v1", 2), ("none", 1), ("python", 3)]):
        world.identity.create_project(f"lab{number}", owner=eve, actor=world.identity.admin)
        assert world.platform.images.publish(f"lab{number}/i", _layered(text, size), actor=eve).size_mib == size


def test_a10_3_what_a_collection_frees_does_not_tell_which_layers_others_have() -> None:
    world = PlatformWorld()
    eve = _eve(world)
    made = world.platform.images.publish("lab/i", manifest("v1"), actor=eve)
    found = world.platform.images.collect("lab", actor=eve)
    assert (set(found.layers), found.size_mib) == ({layer.digest for layer in made.layers}, 901)


def test_a10_3_nothing_is_counted_for_who_does_not_say_who_they_are() -> None:
    assert repr(PlatformWorld().platform) == repr(mp.Platform())


def test_nobody_keeps_another_project_from_publishing_by_taking_its_layer_first() -> None:
    world = PlatformWorld()
    eve = _eve(world)
    world.platform.images.publish("lab/squat", _layered("v3", 999), actor=eve)
    version = world.platform.images.publish(IMAGE, manifest("v3"), tags=["v3"], actor=world.owner)
    assert version.size_mib == 901 == world.platform.images.pull(f"{IMAGE}@v3", actor=world.owner).size_mib
    assert world.platform.images.storage(actor=world.owner).size_mib == 903


def test_a10_3_identical_content_in_another_project_is_published_as_if_it_were_the_first() -> None:
    world = PlatformWorld()
    eve, platform = _eve(world), world.platform

    def answers(name: str, contents: tuple[Any, ...]) -> list[str]:
        frame, weights, image = contents
        found = [
            platform.data.publish(f"lab/{name}", frame, actor=eve),
            platform.models.register(f"lab/{name}", weights, run="r", actor=eve),
            platform.images.publish(f"lab/{name}", image, actor=eve),
        ]
        return [repr(each).replace(each.digest, "DIGEST").replace(name, "NAME") for each in found]

    known = answers("known", (FRAME, b"weights", manifest("v1")))
    fresh = answers("fresh", (FRAME + 1, b"WEIGHTS", manifest("v7")))
    assert [text[:40] for text in known] == [text[:40] for text in fresh]
    assert "same_as=()" in known[1] and platform.images.list(actor=eve)[0].pulls == 0


def test_a10_3_a_refused_deletion_names_only_what_its_caller_may_read() -> None:
    world = PlatformWorld()
    eve, platform, owner = _eve(world), world.platform, world.owner
    world.identity.grant(eve, "read", "project:shop", actor=owner)
    platform.metadata.start_run("lab/secret", data={"training": f"{DATA}@3"}, image=f"{IMAGE}@v1", parent=f"{MODEL}@2", actor=eve)
    platform.data.derive("lab/secret", FRAME, parents=[f"{DATA}@3"], code="c", actor=eve)
    for delete in (
        lambda: platform.data.delete(f"{DATA}@3", actor=owner),
        lambda: platform.images.delete(f"{IMAGE}@v1", actor=owner),
        lambda: platform.models.delete(f"{MODEL}@2", actor=owner),
    ):
        with pytest.raises(ReferencedError) as refused:
            delete()
        assert "lab" not in str(refused.value) and "lab" not in repr(refused.value.referrers)
        assert "withheld:" in refused.value.referrers
    with pytest.raises(ReferencedError, match="run:shop/r1"):
        platform.data.delete(f"{DATA}@2", actor=owner)
    assert "lab" not in repr(platform.data.retain(DATA, keep=1, actor=owner))
    assert "lab" not in repr(platform.images.collect("shop", actor=owner))


def test_a10_3_a_cycle_that_is_refused_names_nothing_in_between() -> None:
    world = PlatformWorld()
    eve, metadata, owner = _eve(world), world.platform.metadata, world.owner
    admin = world.identity.admin
    for right, resource in (("read", "dataset:lab/b@1"), ("write", "dataset:shop/a@1")):
        world.identity.grant(owner, right, resource, actor=admin)
    metadata.link("dataset:lab/a@1", "dataset:lab/hidden@1", "derived", actor=eve)
    metadata.link("dataset:lab/hidden@1", "dataset:lab/b@1", "derived", actor=eve)
    metadata.link("dataset:shop/a@1", "dataset:lab/a@1", "derived", actor=admin)
    with pytest.raises(LineageCycleError) as refused:
        metadata.link("dataset:lab/b@1", "dataset:shop/a@1", "derived", actor=owner)
    assert "hidden" not in str(refused.value) and "lab/a" not in str(refused.value)
    with pytest.raises(MlplatError) as other:
        metadata.start_run("shop/z", data={"x": "lab/b@1"}, outputs={"y": "dataset:shop/a@1"}, actor=owner)
    assert "hidden" not in str(other.value) and "lab/a" not in str(other.value)


def test_a10_3_what_stands_for_a_name_tells_nothing_of_how_much_there_is() -> None:
    """No number that counts the nodes of the platform."""
    marks = []
    for others in (0, 5):
        world = PlatformWorld()
        eve, metadata = _eve(world), world.platform.metadata
        for number in range(others):
            metadata.link(f"dataset:lab/x{number}@1", f"dataset:lab/y{number}@1", "derived", actor=eve)
        metadata.link("dataset:shop/a@1", "dataset:shop/b@1", "derived", actor=world.identity.admin)
        metadata.start_run("shop/used", data={"x": "shop/b@1"}, actor=world.identity.admin)
        world.identity.grant(eve, "read", "dataset:shop/b@1", actor=world.owner)
        marks.append(repr(metadata.upstream("dataset:shop/b@1", actor=eve)) + repr(metadata.graph("dataset:shop/b@1", actor=eve)))
    assert marks[0] == marks[1]
