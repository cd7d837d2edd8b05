"""The documents in a capsule, as they are read: canonical JSON of known fields, each checked for what a store would take.

Nothing of a document is trusted before it has passed here. What is wrong raises a CapsuleError of the member.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from ....canonical import canonical_json, frozen
from ....errors import OptionError, printable
from ...identity.principals import PrincipalKind
from ...references import Reference, check_name
from ...storage.digests import check_digest
from ..data.naming import checked_tags
from ..metadata.fields import Fields, check_mapping, check_metrics
from ..metadata.nodes import NodeKind, artifact, check_node, node_kind
from ..metadata.runs import Linking, Numerics, RunStatus, check_seed, one_of
from ..models import statements
from ..models.signatures import Signature
from ..wording import check_external, check_words
from .errors import blaming
from .parts import Document

LARGEST = 64 * 2**20
"""Bytes of a document."""
MOST = 10_000
"""Artifacts of a run, its steps, and events."""
MOST_POINTS = 1_000_000
"""Values of a run's metrics."""
NOBODY = "system"
"""Who acts where no principal does."""
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_ID = re.compile(r"(user|service-account|third-party|group)-[1-9][0-9]{0,8}", re.ASCII)
_EVENT = ("actor", "cause", "data", "id", "predicate", "source", "subject", "time")
_RUN = (
    *("resource", "time", "actor", "status", "started", "ended", "seed", "numerics", "linking", "error", "origin"),
    *("parameters", "tags", "environment", "resources", "steps", "inputs", "outputs", "metrics"),
)
_MODEL = (
    *("kind", "resource", "digest", "parts", "signature", "metrics", "parameters", "commit", "run", "external", "tags"),
    *("description", "time", "actor"),
)
_DATASET = ("kind", "resource", "digest", "manifest", "keys", "tags", "note", "parents", "origin", "source", "splits", "time", "actor")
_IMAGE = ("kind", "resource", "digest", "manifest", "external", "time", "actor")
_SPLIT = ("split", "parts", "fractions", "seed", "method", "by", "stratify", "digest")


def parsed(content: bytes, member: str) -> Any:
    """A value from its canonical JSON. Raises CapsuleError for any other spelling, and for more than 64 MiB."""
    with blaming(member):
        if len(content) > LARGEST:
            raise OptionError(f"{len(content):,} bytes; expected at most {LARGEST:,}")
        value = frozen(json.loads(content.decode()))
        if canonical_json(value) != content:
            raise OptionError("expected canonical JSON: sorted keys, each once, no spaces")
        return value


def read_run(content: bytes, member: str) -> Document:
    """The document of a run."""
    run = parsed(content, member)
    with blaming(member):
        _keys(run, _RUN)
        if node_kind(check_node(run["resource"])) is not NodeKind.RUN:
            raise OptionError("expected a run")
        _made(run)
        one_of(RunStatus, run["status"], "status")
        _time(run["started"])
        if run["ended"] is not None:
            _time(run["ended"])
        check_seed(run["seed"])
        one_of(Numerics, run["numerics"], "numerics")
        one_of(Linking, run["linking"], "linking")
        one_of_texts(run["origin"], "origin", ("platform", "external"))
        _words(run["error"], "error", 2000)
        Fields({name: run[name] for name in ("parameters", "tags", "environment", "resources")})
        for rows in (run["inputs"], run["outputs"]):
            if len(check_mapping(rows, "artifacts")) > MOST:
                raise OptionError(f"expected at most {MOST:,} artifacts by role")
        Fields({"inputs": {role: artifact(_row(row)) for role, row in run["inputs"].items()}})
        if len(run["outputs"]) != 1:
            raise OptionError("expected one output, the model")
        for role, row in run["outputs"].items():
            check_name(role, "role")
            artifact(_row(row), NodeKind.MODEL)
        for step in _list(run["steps"]):
            _keys(step, ("name", "status", "started", "ended", "resources"))
            check_name(step["name"], "step")
            one_of(RunStatus, step["status"], "status")
            check_mapping(step["resources"], "resources")
            for time in (step["started"], step["ended"]):
                if time is not None:
                    _time(time)
        for name, number, time, value in _list(run["metrics"], MOST_POINTS):
            check_metrics({name: value}, number)
            _time(time)
    return run  # type: ignore[no-any-return]


def read_artifact(content: bytes, member: str) -> Document:
    """The document of a model, dataset, image or commit."""
    found = parsed(content, member)
    with blaming(member):
        if not isinstance(found, Mapping):
            raise OptionError("expected the document of an artifact")
        kind = found.get("kind")
        check: Callable[[Document], None] = {"model": _model, "dataset": _dataset, "image": _image, "repo": _repo}[kind]  # type: ignore[index]
        if node_kind(check_node(found["resource"])) != kind:
            raise OptionError(f"{found['resource']} in the document of a {kind}")
        check(found)
    return found


