"""The page "How we know it is right", made from the tests themselves: what a file of tests says it holds, and how many tests hold it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

KINDS = {
    "theory": (
        "Theory",
        "Textbook results that simulations must meet within confidence intervals. The seeds are fixed; "
        "`tests/theory/replications.py` says why the intervals are valid.",
    ),
    "oracle": (
        "Oracles",
        "Each compiled function has a slow, obvious twin written from [the exact definitions](../scheduling.md) alone. Random input "
        "must give equal results, bit for bit.",
    ),
    "traces": (
        "Traces",
        "Readers are held against files with every kind of bad row, and against the real archives where they are at hand.",
    ),
    "kueue": ("Kueue's scenarios", "Scenarios that the documentation of Kueue tells, with what becomes of each workload."),
    "faults": (
        "Faults",
        "Faults at random instants, and the whole state checked after every event. Each fault found so is kept as a test.",
    ),
}
"""Folders of tests/ that are about truth, and what each kind of test is."""

IDENTIFIER = re.compile(r"\s*\(?\b(?:A|S|IP|CB)-\d+(?:\.\d+)?\b\)?(?:: |\.)?")
"""Numbers of requirements, which say nothing to a reader of the page."""


class Held(NamedTuple):
    """A file of tests: its name below tests/, what it says it holds, and how many test functions it has."""

    name: str
    what: str
    tests: int


def held(folder: Path) -> Iterator[Held]:
    """The files of tests in a folder and below it, in the order of their names."""
    for path in sorted(folder.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        what = " ".join((ast.get_docstring(tree) or "").split("\n\n")[0].split())
        tests = sum(isinstance(node, ast.FunctionDef) and node.name.startswith("test_") for node in ast.walk(tree))
        if tests and not path.stem.endswith("_page"):
            name = path.relative_to(folder.parent).as_posix()
            yield Held(name, IDENTIFIER.sub("", what).strip().replace("|", "\\|"), tests)


def published(benchmarks: str) -> str:
    """The table of the published placement results as benchmarks/README.md records it, with the measured difference of each row.

    Raises `ValueError` if the table is not there.
    """
    section = benchmarks.partition("\n## FGD\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[\w-]+`) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", section, re.MULTILINE)
    if not rows:
        raise ValueError("benchmarks/README.md: expected the table of published values under the heading FGD")
    lines = ["| policy | published | with the published draws | difference | with own draws | difference |", "|---|---|---|---|---|---|"]
    for policy, given, target, own in rows:
        first, second = (f"{float(value) - float(target):+.2f}" for value in (given, own))
        lines.append(f"| {policy} | {target} | {given} | {first} | {own} | {second} |")
    return "\n".join(lines)


def validation_page(root: Path) -> str:
    """The page as Markdown. `root`: the folder of the project."""
    parts = [
        "# How we know it is right",
        "A simulator is believed for what it has been held against. This page is made from the tests when the site is built: each line is "
        "what a file of tests says it holds, with the number of its test functions. Many of those run with hundreds of drawn inputs.",
    ]
    summary = ["| held against | files | test functions |", "|---|---|---|"]
    sections = []
    for folder, (title, intro) in KINDS.items():
        files = list(held(root / "tests" / folder))
        anchor = re.sub(r"[^a-z -]", "", title.lower()).replace(" ", "-")
        summary.append(f"| [{title}](#{anchor}) | {len(files)} | {sum(file.tests for file in files)} |")
        rows = [f"| {file.what} | {file.tests} | `{file.name}` |" for file in files]
        sections.append("\n".join([f"## {title}\n\n{intro}\n", "| what is held | tests | file |", "|---|---|---|", *rows]))
    figures = (
        "## Published tables\n\nAllocated devices in percent when demand reaches the capacity (`alloc_100`), means over ten seeds, "
        "against fragmentation-gradient placement as published (Weng et al., USENIX ATC 2023): `python -m benchmarks.fgd`. "
        "[Performance](../../benchmarks/README.md#fgd) has when and how it was measured.\n\n"
        + published((root / "benchmarks" / "README.md").read_text(encoding="utf-8"))
    )
    campaigns = (
        "## Campaigns\n\nWhat takes hours is run by hand and recorded, with what it found: [faults](../../benchmarks/README.md#faults), "
        "[zones](../../benchmarks/README.md#zones), [days of a platform](../../benchmarks/README.md#days-of-a-platform), "
        "[planning](../../benchmarks/README.md#planning)."
    )
    return "\n\n".join([*parts, "\n".join(summary), figures, *sections, campaigns]) + "\n"
