"""Traces made from traces: a window, a heavier load, a later start, a sample, a selection, a given order. The source is not changed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ..errors import OptionError
from ..streams import stream
from ..units import Duration, seconds
from ..workload import JobTrace

_MOST_ROWS = 2**31 - 1
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


def resample(trace: JobTrace, block: Duration = "1d", *, length: Duration | None = None, seed: int = 0) -> JobTrace:
    """A block bootstrap: blocks of the trace (days, weeks) drawn with replacement, one after the other, until `length` is filled.

    A block is what is submitted in one `block` of time from second 0 on, so that what belongs together within a day or a week stays
    together. Only whole blocks are drawn, from the one with the first submission to the last that the trace fills; the daily and weekly
    cycle goes on if `block` is a multiple of them. `length` is that of the whole blocks of the trace if not given; the last block drawn is
    cut there. Jobs have no ids, since one may come several times, and the calendar time is lost. Equal arguments give equal traces.
    Raises OptionError for a trace that is shorter than two blocks. Künsch (1989), with blocks that do not overlap (Carlstein 1986).

    >>> from mlplat.resources import ResourceRequest
    >>> trace = JobTrace.build(submit=[0, 60, 90, 120], duration=[1, 2, 3, 4], request=[0] * 4, requests=[ResourceRequest(cpus=1)])
    >>> drawn = resample(trace, "1m", length="4m", seed=2)
    >>> drawn.submit.tolist(), drawn.duration.tolist()
    ([0.0, 60.0, 120.0, 150.0, 180.0], [1.0, 1.0, 2.0, 3.0, 1.0])
    """
    size = seconds(block)
    if not size > 0:
        raise OptionError(f"block={block!r}: expected a time above 0, such as '1d'")
    first = math.floor(trace.submit[0] / size) if len(trace) else 0
    # A trace does not say when its record ended: its last block is whole if only a hundredth of it has no submission.
    whole = max(0, math.floor(trace.submit[-1] / size + 0.01) - first) if len(trace) else 0
    if whole < 2:
        raise OptionError(f"block={block!r}: the trace has {whole} whole blocks of that length; expected at least 2 to draw from")
    filled = whole * size if length is None else seconds(length)
    if not filled > 0:
        raise OptionError(f"length={length!r}: expected a time above 0")
    count = math.ceil(filled / size)
    if count * (len(trace) / whole) > _MOST_ROWS:
        raise OptionError(f"length={length!r}: {count:,} blocks are more jobs than a trace can have")
    edges = np.searchsorted(trace.submit, (first + np.arange(whole + 1)) * size)
    drawn = stream(seed, "traces.resample").integers(0, whole, count)
    sizes = np.diff(edges)[drawn]
    begins = np.repeat(np.cumsum(sizes) - sizes, sizes)
    rows = np.repeat(edges[drawn], sizes) + np.arange(len(begins)) - begins
    submit = trace.submit[rows] + np.repeat((np.arange(count) - first - drawn) * size, sizes)
    kept = submit < filled
    columns = {name: getattr(trace, name)[rows[kept]] for name in _ROWS}
    return replace(trace, submit=np.maximum(submit[kept], 0.0), job_id=None, origin=0.0, **columns)


def merge(traces: Sequence[JobTrace]) -> JobTrace:
    """The jobs of several traces together, in order of submission; at one instant those of the first trace come first.

    Groups of one name are one group. Jobs keep their ids where all traces have them. Raises OptionError for no trace, and for traces whose
    jobs may be spread over nodes in different ways.

    >>> from mlplat.resources import ResourceRequest
    >>> one, other = (JobTrace.build(submit=[at], duration=[1], request=[0], requests=[ResourceRequest(cpus=1)], groups=[name])
    ...               for at, name in ((5, "a"), (0, "b")))
    >>> both = merge([one, other])
    >>> both.submit.tolist(), [both.groups[g] for g in both.group]
    ([0.0, 5.0], ['b', 'a'])
    """
    if not traces:
        raise OptionError("traces: none; expected at least one to merge")
    splits = list(dict.fromkeys(trace.split for trace in traces if len(trace)))
    if len(splits) > 1:
        raise OptionError(f"traces: jobs may be split by {' and by '.join(splits)}; expected one way to merge them")
    groups = list(dict.fromkeys(name for trace in traces for name in trace.groups))
    number = {name: i for i, name in enumerate(groups)}
    requests = [request for trace in traces for request in trace.requests]
    offsets = np.cumsum([0, *(len(trace.requests) for trace in traces)])[:-1].tolist()
    named = all(trace.job_id is not None for trace in traces)
    return JobTrace.build(
        **{
            name: np.concatenate([getattr(trace, name) for trace in traces])
            for name in ("submit", "duration", "estimate", "replicas", "priority")
        },
        request=np.concatenate([trace.request + offset for trace, offset in zip(traces, offsets, strict=True)]),
        last_request=np.concatenate([trace.last_request + offset for trace, offset in zip(traces, offsets, strict=True)]),
        group=np.concatenate([np.array([number[name] for name in trace.groups], dtype=np.int32)[trace.group] for trace in traces]),
        requests=requests,
        groups=groups,
        job_id=np.concatenate([np.asarray(trace.job_id, dtype=np.str_) for trace in traces]) if named else None,
        source=" + ".join(trace.source for trace in traces),
        split=splits[0] if splits else traces[0].split,
    )


def _moved(trace: JobTrace, by: float) -> float:
    """The origin when second 0 moves; 0 means that the calendar time is not known, and stays."""
    return trace.origin + by if trace.origin else 0.0


def _check_number(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise OptionError(f"{name}={value!r}: expected a number")
