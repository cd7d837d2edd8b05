"""Every name that users are told to import: the public names of the package, and what examples of the pages and the README import."""

from __future__ import annotations

import ast
import doctest
import importlib
from collections.abc import Iterator
from typing import Any

import mlplat

from .pages import PAGES, blocks

PACKAGES = ("mlplat", "mlplat.hardware", "mlplat.traces")
"""Packages of which every name in `__all__` is public."""


def resolve(path: str) -> Any:
    """The object of a dotted path."""
    parts = path.split(".")
    for i in range(len(parts), 0, -1):
        try:
            value: Any = importlib.import_module(".".join(parts[:i]))
        except ModuleNotFoundError:
            continue
        for part in parts[i:]:
            value = getattr(value, part)
        return value
    raise ModuleNotFoundError(path)


def imported(code: str) -> Iterator[str]:
    """The dotted paths below `mlplat` that a piece of code imports by name."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "mlplat":
            module = importlib.import_module(node.module)
            names = getattr(module, "__all__", []) if node.names[0].name == "*" else [alias.name for alias in node.names]
            yield from (f"{node.module}.{each}" for each in names)


def public_names() -> list[str]:
    """Dotted paths, one for each object, the shortest of those it has."""
    paths = {f"{package}.{name}" for package in PACKAGES for name in importlib.import_module(package).__all__}
    parser = doctest.DocTestParser()
    for page in PAGES:
        for block in blocks(page):
            if block.language == "python":
                examples = parser.get_examples(block.text)
                for code in [example.source for example in examples] if examples else [block.text]:
                    paths.update(imported(code))
    shortest: dict[int, str] = {}
    for path in sorted(paths, key=lambda path: (path.count("."), path)):
        value = resolve(path)
        if not isinstance(value, type(mlplat)):
            shortest.setdefault(id(value), path)
    return sorted(shortest.values())
