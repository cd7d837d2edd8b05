"""Capsules that were damaged or forged: each is refused with the member, and nothing is stored."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from mlplat.canonical import canonical_json
from mlplat.errors import MlplatError
from mlplat.platform.artifacts.capsules import CapsuleError, archive
from mlplat.platform.artifacts.capsules.opening import open_capsule
from mlplat.platform.storage import digest_of

from .worlds import World, elsewhere, state_of

MUTANTS = 2000
CONTENT = World().export(licence="MIT")
MEMBERS = archive.read(CONTENT)


def forged(change: Callable[[dict[str, bytes]], None]) -> bytes:
    """The capsule with members changed, and the manifest made to fit them as far as it can be."""
    members = dict(MEMBERS)
    change(members)
    manifest = json.loads(members["manifest.json"])
    known = {row["name"]: row for row in manifest["members"]}
    rows = []
    for name in sorted(members.keys() - {"manifest.json"}):
        row = known.get(name, {"kind": "content", "origin": manifest["model"]})
        rows.append({**row, "name": name, "digest": digest_of(members[name]), "size": len(members[name])})
    members["manifest.json"] = canonical_json({**manifest, "members": rows})
    return archive.written(members)


def _edit(name: str, change: Callable[[Any], None]) -> bytes:
    def edited(members: dict[str, bytes]) -> None:
        value = json.loads(members[name])
        change(value)
        members[name] = canonical_json(value)

    return forged(edited)


def test_a14_4_one_flipped_bit_in_any_byte_is_found_and_named() -> None:
    """IP-14 T."""
    content = World(rich=False).export()
    names = set(archive.read(content))
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        with pytest.raises(CapsuleError) as caught:
            open_capsule(bytes(changed))
        assert caught.value.member
    start = 0
    for name, member in archive.read(content).items():
        start += 30 + len(name)
        assert content[start : start + len(member)] == member
        for place in range(start, start + len(member), 7):
            changed = bytearray(content)
            changed[place] ^= 1 << place % 8
            with pytest.raises(CapsuleError) as caught:
                open_capsule(bytes(changed))
            assert caught.value.member == name in names
        start += len(member)


def _set(*path: Any, to: Any) -> Callable[[Any], None]:
    def change(value: Any) -> None:
        for step in path[:-1]:
            value = value[step]
        value[path[-1]] = to

    return change


CASES = [
    ("manifest.json", _edit("manifest.json", _set("format", to=2)), "format 2: unknown"),
    ("manifest.json", _edit("manifest.json", _set("format", to=True)), "unknown"),
    ("manifest.json", _edit("manifest.json", _set("fingerprint", to="sha256:" + "0" * 64)), "fingerprint: not what"),
    ("manifest.json", _edit("manifest.json", _set("self_contained", to=False)), "self_contained: not what"),
    ("manifest.json", _edit("manifest.json", _set("more", to=1)), "more: not what"),
    ("run.json", _edit("run.json", _set("seed", to=-1)), "seed"),
    ("run.json", _edit("run.json", _set("inputs", "code", "resource", to="repo:shop/../x@1")), "expected"),
    ("run.json", _edit("run.json", _set("linking", to="magic")), "linking"),
    ("lineage.json", _edit("run.json", _set("seed", to=8)), "the rest of the capsule"),
    ("lineage.json", _edit("lineage.json", _set("links", to=[])), "the rest of the capsule"),
    ("principals.json", _edit("principals.json", _set(0, "id", to="user-99")), "nobody else"),
    ("artifacts/0.json", _edit("artifacts/0.json", _set("digest", to="sha256:" + "0" * 64)), "with another digest"),
    ("artifacts/1.json", _edit("artifacts/1.json", _set("splits", 0, "seed", to=4)), "not what its options make"),
    ("artifacts/4.json", _edit("artifacts/4.json", _set("run", to=None)), "another run"),
    ("events.json", _edit("events.json", _set(1, "id", to=0)), "ascending"),
    ("junk.bin", forged(lambda members: members.update({"junk.bin": b"\x80\x04."})), "the rest of the capsule"),
    ("content/" + digest_of(b"x")[7:], forged(lambda members: members.update({"content/" + digest_of(b"x")[7:]: b"x"})), "nothing in"),
    ("run.json", forged(lambda members: members.pop("run.json") and None), "missing"),
    ("licence.txt", forged(lambda members: members.update({"licence.txt": b"\xff"})), "cannot be read"),
    ("run.json", forged(lambda members: members.update({"run.json": b'{"a": 1}'})), "canonical"),
    ("run.json", forged(lambda members: members.update({"run.json": b"[" * 100_000})), "cannot be read|nested"),
    ("run.json", forged(lambda members: members.update({"run.json": b"9" * 10_000})), "cannot be read|bits"),
    ("run.json", forged(lambda members: members.update({"run.json": b'"' + b"x" * (2**26) + b'"'})), "at most 67,108,864"),
]


@pytest.mark.parametrize(("member", "content", "reason"), CASES)
def test_forged_capsules_are_refused_with_the_member(member: str, content: bytes, reason: str) -> None:
    with pytest.raises(CapsuleError, match=reason) as caught:
        open_capsule(content)
    assert caught.value.member == member


def _piece(name: str, dtype: Any, rows: int, content: bytes) -> bytes:
    """The capsule with a dataset of one column in one piece, whose digests all fit."""
    digest = digest_of(content)
    column = {"name": "x", "dtype": dtype, "rows": rows, "blocks": [digest], "chunks": [[digest, rows, len(content)]]}
    manifest = canonical_json({"dataset": 1, "kind": "frame", "columns": [column]})

    def change(members: dict[str, bytes]) -> None:
        document = json.loads(members[name])
        members[name] = canonical_json({**document, "manifest": digest_of(manifest), "splits": [], "keys": []})
        members[f"content/{digest_of(manifest)[7:]}"] = manifest
        members[f"content/{digest[7:]}"] = content

    return forged(change)


def _packed(rows: int, *parts: bytes) -> bytes:
    return canonical_json({"column": "x", "parts": [len(part) for part in parts], "rows": rows}) + b"\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("dtype", "rows", "content"),
    [
        ("null", 10**12, _packed(10**12)),
        ("boolean", 10**12, _packed(10**12, b"", b"\xff")),
        ("int64", 60_000, _packed(60_000, b"", b"\0" * 8)),
        ("string", 2, _packed(2, b"", b"\xff" * 8, b"abc")),
        ({"list": "null"}, 2, _packed(2, b"", b"\xff" * 8, _packed(2 * (2**32 - 1)))),
        ({"array": ["int8", 10**12]}, 1, _packed(1, b"\0", b"\0" * 4, _packed(0, b"", b""))),
        ({"list": {"array": ["int8", 10**9]}}, 1, _packed(1, b"", b"\1\0\0\0", _packed(1, b"\0", b"\0" * 4, _packed(0, b"", b"")))),
        ({"struct": [["a", "int8"]]}, 1, _packed(1, b"")),
        ({"enum": ["a", "a"]}, 1, _packed(1, b"", b"\0" * 4)),
        ({"enum": ["a"]}, 1, _packed(1, b"", b"\xff" * 4)),
        ("nonsense", 1, _packed(1, b"", b"\0" * 4)),
        ({"decimal": [10**9, 10**9]}, 1, _packed(1, b"", b"\1\0\0\0", b"x")),
        ("int64", -1, _packed(-1, b"", b"")),
        ("int8", True, _packed(True, b"", b"\0")),
    ],
)
def test_pieces_that_promise_more_than_they_hold_are_refused_before_they_are_read(dtype: Any, rows: int, content: bytes) -> None:
    began = time.perf_counter()
    with pytest.raises(CapsuleError, match=r"artifacts/1\.json"):
        open_capsule(_piece("artifacts/1.json", dtype, rows, content))
    assert time.perf_counter() - began < 5


def test_another_version_of_the_library_is_told_and_taken() -> None:
    platform, carl = elsewhere()
    imported = platform.capsules.import_file(_edit("manifest.json", _set("library", to="99.0")), actor=carl)
    assert "99.0" in imported.summary.notes[0] and platform.models.list(actor=carl)


def test_more_metrics_than_a_run_of_ours_are_taken() -> None:
    world = World(rich=False)
    for step in range(11):
        names = {f"m{number}": float(step) for number in range(1000, 0, -1)}
        world.platform.metadata.log_metrics("shop/r1", names, step=step, actor=world.ada)
    content = world.export()
    platform, carl = elsewhere()
    platform.capsules.import_file(content, actor=carl)
    assert len(platform.metadata.metric_history("shop/r1", "m7", actor=carl)) == 11
    assert platform.capsules.export("shop/churn@1", actor=carl).content == content


def _scalar(draw: random.Random) -> Any:
    return draw.choice(
        [None, True, 0, -1, 2**70, 1.5, 1e308, "", "x", "../../etc", "\u0000", "sha256:" + "0" * 64, "user-1", [], {}, [[]], {"a": 1}]
    )


def _mutate_json(draw: random.Random, value: Any) -> Any:
    """A value with one place in it changed, removed or doubled."""
    if isinstance(value, dict) and value and draw.random() < 0.85:
        key = draw.choice(sorted(value))
        if draw.random() < 0.15:
            return {other: each for other, each in value.items() if other != key}
        return {**value, key: _mutate_json(draw, value[key])}
    if isinstance(value, list) and value and draw.random() < 0.85:
        place = draw.randrange(len(value))
        if draw.random() < 0.2:
            return value[:place] + value[place + 1 :] if draw.random() < 0.5 else [*value, value[place]]
        return [*value[:place], _mutate_json(draw, value[place]), *value[place + 1 :]]
    return _scalar(draw)


def mutant(draw: random.Random) -> bytes:
    """A capsule that is not quite right."""
    kind = draw.choice(
        ["flip", "flip", "cut", "splice", "insert", "rename", "manifest", "document", "document", "document", "content", "swap"]
    )
    content = bytearray(CONTENT)
    place = draw.randrange(len(content))
    names = sorted(MEMBERS)
    one, other = draw.choice(names), draw.choice(names)
    if kind == "flip":
        content[place] ^= 1 << draw.randrange(8)
    elif kind == "cut":
        del content[place:]
    elif kind == "splice":
        end, start = place + draw.randrange(1, 400), draw.randrange(len(content))
        content[place:end] = content[start : start + draw.randrange(400)]
    elif kind == "insert":
        content[place:place] = draw.randbytes(draw.randrange(1, 40))
    elif kind == "rename":
        name = draw.choice(["zz", "code/" + "0" * 40 + ".pack", "artifacts/9.json", "content/" + "0" * 64, one + "x"])
        return (forged if draw.random() < 0.7 else _plainly)(
            lambda members: members.update({name: members.pop(one)}) if one != "manifest.json" else None
        )
    elif kind == "manifest":
        return _plainly(
            lambda members: members.update({"manifest.json": canonical_json(_mutate_json(draw, json.loads(members["manifest.json"])))})
        )
    elif kind == "document":
        name = draw.choice([name for name in names if name.endswith(".json") and name != "manifest.json"])
        return forged(lambda members: members.update({name: canonical_json(_mutate_json(draw, json.loads(members[name])))}))
    elif kind == "content":
        name = draw.choice([name for name in names if name.startswith(("content/", "code/"))])
        changed = bytearray(MEMBERS[name])
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
        return forged(lambda members: members.update({name: bytes(changed)}))
    else:
        return _plainly(lambda members: members.update({one: MEMBERS[other], other: MEMBERS[one]}))
    return bytes(content)


def _plainly(change: Callable[[dict[str, bytes]], None]) -> bytes:
    members = dict(MEMBERS)
    change(members)
    return archive.written(members)


def test_two_thousand_mutants_end_in_typed_errors_and_store_nothing() -> None:
    platform, carl = elsewhere()
    state, began, refused = state_of(platform), time.perf_counter(), 0
    store = digest_of(repr(state).encode())
    for seed in range(MUTANTS):
        draw = random.Random(seed)
        content = mutant(draw)
        if content == CONTENT:
            continue
        try:
            platform.capsules.import_file(content, actor=carl)
        except CapsuleError as error:
            assert error.member and len(str(error)) < 1500 and str(error).isprintable()
            refused += 1
        except MlplatError:
            refused += 1
        else:  # one that says something else, and is whole: it is taken for what it says
            assert content != CONTENT and open_capsule(content)
            platform, carl = elsewhere()
            continue
        assert digest_of(repr(state_of(platform)).encode()) == store
    assert refused > 0.93 * MUTANTS
    assert time.perf_counter() - began < 60
