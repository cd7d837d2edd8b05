"""2,000 manifests, lock files, signatures, packs and tokens that were mutated: typed errors, and no other."""

from __future__ import annotations

import json
import random
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

import mlplat as mp
from mlplat.canonical import canonical_json
from mlplat.errors import AccessDenied, InputError, MlplatError, OptionError
from mlplat.platform.artifacts.data import manifests
from mlplat.platform.artifacts.images import Manifest, ManifestError
from mlplat.platform.artifacts.metadata import LockFile
from mlplat.platform.artifacts.models import Signature
from mlplat.platform.artifacts.scm import Bundle
from mlplat.platform.artifacts.scm.object_store import packed, unpacked
from mlplat.platform.identity import Principal

from .mutations import mutated, plain
from .writing_calls import FRAME, ada_of, fill, image

DIGEST = "sha256:" + "0" * 64


class Tried:
    """What came of mutants: `taken`, `refused` by type, and what else was raised."""

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()
        self.taken = 0
        self.wrong: Counter[str] = Counter()

    def attempt(self, call: Callable[[], object]) -> None:
        """One."""
        try:
            call()
            self.taken += 1
        except MlplatError as error:
            self.refused[type(error).__name__] += 1
        except BaseException as error:  # polars panics beside Exception
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            frames = traceback.extract_tb(error.__traceback__)[-3:]
            self.wrong["; ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames) + f" {error!r:.150}"] += 1

    def settle(self, count: int, *kinds: type[MlplatError]) -> None:
        """That there were so many, and that every error was typed, some of each of these."""
        assert not self.wrong, "\n".join(f"{number} x {where}" for where, number in self.wrong.most_common(40))
        assert self.taken + self.refused.total() == count
        assert all(self.refused[kind.__name__] > 10 for kind in kinds), self.refused


def spoilt(content: bytes, draw: random.Random) -> bytes:
    """Bytes of JSON, mutated as a value or as bytes."""
    if draw.random() < 0.7:
        return canonical_json(plain(mutated(json.loads(content), draw, [])))
    damaged = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(damaged))
        match draw.randrange(4):
            case 0:
                del damaged[place : place + draw.randint(1, 30)]
            case 1:
                damaged[place:place] = draw.choice([b"[" * 5000, b'"', b"{}", b"\xff", b"1e999", b"NaN", b"\\ud800"])
            case _:
                damaged[place] ^= 1 << draw.randrange(8)
        damaged = damaged or bytearray(b"x")
    return bytes(damaged)


@pytest.fixture(scope="module")
def platform() -> mp.Platform:
    """With some of everything."""
    return fill(mp.Platform().store)


@pytest.fixture(scope="module")
def ada(platform: mp.Platform) -> Principal:
    """Who owns the project."""
    return ada_of(platform)


def test_400_manifests_of_images(platform: mp.Platform, ada: Principal) -> None:
    whole, tried = Manifest.of({**image(7), "config": {"a": [1, {"b": None}]}, "packages": {"numpy": "2"}}).to_bytes(), Tried()
    for seed in range(400):
        content = spoilt(whole, random.Random(seed))
        given: Any = content if seed % 2 else _parsed(content)
        tried.attempt(lambda given=given: platform.images.publish("shop/fuzzed", given, actor=ada))
    tried.settle(400, ManifestError)


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content


def test_400_lock_files(platform: mp.Platform, ada: Principal) -> None:
    whole = LockFile.of(("shop/train@v1", DIGEST), {"training": ("shop/clicks@1", DIGEST)}, ("shop/churn@1", DIGEST)).to_bytes()
    tried = Tried()
    for seed in range(400):
        content = spoilt(whole, random.Random(seed))
        tried.attempt(lambda content=content: LockFile.parse(content))
        if seed % 20 == 0:  # a run whose commit has it
            commit = platform.scm.commit("shop/churn", "main", {"mlplat.lock": content, "n": str(seed)}, "lock", actor=ada)
            name = f"shop/locked-{seed}"
            platform.metadata.start_run(name, code=f"shop/churn@{commit.id}", linking="both", actor=ada)
    tried.settle(400, InputError)


