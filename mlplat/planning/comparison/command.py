"""The command `mlplat compare`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ... import completion
from ...command_options import BadRows, Checkpoint, Json, Ties, TraceFormat, errors_of, print_json
from ...errors import OptionError

if TYPE_CHECKING:
    from .comparison_result import Comparison

NOT_OF_SCENARIOS = (
    "nodes",
    "cluster",
    "format",
    "ties",
    "failures",
    "checkpoint",
    "max_restarts",
    "scrape",
    "zones",
    "sync",
    "until",
    "resample",
)


def _measures() -> list[str]:
    from ..scenario.measures import MEASURES

    return list(MEASURES)


def compare_command(
    policies: Annotated[
        str,
        typer.Option(
            help="The policies, the baseline first, such as fifo/best-fit,easy/fgd.",
            metavar="QUEUE/PLACEMENT,…",
            autocompletion=completion.policies,
        ),
    ],
    scenario: Annotated[Path | None, typer.Argument(help="A scenario; it says all that the options below would.")] = None,
    jobs: Annotated[Path | None, typer.Option(help="The trace, where there is no scenario.")] = None,
    nodes: Annotated[Path | None, typer.Option(help="The nodes: an openb CSV, `kubectl get nodes -o json`, or a cluster's YAML.")] = None,
    cluster: Annotated[str | None, typer.Option(help="The nodes as a word (96x8xV100, pool:128cpu) or a file.")] = None,
    format: TraceFormat = None,
    replications: Annotated[int | None, typer.Option(help="Runs of each policy, where anything is drawn at random.")] = None,
    measures: Annotated[
        str | None,
        typer.Option(
            help="What to compare, such as mean_wait,gpu_utilization.", metavar="NAME,…", autocompletion=completion.some_of(_measures)
        ),
    ] = None,
    confidence: Annotated[float, typer.Option(help="Of each interval, and of all verdicts together.")] = 0.95,
    correction: Annotated[str, typer.Option(help="For many tests: holm, benjamini-hochberg or none.")] = "holm",
    resample: Annotated[str | None, typer.Option(help="Draw traces made of blocks of this length of the trace, such as 1d.")] = None,
    ties: Ties = "node-order",
    failures: Annotated[str | None, typer.Option(help="Hardware that fails: spec (its reliability) or a CSV file of outages.")] = None,
    checkpoint: Checkpoint = "none",
    max_restarts: Annotated[int | None, typer.Option(help="Failures of the hardware after which a job has failed.")] = None,
    scrape: Annotated[str | None, typer.Option(help="The period at which the scheduler learns of freed room, such as 15s.")] = None,
    zones: Annotated[Path | None, typer.Option(help="Quotas and cohorts: a YAML or JSON file (docs/quotas.md).")] = None,
    sync: Annotated[str | None, typer.Option(help="What gangs sum over their ranks after each step, as for replay.")] = None,
    until: Annotated[str | None, typer.Option(help="The horizon, such as 36h; nothing after it happens.")] = None,
    errors: BadRows = "raise",
    report: Annotated[Path | None, typer.Option(help="Write the comparison as one HTML page too, such as comparison.html.")] = None,
    seed: Annotated[int | None, typer.Option(help="The seed of everything that is drawn at random; the scenario's, or 0.")] = None,
    as_json: Json = False,
) -> None:
    """Compare policies on the same jobs, with intervals of the differences and a verdict only where it is significant."""
    from ...runs.progress_bar import progress_bar
    from .comparing import compare

    options: dict[str, Any] = {
        "policies": policies,
        "replications": replications,
        "measures": None if measures is None else [name.strip() for name in measures.split(",")],
        "confidence": confidence,
        "correction": correction,
        "seed": seed,
    }
    bad_rows = errors_of(errors)
    if (scenario is None) == (jobs is None):
        raise OptionError("give either a scenario or a trace: mlplat compare scenario.yaml …, or --jobs FILE with --cluster or --nodes")
    given = locals()
    if scenario is not None:
        for name in NOT_OF_SCENARIOS:
            if given[name] not in (None, "node-order", "none"):
                raise OptionError(f"--{name.replace('_', '-')} goes with --jobs; a scenario says all of that itself")
        with progress_bar("compare", "runs", sys.stderr.isatty()) as told:
            found = compare(scenario, progress=told, **options)
    else:
        from ...runs.command_line import cluster_of, failures_of, report_left_out, sync_of
        from ...traces import read_trace

        spec = cluster_of(nodes, cluster)
        trace = read_trace(jobs or Path(), format=format, errors=bad_rows)
        if not as_json:
            report_left_out(trace)
        conditions: dict[str, Any] = {
            "ties": ties,
            "failures": failures_of(failures, spec),
            "checkpoint": checkpoint,
            "max_restarts": max_restarts,
            "scrape": scrape,
            "zones": zones,
            "sync": sync_of(sync),
            "until": until,
        }
        with progress_bar("compare", "runs", sys.stderr.isatty()) as told:
            found = compare(spec, trace, resample=resample, progress=told, **options, **conditions)
    if report is not None:
        found.to_html(report)
    if as_json:
        print_json(found.to_dict())
    else:
        show(found)


def show(found: Comparison) -> None:
    """Print the table of a comparison, and what it can be taken to say."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ...errors import printable
    from .comparison_result import HEADINGS

    table = Table(title=Text(f"{printable(found.title)}, against {found.baseline}"), box=None, padding=(0, 1, 0, 0))
    for name in HEADINGS:
        table.add_column(name, no_wrap=name in ("policy", "measure"))
    for row in found.readable():
        table.add_row(*(Text(text) for text in row))
    console = Console(highlight=False)
    console.print(table)
    console.print(Text(found.said))
