"""Compiling many small kernels as one program.

By default numba optimizes each jitted function, with all it calls, into machine code of its own: with functions that call functions the
same code is compiled again at every level. Here a kernel is only translated; an entry point collects the kernels it reaches, each once,
and the whole is optimized and compiled together. This uses numba's hook for custom compiler pipelines (`pipeline_class`).

A first run in a new place waits for all of this, so what has no effect on kernels is left out: passes of numba for what kernels do not
contain, and the garbage collector while a program is translated.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.typed_passes import InlineOverloads, NativeLowering, NopythonRewrites
from numba.core.untyped_passes import DeadBranchPrune, InlineClosureLikes, InlineInlinables

from .fixed_fields import FixFields

NOT_FOR_KERNELS = (InlineClosureLikes, InlineInlinables, InlineOverloads, NopythonRewrites)
"""Passes that look for closures, functions to be inlined before they are typed, and array expressions."""


class KernelLibrary(JITCodeLibrary):  # type: ignore[misc]
    """The code of one kernel, not compiled: whoever links it links what it calls as well."""

    def finalize(self) -> None:
        self._raise_if_finalized()
        self._finalized = True

    def reached(self) -> list[Any]:
        """The libraries of everything this one calls, directly or not, each once, and itself."""
        found: dict[int, Any] = {}
        open_ = [self]
        while open_:
            library = open_.pop()
            if id(library) not in found:
                found[id(library)] = library
                if isinstance(library, KernelLibrary):
                    open_ += library._linking_libraries
        return list(found.values())


class EntryLibrary(JITCodeLibrary):  # type: ignore[misc]
    """An entry point with every kernel it reaches."""

    def finalize(self) -> None:
        every: dict[int, Any] = {}
        for library in self._linking_libraries:
            every |= {id(lib): lib for lib in (library.reached() if isinstance(library, KernelLibrary) else [library])}
        self._linking_libraries = list(every.values())
        super().finalize()


@register_pass(mutates_CFG=True, analysis_only=False)
class KernelLowering(NativeLowering):  # type: ignore[misc]
    """Lowering without compilation."""

    _name = "mlplat_kernel_lowering"

    def run_pass(self, state: Any) -> bool:
        context = state.targetctx
        state.library = KernelLibrary(context.codegen(), state.func_id.func_qualname)
        executable = context.get_executable

        def not_executable(library: Any, fndesc: Any, env: Any) -> Any:
            if not isinstance(library, KernelLibrary):
                return executable(library, fndesc, env)
            return [].append  # stands for the kernel in numba's tables, which ask for a builtin; never called

        context.get_executable = not_executable
        try:
            return bool(super().run_pass(state))
        finally:
            del context.get_executable


@register_pass(mutates_CFG=True, analysis_only=False)
class EntryLowering(NativeLowering):  # type: ignore[misc]
    """Lowering into a library that links every kernel once."""

    _name = "mlplat_entry_lowering"

    def run_pass(self, state: Any) -> bool:
        state.library = EntryLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return bool(super().run_pass(state))


def _pipeline(state: Any, lowering: type) -> list[PassManager]:
    manager = DefaultPassBuilder.define_nopython_pipeline(state)
    passes = [(lowering if step is NativeLowering else step, text) for step, text in manager.passes if step not in NOT_FOR_KERNELS]
    first = next(i for i, (step, _) in enumerate(passes) if step is DeadBranchPrune)
    manager.passes = [*passes[:first], (FixFields, "fix fields"), *passes[first:]]
    manager.finalize()
    return [manager]


class KernelCompiler(CompilerBase):  # type: ignore[misc]
    """The pipeline of a kernel."""

    def define_pipelines(self) -> list[PassManager]:
        return _pipeline(self.state, KernelLowering)


class EntryCompiler(CompilerBase):  # type: ignore[misc]
    """The pipeline of an entry point."""

    def compile_extra(self, func: Any) -> Any:
        with _no_collections():
            return super().compile_extra(func)

    def define_pipelines(self) -> list[PassManager]:
        return _pipeline(self.state, EntryLowering)


@contextmanager
def _no_collections() -> Iterator[None]:
    """Hold the garbage collector: nearly all that a translation makes is kept to its end, and each collection looks at it all again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
