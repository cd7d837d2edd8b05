"""Attacks by values that are not what they seem: subclasses of text, references and principals, forged tokens, what changes later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, MlplatError, OptionError
from mlplat.platform.identity import Principal, PrincipalKind
from mlplat.platform.identity.principals import TokenBearer
from mlplat.platform.references import Reference
from mlplat.platform.storage import digest_of

from .matrix import PASSWORD
from .matrix_world import DATA, IMAGE, MODEL, REPO, PlatformWorld


class Changing(str):
    """Text that is what was shared while the rights are checked, and something else afterwards."""

    shown: str
    then: str
    asked = 0

    def _now(self) -> str:
        type(self).asked += 1
        return self.shown if type(self).asked <= 1 else self.then

    def partition(self, mark: str) -> tuple[str, str, str]:  # type: ignore[override]
        return self._now().partition(mark)

    def removeprefix(self, prefix: str) -> str:  # type: ignore[override]
        return self._now().removeprefix(prefix)

    def __str__(self) -> str:
        return self._now()

    def __hash__(self) -> int:
        return hash(self._now())

    def __eq__(self, other: object) -> bool:
        return self._now() == other

    def startswith(self, *given: Any) -> bool:
        return self._now().startswith(*given)


def changing(shown: str, then: str, first: int) -> Changing:
    """`first`: how often it is asked before it changes."""
    made: Any = type("Changing", (Changing,), {"asked": 1 - first})(shown)
    made.shown, made.then = shown, then
    return made  # type: ignore[no-any-return]


def _third(world: PlatformWorld) -> Principal:
    """A third party with a share of the first version of everything."""
    eve = world.identity.create_third_party("eve", actor=world.identity.admin)
    world.identity.set_password(eve, PASSWORD, actor=world.identity.admin)
    for resource in (f"dataset:{DATA}@1", f"model:{MODEL}@1", f"image:{IMAGE}@{world.one}", f"repo:{REPO}@{world.first}", "run:shop/r2"):
        world.identity.grant(eve, "read", resource, actor=world.owner)
    return eve


@pytest.mark.parametrize("first", range(1, 12))
def test_text_that_changes_between_the_check_and_the_call_opens_nothing(first: int) -> None:
    world = PlatformWorld()
    eve, platform = _third(world), world.platform
    version = platform.data.describe(f"{DATA}@1", actor=world.owner).version
    for ask, shown, then, allowed in (
        (platform.data.describe, f"{DATA}@1", f"{DATA}@3", version),
        (platform.models.load, f"{MODEL}@1", f"{MODEL}@2", b"weights"),
        (platform.images.manifest, f"{IMAGE}@{world.one}", f"{IMAGE}@{world.two}", None),
        (platform.scm.resolve, f"{REPO}@{world.first}", f"{REPO}@{world.head}", world.first),
        (platform.metadata.run, "shop/r2", "shop/r1", None),
        (platform.metadata.upstream, f"model:{MODEL}@1", f"dataset:{DATA}@3", None),
    ):
        ask: Any
        expected = ask(shown, actor=eve)
        try:
            found = ask(changing(shown, then, first), actor=eve)
        except (MlplatError, TypeError):
            continue
        assert repr(found) == repr(expected)
        if allowed is not None and not hasattr(allowed, "parents"):
            assert found == allowed


class Elsewhere(Reference):
    """A reference that is one thing as text and another by its fields."""

    def __str__(self) -> str:
        return f"{DATA}@1"

    @property
    def path(self) -> str:
        return DATA


def test_a_reference_is_taken_for_what_its_fields_say_and_these_are_checked() -> None:
    world = PlatformWorld()
    eve = _third(world)
    for forged in (
        Elsewhere("shop", "clicks", "3"),
        Reference("shop", changing("clicks", "single", 2), ""),
        Reference("shop", "clicks@1/../x@3"),
    ):
        with pytest.raises((AccessDenied, OptionError)):
            world.platform.data.read(forged, actor=eve)  # type: ignore[arg-type]
    for odd in (Reference("shop", "x@1", ""), Reference("shop", "<b>", ""), Reference("shop/x", "y")):
        with pytest.raises(OptionError):
            world.platform.data.publish(odd, b"1", actor=world.owner)  # type: ignore[arg-type]
    assert world.platform.data.read(Reference("shop", "clicks", "1"), actor=eve).height == 1  # type: ignore[arg-type]


class Masked(Principal):
    """A principal who is written down as somebody else."""

    def __str__(self) -> str:
        return "user-2"


class Turning(Principal):
    """A principal whose id changes once it has been looked at."""

    looked = 0

    def __getattribute__(self, name: str) -> Any:
        if name == "id":
            Turning.looked += 1
            return object.__getattribute__(self, "id") if Turning.looked <= 2 else "user-2"
        return object.__getattribute__(self, name)


@pytest.mark.parametrize("mask", [Masked, Turning])
def test_who_calls_is_written_down_as_the_platform_knows_them(mask: type[Principal]) -> None:
    world = PlatformWorld()
    bob, platform = world.bob, world.platform
    forged = mask(bob.id, bob.name, bob.kind, bob.project, bob.origin)
    log = len(world.sim.log)
    Turning.looked = 0
    try:
        platform.models.register("shop/mine", b"1", run="r", actor=forged)
    except AccessDenied:
        return
    assert platform.models.resolve("shop/mine", actor=world.owner).creator == bob.id
    assert {event.actor for event in world.sim.log[log:]} == {bob.id}


def test_a_principal_who_differs_in_anything_is_unknown() -> None:
    world = PlatformWorld()
    eve, admin = _third(world), world.identity.admin
    for forged in (
        replace(eve, id=admin.id),
        replace(admin, name="other"),
        replace(admin, kind=PrincipalKind.THIRD_PARTY),
        replace(eve, id="user-99"),
        replace(eve, origin="x"),
    ):
        with pytest.raises(AccessDenied, match="no such principal"):
            world.platform.data.list(actor=forged)


class AnyToken:
    """What says that it is equal to every token."""

    def __init__(self, number: int) -> None:
        self.id = number

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


def test_forged_tokens_are_none() -> None:
    world = PlatformWorld()
    eve, admin = _third(world), world.identity.admin
    text = world.identity.authenticate("eve", PASSWORD).token
    mark, claims, signature = text.split(".")
    whole = world.identity.create_token(actor=eve)
    narrow = world.identity.create_token({"dataset:shop/none": "read"}, actor=eve)
    assert world.platform.data.read(f"{DATA}@1", actor=text).height == 1
    tokens = world.identity._authorization.tokens
    bearers = [
        TokenBearer(admin.id, admin.name, admin.kind, token=AnyToken(whole.id)),  # type: ignore[arg-type]
        TokenBearer(eve.id, eve.name, eve.kind, token=AnyToken(narrow.id)),  # type: ignore[arg-type]
        TokenBearer(eve.id, eve.name, eve.kind, token=replace(tokens.get(narrow.id), scopes=None)),  # type: ignore[type-var]
        TokenBearer(eve.id, eve.name, eve.kind, token=replace(tokens.get(narrow.id), expires_s=1e9)),  # type: ignore[type-var]
    ]
    texts = [
        f"{mark}.{claims}.",
        f"{mark}.{claims}.{signature[:-1]}",
        f"{mark}.{claims}.{signature.upper()}",
        f"{text} ",
        text.encode(),
        [text],
    ]
    for forged in (*bearers, *texts, object(), 1, True, b"", ""):
        with pytest.raises(AccessDenied):
            world.platform.data.read(f"{DATA}@1", actor=forged)  # type: ignore[arg-type]


class Twofold(Mapping[str, Any]):
    """A mapping that says something else each time."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self._answers, self._asked = answers, 0

    def _now(self) -> dict[str, Any]:
        self._asked += 1
        return self._answers[min(self._asked, len(self._answers)) - 1]

    def __getitem__(self, name: str) -> Any:
        return self._now()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())


