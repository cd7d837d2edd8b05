"""How kernels are compiled and cached.

numba's own cache looks only at the file of the cached function, so it would miss an edit in a kernel called from there. Here only the entry
points are cached, and the stamp of their cache is the digest of every file of this package: any edit anywhere compiles anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

from .linking import EntryCompiler, KernelCompiler

F = TypeVar("F", bound=Callable[..., Any])


def package_digest(folder: Path) -> str:
    """SHA-256 over the names and bytes of the Python files in `folder`, in name order."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


DIGEST = package_digest(Path(__file__).parent)
"""Taken once, as the package is first imported: what is compiled from then on is these files, whatever is written to disk meanwhile."""

# Division by zero follows numpy (no exception); kernels allocate nothing, so no reference is counted.
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "_nrt": False}
_ENTRY = _OPTIONS | {"no_cfunc_wrapper": True, "pipeline_class": EntryCompiler}
_KERNEL = _OPTIONS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "pipeline_class": KernelCompiler}


def kernel(function: F) -> F:
    """Compile as part of the entry points that call it; Python cannot call it itself."""
    return numba.njit(**_KERNEL)(function)  # type: ignore[no-any-return]


def inlined(function: F) -> F:
    """A kernel that becomes part of each kernel that calls it: for those on the way of every job, where a call costs more than it saves."""
    return numba.njit(**_KERNEL, forceinline=True)(function)  # type: ignore[no-any-return]


def entry(function: F) -> F:
    """A kernel that Python calls:

    compiled once, cached on disk under the digest of the whole package where there is a folder to write to.
    """
    return _compiled(function, DIGEST)


def entry_in(folder: Path) -> Callable[[F], F]:
    """`entry` for the kernels of another package, which may call those of this one: its cache is stamped with the digest of both."""
    digest = hashlib.sha256(f"{DIGEST}{package_digest(folder)}".encode()).hexdigest()
    return lambda function: _compiled(function, digest)


def _compiled(function: F, stamp: str) -> F:
    try:
        compiled = numba.njit(**_ENTRY, cache=True)(function)
    except RuntimeError:  # numba found no folder for its cache
        return numba.njit(**_ENTRY)(function)  # type: ignore[no-any-return]
    cache = getattr(compiled, "_cache", None)
    if hasattr(getattr(cache, "_cache_file", None), "_source_stamp"):
        cache._cache_file._source_stamp = stamp
        cache.load_overload = _or_compile_anew(cache, cache.load_overload)
    return compiled  # type: ignore[no-any-return]


def _or_compile_anew(cache: Any, load: Callable[..., Any]) -> Callable[..., Any]:
    """`load`, which throws a cache away that cannot be read: damaged, or written by something else."""

    def load_overload(*arguments: Any) -> Any:
        try:
            return load(*arguments)
        except Exception:  # unpickling junk can raise anything
            cache.flush()
            return None

    return load_overload
