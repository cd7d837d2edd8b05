"""Traces made from traces: a window, a heavier load, a later start, a sample, a selection, a given order. The source is not changed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ..errors import OptionError
from ..streams import stream
from ..units import Duration, seconds
from ..workload import JobTrace

_ROWS = ("duration", "estimate", "request", "replicas", "last_request", "priority", "group")


def slice(trace: JobTrace, start: Duration = 0, end: Duration | None = None) -> JobTrace:
    """The jobs submitted from `start` up to, not including, `end`; `start` becomes second 0.

    Times are seconds or text such as `"2d"`, from the trace's second 0. Raises OptionError for times that are none, or an empty window.

    >>> from mlplat.resources import ResourceRequest
    >>> trace = JobTrace.build(submit=[0, 60, 120], duration=[1, 2, 3], request=[0, 0, 0], requests=[ResourceRequest(cpus=1)])
    >>> slice(trace, "1m", "2m").submit.tolist()
    [0.0]
    """
    first = seconds(start)
    last = math.inf if end is None else seconds(end)
    if not first < last:
        raise OptionError(f"start={start!r}, end={end!r}: expected a start before the end")
    cut = trace.take((trace.submit >= first) & (trace.submit < last))
    return replace(cut, submit=cut.submit - first, origin=_moved(trace, first))


def scale_load(trace: JobTrace, factor: float) -> JobTrace:
    """The same jobs, `factor` times as dense: times between submissions are divided by it. Raises OptionError unless 0 < factor < ∞.

    >>> from mlplat.resources import ResourceRequest
    >>> trace = JobTrace.build(submit=[0, 60], duration=[1, 2], request=[0, 0], requests=[ResourceRequest(cpus=1)])
    >>> scale_load(trace, 1.5).submit.tolist()
    [0.0, 40.0]
    """
    _check_number("factor", factor)
    if not 0 < factor < math.inf:
        raise OptionError(f"factor={factor!r}: expected a number above 0")
    first = trace.submit[0] if len(trace) else 0.0
    with np.errstate(over="ignore"):
        submit = first + (trace.submit - first) / factor
    if not np.isfinite(submit).all():
        raise OptionError(f"factor={factor!r}: the submissions get infinitely late")
    return replace(trace, submit=submit)


def shift(trace: JobTrace, by: Duration) -> JobTrace:
    """The same jobs `by` later; a negative number of seconds means earlier. The moments in calendar time stay what they were.

    Raises OptionError where a submission would come before second 0.

    >>> from mlplat.resources import ResourceRequest
    >>> trace = JobTrace.build(submit=[60], duration=[1], request=[0], requests=[ResourceRequest(cpus=1)])
    >>> shift(trace, -60).submit.tolist(), shift(trace, "1h").submit.tolist()
    ([0.0], [3660.0])
    """
    negative = isinstance(by, (int, float)) and not isinstance(by, bool) and by < 0
    amount = -seconds(-by) if negative else seconds(by)  # type: ignore[operator]
    submit = trace.submit + amount
    if len(trace) and submit[0] < 0:
        raise OptionError(f"by={by!r}: the first job would be submitted before second 0")
    return replace(trace, submit=submit, origin=_moved(trace, -amount))


def sample(trace: JobTrace, fraction: float | None = None, *, n: int | None = None, seed: int = 0) -> JobTrace:
    """A random part of the jobs without replacement, in order of submission: a `fraction` of them (rounded) or `n`.

    Equal arguments give equal samples. Raises OptionError unless exactly one of the two is given, within range.

    >>> from mlplat.resources import ResourceRequest
    >>> trace = JobTrace.build(submit=range(10), duration=[1] * 10, request=[0] * 10, requests=[ResourceRequest(cpus=1)])
    >>> len(sample(trace, 0.3)), len(sample(trace, n=4))
    (3, 4)
    """
    if (fraction is None) == (n is None):
        raise OptionError("sample: expected one of fraction and n")
    if fraction is not None:
        _check_number("fraction", fraction)
        if not 0 <= fraction <= 1:
            raise OptionError(f"fraction={fraction!r}: expected a number from 0 to 1")
        n = round(fraction * len(trace))
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not 0 <= n <= len(trace):
        raise OptionError(f"n={n!r}: expected a whole number from 0 to {len(trace)}, the jobs of the trace")
    return trace.take(np.sort(stream(seed, "traces.sample").permutation(len(trace))[:n]))


def filter(trace: JobTrace, predicate: pl.Expr | Callable[[pl.DataFrame], Any] | npt.ArrayLike) -> JobTrace:
    """The jobs for which `predicate` holds: an expression over the columns of `trace.to_polars()`, a function of that frame, or a mask.

    Submissions stay as they are. Raises OptionError for what does not give one truth value a job.

    >>> from mlplat.resources import ResourceRequest
    >>> trace = JobTrace.build(submit=[0, 60], duration=[1, 2], request=[0, 0], requests=[ResourceRequest(cpus=1)])
    >>> len(filter(trace, pl.col("duration") > 1))
    1
    """
    found: Any
    if isinstance(predicate, pl.Expr):
        try:
            found = trace.to_polars().select(predicate.alias("kept"))["kept"]
        except pl.exceptions.PolarsError as error:
            raise OptionError(f"the predicate cannot be used: {str(error).splitlines()[0]}") from None
    else:
        found = predicate(trace.to_polars()) if callable(predicate) else predicate
    if isinstance(found, pl.Series) and found.dtype == pl.Boolean:
        found = found.fill_null(False)
    mask = np.asarray(found)
    if mask.dtype != bool or mask.shape != (len(trace),):
        raise OptionError(f"the predicate gives {mask.dtype} of shape {mask.shape}; expected a truth value for each of {len(trace)} jobs")
    return trace.take(mask)


def reorder(trace: JobTrace, rows: npt.ArrayLike) -> JobTrace:
    """The jobs at `rows`, in that order and as often as they stand there, submitted at 0, 1, 2, … s: an arrival stream.

    Raises OptionError for rows that the trace does not have.

    >>> from mlplat.resources import ResourceRequest
    >>> trace = JobTrace.build(submit=[0, 60], duration=[1, 2], request=[0, 0], requests=[ResourceRequest(cpus=1)])
    >>> reorder(trace, [1, 0, 1]).duration.tolist()
    [2.0, 1.0, 2.0]
    """
    index = np.asarray(rows)
    if index.ndim != 1 or (len(index) and index.dtype.kind not in "iu"):
        raise OptionError(f"rows: {index.dtype} of shape {index.shape}; expected row numbers")
    index = index.astype(np.int64)
    bad = (index < 0) | (index >= len(trace))
    if bad.any():
        raise OptionError(f"rows: there is no row {int(index[bad][0])}; expected rows from 0 to {len(trace) - 1}")
    columns = {name: getattr(trace, name)[index] for name in _ROWS}
    job_id = None if trace.job_id is None else trace.job_id[index]
    return replace(trace, submit=np.arange(len(index), dtype=np.float64), job_id=job_id, origin=0.0, **columns)


def _moved(trace: JobTrace, by: float) -> float:
    """The origin when second 0 moves; 0 means that the calendar time is not known, and stays."""
    return trace.origin + by if trace.origin else 0.0


def _check_number(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise OptionError(f"{name}={value!r}: expected a number")
