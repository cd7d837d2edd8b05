"""The arrays of the state as compiled code sees them: an element is one load from an address that the optimizer can keep.

A numba array carries its shape and strides with it and lets an index count from the end. The kernels need neither: a field array is the
address of the words that describe it (data pointer, lengths), its indices count from 0 and are not checked. Without the compiler, numpy's
arrays stand in for it, and check them.
"""

from __future__ import annotations

import operator
from typing import Any

from numba import config, types
from numba.core import cgutils
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, models, register_model


class FieldArray(types.Type):  # type: ignore[misc]
    """A C-contiguous array of `dtype` with `ndim` dimensions. `inner`: the length of the last one where it is always the same, else 0."""

    def __init__(self, dtype: Any, ndim: int, inner: int = 0) -> None:
        self.dtype, self.ndim, self.inner = dtype, ndim, inner
        super().__init__(name=f"FieldArray({dtype}, {ndim}, {inner})")


register_model(FieldArray)(models.OpaqueModel)


def read_word(builder: Any, block: Any, i: int) -> Any:
    """Word `i` of a block. Blocks do not change while compiled code runs, so the optimizer may keep what it has read."""
    words = builder.bitcast(block, cgutils.intp_t.as_pointer())
    loaded = builder.load(cgutils.gep_inbounds(builder, words, i))
    loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
    return loaded


def _index_type(array: FieldArray, index: Any) -> Any:
    if array.ndim == 1 and isinstance(index, types.Integer):
        return types.intp
    if isinstance(index, types.BaseTuple) and len(index) == array.ndim and all(isinstance(part, types.Integer) for part in index):
        return types.UniTuple(types.intp, array.ndim)
    return None


@infer_global(operator.getitem)
class _GetItem(AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: Any, kws: Any) -> Any:
        if isinstance(args[0], FieldArray) and (index := _index_type(args[0], args[1])) is not None:
            return signature(args[0].dtype, args[0], index)
        return None


@infer_global(operator.setitem)
class _SetItem(AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: Any, kws: Any) -> Any:
        if isinstance(args[0], FieldArray) and (index := _index_type(args[0], args[1])) is not None:
            return signature(types.none, args[0], index, args[0].dtype)
        return None


@infer_global(len)
class _Length(AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: Any, kws: Any) -> Any:
        return signature(types.intp, args[0]) if len(args) == 1 and isinstance(args[0], FieldArray) else None


def _element(context: Any, builder: Any, array: FieldArray, block: Any, index: Any) -> Any:
    """The address of an element."""
    parts = cgutils.unpack_tuple(builder, index) if array.ndim > 1 else [index]
    offset = parts[0]
    for d in range(1, array.ndim):
        fixed = array.inner if d == array.ndim - 1 else 0
        length = context.get_constant(types.intp, fixed) if fixed else read_word(builder, block, 1 + d)
        offset = builder.add(builder.mul(offset, length), parts[d])
    data = builder.inttoptr(read_word(builder, block, 0), context.get_data_type(array.dtype).as_pointer())
    return builder.gep(data, [offset], inbounds=True)


@lower_builtin(operator.getitem, FieldArray, types.Any)
def _get(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    array = sig.args[0]
    return context.unpack_value(builder, array.dtype, _element(context, builder, array, *args))


@lower_builtin(operator.setitem, FieldArray, types.Any, types.Any)
def _set(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    array = sig.args[0]
    context.pack_value(builder, array.dtype, args[2], _element(context, builder, array, args[0], args[1]))
    return context.get_dummy_value()


@lower_builtin(len, FieldArray)
def _len(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return read_word(builder, args[0], 1)


if config.DISABLE_JIT:

    def prefetch(array: Any, row: int) -> None:
        """Nothing to do without the compiler."""

else:

    @intrinsic  # type: ignore[misc]
    def prefetch(typingctx: Any, array: Any, row: Any) -> Any:
        """Ask for the cache line in which a row of `array` begins, and go on without waiting for it."""

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            field = sig.args[0]
            index = (
                args[1]
                if field.ndim == 1
                else context.make_tuple(
                    builder, types.UniTuple(types.intp, field.ndim), [args[1], *[context.get_constant(types.intp, 0)] * (field.ndim - 1)]
                )
            )
            address = builder.bitcast(_element(context, builder, field, args[0], index), cgutils.voidptr_t)
            word = cgutils.int32_t
            function_type = cgutils.ir.FunctionType(cgutils.ir.VoidType(), [cgutils.voidptr_t, word, word, word])
            function = cgutils.get_or_insert_function(builder.module, function_type, "llvm.prefetch.p0i8")
            builder.call(function, [address, word(0), word(3), word(1)])  # to read, keep, data
            return context.get_dummy_value()

        return types.void(array, types.intp), codegen
