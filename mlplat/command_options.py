"""The options that commands share, what the text of `--errors` means, and how commands print JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import typer

from . import completion
from .errors import OptionError

Seed = Annotated[int, typer.Option(help="The seed of everything that is drawn at random.")]
ScenarioSeed = Annotated[int | None, typer.Option(help="The seed of everything that is drawn at random; the scenario's if left out.")]
UnusedSeed = Annotated[int, typer.Option("--seed", help="Taken by every command; nothing is drawn at random here.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on standard output.")]

TraceFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="Of the trace: openb, philly, swf, kubernetes, slurm, csv or parquet; guessed if left out.",
        autocompletion=completion.trace_format,
    ),
]
BadRows = Annotated[str, typer.Option("--errors", help="Bad rows of the trace: raise or skip.", autocompletion=completion.bad_rows)]
Ties = Annotated[str, typer.Option("--ties", help="Among equally good nodes: node-order or random.", autocompletion=completion.ties)]
Checkpoint = Annotated[
    str,
    typer.Option(
        "--checkpoint", help="What jobs save of their work: none, 'every 30m' or young-daly.", autocompletion=completion.checkpoint
    ),
]


def print_json(content: Mapping[str, Any]) -> None:
    """Print one object on a line of standard output."""
    print(json.dumps(content, ensure_ascii=False, allow_nan=False))


def errors_of(given: str) -> Literal["raise", "skip"]:
    """What `--errors` says of bad rows. Raises OptionError."""
    if given not in ("raise", "skip"):
        raise OptionError(f"--errors {given}: expected raise or skip")
    return "skip" if given == "skip" else "raise"
