"""`mlplat plan`: the smallest or cheapest cluster that meets the objectives of a scenario."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...command_options import Json, ScenarioSeed, print_json

if TYPE_CHECKING:
    from .plan import Plan


def plan_command(
    scenario: Annotated[Path, typer.Argument(help="The scenario: a YAML or JSON file (docs/planning/scenarios.md).")],
    workers: Annotated[int, typer.Option(help="Processes that play the runs; the plan does not depend on how many.")] = 1,
    tried: Annotated[bool, typer.Option("--tried", help="List every choice that was run.")] = False,
    sensitivity: Annotated[bool, typer.Option("--sensitivity", help="Plan again with more and less load, failures and prices.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the plan as one HTML page too, such as plan.html.")] = None,
    seed: ScenarioSeed = None,
    as_json: Json = False,
) -> None:
    """Find the smallest or cheapest cluster that meets the objectives of a scenario: exit status 1 where none does."""
    from ...runs.progress_bar import progress_bar
    from ..scenario import Scenario
    from .plan import plan

    read = Scenario.open(scenario)
    if seed is not None:
        read = read.with_fields({"seed": seed})
    with progress_bar(read.name, "runs", sys.stderr.isatty() and not as_json) as told:
        found = plan(read, workers=workers, progress=told)
        hangs_on = found.sensitivity(progress=told) if sensitivity and found.counts else None
    if report is not None:
        found.to_html(report, sensitivity=hangs_on)
    if as_json:
        content = found.to_dict()
        if hangs_on is not None:
            content["sensitivity"] = hangs_on.frame.to_dicts()
        print_json(content)
    else:
        _show(found, hangs_on, tried)
    if not found.met:
        raise typer.Exit(1)


def _show(found: Plan, hangs_on: Any, tried: bool) -> None:
    print(found)
    if tried:
        _show_tried(found)
    if hangs_on is not None:
        print(f"\n{hangs_on}")


def _show_tried(found: Plan) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ...errors import printable
    from .words import money, value_words

    table = Table(box=None, padding=(0, 1, 0, 0))
    for name in (*found.space.names, "a month", *(goal.name for goal in found.goals), "met", "why it was run"):
        table.add_column(Text(printable(name)))
    for counts, verdict in found.found.verdicts.items():
        figures = [value_words(f.goal, f.mean) for f in verdict.findings] or ["–"] * len(found.goals)
        met = "cannot be run" if verdict.error else "yes" if verdict.met else "no"
        texts = [*map(str, counts), money(found.space.cost(counts)), *figures, met, found.found.why[counts]]
        table.add_row(*map(Text, texts))
    Console(highlight=False).print(table)
    for row in found.left_out.iter_rows(named=True):
        witness = "" if row["witness"] is None else f" {tuple(row['witness'])}"
        print(f"{row['choices']:,} choices not run: {row['reason']}{witness}")
