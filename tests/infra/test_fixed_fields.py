"""What a kernel would only do in other runs than the one it is compiled for is not compiled."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import pytest

from mlplat.infra.kernels.admission import admit
from mlplat.infra.kernels.attempts import begin_attempt
from mlplat.infra.kernels.compilation import kernel
from mlplat.infra.kernels.linking import EntryCompiler
from mlplat.infra.kernels.starting import mark_started
from mlplat.infra.kernels.state import World
from mlplat.infra.kernels.structs import Array, StructType, pack, reader, struct_type
from mlplat.infra.kernels.transitions import submit

Weights = Array["float64", 1]


class Switched(NamedTuple):
    weight: Weights
    on: bool


read_any, read_off, read_on = reader(Switched), reader(Switched, on=False), reader(Switched, on=True)


@kernel
def only_when_off(switched: Switched, i: int) -> float:
    if switched.on:
        return switched.weight.no_such_thing(i)  # type: ignore[attr-defined,no-any-return]
    return switched.weight[i]  # type: ignore[no-any-return]


@kernel
def says(switched: Switched, i: int) -> float:
    if not switched.on and i > 0:
        return 1.0
    return 2.0 if switched.on else 3.0


@numba.njit(pipeline_class=EntryCompiler)  # type: ignore[misc]
def off(address, i):  # type: ignore[no-untyped-def]
    return only_when_off(read_off(address), i)


@numba.njit(pipeline_class=EntryCompiler)  # type: ignore[misc]
def unknown(address, i):  # type: ignore[no-untyped-def]
    return only_when_off(read_any(address), i)


@numba.njit(pipeline_class=EntryCompiler)  # type: ignore[misc]
def says_any(address, i):  # type: ignore[no-untyped-def]
    return says(read_any(address), i)


@numba.njit(pipeline_class=EntryCompiler)  # type: ignore[misc]
def says_off(address, i):  # type: ignore[no-untyped-def]
    return says(read_off(address), i)


@numba.njit(pipeline_class=EntryCompiler)  # type: ignore[misc]
def says_on(address, i):  # type: ignore[no-untyped-def]
    return says(read_on(address), i)


def switched(*, on: bool) -> Switched:
    return Switched(np.array([0.5, 1.5]), on)


def test_a_branch_that_is_never_taken_need_not_even_compile() -> None:
    packed = pack(switched(on=False))
    assert off(packed.address, 1) == 1.5


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
def test_where_the_field_is_not_known_the_branch_is_compiled() -> None:
    packed = pack(switched(on=False))
    with pytest.raises(numba.TypingError, match="no_such_thing"):
        unknown(packed.address, 1)


@pytest.mark.parametrize("i", [0, 1])
@pytest.mark.parametrize("on", [False, True])
def test_a_known_field_and_one_that_is_read_say_the_same(on: bool, i: int) -> None:
    packed = pack(switched(on=on))
    assert (says_on if on else says_off)(packed.address, i) == says_any(packed.address, i) == (2.0 if on else 1.0 if i else 3.0)


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
def test_a_run_without_interruptions_compiles_no_attempts_and_no_limits() -> None:
    plain = StructType(World, struct_type(World).fields, {"interruptible": False})
    mark_started.compile((plain, numba.int64, numba.float64))
    submit.compile((plain, numba.int64))
    for unused in (begin_attempt, admit):
        assert not any(plain in arguments for arguments in unused.overloads)
