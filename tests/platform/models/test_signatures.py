"""Signatures: inferred from data, checked against data, written and read."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError
from mlplat.platform.artifacts.models import Field, MismatchKind, Signature, SignatureError

FRAME = pl.DataFrame({"age": [1, 2], "name": ["a", "b"], "vip": [True, False], "score": [0.5, 1.5]})


def test_a_signature_is_inferred_from_frames_and_arrays() -> None:
    signature = Signature.of(FRAME, {"p": np.zeros((2, 3), "f4"), "bias": np.float64(1)})
    assert str(signature) == "(age: int64[*], name: string[*], vip: bool[*], score: float64[*]) -> (p: float32[*, 3], bias: float64[])"
    assert str(Signature.of(np.zeros((5, 2)), pl.Series([1]))) == "(input: float64[*, 2]) -> (output: int64[*])"
    assert Signature.of(None, None) == Signature((), ())


def test_a_frame_and_arrays_of_the_same_types_fit_alike() -> None:
    signature = Signature.of(FRAME, None)
    signature.check(FRAME.head(1))
    signature.check({"score": np.zeros(7), "age": np.arange(7), "vip": np.ones(7, bool), "name": np.array(["x"] * 7)})
    signature.check(FRAME.with_columns(pl.col("name").cast(pl.Categorical)))
    Signature.of(np.zeros((1, 4)), None).check(np.zeros((9, 4)))
    Signature.of(None, np.zeros(3)).check(np.zeros(5), "outputs")


def test_the_error_lists_everything_that_differs() -> None:
    signature = Signature.of({"x": np.zeros((1, 4)), "y": np.zeros(1, "i4"), "z": np.zeros(1)}, None)
    with pytest.raises(SignatureError, match=r"'x' is float64\[2, 5\]; expected float64\[\*, 4\]") as error:
        signature.check({"x": np.zeros((2, 5)), "y": np.zeros(2), "other": np.zeros(2)})
    kinds = [(wrong.kind, wrong.name) for wrong in error.value.mismatches]
    assert kinds == [
        (MismatchKind.SHAPE, "x"),
        (MismatchKind.DTYPE, "y"),
        (MismatchKind.MISSING, "z"),
        (MismatchKind.UNEXPECTED, "other"),
    ]
    assert error.value.side == "inputs" and "'z' is missing; 'other' is not expected" in str(error.value)
    with pytest.raises(SignatureError, match="'x' is"):
        Signature.of({"x": np.zeros((1, 4))}, None).check({"x": np.zeros((1, 4, 1))})


@pytest.mark.parametrize("data", [[1, 2], {"x": [1]}, {1: np.zeros(1)}, FRAME.lazy(), {"x": np.array([{}])}, "x"])
def test_data_of_another_kind_is_refused(data: Any) -> None:
    for call in (lambda: Signature.of(data, None), lambda: Signature.of(FRAME, None).check(data)):
        with pytest.raises(OptionError):
            call()
    with pytest.raises(OptionError, match="expected 'inputs' or 'outputs'"):
        Signature.of(FRAME, None).check(FRAME, "both")  # type: ignore[arg-type]


BAD: list[Any] = [
    [("x", "f8", ())],
    [Field("", "f8")],
    [Field("x", "")],
    [Field("x", "f8", (-1,))],
    [Field("x", "f8", (True,))],
    [Field("x", "f8"), Field("x", "f4")],
    [Field("\ud800", "f8")],
    [Field("x", "é")],
    [("x", "f8", [1])],
]


@pytest.mark.parametrize("fields", BAD)
def test_fields_that_mean_nothing_are_refused(fields: Any) -> None:
    with pytest.raises(OptionError):
        Signature(tuple(fields), ())


@pytest.mark.parametrize(
    "value", [{}, {"inputs": 3, "outputs": []}, {"inputs": [["x"]], "outputs": []}, {"inputs": [["x", 3, []]], "outputs": []}]
)
def test_json_that_is_no_signature_is_refused(value: Any) -> None:
    with pytest.raises(OptionError):
        Signature.from_json(value)


names = st.text(min_size=1, max_size=8).filter(lambda name: name.isprintable())
shapes = st.lists(st.one_of(st.none(), st.integers(0, 9)), max_size=3).map(tuple)
sides = st.lists(
    st.builds(Field, names, st.sampled_from(["float64", "int32", "string"]), shapes), max_size=4, unique_by=lambda field: field.name
)


@given(inputs=sides, outputs=sides)
def test_what_is_written_reads_back_equal(inputs: list[Field], outputs: list[Field]) -> None:
    signature = Signature(tuple(inputs), tuple(outputs))
    assert Signature.from_json(signature.to_json()) == signature


@given(fields=sides, free=st.integers(0, 5), change=st.sampled_from(["none", "drop", "grow", "add"]), at=st.integers(0, 3))
def test_data_fits_just_where_it_is_as_the_signature_says(fields: list[Field], free: int, change: str, at: int) -> None:
    types = {"string": "U3"}
    data = {f.name: np.zeros([free if size is None else size for size in f.shape], types.get(f.dtype, f.dtype)) for f in fields}
    fits = True
    chosen = fields[at].name if at < len(fields) else None
    if change == "drop" and chosen is not None:
        del data[chosen]
        fits = False
    elif change == "grow" and chosen is not None:
        data[chosen] = data[chosen][None]
        fits = False
    elif change == "add":
        data["a name that is longer than any"] = np.zeros(1)
        fits = False
    try:
        Signature(tuple(fields), ()).check(data)
    except SignatureError as error:
        assert not fits and len(error.mismatches) == 1
    else:
        assert fits
