"""`mlplat traces fit` and `mlplat traces generate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...command_options import BadRows, Json, Seed, TraceFormat, errors_of, print_json
from ...errors import InputError, shown


def fit_trace(
    file: Annotated[Path, typer.Argument(help="The trace.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The fitted model, as JSON.")],
    format: TraceFormat = None,
    errors: BadRows = "raise",
    held_out: Annotated[bool, typer.Option("--held-out", help="Also fit without the last 30 % and compare with them.")] = False,
    seed: Annotated[int, typer.Option(help="The seed of the traces that the model is compared with.")] = 0,
    as_json: Json = False,
) -> None:
    """Fit a generator to a trace, and say how well it fits."""
    from ..reading import read_trace
    from .fitting import fit
    from .goodness import held_out as compare

    trace = read_trace(file, format=format, errors=errors_of(errors))
    model = fit(trace, seed=seed)
    report = model.goodness(trace, seed=seed)
    later = compare(trace, how="later", seed=seed) if held_out else None
    model.to_json(out)
    if as_json:
        found = {"model": str(out), "jobs": model.jobs, "days": model.days, "kinds": len(model.kinds), **report.to_dict()}
        print_json(found | ({} if later is None else {"held_out": later.to_dict()["checks"]}))
        return
    print(model)
    print(report)
    if later is not None:
        print("fitted without the last 30 %, compared with them:")
        print(later)
    misfits = [f"{check.what} ({check.figure})" for check in report.misfits]
    print("does not fit: " + "; ".join(misfits) if misfits else "nothing of it does not fit")


def generate_trace(
    model: Annotated[Path, typer.Argument(help="A model that `mlplat traces fit` has written.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The trace: .csv or .parquet.")],
    days: Annotated[float | None, typer.Option(help="How long; that of the fitted trace if neither is given.")] = None,
    jobs: Annotated[int | None, typer.Option(help="How many jobs, instead of days.")] = None,
    load: Annotated[float, typer.Option("--load", help="So many times as many jobs.")] = 1.0,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Generate a trace from a fitted model."""
    from ..mlplat_files import write_trace
    from .model import FittedWorkload

    if out.suffix not in (".csv", ".parquet"):
        raise InputError("the name of the trace", path=shown(out), expected="one that ends in .csv or .parquet")
    trace = FittedWorkload.from_json(model).generate(jobs, days=days, load_factor=load, seed=seed)
    write_trace(trace, out)
    if as_json:
        print_json({"path": str(out), "jobs": len(trace), "days": trace.span / 86400})
    else:
        print(f"{len(trace):,} jobs in {trace.span / 86400:.4g} days: {shown(out)}")
