"""The reference is complete: every public name is on a page of it, and says what it does, in which units, how it fails, and shows it."""

from __future__ import annotations

import ast
import re
import textwrap
from collections import Counter
from functools import cache
from typing import Any

import pytest

from .pages import ROOT
from .public_names import public_names, resolve

griffe = pytest.importorskip("griffe", reason="griffe is not installed (pip install 'mlplat[docs]')")

REFERENCE = sorted((ROOT / "docs" / "reference").glob("*.md"))

TIME_OR_AMOUNT = re.compile(
    r"^(.*_)?(duration|period|grace|until|after|before|within|every|timeout|cooldown|age|memory|disk|bandwidth|rate|latency)$"
)
"""Parameters whose bare number could be misread. Those that end in a unit (`wait_s`, `memory_mib`, `price_per_hour`) are not among them."""

UNIT = re.compile(
    r"\b(s|ms|seconds?|minutes?|hours?|days?|weeks?|cores?|milli|MiB|GiB|TiB|Mbit/s|MB/s|bytes?|rows?|devices?|jobs?|requests?|fraction|share|part|"
    r"\d+(ms|s|m|h|d|GiB|MiB))\b"
)


@cache
def package() -> Any:
    return griffe.load("mlplat", search_paths=[str(ROOT)])


@cache
def described(path: str) -> Any:
    """What the source has under a dotted path."""
    found = package()[path.removeprefix("mlplat.")]
    return found.final_target if found.is_alias else found


def docstring(path: str) -> str:
    found = described(path)
    return found.docstring.value if found.docstring else ""


def raising(path: str) -> list[str]:
    """The dotted paths of what has a `raise` of its own in it: the function, or the constructor and the public methods of the class."""
    found = described(path)
    functions = [found] if found.is_function else []
    if found.is_class:
        makers = ("__init__", "__post_init__", "__new__")
        functions = [m for m in found.members.values() if m.is_function and (not m.name.startswith("_") or m.name in makers)]
    return [function.path for function in functions if raises(function)]


def raises(function: Any) -> bool:
    nodes = ast.walk(ast.parse(textwrap.dedent(function.source)))
    return any(isinstance(node, ast.Raise) and node.exc is not None for node in nodes)


def test_every_public_name_is_on_one_page_of_the_reference() -> None:
    pages = [path for page in REFERENCE for path in re.findall(r"^::: ([\w.]+)", page.read_text(encoding="utf-8"), re.MULTILINE)]
    there = Counter(id(resolve(path)) for path in pages)
    missing = [path for path in public_names() if id(resolve(path)) not in there]
    assert missing == []
    assert [path for path in pages if there[id(resolve(path))] > 1 and not isinstance(resolve(path), str)] == []


def test_every_public_name_is_documented_with_an_example() -> None:
    names = public_names()
    assert len(names) > 150
    assert [path for path in names if len(docstring(path)) < 20] == []
    assert [path for path in names if ">>>" not in docstring(path) and not described(path).is_attribute] == []


def test_what_raises_says_so() -> None:
    silent = []
    for path in public_names():
        for each in raising(path):
            own = described(each).docstring
            text = (own.value if own else "") + ("" if described(path).is_function else docstring(path))
            if not re.search(r"[Rr]aise|refuse", text):
                silent.append(each)
    assert silent == []


def test_amounts_and_times_have_units() -> None:
    bare = []
    for path in public_names():
        found = described(path)
        if not (found.is_function or found.is_class):
            continue
        parameters = [p.name for p in found.parameters] if found.is_function or "__init__" in found.members else list(found.members)
        wanting = [name for name in parameters if TIME_OR_AMOUNT.match(name)]
        if wanting and not UNIT.search(docstring(path)):
            bare.append((path, wanting))
    assert bare == []


def test_every_public_method_is_documented() -> None:
    silent = [
        f"{path}.{member.name}"
        for path in public_names()
        if described(path).is_class
        for member in described(path).members.values()
        if member.is_function and not member.name.startswith("_") and not member.docstring
    ]
    assert silent == []
