"""Attacks by content that is not what it seems: times, manifests and bytes of classes that their author made."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, MlplatError
from mlplat.platform.artifacts.images import Manifest
from mlplat.platform.artifacts.scm import Bundle

from .matrix_world import DATA, FRAME, IMAGE, REPO, PlatformWorld, manifest


class LaterTime(timedelta):
    """A time that moves on whenever it is asked."""

    asked = 0

    def total_seconds(self) -> float:
        LaterTime.asked += 1
        return 0.0 if LaterTime.asked == 1 else 1e6


class LaterNumber(float):
    """A number that grows whenever it is asked."""

    asked = 0

    def __float__(self) -> float:
        LaterNumber.asked += 1
        return 0.0 if LaterNumber.asked == 1 else 1e6

    def __repr__(self) -> str:
        return repr(float(self))


@pytest.mark.parametrize("later", [LaterTime(0), LaterNumber(0)])
def test_a10_2_a_time_that_changes_opens_no_later_version(later: Any) -> None:
    world = PlatformWorld()
    world.sim.run(until=100)
    world.platform.data.publish("shop/dated", FRAME[:1], actor=world.owner)
    world.sim.run(until=200)
    eve = world.identity.create_third_party("eve", actor=world.identity.admin)
    world.identity.grant(eve, "read", "dataset:shop/single@1", actor=world.owner)
    world.platform.data.publish("shop/single", b"later", actor=world.owner)
    type(later).asked = 0
    with suppress(AccessDenied):
        assert world.platform.data.read("shop/single", as_of=later, actor=eve) == b"single"


def test_an_image_has_the_digest_of_what_is_in_it_whatever_its_class_says() -> None:
    world = PlatformWorld()
    eve = world.identity.create_user("eve", actor=world.identity.admin)
    world.identity.create_project("lab", owner=eve, actor=world.identity.admin)
    mine, posing = manifest("evil"), manifest("evil")
    object.__setattr__(posing, "digest", world.one)
    version = world.platform.images.publish("lab/posing", posing, actor=eve)
    assert version.digest == mine.digest != world.one and type(version.manifest) is Manifest
    assert world.platform.images.resolve(f"{IMAGE}@v1", actor=world.owner).manifest == manifest("v1")


class Posed(bytes):
    """Bytes that show other content than they have."""

    shown = b"harmless\n"

    def __radd__(self, before: bytes) -> bytes:
        return before + self.shown

    def __getitem__(self, at: Any) -> Any:
        return self.shown[at]

    def partition(self, mark: Any) -> Any:
        return self.shown.partition(mark)

    def find(self, *given: Any) -> int:
        return self.shown.find(*given)

    def startswith(self, *given: Any) -> bool:
        return self.shown.startswith(*given)

    def decode(self, *given: Any, **options: Any) -> str:
        return self.shown.decode(*given, **options)

    def __len__(self) -> int:
        return len(self.shown)

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 7


def test_what_is_kept_is_what_is_read_now_and_after_the_store_is_opened_again() -> None:
    world = PlatformWorld()
    platform, owner = world.platform, world.owner
    tries: tuple[tuple[Any, Any], ...] = (
        (lambda p: p.data.publish("shop/posed", Posed(b"evil"), actor=owner), lambda p: p.data.read("shop/posed", actor=owner)),
        (lambda p: p.data.publish("shop/both", {"a": Posed(b"evil")}, actor=owner), lambda p: p.data.read("shop/both", actor=owner)),
        (
            lambda p: p.models.register("shop/posed", Posed(b"evil"), run="r", actor=owner),
            lambda p: p.models.load("shop/posed", actor=owner),
        ),
        (lambda p: p.scm.commit(REPO, "main", {"z": Posed(b"evil")}, "z", actor=owner), lambda p: p.scm.read(REPO, "z", actor=owner)),
    )
    for write, read in tries:
        try:
            write(platform)
        except MlplatError:
            continue
        now, again = read(platform), read(mp.Platform(store=platform.store))
        for content in (now, again):
            values = content.values() if isinstance(content, dict) else [content]
            assert all(type(value) is bytes for value in values)
        assert now == again


def test_objects_that_are_pushed_are_read_for_what_they_are() -> None:
    world = PlatformWorld()
    scm, owner = world.platform.scm, world.owner
    bundle = scm.objects(f"{REPO}@main", actor=owner)
    scm.create_repository("shop/copy", actor=owner)
    forged = Bundle(bundle.head, tuple(Posed(frame) for frame in bundle.frames))
    try:
        scm.push("shop/copy", "main", forged, actor=owner)
    except MlplatError:
        return
    assert scm.checkout("shop/copy", actor=owner) == scm.checkout(REPO, actor=owner)
    assert DATA not in repr(scm.branches("shop/copy", actor=owner))
