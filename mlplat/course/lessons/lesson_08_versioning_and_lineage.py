"""Lesson 8: where a model came from. The exercises are git's id of a file, a dataset that was wrong, and a share of just enough."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from ...errors import MlplatError, printable
from ..answers import kind
from ..lesson import Lesson, Question
from ..seeds import student_seed

CONTENTS = (b"", b"hello\n", b"\x00\xff\r\n", "größe".encode() * 40)


def verify_git_id(answer: Any) -> str | None:
    """A function that gives the ids that objects of the platform's repositories have."""
    from ...platform.artifacts.scm.objects import framed, object_id

    if not callable(answer):
        return f"expected a function of bytes, found a {kind(answer)}"
    for content in CONTENTS:
        truth = object_id(framed("blob", content))
        try:
            found = answer(content)
        except Exception as error:
            return f"with {content[:8]!r} it raises {type(error).__name__}: {printable(str(error))[:200]}"
        if isinstance(found, bytes):
            found = found.hex()
        if not isinstance(found, str):
            return f"it returned a {kind(found)}; expected the id as 40 hexadecimal digits"
        if found.lower() != truth:
            return (
                f"of {content[:8]!r} it gives {printable(found)[:12]}…, git gives {truth[:12]}…: mind the length in bytes and the zero byte"
            )
    return None


@cache
def _past(seed: int) -> tuple[str, frozenset[str], frozenset[str]]:
    """The flawed dataset version, the models made of it, and those of them that are deployed."""
    from ..shop.past import flawed, shop_with_a_past

    shop, version = shop_with_a_past(seed), f"shop/customers@{flawed(seed)}"
    impact = shop.platform.metadata.impact(f"dataset:{version}", actor=shop.ada)
    bare = [frozenset(name.partition(":")[2] for name in names) for names in (impact.models, [each.model for each in impact.deployed])]
    return version, bare[0], bare[1]


def _named(answer: Any, known: str) -> str:
    """A reference as text, without its kind."""
    text = str(getattr(answer, "reference", answer)).strip()
    return text.removeprefix(f"{known}:")


def _models(answer: Any) -> set[str] | str:
    """Model references of a collection, or a hint."""
    if isinstance(answer, str) or not isinstance(answer, Iterable):
        return f"expected a set of models such as {{'shop/churn@2'}}, found a {kind(answer)}"
    return {_named(each, "model") for each in answer}


def verify_culprit(answer: Any) -> str | None:
    """The version of the data in which a column counts in another unit."""
    found, truth = _named(answer, "dataset"), _past(student_seed())[0]
    if not found.startswith("shop/customers@"):
        return "expected a version of the data, such as 'shop/customers@2'"
    if found == truth:
        return None
    return "this one is sound: describe the versions that the bad models were made of, and compare the means of their columns"


def _same_models(answer: Any, truth: frozenset[str], more: str) -> str | None:
    found = _models(answer)
    if isinstance(found, str):
        return found
    if missing := truth - found:
        return f"{len(missing)} of them are missing: {more}"
    return f"{len(found - truth)} too many: {more}" if found - truth else None


def verify_touched(answer: Any) -> str | None:
    """All models that were made of the flawed version."""
    return _same_models(answer, _past(student_seed())[1], "ask metadata.impact('dataset:…') about the version that is wrong")


def verify_deployed(answer: Any) -> str | None:
    """Those of them that are in use."""
    return _same_models(answer, _past(student_seed())[2], "impact(…).deployed says which of the touched models are in use")


def verify_grants(answer: Any) -> str | None:
    """Grants with which a third party sees the whole lineage of one model, can make it again, and sees nothing of another."""
    from ..shop.shop import Shop

    if isinstance(answer, str) or not isinstance(answer, Iterable):
        return f"expected a list of resources such as 'model:shop/churn@1', found a {kind(answer)}"
    shop = Shop()
    shop.train()
    shop.platform.data.publish("shop/customers", shop.platform.data.read("shop/customers", actor=shop.ada)[:1500], actor=shop.ada)
    shop.train(parameters={"strength": 0.5})
    identity = shop.platform.identity
    carl = identity.create_third_party("carl", actor=shop.platform.admin)
    for resource in answer:
        if not isinstance(resource, str):
            return f"expected resources as text, found a {kind(resource)}"
        try:
            identity.grant(carl, "read", resource, actor=shop.ada)
        except MlplatError as error:
            return f"{printable(resource)[:60]} cannot be shared: {error}"
    return _seen_by(shop, carl)


def _seen_by(shop: Any, carl: Any) -> str | None:
    """What is wrong with what Carl sees, None if nothing is."""
    metadata, models, data = (getattr(shop.platform, name) for name in ("metadata", "models", "data"))
    try:
        lineage = metadata.lineage("shop/churn@1", actor=carl)
        models.load("shop/churn@1", actor=carl)
    except MlplatError as error:
        return f"Carl cannot read the model: {error}"
    if withheld := [node for node in lineage.nodes if node.withheld]:
        return f"{len(withheld)} of {len(lineage.nodes)} nodes of the lineage are withheld from him, one of them a {withheld[0].kind.word}"
    if len(models.versions("shop/churn", actor=carl)) > 1:
        return "he sees the second model too: share a version, not all of the model"
    if len(data.versions("shop/customers", actor=carl)) > 1:
        return "he sees other versions of the data too: share version 1 of it"
    if len(metadata.search("", actor=carl)) > 1:
        return "he sees the second run too: share the run of the first model alone"
    return None


LESSON = Lesson(
    "lesson-08",
    "Versioning and lineage",
    (
        Question("git_id", "A function that gives git's id of a file with these bytes.", verify_git_id),
        Question("culprit", "The version of shop/customers that is wrong.", verify_culprit),
        Question("touched", "All models that have to be made again.", verify_touched),
        Question("deployed", "Those of them that are in use.", verify_deployed),
        Question("grants", "What Carl has to be granted `read` on to make shop/churn@1 again, and to see nothing else.", verify_grants),
    ),
)
