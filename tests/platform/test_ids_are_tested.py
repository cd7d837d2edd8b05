"""Every row and check of steps 2 to 6, and every failure variant of each interaction, has a test that is named after it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHECKS = {1: 4, 2: 4, 3: 4, 4: 4, 5: 5, 6: 5, 7: 6, 8: 5, 9: 6, 10: 4, 11: 6, 12: 6, 13: 6, 14: 6}
"""How many checks each interaction has."""
ROWS = [f"S-{number}" for number in range(43, 115)]
IDS = [*ROWS, *(f"A-{of}.{number}" for of, count in CHECKS.items() for number in range(1, count + 1))]
NOT_THERE = {
    "IP-7 T": "there is nothing that is tested",
    "IP-10 N": "nobody's work is under way",
    "IP-10 T": "there is nothing that is tested",
}
"""Variants that an interaction has not, and why."""
VARIANTS = [f"IP-{of} {variant}" for of, variant in product(CHECKS, "NQPT") if f"IP-{of} {variant}" not in NOT_THERE]


def ids_in(name: str, docstring: str) -> Iterator[str]:
    """The ids that a test is named after: in its name, or in its docstring."""
    yield from (f"S-{int(row):02}" for row in re.findall(r"(?<![a-z0-9])s(\d{2,3})(?![0-9])", name))
    yield from (f"A-{of}.{check}" for of, check in re.findall(r"(?<![a-z0-9])a_?(\d{1,2})_(\d)(?![0-9])", name))
    for of, variant in re.findall(r"(?<![a-z0-9])ip(\d{1,2})_([nqpt])_", name):
        yield f"IP-{of} {variant.upper()}"
    yield from re.findall(r"\b(?:S-\d+|A-\d+\.\d+|IP-\d+ [NQPT]\b)", docstring)


@cache
def named_by_id() -> dict[str, list[str]]:
    """Of all tests of the project."""
    found: dict[str, list[str]] = {}
    for path in sorted(ROOT.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for each in dict.fromkeys(ids_in(node.name, ast.get_docstring(node) or "")):
                    found.setdefault(each, []).append(f"{path.relative_to(ROOT)}::{node.name}")
    return found


@pytest.mark.parametrize("of", ["rows and checks", "variants"])
def test_every_id_has_a_test(of: str) -> None:
    wanted = VARIANTS if of == "variants" else IDS
    assert [each for each in wanted if each not in named_by_id()] == []


def test_no_test_names_an_id_that_there_is_not() -> None:
    known = {*IDS, *VARIANTS, *(f"S-{number:02}" for number in range(1, 43))}
    assert {each: tests for each, tests in named_by_id().items() if each not in known} == {}


def test_ids_are_found_in_names_and_docstrings() -> None:
    found = ids_in("test_s09_a_5_4_ip12_q_waits", "S-114, IP-3 N: and A-10.2.")
    assert [*found] == ["S-09", "A-5.4", "IP-12 Q", "S-114", "IP-3 N", "A-10.2"]
