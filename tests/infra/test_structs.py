"""Named tuples of arrays as compiled code reads them, and what `pack` refuses."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import pytest

from mlplat.infra.kernels.structs import Array, pack, reader, struct_type

Flags, Table, Weights, Small = Array["bool", 1], Array["int64", 2], Array["float64", 1], Array["int32", 1]


class Inner(NamedTuple):
    flags: Flags
    scale: int


class Outer(NamedTuple):
    table: Table
    weight: Weights
    inner: Inner
    small: Small
    on: bool
    key: np.uint64


read_outer = reader(Outer)


@numba.njit  # type: ignore[misc]
def seen(address, i, j):  # type: ignore[no-untyped-def]
    """One number from each field."""
    outer = read_outer(address)
    return (
        outer.table[i, j],
        outer.weight[i],
        outer.inner.flags[i],
        outer.inner.scale,
        outer.small[j],
        outer.on,
        outer.key,
        len(outer.table),
        len(outer.weight),
    )


@numba.njit  # type: ignore[misc]
def change(address):  # type: ignore[no-untyped-def]
    outer = read_outer(address)
    outer.table[1, 2] = 77
    outer.weight[0] += 0.5
    outer.inner.flags[1] = True


def content(**fields: Any) -> Outer:
    plain = Outer(
        table=np.arange(12).reshape(3, 4),
        weight=np.array([0.5, 1.5, 2.5]),
        inner=Inner(flags=np.array([True, False, True]), scale=-9),
        small=np.array([1, 2, 3, 4], dtype=np.int32),
        on=True,
        key=np.uint64(2**64 - 3),
    )
    return plain._replace(**fields)


@pytest.mark.parametrize(("i", "j"), [(0, 0), (1, 2), (2, 3)])
def test_compiled_code_reads_what_python_wrote(i: int, j: int) -> None:
    outer = content()
    packed = pack(outer)
    assert seen(packed.address, i, j) == (
        outer.table[i, j], outer.weight[i], outer.inner.flags[i], -9, outer.small[j], True, 2**64 - 3, 3, 3,
    )  # fmt: skip


def test_compiled_code_writes_into_the_arrays_themselves() -> None:
    outer = content()
    packed = pack(outer)
    change(packed.address)
    assert outer.table[1, 2] == 77 and outer.weight[0] == 1.0 and outer.inner.flags[1]
    outer.table[2, 0] = -5
    assert seen(packed.address, 2, 0)[0] == -5


def test_arrays_without_elements_and_false_are_read_as_such() -> None:
    packed = pack(content(table=np.zeros((3, 4), dtype=np.int64)[:, :0].copy(), on=False, key=np.uint64(0)))
    outer = packed.content
    assert len(outer.table) == 3 and outer.table.shape == (3, 0)
    kept = pack(content(on=False, key=np.uint64(0)))
    assert seen(kept.address, 0, 0)[5:7] == (False, 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("table", np.zeros((3, 4), dtype=np.int32)),
        ("table", np.zeros(12, dtype=np.int64)),
        ("table", np.zeros((3, 8), dtype=np.int64)[:, ::2]),
        ("table", np.asfortranarray(np.zeros((3, 4), dtype=np.int64))),
        ("weight", np.zeros(3, dtype=np.float32)),
        ("weight", np.zeros(6)[::2]),
        ("weight", np.array([1, 2, 3])),
        ("small", np.zeros((4, 1), dtype=np.int32)),
        ("inner", Inner(flags=np.zeros(3, dtype=np.int8), scale=1)),
    ],
)
def test_an_array_that_is_not_what_its_annotation_says_is_refused(field: str, value: Any) -> None:
    with pytest.raises(TypeError, match="expected") as caught:
        pack(content(**{field: value}))
    assert ("Inner.flags" if field == "inner" else f"Outer.{field}") in str(caught.value)


def test_a_class_has_one_compiled_type() -> None:
    assert struct_type(Outer) is struct_type(Outer)
    assert struct_type(Outer) is not struct_type(Inner)