def _model(found: Document) -> None:
    _keys(found, _MODEL)
    _numbered(found)
    for name, digest, size, is_array in _list(found["parts"]):
        if name != "":
            check_name(name, "part")
        check_digest(digest)
        if type(size) is not int or type(is_array) is not bool:
            raise OptionError("parts: expected [name, digest, size, whether it is an array]")
    if found["signature"] is not None and Signature.from_json(found["signature"]).to_json() != _plain(found["signature"]):
        raise OptionError("signature: expected {inputs, outputs}, lists of [name, dtype, shape]")
    statements.check_metrics(found["metrics"])
    check_mapping(found["parameters"], "parameters")
    for name, kind in (("commit", NodeKind.COMMIT), ("run", NodeKind.RUN)):
        if found[name] is not None and node_kind(check_node(found[name])) is not kind:
            raise OptionError(f"{name}: expected a {kind.word}")
    if found["external"] is not None:
        check_external(found["external"])
    statements.check_tags(found["tags"])
    check_words(found["description"], "description", empty=True)
    _made(found)


def _dataset(found: Document) -> None:
    _keys(found, _DATASET)
    _numbered(found)
    check_digest(found["manifest"])
    for name in ("keys", "tags", "parents"):
        if any(not isinstance(each, str) for each in _list(found[name])):
            raise OptionError(f"{name}: expected a list of text")
    checked_tags(found["tags"])
    for digest in found["parents"]:
        check_digest(digest)
    one_of_texts(found["origin"], "origin", ("", "external"))
    _words(found["note"], "note", 10_000)
    _words(found["source"], "source", 10_000)
    for split in _list(found["splits"]):
        _keys(split, _SPLIT)
        check_name(split["split"], "split")
        check_digest(split["digest"])
    _made(found)


def _image(found: Document) -> None:
    _keys(found, _IMAGE)
    if Reference.parse(found["resource"].removeprefix("image:")).version != check_digest(found["digest"]):
        raise OptionError("an image whose version is not its digest")
    check_digest(found["manifest"])
    if found["external"] is not None:
        check_external(found["external"])
    _made(found)


def _repo(found: Document) -> None:
    _keys(found, ("kind", "resource"))


def read_events(content: bytes, member: str) -> tuple[Document, ...]:
    """Events, each after its cause."""
    events = parsed(content, member)
    with blaming(member):
        last, known = -1, set()
        for event in _list(events):
            _keys(event, _EVENT)
            texts = [event[name] for name in ("actor", "predicate", "source", "subject")]
            if any(not isinstance(text, str) or len(text) > 1000 for text in texts) or not isinstance(event["data"], Mapping):
                raise OptionError("expected events as the log has them")
            _time(event["time"])
            if type(event["id"]) is not int or event["id"] <= last or (event["cause"] is not None and event["cause"] not in known):
                raise OptionError(f"event {event['id']!r:.40}: expected ascending numbers, and causes that are there")
            last = event["id"]
            known.add(last)
    return events  # type: ignore[no-any-return]


def read_principals(content: bytes, member: str) -> tuple[Document, ...]:
    """Who made what is in the capsule."""
    found = parsed(content, member)
    with blaming(member):
        for each in _list(found):
            _keys(each, ("id", "kind", "name"))
            if not isinstance(each["id"], str) or _ID.fullmatch(each["id"]) is None:
                raise OptionError(f"{each['id']!r:.60}: expected the id of a principal, such as user-3")
            one_of(PrincipalKind, each["kind"], "kind of principal")
            check_name(each["name"])
        if [each["id"] for each in found] != sorted({each["id"] for each in found}):
            raise OptionError("expected principals sorted by id, each once")
    return found  # type: ignore[no-any-return]


def _keys(value: object, expected: tuple[str, ...]) -> None:
    if not isinstance(value, Mapping) or value.keys() != set(expected):
        raise OptionError(f"expected {{{', '.join(sorted(expected))}}}")


def _list(value: object, most: int = MOST) -> tuple[Any, ...]:
    if not isinstance(value, tuple) or len(value) > most:
        raise OptionError(f"expected a list of at most {most:,}")
    return value


def _row(row: Document) -> tuple[Any, ...]:
    if not isinstance(row, Mapping) or not {"resource", "digest"} <= row.keys() <= {"resource", "digest", "size", "signature"}:
        raise OptionError("expected {resource, digest} of an artifact, and maybe its size and signature")
    if not isinstance(row["resource"], str) or not isinstance(row["digest"], str):
        raise OptionError("expected resource and digest of an artifact")
    return row["resource"], row["digest"], row.get("size"), row.get("signature")


def _numbered(found: Document) -> None:
    version = Reference.parse(found["resource"].partition(":")[2]).version
    if _NUMBER.fullmatch(version) is None:
        raise OptionError(f"version {printable(version[:60])!r}: expected a number from 1 to 999,999,999")
    check_digest(found["digest"])


def _made(found: Document) -> None:
    """When and by whom."""
    _time(found["time"])
    if found["actor"] != NOBODY and (not isinstance(found["actor"], str) or _ID.fullmatch(found["actor"]) is None):
        raise OptionError(f"actor {printable(str(found['actor'])[:60])!r}: expected the id of a principal, such as user-3")


def _time(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e15:
        raise OptionError(f"time {printable(str(value)[:40])}: expected seconds")


def _words(value: object, what: str, most: int) -> None:
    if not isinstance(value, str) or len(value) > most:
        raise OptionError(f"{what}: expected text of at most {most:,} characters")


def one_of_texts(value: object, what: str, expected: tuple[str, ...]) -> None:
    """Raises OptionError for a value that is none of several."""
    if value not in expected:
        raise OptionError(f"{what} {printable(str(value)[:40])!r}: expected one of {', '.join(map(repr, expected))}")


def _plain(value: Any) -> Any:
    return json.loads(canonical_json(value))
