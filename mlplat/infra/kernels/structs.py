"""Named tuples of arrays, handed to compiled code as one pointer.

A kernel reads `world.nodes.free[node, CPU]`. In Python `world` is a named tuple. In compiled code it is the address of a block of 64-bit
words: for an array its data pointer and its lengths, for a scalar its value, for a nested tuple the address of that one's block. Passed
as tuples, a hundred arrays would be several hundred arguments to every function, and compilation would take minutes; a pointer costs
nothing.

Array fields are annotated with their type (`Array["int64", 2]`), from which both the compiled type and the check in `pack` are made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, get_args, get_type_hints

import numba
import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, models, register_model

from .field_arrays import FieldArray, read_word

SCALARS = {int: types.int64, bool: types.boolean, float: types.float64, np.uint64: types.uint64}


class _Annotation:
    """`Array["int64", 2]` annotates a C-contiguous array field of that element type and number of dimensions; a third part fixes the
    last length.
    """

    def __class_getitem__(cls, kind: tuple[Any, ...]) -> Any:
        return Annotated[np.ndarray, kind]


Array: Any = _Annotation


class StructType(types.Type):  # type: ignore[misc]
    """The compiled type of a named tuple: its fields by name, each with the word of the block at which it begins.

    `fixed`: the values of fields that are known when a kernel is compiled, see `fixed_fields`.
    """

    def __init__(self, tuple_class: type, fields: dict[str, tuple[Any, int]], fixed: dict[str, Any]) -> None:
        self.fields, self.fixed = fields, fixed
        known = "".join(f"[{name}={value}]" for name, value in fixed.items())
        super().__init__(name=f"mlplat.{tuple_class.__name__}{known}")


register_model(StructType)(models.OpaqueModel)
_known: dict[type, StructType] = {}


def struct_type(tuple_class: type) -> StructType:
    """The compiled type of a named tuple class, made from its annotations."""
    if tuple_class not in _known:
        fields: dict[str, tuple[Any, int]] = {}
        word = 0
        for name, hint in get_type_hints(tuple_class, include_extras=True).items():
            if hint in SCALARS:
                fields[name] = SCALARS[hint], word
                word += 1
            elif get_args(hint) and get_args(hint)[0] is np.ndarray:
                dtype, ndim, *inner = get_args(hint)[1]
                fields[name] = FieldArray(numba.from_dtype(np.dtype(dtype)), ndim, *inner), word
                word += 1 + ndim
            else:
                fields[name] = struct_type(hint), word
                word += 1
        _known[tuple_class] = StructType(tuple_class, fields, {})
    return _known[tuple_class]


@infer_getattr
class _Fields(AttributeTemplate):  # type: ignore[misc]
    key = StructType

    def generic_resolve(self, struct: StructType, name: str) -> Any:
        return struct.fields[name][0] if name in struct.fields else None


@lower_getattr_generic(StructType)
def _read_field(context: Any, builder: Any, struct: StructType, value: Any, name: str) -> Any:
    field, first = struct.fields[name]
    if isinstance(field, FieldArray):
        words = builder.bitcast(value, cgutils.intp_t.as_pointer())
        return builder.bitcast(cgutils.gep_inbounds(builder, words, first), cgutils.voidptr_t)
    word = read_word(builder, value, first)
    if isinstance(field, StructType):
        return builder.inttoptr(word, cgutils.voidptr_t)
    if field == types.float64:
        return builder.bitcast(word, cgutils.ir.DoubleType())
    return builder.trunc(word, cgutils.bool_t) if field == types.boolean else word


class Packed(NamedTuple):
    """The blocks of a named tuple and of those inside it; `address` is valid as long as this is kept."""

    address: int
    content: Any
    blocks: tuple[Any, ...]


_unpacked: dict[int, Any] = {}


def pack(content: Any) -> Packed:
    """The blocks for compiled code. Raises TypeError where a field is not what its annotation says."""
    struct = struct_type(type(content))
    words: list[int] = []
    inner: list[Any] = []
    for name, (field, _) in struct.fields.items():
        value = getattr(content, name)
        if isinstance(field, StructType):
            packed = pack(value)
            inner.append(packed)
            words.append(packed.address)
        elif isinstance(field, FieldArray):
            as_declared = numba.from_dtype(value.dtype) == field.dtype and value.ndim == field.ndim and field.inner in (0, value.shape[-1])
            if not as_declared or not value.flags.c_contiguous:
                raise TypeError(f"{type(content).__name__}.{name}: {value.dtype}, {value.ndim} dimensions, where {field} is expected")
            words += [value.ctypes.data, *value.shape]
        else:
            dtype = {types.uint64: np.uint64, types.float64: np.float64}.get(field, np.int64)
            words.append(int(np.array(value, dtype=dtype).view(np.int64)))
    block = np.array(words, dtype=np.int64)
    address = int(block.ctypes.data)
    if numba.config.DISABLE_JIT:
        _unpacked[address] = content
    return Packed(address, content, (block, *inner))


def reader(tuple_class: type, **fixed: Any) -> Callable[[int], Any]:
    """The function `f(address)` that gives kernels the named tuple behind the address of its block.

    The caller vouches for the values of `fixed`: kernels are compiled for these alone.
    """
    if numba.config.DISABLE_JIT:
        return _unpacked.__getitem__

    @intrinsic  # type: ignore[misc]
    def read(typingctx: Any, address: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], cgutils.voidptr_t)

        return StructType(tuple_class, struct_type(tuple_class).fields, fixed)(types.int64), codegen

    return read  # type: ignore[no-any-return]
