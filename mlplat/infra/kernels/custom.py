"""A user's own score, called through the address of a C function: compiled by numba, or a Python function behind a ctypes callback."""

from __future__ import annotations

import ctypes

import numba
import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .compilation import kernel
from .field_arrays import read_word
from .state import COUNT, DISK, INFEASIBLE, PROFILE, TYPE, WHOLE, Classes, Cluster, Nodes, Policy

SIGNATURE = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_void_p)


@intrinsic
def _call(typingctx, address, view):  # type: ignore[no-untyped-def]
    """Call `double f(int64 *view)` at an address."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        function_type = cgutils.ir.FunctionType(cgutils.ir.DoubleType(), [cgutils.voidptr_t])
        function = builder.inttoptr(args[0], cgutils.ir.PointerType(function_type))
        return builder.call(function, [builder.inttoptr(read_word(builder, args[1], 0), cgutils.voidptr_t)])

    return types.float64(types.int64, view), codegen


WITHOUT_COMPILER = bool(numba.config.DISABLE_JIT)

if WITHOUT_COMPILER:

    def call(address: int, view: np.ndarray) -> float:  # type: ignore[type-arg]
        """Call the function at `address` without compilation."""
        return float(SIGNATURE(address)(view.ctypes.data))

else:

    @kernel
    def call(address: int, view: np.ndarray) -> float:  # type: ignore[type-arg]
        """Call the compiled function at `address`."""
        return _call(address, view)  # type: ignore[no-any-return, call-arg]


@kernel
def custom_score(nodes: Nodes, cluster: Cluster, classes: Classes, policy: Policy, cls: int, node: int) -> float:
    """What the user's function says of a feasible node; the order of the view is that of `NodeView` and `RequestView`."""
    view = policy.seen
    free, capacity, ask = nodes.free, cluster.capacity, classes.ask
    kind = free[node, TYPE]
    view[0] = cluster.row_of[node]
    for column in range(WHOLE + 1):
        view[1 + column] = free[node, column]
    for column in range(DISK + 1):
        view[6 + column], view[10 + column] = capacity[kind, column], ask[cls, column]
    view[9] = capacity[kind, WHOLE]
    for column in range(COUNT, PROFILE + 1):
        view[13 - COUNT + column] = ask[cls, column]
    value = call(policy.address, view)
    if value != value:
        view[16] = max(1, view[16])
        return INFEASIBLE
    return value