def test_what_a_mapping_says_the_second_time_is_not_recorded_unchecked() -> None:
    world = PlatformWorld()
    eve = world.identity.create_user("eve", actor=world.identity.admin)
    world.identity.create_project("lab", owner=eve, actor=world.identity.admin)
    world.platform.data.publish("lab/mine", b"1", actor=eve)
    for turn in range(1, 6):
        data = Twofold(*[{"training": "lab/mine@1"}] * turn, {"training": f"{DATA}@3"})
        try:
            run = world.platform.metadata.start_run("lab", data=data, actor=eve)
        except (AccessDenied, OptionError):
            continue
        assert run.inputs["training"].resource == "dataset:lab/mine@1"
    assert len(world.platform.metadata.downstream(f"dataset:{DATA}@3", actor=world.owner)) == 0


def test_what_is_changed_after_the_call_and_what_is_answered_change_nothing_that_is_kept() -> None:
    world = PlatformWorld()
    platform, owner = world.platform, world.owner
    array, frame = np.arange(4.0), pl.DataFrame({"a": np.arange(3)})
    parameters: dict[str, Any] = {"layers": [1, 2]}
    said = {"w": array, "card": b"card"}
    model = platform.models.register("shop/m", said, run="r", parameters=parameters, actor=owner)
    platform.data.publish("shop/array", array, actor=owner)
    platform.data.publish("shop/frame", frame, actor=owner)
    run = platform.metadata.start_run("shop/new", parameters=parameters, tags={"a": "b"}, actor=owner)
    before = [(name, tuple(map(repr, world.store.records(name)))) for name in world.store.journals()]
    contents = {digest: world.store.get(digest) for digest in world.store.digests()}
    array[:] = 9
    said["w"], said["card"] = np.zeros(1), b""
    parameters["layers"].append(3)
    for answer in (platform.models.load("shop/m", actor=owner)["w"], platform.data.read("shop/array", actor=owner)):
        assert answer.tolist() == [0, 1, 2, 3]
        with pytest.raises(ValueError):
            answer.setflags(write=True)
            answer[:] = 9
            raise ValueError("the caller's own copy")
    read = platform.data.read("shop/frame", actor=owner)
    read[0, "a"] = 99
    assert platform.data.read("shop/frame", actor=owner)["a"].to_list() == [0, 1, 2]
    for mapping in (
        model.parameters,
        model.tags,
        model.metrics,
        run.parameters,
        platform.scm.branches(REPO, actor=owner),
        world.sim.log[-1].data,
    ):
        with pytest.raises(TypeError):
            mapping["x"] = 1  # type: ignore[index]
    assert before == [(name, tuple(map(repr, world.store.records(name)))) for name in world.store.journals() if True][: len(before)]
    assert all(digest_of(world.store.get(digest)) == digest for digest in contents)


