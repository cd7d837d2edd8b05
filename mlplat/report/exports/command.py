"""`mlplat export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...command_options import Json, UnusedSeed, print_json
from ...errors import OptionError, shown


def export_command(
    folder: Annotated[Path, typer.Argument(help="The folder of a run (`mlplat replay --out`), or of a platform.")],
    format: Annotated[str | None, typer.Option("--format", help="The format; left out, those that the folder can give are listed.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file, or for tables the folder, to write; packed where it ends in .gz.")
    ] = None,
    diagram: Annotated[str | None, typer.Option(help="Of Mermaid: timeline or cluster; of a platform lineage or pipelines.")] = None,
    of: Annotated[str | None, typer.Option(help="The model version or pipeline that a chart of a platform shows.", metavar="NAME")] = None,
    most: Annotated[int | None, typer.Option(help="Slices of a Perfetto trace, 200,000 if left out; 0 for all.", metavar="SLICES")] = None,
    seed: UnusedSeed = 0,
    as_json: Json = False,
) -> None:
    """Write a run or a platform in the format of another tool: perfetto, csv, parquet, prometheus, openmetrics, mermaid, openlineage."""
    from .formats import FORMATS, chosen_format, export_folder, kind_of

    kind = kind_of(folder)
    if format is None:
        if as_json:
            print_json({"kind": kind, "formats": {name: {"what": one.what, "to": one.to} for name, one in FORMATS[kind].items()}})
            return
        print(f"{shown(folder)} is the folder of a {kind}, which can be given as")
        for name, one in FORMATS[kind].items():
            print(f"  {name:<12}{one.what}" + (f" ({', '.join(one.diagrams)})" if one.diagrams else ""))
        return
    chosen = chosen_format(kind, format)
    if out is None:
        raise OptionError(f"-o: expected the {chosen.to} to write")
    if most is not None and most < 0:
        raise OptionError(f"--most {most}: expected a number of slices, or 0 for all")
    told = export_folder(folder, out, format, diagram=diagram, of=of, most=0 if most is None else most or None)
    if as_json:
        print_json(told)
    else:
        print(f"{shown(out)}: {format} of a {kind}")
