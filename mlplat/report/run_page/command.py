"""`mlplat report`: the page of a run, or of several beside each other."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from ...command_options import Json, UnusedSeed, print_json
from ...errors import OptionError, shown
from ...html_pages import write_html


def report_command(
    folders: Annotated[
        list[Path],
        typer.Argument(help="The folder of a run (mlplat replay --out); several are compared.", metavar="RUN_DIR..."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The HTML file to write.")] = Path("report.html"),
    objectives: Annotated[
        str | None,
        typer.Option(help="What the run was to achieve: p95_wait=10m,gpu_utilization>=0.7, or the YAML file of a scenario."),
    ] = None,
    open_it: Annotated[str, typer.Option("--open", help="Show the page in the browser: yes or no.")] = "no",
    seed: UnusedSeed = 0,
    as_json: Json = False,
) -> None:
    """Write the page of a run: one HTML file that needs nothing but a browser. Exit status 1 where an objective is missed."""
    if open_it not in ("yes", "no"):
        raise OptionError(f"--open {open_it}: expected yes or no")
    from ...runs.saved_run import SavedRun

    runs = [SavedRun.open(folder) for folder in folders]
    missed: list[str] = []
    if len(runs) > 1:
        if objectives is not None:
            raise OptionError("--objectives is about one run, and several folders are given")
        written = write_html("comparison_page", runs, out)
    else:
        from .verdicts import measured, read_goals, verdicts

        written = runs[0].to_html(out, objectives=objectives)
        goals = read_goals(objectives)
        missed = [str(one.objective) for one in verdicts(goals, measured(runs[0], goals.costs)) if not one.met]
    if open_it == "yes":
        webbrowser.open(written.resolve().as_uri())
    if as_json:
        print_json({"path": str(written), "bytes": written.stat().st_size, "runs": len(runs), "missed": missed})
    else:
        print(f"{shown(written)}: {written.stat().st_size / 1e6:.1f} MB")
        for objective in missed:
            print(f"missed: {objective}")
    if missed:
        raise typer.Exit(1)