ODD = (10**5000, "x" * 10**7, "a/" * 10**6, "shop/" + "a" * 10**6, "\0", "shop/\u202eclicks", "\u0455hop/clicks", "shop/clicks\n")


@pytest.mark.parametrize("number", range(len(ODD)))
def test_huge_and_odd_names_are_refused_by_errors_that_are_short_and_plain(number: int) -> None:
    huge: Any = ODD[number]
    world = PlatformWorld()
    eve, platform = _third(world), world.platform
    for ask in (
        platform.data.read,
        platform.models.load,
        platform.images.pull,
        platform.scm.show,
        platform.metadata.run,
        platform.metadata.upstream,
        world.identity.grants_on,
        world.identity.members,
    ):
        ask: Any
        with pytest.raises(OptionError) as refused:
            ask(huge, actor=eve)
        assert len(str(refused.value)) < 400 and str(refused.value).isprintable()
    assert all(len(str(event.data)) < 1000 for event in world.sim.log)


@pytest.mark.parametrize("text", ["\ud800", "\x1b[2J", "x" * 10**6, 7, ["prod"]])
def test_nobody_breaks_the_audit_log_by_what_they_call_with(text: Any) -> None:
    """One entry that cannot be written down would keep all others from it, and with that every call of the platform."""
    world = PlatformWorld()
    eve, platform = _third(world), world.platform
    of_text = str(text)
    forged = Principal(of_text, "eve", PrincipalKind.USER)
    for actor in (None, forged, eve, f"mlp1.{of_text}.{of_text}"):
        for ask in (
            lambda who: platform.models.deployable(f"{MODEL}@1", zone=text, actor=who),
            lambda who: platform.models.protect(f"{MODEL}@1", "x", zone=text, actor=who),
            lambda who: world.identity.grant(eve, "read", f"dataset:{DATA}", zone=text, actor=who),
            lambda who: world.identity.decide("read", f"dataset:{DATA}", zone=text, actor=who),
            lambda who: platform.data.list(actor=who),
            lambda who: platform.images.pull(f"{IMAGE}@v2", actor=who),
        ):
            try:
                ask(actor)
            except MlplatError as error:
                assert len(str(error)) < 1000 and str(error).isprintable()
    entries = world.identity.audit(actor=world.identity.admin)
    assert all(len(repr(entry)) < 2000 for entry in entries) and all(len(repr(event)) < 2000 for event in world.sim.log)
    for _ in range(300):
        platform.models.load(f"{MODEL}@1", actor=world.owner)
    again = mp.Platform(store=platform.store)
    assert len(again.identity.audit(actor=again.admin)) >= len(entries) + 256


def test_numbers_beyond_all_bounds_and_endless_names_are_refused_like_others() -> None:
    world = PlatformWorld()
    eve, platform, identity = _third(world), world.platform, world.identity
    huge: Any = 10**5000
    for ask in (
        lambda: identity.revoke(huge, actor=eve),
        lambda: identity.revoke_token(huge, actor=eve),
        lambda: identity.decide(huge, "project:shop", actor=eve),
        lambda: identity.grants_of(huge, actor=eve),
        lambda: platform.data.read(f"{DATA}@1", as_of=huge, actor=eve),
        lambda: platform.data.preview(f"{DATA}@1", huge, actor=eve),
        lambda: platform.scm.log(f"{REPO}@{world.first}", limit=huge, actor=eve),
        lambda: platform.images.tag(f"{IMAGE}@v1", "x" * 10**6, actor=world.owner),
    ):
        with pytest.raises(OptionError) as refused:
            ask()
        assert len(str(refused.value)) < 300
    assert world.sim.log[-1].predicate == "call.refused"
