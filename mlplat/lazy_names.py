"""Public names of a package that are loaded when they are first used, so that importing the package costs next to nothing (PEP 562).

The package `traces` itself, which is to know nothing but the vocabulary of traces, says it for itself."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def lazy_names(package: str, names: dict[str, Any], home: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package.

    `names`: its `globals()`, `__all__` among them. `home`: of each public name the module below the package that has it, or
    `module:other` where it is called otherwise there.
    """

    def load(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, there = home[name].partition(":")
        value = names[name] = getattr(importlib.import_module(f".{module}", package), there or name)
        return value

    def listed() -> list[str]:
        return sorted({*names, *names["__all__"]})

    return load, listed