def test_400_manifests_of_data_that_records_name(platform: mp.Platform, ada: Principal) -> None:
    """Half of them with a record that fits, as of somebody who makes up everything."""
    rows = {"n": [1, None, 3], "t": ["a", "ü", None], "l": [[1], [], None], "d": [True, None, False]}
    frame = pl.DataFrame(rows).with_columns(pl.Series("e", ["x", "y", "x"], dtype=pl.Enum(["x", "y"])), s=pl.struct("n", "t"))
    contents: list[Any] = [frame, np.arange(6.0).reshape(3, 2), b"bytes", {"f": FRAME, "b": b"2"}]
    for number, content in enumerate(contents):
        platform.data.publish(f"shop/kind-{number}", content, splits={"seed": 1} if number < 2 else None, actor=ada)
    data, tried, calls = platform.data, Tried(), 0
    asked: list[Callable[[str], Any]] = [
        lambda name: data.read(name, actor=ada),
        lambda name: data.preview(name, 2, actor=ada),
        lambda name: data.describe(name, actor=ada),
        lambda name: data.compare(name, name, actor=ada),
        lambda name: data.append(name.partition("@")[0], frame, actor=ada),
        lambda name: data.split(name, seed=2, name="other", actor=ada),
        lambda name: data.read(name, split="train", actor=ada),
        lambda name: list(data._contents()),
    ]
    for seed in range(400):
        draw = random.Random(seed)
        path = f"shop/kind-{seed % 4}"
        kept = data._catalogue.datasets[path].versions[1]
        before = kept.manifest, kept.version, kept.form, kept.statistics, dict(kept.splits)
        content = spoilt(platform.store.get(kept.manifest), draw)
        kept.manifest = platform.store.put(content)
        if seed % 8 >= 4:
            try:
                made = manifests.from_bytes(content)
                kept.version = replace(kept.version, digest=made.digest, kind=made.kind, rows=made.rows)
                kept.form = manifests.form_of(made)
            except Exception:  # it is no manifest at all
                pass
        if seed % 16 == 15:
            kept.statistics = platform.store.put(spoilt(platform.store.get(kept.statistics), draw))
        for ask in asked:
            tried.attempt(lambda ask=ask, path=path: ask(f"{path}@1"))
            calls += 1
        versions = data._catalogue.datasets[path].versions
        for number in [number for number in versions if number > 1]:
            del versions[number]
        kept.manifest, kept.version, kept.form, kept.statistics, kept.splits = before
    tried.settle(calls)
    assert tried.refused["ContentError"] > 1000, tried.refused


def test_300_signatures() -> None:
    whole, tried = Signature.of({"x": np.zeros((2, 3)), "y": np.zeros(2)}, FRAME).to_json(), Tried()
    for seed in range(300):
        value = mutated(plain(whole), random.Random(seed), [])
        tried.attempt(lambda value=value: str(Signature.from_json(value)))
    tried.settle(300, OptionError)


def test_300_packs(platform: mp.Platform, ada: Principal) -> None:
    bundle, tried = platform.scm.objects("shop/churn@side", actor=ada), Tried()
    for seed in range(300):
        draw = random.Random(seed)
        if seed % 2:
            content = _flipped(packed(bundle.frames), draw)
            tried.attempt(lambda content=content: unpacked(content))
        else:
            frames = [_flipped(frame, draw) if draw.random() < 0.3 else frame for frame in bundle.frames]
            tried.attempt(lambda frames=frames: platform.scm.push("shop/empty", "main", Bundle(bundle.head, tuple(frames)), actor=ada))
    tried.settle(300)
    assert tried.refused["ObjectError"] > 100


def _flipped(content: bytes, draw: random.Random) -> bytes:
    damaged = bytearray(content)
    place = draw.randrange(len(damaged))
    match draw.randrange(4):
        case 0:
            del damaged[place : place + draw.randint(1, 30)]
        case 1:
            damaged[place:place] = draw.choice([b"\0", b"blob 3\0abc", b"tree 99999999999999999999\0", b"\n", b"commit ", b"\xff\xff"])
        case _:
            damaged[place] ^= 1 << draw.randrange(8)
    return bytes(damaged)


def test_200_tokens(platform: mp.Platform, ada: Principal) -> None:
    text, tried = platform.identity.create_token(actor=ada).token, Tried()
    for seed in range(200):
        draw = random.Random(seed)
        place = draw.randrange(len(text))
        odd = draw.choice(["", "é", "\0", ".", "A", "=", "😀", "\ud800", "x" * 5000])
        other = text[:place] + odd + text[place + draw.randint(0, 2) :]
        given: Any = other if other != text else draw.choice([b"token", 3, (), object()])
        tried.attempt(lambda given=given: platform.data.list(actor=given))
    tried.settle(200, AccessDenied)
    assert tried.taken == 0
