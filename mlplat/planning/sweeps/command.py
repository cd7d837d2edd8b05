"""`mlplat sweep`: run a scenario over values of its fields, and show what came of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from ...command_options import Json, ScenarioSeed, UnusedSeed, print_json
from ...errors import OptionError, printable

if TYPE_CHECKING:
    from .designs import Design
    from .outcome import Sweep


class _RunUnlessNamed(TyperGroup):
    """`mlplat sweep scenario.yaml …` is `mlplat sweep run scenario.yaml …`: what is no command is a scenario."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_RunUnlessNamed,
    help="Run a scenario over values of its fields; each run is kept, and a sweep that was stopped goes on.",
    no_args_is_help=True,
)


@app.command("run")
def run_sweep_command(
    scenario: Annotated[Path, typer.Argument(help="The scenario: a YAML or JSON file.")],
    folder: Annotated[Path, typer.Option(help="Where runs are kept; the same folder again goes on where a sweep was stopped.")],
    vary: Annotated[
        list[str] | None,
        typer.Option(
            help="A field and its values: policies.queue=fifo,easy, cluster.groups.pool.count=8:16 (8 to 16), or with a step, 0.5:2:0.25; "
            "repeatable. The scenario's own sweep if left out.",
            metavar="FIELD=VALUES",
        ),
    ] = None,
    design: Annotated[str, typer.Option(help="grid (all combinations), random, or lhs (a Latin hypercube).")] = "grid",
    samples: Annotated[int | None, typer.Option(help="Points of a random or lhs design.")] = None,
    replications: Annotated[int | None, typer.Option(help="In place of the scenario's.")] = None,
    backend: Annotated[
        str,
        typer.Option(help="joblib (processes here), serial, dask or ray; dask:tcp://host:8786 or ray:auto for a cluster that is there."),
    ] = "joblib",
    workers: Annotated[int | None, typer.Option(help="As many as there are cores if left out.")] = None,
    seed: ScenarioSeed = None,
    as_json: Json = False,
) -> None:
    """Run a scenario at every point of a design: exit status 1 where a run failed or is missing."""
    from ..scenario import Scenario
    from .scenario_runs import design_of
    from .sweeping import sweep

    read = Scenario.open(scenario)
    if seed is not None:
        read = read.with_fields({"seed": seed})
    if not vary and (design != "grid" or samples is not None):
        raise OptionError("--design and --samples say what becomes of --vary: expected at least one --vary FIELD=VALUES")
    chosen = _design(vary, design, samples, read.seed) if vary else design_of(read)
    try:
        made = sweep(
            read,
            chosen,
            folder=folder,
            backend=backend,
            workers=workers,
            replications=replications,
            progress=False if as_json else None,
        )
    except KeyboardInterrupt:
        print("stopped; the same command goes on with what is missing", file=sys.stderr)
        raise typer.Exit(130) from None
    _show(made, as_json)


@app.command("show")
def show_sweep_command(
    folder: Annotated[Path, typer.Argument(help="The folder of a sweep.")],
    report: Annotated[Path | None, typer.Option(help="Write the sweep as one HTML page too, such as sweep.html.")] = None,
    seed: UnusedSeed = 0,
    as_json: Json = False,
) -> None:
    """Show the runs of a sweep that are there, also while it runs: exit status 1 where a run failed or is missing."""
    from .outcome import Sweep

    found = Sweep.open(folder)
    if report is not None:
        found.to_html(report)
    _show(found, as_json)


def _design(vary: list[str], kind: str, samples: int | None, seed: int) -> Design:
    from .axes import read_axis
    from .designs import Design

    axes: dict[str, Any] = {}
    for text in vary:
        field, sign, values = (part.strip() for part in text.partition("="))
        if not sign or not field or not values:
            raise OptionError(f"--vary {printable(text)[:60]!r}: expected FIELD=VALUES, such as policies.queue=fifo,easy")
        if field in axes:
            raise OptionError(f"--vary {printable(field)[:60]} is given twice; expected all its values at once, such as 8:16 or 8,12,16")
        axes[field] = read_axis(field, values)
    return Design(axes, kind, samples, seed)  # type: ignore[arg-type]


def _show(made: Sweep, as_json: bool) -> None:
    if as_json:
        print_json(made.to_dict())
    else:
        print(made)
    if not made.complete or made.failed.height:
        raise typer.Exit(1)
