"""From the workload of a scenario to the jobs of one replication."""

from __future__ import annotations

import importlib
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InputError, SpecError, shown
from ...streams import stream
from ...traces import generators, transformations
from .part import placed_at

if TYPE_CHECKING:
    from ...workload import JobTrace
    from .workload import Transformation, Workload


def draw(workload: Workload, folder: Path, seed: int, where: str = "workload") -> JobTrace:
    """The jobs of a workload under a seed. Raises InputError, and SpecError with the place in the scenario."""
    trace = _source(workload, folder, seed, where)
    if workload.group is not None:
        trace = replace(trace, group=np.zeros(len(trace), dtype=np.int32), groups=(workload.group,))
    if workload.priority is not None:
        trace = replace(trace, priority=np.full(len(trace), workload.priority, dtype=np.int32))
    for i, step in enumerate(workload.transformations):
        with placed_at(f"{where}.transformations[{i}].{step.kind}"):
            trace = _transformed(trace, step, seed_of(seed, f"transformation/{i}"))
    if not len(trace):
        raise SpecError("has no jobs left", where=f"{where}.transformations" if workload.transformations else where)
    return trace


def seed_of(seed: int, name: str) -> int:
    """A seed of its own for a part of a run."""
    return int(stream(seed, name).integers(0, 2**63))


def _source(workload: Workload, folder: Path, seed: int, where: str) -> JobTrace:
    if workload.trace is not None:
        return read(folder / workload.trace, workload.format, workload.errors)
    if workload.merge:
        parts = [draw(part, folder, seed_of(seed, f"part/{i}"), f"{where}.merge[{i}]") for i, part in enumerate(workload.merge)]
        with placed_at(f"{where}.merge"):
            return transformations.merge(parts)
    if workload.synthetic is not None:
        with placed_at(f"{where}.synthetic"):
            return generators.synthetic(**dict(workload.synthetic), seed=seed)
    if workload.queueing is not None:
        with placed_at(f"{where}.queueing"):
            return generators.queueing(**dict(workload.queueing), seed=seed)
    assert workload.fitted is not None
    fitted = workload.fitted
    model = _model(folder / fitted.model)
    with placed_at(f"{where}.fitted"):
        made: JobTrace = model.generate(fitted.jobs, days=fitted.days, load_factor=fitted.load_factor, seed=seed)
        return made


def read(path: Path, format: str | None, errors: Any) -> JobTrace:
    """A recorded trace. The last few that were read are kept, as long as their files do not change. Raises InputError."""
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {getattr(error, 'strerror', None) or error}", path=shown(path)) from None
    return _read(str(path), format, errors, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=4)
def _read(path: str, format: str | None, errors: Any, size: int, changed: int) -> JobTrace:
    from ...traces import read_trace

    return read_trace(path, format=format, errors=errors)


def _model(path: Path) -> Any:
    fitting = importlib.import_module("...traces.fitting", __package__)
    return fitting.FittedWorkload.from_json(path)


def _transformed(trace: JobTrace, step: Transformation, seed: int) -> JobTrace:
    if step.slice is not None:
        return transformations.slice(trace, step.slice.start, step.slice.end)
    if step.scale_load is not None:
        return transformations.scale_load(trace, step.scale_load)
    if step.shift is not None:
        return transformations.shift(trace, step.shift)
    if step.sample is not None:
        return transformations.sample(trace, step.sample, seed=seed)
    if step.resample is not None:
        return transformations.resample(trace, step.resample.block, length=step.resample.length, seed=seed)
    if step.filter is not None:
        return _filtered(trace, step.filter)
    assert step.inflate is not None
    from ...traces import inflate

    return inflate(trace, ratio=step.inflate.ratio, capacity_gpus=step.inflate.capacity_gpus, seed=seed)


def _filtered(trace: JobTrace, condition: str) -> JobTrace:
    import polars as pl

    try:
        found = trace.to_polars().select(pl.sql_expr(condition).alias("kept"))["kept"]
    except pl.exceptions.PolarsError as error:
        raise SpecError(
            f"not a condition: {str(error).splitlines()[0][:200]}; columns: {', '.join(trace.take([]).to_polars().columns)}"
        ) from None
    return transformations.filter(trace, found)
