"""Fields of a named tuple that are known when a kernel is compiled.

A type of `structs` may say that a field always has a certain value (`reader(World, interruptible=False)`). Where a kernel reads it from an
argument of that type, it reads the constant, and numba leaves out the branches that are never taken with all that only they call.
"""

from __future__ import annotations

from typing import Any

from numba.core import ir, types
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.ir_utils import get_definition, guard


@register_pass(mutates_CFG=False, analysis_only=False)
class FixFields(FunctionPass):  # type: ignore[misc]
    """Puts constants in place of the fixed fields of arguments. It runs before branches are pruned."""

    _name = "mlplat_fix_fields"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        function = state.func_ir
        if not any(_fixed(argument) for argument in state.args):
            return False
        changed = False
        for block in function.blocks.values():
            for statement in block.find_insts(ir.Assign):
                read = statement.value
                if not isinstance(read, ir.Expr) or read.op != "getattr":
                    continue
                source = guard(get_definition, function, read.value)
                fixed = _fixed(state.args[source.index]) if isinstance(source, ir.Arg) else {}
                if read.attr in fixed:
                    statement.value = ir.Const(fixed[read.attr], loc=statement.loc)
                    definitions = function._definitions[statement.target.name]
                    definitions[definitions.index(read)] = statement.value
                    changed = True
        return changed


def _fixed(argument: types.Type) -> dict[str, Any]:
    return getattr(argument, "fixed", {})
