"""Manifests: bad ones are refused with an error that says where, whatever was done to them."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import MlplatError
from mlplat.platform.artifacts.images import Layer, Manifest, ManifestError

from .shops import BASE, CODE, LIBS, Shop, image

GOOD = image(BASE, LIBS, CODE, config={"env": {"A": "b"}, "n": [1, 2.5, None]}, labels={"commit": "368326d8"}, packages={"numpy": "2.1.0"})
ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    2**70,
    1.5,
    float("nan"),
    "",
    "x",
    "\ud800",
    [],
    {},
    [[]],
    {"a": {}},
    "sha256:" + "g" * 64,
    b"x",
    "a" * 5000,
]


def mutated(draw: random.Random) -> bytes | Any:
    """A manifest with something done to it: to its bytes, or to a value in it."""
    content = GOOD.to_bytes()
    how = draw.randrange(6)
    if how == 0:
        at = draw.randrange(len(content))
        return content[:at] + bytes([content[at] ^ (1 << draw.randrange(8))]) + content[at + 1 :]
    if how == 1:
        return content[: draw.randrange(len(content))]
    if how == 2:
        at = draw.randrange(len(content))
        return content[:at] + draw.choice([b"[" * 200_000, b'"', b"\x00", b"\xff", b" ", b"NaN", b"{", b"1" * 5000]) + content[at:]
    value = json.loads(content)
    where: Any = value
    for _ in range(draw.randrange(4)):
        key = draw.choice(list(where) if isinstance(where, dict) else list(range(len(where)))) if where else None
        if key is None or not isinstance(where[key], (dict, list)):
            break
        where = where[key]
    if isinstance(where, dict):
        where[draw.choice([*where, "extra", ""])] = draw.choice(ODD)
    elif where:
        where[draw.randrange(len(where))] = draw.choice(ODD)
    if how == 3:
        return value
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    except (TypeError, UnicodeEncodeError):
        return value


def test_bad_manifests_meet_typed_errors_only_and_are_not_taken_in() -> None:
    draw, shop = random.Random(7), Shop()
    refused = 0
    for number in range(300):
        bad = mutated(draw)
        before = len(list(shop.store.records("images")))
        try:
            version = shop.images.publish(f"shop/m-{number}", bad, actor=shop.ada)
        except MlplatError as error:
            refused += 1
            assert str(error).isprintable() and len(str(error)) < 500
            assert len(list(shop.store.records("images"))) == before
        else:
            content = shop.images.manifest(f"shop/m-{number}@{version.digest}", actor=shop.ada)
            assert Manifest.read(content) == version.manifest
            assert not isinstance(bad, bytes) or content == bad
    assert refused > 200


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"layers": [{"digest": BASE.digest}]}, "layers[0]"),
        ({"layers": [{"digest": BASE.digest, "size_mib": 1}, {"digest": "x", "size_mib": 1}]}, "layers[1]"),
        ({"layers": [{"digest": BASE.digest, "size_mib": size} for size in (1, 2)]}, "layers"),
        ({"layers": [{"digest": f"sha256:{i:064x}", "size_mib": 1} for i in range(1001)]}, "layers"),
        ({"layers": [], "labels": {"a": 1}}, "labels.a"),
        ({"layers": [], "config": []}, "config"),
        ({"layers": [], "config": {"a": {1}}}, "config"),
        ({"layers": [], "packages": {"": "1"}}, "packages."),
        ({"layers": [], "entry": "a\nb"}, "entry"),
        ({"layers": [], "config": {"a": "b" * 2**20}}, ""),
        ({"layers": [], "mediaType": "x"}, ""),
        ({}, ""),
    ],
)
def test_the_error_says_where(value: Any, where: str) -> None:
    with pytest.raises(ManifestError) as refused:
        Manifest.of(value)
    assert refused.value.where == where


@pytest.mark.parametrize("spoil", [lambda b: b + b" ", lambda b: b.replace(b":", b": ", 1), lambda b: b'{"entry":"x",' + b[1:]])
def test_one_image_has_one_spelling(spoil: Any) -> None:
    with pytest.raises(ManifestError, match="canonical JSON"):
        Manifest.read(spoil(GOOD.to_bytes()))


texts = st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=5), max_size=3)
layers = st.lists(st.builds(lambda n: Layer.of(str(n), n), st.integers(0, 5)), max_size=5)


@given(layers=layers, entry=st.sampled_from(["", "a"]), labels=texts, packages=texts, config=texts)
def test_what_is_written_reads_back_equal(layers: list[Layer], **said: Any) -> None:
    manifest = Manifest(tuple(layers), **said)
    again = Manifest.read(manifest.to_bytes())
    assert again == manifest and again.digest == manifest.digest == manifest.image("a").digest
