"""Attacks by text: what terminals, HTML and Mermaid would obey; and content and secrets, which no event, audit entry or error carries."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

import polars as pl
import pytest

import mlplat as mp
from mlplat.errors import MlplatError
from mlplat.platform.artifacts.metadata.exports import mermaid
from mlplat.platform.identity import Principal
from mlplat.platform.storage import Store

from .matrix import PASSWORD
from .matrix_tables import TABLES, WORLDS
from .matrix_world import PlatformWorld

NASTY = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"]; click n0 "javascript:alert(1)"; n9["',
    "\x1b[2J\x1b]0;title\x07",
    "\u202egnp.exe",
    "a\u2028b\u0085c\r\nd",
    "p\u0430ypal",
    "&lt;b&gt;",
    "\ud800",
    "x" * 5000,
)
"""What somebody might write where text is free."""


def _world() -> tuple[mp.Platform, Principal]:
    platform = mp.Platform()
    ada = platform.identity.create_user("ada", actor=platform.admin)
    platform.identity.create_project("shop", owner=ada, actor=platform.admin)
    platform.scm.create_repository("shop/code", actor=ada)
    return platform, ada


def _everywhere(platform: mp.Platform, ada: Principal, text: str) -> list[Callable[[], Any]]:
    """The text in every place that takes text."""
    identity, scm, data, images, models, metadata = (
        platform.identity,
        platform.scm,
        platform.data,
        platform.images,
        platform.models,
        platform.metadata,
    )
    layer = {"layers": [{"digest": "sha256:" + "1" * 64, "size_mib": 1}], "entry": "e"}
    admin = platform.admin
    scm.commit("shop/code", "main", {"a": b"1"}, "m", empty=True, actor=ada)
    return [
        lambda: identity.create_user(text, actor=admin),
        lambda: identity.create_third_party("t", origin=text, actor=admin),
        lambda: identity.create_group(text, actor=admin),
        lambda: identity.create_project(text, owner=ada, actor=admin),
        lambda: identity.create_role(text, "read", actor=admin),
        lambda: identity.create_token(label=text, actor=ada),
        lambda: identity.create_token(zone=text, actor=ada),
        lambda: identity.create_token({text: "read"}, actor=ada),
        lambda: identity.grant(text, "read", "dataset:shop/x", actor=ada),
        lambda: identity.grant(ada, text, "dataset:shop/x", actor=ada),
        lambda: identity.grant(ada, "read", text, actor=ada),
        lambda: identity.grant(ada, "read", "dataset:shop/x", zone=text, actor=ada),
        lambda: identity.decide(text, "dataset:shop/x", actor=ada),
        lambda: identity.decide("read", "dataset:shop/x", zone=text, actor=ada),
        lambda: identity.audit(principal=text, actor=admin),
        lambda: identity.authenticate(text, text),
        lambda: identity.set_password(ada, text, actor=admin),
        lambda: identity.whoami(actor=text),
        lambda: scm.create_repository(text, actor=ada),
        lambda: scm.create_repository("shop/more", branch=text, actor=ada),
        lambda: scm.commit("shop/code", "main", {text: b"1"}, "m", actor=ada),
        lambda: scm.commit("shop/code", "main", {"b": text}, text, author=text, actor=ada),
        lambda: scm.commit("shop/code", "main", {"c": b"1"}, text, actor=ada),
        lambda: scm.create_branch("shop/code", text, actor=ada),
        lambda: scm.tag("shop/code", text, message=text, actor=ada),
        lambda: scm.set_status("shop/code", "success", context=text, actor=ada),
        lambda: scm.set_status("shop/code", "success", description=text, actor=ada),
        lambda: scm.set_status("shop/code", text, actor=ada),
        lambda: scm.read("shop/code", text, actor=ada),
        lambda: scm.show("shop/code", at=text, actor=ada),
        lambda: data.publish("shop/a", _frame(text), note=text, actor=ada),
        lambda: data.publish("shop/b", {text: b"1"}, actor=ada),
        lambda: data.publish("shop/c", b"1", code=text, actor=ada),
        lambda: data.publish("shop/d", b"1", tags=[text], actor=ada),
        lambda: data.publish("shop/e", b"1", keys=[text], actor=ada),
        lambda: data.register("shop/f", b"1", source=text, actor=ada),
        lambda: data.search(text, tag=text, column=text, project=text, actor=ada),
        lambda: data.read(text, actor=ada),
        lambda: images.publish("shop/a", layer | {"labels": {text: text}}, tags=["v1"], actor=ada),
        lambda: images.publish("shop/b", layer | {"entry": text}, actor=ada),
        lambda: images.publish("shop/c", layer, tags=[text], actor=ada),
        lambda: images.register("shop/d", layer, external=[text], actor=ada),
        lambda: images.fix_tags("shop/a", [text], actor=ada),
        lambda: images.search(text, actor=ada),
        lambda: models.register("shop/a", b"1", run=text, actor=ada),
        lambda: models.register("shop/a", {text: b"1"}, external=[text], parameters={text: text}, actor=ada),
        lambda: models.register("shop/a", b"1", run="r", tags={text: text}, description=text, metrics={text: 1.0}, actor=ada),
        lambda: models.describe("shop/a@1", text, actor=ada),
        lambda: models.set_alias("shop/a@1", text, actor=ada),
        lambda: models.protect("shop/a@1", text, actor=ada),
        lambda: models.set_rules("shop/a", text, [text], actor=ada),
        lambda: models.search(text, where=[text], actor=ada),
        lambda: metadata.start_run(text, actor=ada),
        lambda: metadata.start_run("shop/r", parameters={text: text}, tags={text: text}, environment={text: text}, actor=ada),
        lambda: metadata.start_run("shop/s", inputs={text: "dataset:shop/x@1"}, actor=ada),
        lambda: metadata.start_run("shop/t", code=text, actor=ada),
        lambda: metadata.log_metrics("shop/r", {text: 1.0}, actor=ada),
        lambda: metadata.log_step("shop/r", text, actor=ada),
        lambda: metadata.link("dataset:shop/x@1", "dataset:shop/y@1", text, actor=ada),
        lambda: metadata.record_baseline("shop/a@1", quality={text: 1.0}, actor=ada),
        lambda: metadata.finish_run("shop/r", "error", error=text, actor=ada),
        lambda: platform.secrets.put("shop/a", text, zone=text, actor=ada),
        lambda: platform.secrets.put(text, "value", actor=ada),
        lambda: platform.secrets.get(f"shop/{text}", zone=text, actor=ada),
        lambda: platform.secrets.delete("shop/a", zone=text, actor=ada),
        lambda: platform.secrets.for_workload("shop/a", text, zone=text, actor=ada),
        lambda: metadata.search(text, actor=ada),
        lambda: metadata.lineage(text, actor=ada),
    ]


def _frame(text: str) -> pl.DataFrame:
    """Polars takes no half of a surrogate pair."""
    return pl.DataFrame({text if text != "\ud800" else "a": [1]})


def _is_plain(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize("number", range(len(NASTY)))
def test_no_text_is_obeyed_by_a_terminal_a_browser_or_mermaid(number: int) -> None:
    text = NASTY[number]
    platform, ada = _world()
    answers: list[Any] = []
    for ask in _everywhere(platform, ada, text):
        try:
            answers.append(ask())
        except MlplatError as error:
            assert _is_plain(str(error)) and len(str(error)) < 2000, error
    metadata = platform.metadata
    if not any(run.resource == "run:shop/r" for run in metadata.search(actor=ada)):
        metadata.start_run("shop/r", actor=ada)
    if not platform.models.versions("shop/a", actor=ada):
        platform.models.register("shop/a", b"1", run="r", actor=ada)
    nodes = ["dataset:shop/x@1", "run:shop/r", "run:shop/s", "model:shop/a@1"]
    answers += [metadata.graph(node, actor=ada) for node in nodes]
    answers += [metadata.lineage("shop/a@1", actor=ada), metadata.run("shop/r", actor=ada), *metadata.history("shop/r", actor=ada)]
    answers += [*platform.models.versions("shop/a", actor=ada), *platform.data.search(actor=ada), *platform.images.list(actor=ada)]
    answers += [platform.scm.log("shop/code", actor=ada), platform.identity.audit(actor=platform.admin)]
    for answer in answers:
        assert isinstance(answer, pl.DataFrame) or _is_plain(repr(answer)), type(answer)
        if hasattr(answer, "_repr_html_") and not isinstance(answer, pl.DataFrame):
            assert not re.search(r"<\s*(script|img)|onerror=[^&]*>", answer._repr_html_()), type(answer)
            assert _is_plain(answer._repr_html_())
        if hasattr(answer, "nodes") and hasattr(answer, "links"):
            assert not re.search(r"click|script>|\"\];", mermaid(answer)) and _is_plain(mermaid(answer))
            assert _is_plain(str(answer))
    for event in platform.sim.log:
        assert _is_plain(repr(event)) and len(repr(event)) < 20_000


SECRET = "zq-secret-zq"


def _said(platform: mp.Platform) -> str:
    entries = platform.identity.audit(actor=platform.admin)
    return "\n".join([*(repr(event) for event in platform.sim.log), *map(repr, entries)])


def test_no_event_and_no_entry_of_the_audit_log_carries_content_or_secrets() -> None:
    platform, ada = _world()
    identity, admin = platform.identity, platform.admin
    identity.set_password(ada, f"{SECRET} password", actor=admin)
    texts = [identity.authenticate("ada", f"{SECRET} password").token, identity.create_token(actor=ada).token]
    content = SECRET.encode()
    frame = pl.DataFrame({"k": [SECRET, SECRET], "v": [1, 2]})
    tries: tuple[Callable[[], Any], ...] = (
        lambda: identity.authenticate("ada", f"{SECRET} wrong"),
        lambda: identity.set_password(ada, SECRET[:3] + "zq", actor=admin),
        lambda: identity.change_password(SECRET, f"{SECRET} new password", actor=texts[0]),
        lambda: identity.whoami(actor=texts[0][:-1] + "0"),
        lambda: platform.data.publish("shop/a", content, actor=texts[0]),
        lambda: platform.data.publish("shop/b", frame, actor=ada),
        lambda: platform.data.publish("shop/c", frame, keys=["k"], actor=ada),
        lambda: platform.data.publish("shop/d", [SECRET], actor=ada),
        lambda: platform.data.publish("shop/e", {"x": SECRET}, actor=ada),
        lambda: platform.data.publish("shop/f", pl.DataFrame({"x": [{"a": SECRET}]}), actor=ada),
        lambda: platform.data.append("shop/b", pl.DataFrame({"k": [1], "v": [SECRET]}), actor=ada),
        lambda: platform.data.read("shop/b", actor=texts[1]),
        lambda: platform.data.split("shop/b", by=["k"], actor=ada),
        lambda: platform.data.compare("shop/b", "shop/b", keys=["k"], actor=ada),
        lambda: platform.models.register("shop/a", content, run="r", parameters={"p": SECRET}, description=SECRET, actor=ada),
        lambda: platform.models.register("shop/a", SECRET, run="r", actor=ada),
        lambda: platform.models.register("shop/a", {"w": SECRET}, run="r", actor=ada),
        lambda: platform.models.register("shop/a", [SECRET], run="r", actor=ada),
        lambda: platform.models.load("shop/a", actor=texts[1]),
        lambda: platform.scm.commit("shop/code", "main", {"x": SECRET}, SECRET, actor=ada),
        lambda: platform.scm.commit("shop/code", "main", {"x": [SECRET]}, "m", actor=ada),  # type: ignore[dict-item]
        lambda: platform.scm.objects("shop/code", actor=texts[1]),
        lambda: platform.scm.create_change("shop/code", "main", "main", SECRET, description=SECRET, actor=ada),
        lambda: platform.metadata.start_run("shop/r", parameters={"p": SECRET}, environment={"TOKEN": SECRET}, actor=ada),
        lambda: platform.metadata.log_parameters("shop/r", {"q": {SECRET}}, actor=ada),
        lambda: platform.metadata.log_metrics("shop/r", {"m": SECRET}, actor=ada),
        lambda: platform.metadata.finish_run("shop/r", "error", error=SECRET, actor=ada),
        lambda: platform.secrets.put("shop/s", SECRET, actor=ada),
        lambda: platform.secrets.put(SECRET, "value", actor=ada),
        lambda: platform.secrets.get("shop/s", actor=texts[1]),
        lambda: platform.metadata.log_parameters("shop/r", {"s": platform.secrets.get("shop/s", actor=ada)}, actor=ada),
    )
    for attempt in tries:
        try:
            attempt()
        except MlplatError as error:
            assert SECRET not in str(error), error
    said = _said(platform)
    assert SECRET not in said
    for token in texts:
        assert token not in said and token.split(".")[2] not in said
    for journal in platform.store.journals():
        kept = "\n".join(map(repr, platform.store.records(journal)))
        assert f"{SECRET} password" not in kept and not any(token.split(".")[2] in kept for token in texts), journal


def _kinds(value: Any) -> set[type]:
    found = {type(value)}
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ():
        found |= _kinds(each)
    return found


def test_events_of_every_call_of_the_matrix_hold_small_plain_values_and_no_content() -> None:
    for source, table in TABLES.items():
        for name, row in table.items():
            world: Any = WORLDS.get(source, partial(PlatformWorld, source))()
            before = len(world.sim.log)
            world.identity.set_password(world.owner, PASSWORD, actor=world.identity.admin)
            arguments, options = row.arguments(world, world.owner)
            actor = world.owner if source not in ("identity", "platform") and name != "serve" else world.identity.admin
            with contextlib.suppress(MlplatError):
                getattr(world.component, name.partition(",")[0])(*arguments, actor=actor, **options)
            for event in world.sim.log[before:]:
                text = repr(event)
                assert bytes not in _kinds(event.data) and len(text) < 3000, (name, text[:200])
                assert PASSWORD not in text and "b'weights'" not in text and "Ada Lovelace" not in text, name


def test_what_is_shown_of_credentials_does_not_hold_them() -> None:
    world = PlatformWorld()
    world.identity.set_password(world.bob, PASSWORD, actor=world.identity.admin)
    session = world.identity.authenticate("bob", PASSWORD)
    shown = [session, world.identity.tokens(actor=world.bob), world.identity.whoami(actor=session.token), world.platform, world.identity]
    for each in shown:
        assert session.token not in repr(each) and PASSWORD not in repr(each)
        assert not is_dataclass(each) or all(getattr(each, field.name) != PASSWORD for field in fields(each))
    assert isinstance(world.store, Store) and PASSWORD not in repr(world.store)
