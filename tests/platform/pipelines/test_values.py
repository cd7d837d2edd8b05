"""What steps pass to each other comes back bit for bit, under the digest that the stores give the same content."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import mlplat as mp
from mlplat.errors import IntegrityError
from mlplat.platform.pipelines import TypeMismatchError
from mlplat.platform.pipelines.value_types import Form, ValueType
from mlplat.platform.pipelines.values import KEPT, Value, keep, packed, unpacked
from mlplat.platform.storage import Store, UnknownContentError


class Tree:
    def __init__(self, parts: Any) -> None:
        self.parts = parts

    def to_parts(self) -> Any:
        return self.parts

    @classmethod
    def from_parts(cls, parts: Any) -> Tree:
        return cls(parts)


TREE = ValueType(Form.MODEL, "Tree", False, Tree)
JSON = ValueType(Form.JSON)


def again(value: Any, kind: ValueType) -> tuple[Any, Value]:
    """A value packed, recorded, and read in another process."""
    store = Store()
    made = packed(value, kind)
    keep(store, made)
    record = json.loads(json.dumps(made.to_json()))
    assert KEPT.holds(record)
    found = Value.read(record)
    assert set(found.contents(store)) == set(made.pieces) == set(store.digests())
    return unpacked(store, found, kind), found


leaves = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=8
)


@given(trees)
def test_json_values_come_back(value: Any) -> None:
    found, kept = again(value, JSON)
    assert found == value and (repr(found) == repr(value) or isinstance(value, (dict, list)))
    assert packed(found, JSON).digest == kept.digest


@given(hnp.arrays(st.sampled_from(["<f8", "<i4", ">f8", "?", "<f4", "u1", "<M8[s]"]), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0)))
def test_arrays_come_back_bit_for_bit_and_have_the_digest_of_the_data_store(array: Any) -> None:
    found, kept = again(array, ValueType(Form.ARRAY))
    assert found.shape == array.shape and found.astype(array.dtype).tobytes() == array.tobytes()
    platform = mp.Platform()
    platform.identity.create_project("shop", owner=platform.admin, actor=platform.admin)
    assert platform.data.publish("shop/x", array, actor=platform.admin).digest == kept.digest


def test_each_form_comes_back_as_a_copy_of_its_own() -> None:
    frame = pl.DataFrame({"a": [1, None], "b": ["x", "ü"], "c": [[1.0], []]})
    found, kept = again(frame, ValueType(Form.FRAME))
    assert found.equals(frame) and found.schema == frame.schema and kept.digest.startswith("sha256:")
    arrays = {"w": np.arange(6.0).reshape(2, 3), "b": np.array([1, 2], dtype="i2")}
    found, _ = again(arrays, ValueType(Form.ARRAYS))
    found["w"][0, 0] = 9
    assert arrays["w"][0, 0] == 0 and found["b"].dtype == np.dtype("i2")
    assert again(b"\x00\xff", ValueType(Form.BYTES))[0] == b"\x00\xff"
    assert again([frame, frame[:1]], ValueType(Form.FRAME, "", True))[0][1].equals(frame[:1])


def test_models_come_back_by_their_parts_and_have_the_digest_of_the_registry() -> None:
    platform = mp.Platform()
    platform.identity.create_project("shop", owner=platform.admin, actor=platform.admin)
    for parts in ({"w": np.arange(3.0), "format": b"tree 1"}, b"one file"):
        found, kept = again(Tree(parts), TREE)
        registered = platform.models.register("shop/m", parts, external=[], actor=platform.admin)
        assert isinstance(found, Tree) and kept.digest == registered.digest
        if isinstance(parts, dict):
            assert found.parts["w"].tolist() == [0, 1, 2] and found.parts["format"] == b"tree 1"
            found.parts["w"][0] = 5.0  # a copy of its own, and not read only


def test_values_of_another_type_are_refused_with_step_and_output() -> None:
    for value, kind in (
        (3, ValueType(Form.FRAME)),
        (np.arange(3), ValueType(Form.FRAME)),
        (pl.DataFrame({"a": [1]}), ValueType(Form.ARRAY)),
        ({"a": b"x"}, ValueType(Form.ARRAYS)),
        ({"a": pl.DataFrame({"a": [1]})}, ValueType(Form.ARRAYS)),
        ("text", ValueType(Form.BYTES)),
        (np.array([object()]), ValueType(Form.ARRAY)),
        (float("nan"), JSON),
        ({1: 2}, JSON),
        ({1, 2}, JSON),
        (True, ValueType(Form.JSON, "int")),
        (1.5, ValueType(Form.JSON, "int")),
        ("1", ValueType(Form.JSON, "float")),
        (Tree({"w": 3}), TREE),
        (Tree({}), TREE),
        (object(), TREE),
        (Tree(b"x"), ValueType(Form.MODEL, "Tree", True, Tree)),
        ([Tree(b"x"), 3], ValueType(Form.MODEL, "Tree", True, Tree)),
    ):
        with pytest.raises(TypeMismatchError) as raised:
            packed(value, kind, step="train", output="model")
        assert raised.value.step == "train" and raised.value.input.startswith("model")


def test_whole_numbers_are_kept_as_the_floats_they_were_declared() -> None:
    found, kept = again(1, ValueType(Form.JSON, "float"))
    assert (found, type(found)) == (1.0, float) and kept.digest == packed(1.0, ValueType(Form.JSON, "float")).digest


def test_content_that_is_gone_or_damaged_is_never_taken_for_a_value() -> None:
    for value, kind in ((pl.DataFrame({"a": [1]}), ValueType(Form.FRAME)), (Tree({"w": np.arange(3)}), TREE), ({"a": 1}, JSON)):
        store, made = Store(), packed(value, kind)
        keep(store, made)
        for digest in made.contents(store):
            store._content[digest], before = b"other", store._content[digest]
            with pytest.raises(IntegrityError):
                unpacked(store, made, kind)
            del store._content[digest]
            with pytest.raises(UnknownContentError):
                unpacked(store, made, kind)
            store._content[digest] = before
        unpacked(store, made, kind)


def test_nothing_is_ever_a_pickle(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("pickled")

    for name in ("dumps", "dump", "loads", "load"):
        monkeypatch.setattr(pickle, name, refuse)
    again(Tree({"w": np.arange(3)}), TREE)
    again(pl.DataFrame({"a": [1]}), ValueType(Form.FRAME))
    again({"a": [1]}, JSON)
