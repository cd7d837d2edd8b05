"""`Outages`: when which node or device is down, as arrays; drawn from failure rates, or read from a file."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError, OptionError
from ..html_tables import table
from ..units import format_seconds
from .durations import LONGEST_S

if TYPE_CHECKING:
    import polars as pl

    from ..units import Duration
    from .cluster_spec import ClusterSpec
    from .node_table import NodeTable

Floats = npt.NDArray[np.float64]
Source = str | os.PathLike[str]
MAX_OUTAGES = 20_000_000
"""Rows that a schedule may have; more is taken for a slip in a rate."""

MS = 1000.0


class OutageKind(IntEnum):
    """What is down, and why.

    >>> [kind.name.lower() for kind in OutageKind]
    ['node', 'device', 'rack', 'maintenance', 'partition']
    """

    NODE = 0
    """The node failed by itself."""
    DEVICE = 1
    """One device of the node failed; the node works on without it."""
    RACK = 2
    """The rack failed, and the node with it."""
    MAINTENANCE = 3
    """The node is off as planned."""
    PARTITION = 4
    """The node works and cannot be reached: the fabric failed, or its link."""


KIND_NAMES = tuple(kind.name.lower() for kind in OutageKind)


@dataclass(frozen=True, slots=True, eq=False)
class Outages:
    """M outages, in order of their first effect (the start, or the notice or grace before it), node, device and kind.

    `start`, `end`: float64[M], seconds from the start of the run in whole milliseconds; the outage covers start ≤ t < end, and an infinite
    end is never repaired. `kind`: int8[M], an `OutageKind`. `node`: int32[M], row of `spec.nodes()`. `device`: int32[M], which device of
    the node, -1 for the node itself. `notice`, `grace`: float64[M], seconds before the start of a maintenance at which its node takes no
    more work, and at which what still runs there is stopped. `until`: the schedule is complete up to there. Build it with
    `Outages.build`, `Outages.read_csv` or `Reliability.outages`.

    >>> outages = Outages.build(start=[3600], end=[7200], node=[0])
    >>> outages.kind.tolist() == [OutageKind.NODE], outages.until
    (True, 7200.0)
    """

    start: Floats
    end: Floats
    kind: npt.NDArray[np.int8]
    node: npt.NDArray[np.int32]
    device: npt.NDArray[np.int32]
    notice: Floats
    grace: Floats
    until: float

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self) if field.name != "until"):
            getattr(self, name).setflags(write=False)

    @classmethod
    def build(
        cls,
        *,
        start: npt.ArrayLike,
        end: npt.ArrayLike,
        node: npt.ArrayLike,
        kind: Any = "node",
        device: npt.ArrayLike = -1,
        notice: npt.ArrayLike = 0.0,
        grace: npt.ArrayLike = 0.0,
        until: float | None = None,
    ) -> Outages:
        """Checked and sorted outages. Times are rounded to whole milliseconds; a scalar stands for every row; `kind` takes names or codes.

        `until` is the latest start or finite end if not given. Raises InputError naming the column and the first bad row.

        >>> outages = Outages.build(start=[50, 10], end=[60.5, 20], node=[0, 1], kind=["device", "node"], device=[3, -1])
        >>> outages.start.tolist(), outages.device.tolist()
        ([10.0, 50.0], [-1, 3])
        """
        n = len(np.atleast_1d(np.asarray(start)))
        columns: dict[str, npt.NDArray[Any]] = {"start": _times("start", start, n), "end": _times("end", end, n, infinite=True)}
        columns |= {"kind": _kinds(kind, n), "node": _whole("node", node, n), "device": _whole("device", device, n)}
        columns |= {"notice": _times("notice", notice, n), "grace": _times("grace", grace, n)}
        _refuse("end", columns["end"] <= columns["start"], columns["end"], "later than the start, by a millisecond at least")
        _refuse("node", columns["node"] < 0, columns["node"], "the row of a node, from 0")
        of_device = columns["kind"] == OutageKind.DEVICE
        _refuse("device", of_device & (columns["device"] < 0), columns["device"], "the number of a device, from 0")
        _refuse("device", ~of_device & (columns["device"] != -1), columns["device"], "-1 where the outage is not that of a device")
        finite = columns["end"][np.isfinite(columns["end"])]
        latest = float(max(columns["start"].max(initial=0.0), finite.max(initial=0.0)))
        start_ms, notice_ms, grace_ms = (np.rint(columns[name] * MS).astype(np.int64) for name in ("start", "notice", "grace"))
        order = in_order(start_ms, columns["kind"], columns["node"], columns["device"], notice_ms, grace_ms)
        return cls(**{name: column[order] for name, column in columns.items()}, until=latest if until is None else until)

    def __len__(self) -> int:
        return len(self.start)

    def counts(self) -> dict[str, int]:
        """Rows by name of the kind, those there are.

        >>> Outages.build(start=[1, 2], end=[3, 4], node=[0, 0]).counts()
        {'node': 2}
        """
        rows = np.bincount(self.kind, minlength=len(KIND_NAMES)).tolist()
        return {name: count for name, count in zip(KIND_NAMES, rows, strict=True) if count}

    def check(self, nodes: NodeTable) -> None:
        """Raises InputError for the first outage of a node or device that `nodes` does not have."""
        _refuse("node", self.node >= len(nodes), self.node, f"the row of one of {len(nodes):,} nodes")
        _refuse("device", self.device >= nodes.gpus[self.node], self.device, "a device that the node has")

    def to_polars(self) -> pl.DataFrame:
        """One row an outage: `start_s`, `end_s`, `kind`, `node`, `device` (null for a node's), `notice_s`, `grace_s`."""
        import polars as pl

        device = pl.Series("device", self.device)
        kind = pl.Series("kind", KIND_NAMES, dtype=pl.String).gather(self.kind)
        return pl.DataFrame(
            [
                pl.Series("start_s", self.start),
                pl.Series("end_s", self.end),
                kind,
                pl.Series("node", self.node),
                device,
                pl.Series("notice_s", self.notice),
                pl.Series("grace_s", self.grace),
            ]
        ).with_columns(pl.when(pl.col("device") >= 0).then(pl.col("device")).alias("device"))

    @classmethod
    def read_csv(cls, path: Source, spec: ClusterSpec | None = None, *, until: Duration | None = None) -> Outages:
        """The outages in a CSV file with the columns `start_s, end_s, kind, node` and, if need be, `device, notice_s, grace_s`.

        `node` is a name of a node of `spec`, or its row. An outage that is never repaired has the end `inf`. `until`: how long the record
        covers, the latest start or finite end if not given. Raises InputError with file, line, column, value and what was expected.
        """
        from .outage_files import read_outages

        return read_outages(path, spec, None if until is None else horizon(until))

    def write_csv(self, path: Source, spec: ClusterSpec | None = None) -> None:
        """Write what `read_csv` reads back the same; nodes by name if a `spec` is given. Raises InputError where it cannot be written."""
        from .outage_files import write_outages

        write_outages(self, path, spec)

    def __repr__(self) -> str:
        listed = ", ".join(f"{count:,} {name}" for name, count in self.counts().items())
        return f"Outages({len(self):,} rows in {format_seconds(self.until)}{': ' if listed else ''}{listed})"

    def _repr_html_(self) -> str:
        return table(("kind", "outages"), self.counts().items(), title=repr(self))


def in_order(
    start: npt.NDArray[Any],
    kind: npt.NDArray[Any],
    node: npt.NDArray[Any],
    device: npt.NDArray[Any],
    notice: npt.NDArray[Any],
    grace: npt.NDArray[Any],
) -> npt.NDArray[np.int64]:
    """The order of outages: by first effect, node, device, kind, start. Times are in milliseconds."""
    first = start - np.where(kind == OutageKind.MAINTENANCE, announced_ms(notice, grace), 0)
    return np.lexsort((start, kind, device, node, first))


def announced_ms(notice: npt.ArrayLike, grace: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """How long before its start a maintenance has its first effect: its node is drained before it is off, by a millisecond at least."""
    return np.maximum(np.maximum(np.asarray(notice, dtype=np.int64), np.asarray(grace, dtype=np.int64)), 1)


def _column(name: str, values: Any, n: int, expected: str) -> Floats:
    try:
        given = np.asarray(values)
        if given.dtype.kind not in "iuf" and given.size:
            raise TypeError
        return np.broadcast_to(given, (n,)).astype(np.float64)
    except (TypeError, ValueError):
        raise InputError("not a column of this table", column=name, value=values, expected=f"{expected}, one or {n} of them") from None


def _times(name: str, values: Any, n: int, *, infinite: bool = False) -> Floats:
    column = _column(name, values, n, "seconds")
    good = (column >= 0) & ((column <= LONGEST_S) | (infinite & (column == np.inf)))
    _refuse(name, ~good, column, f"seconds from 0 to {LONGEST_S:g}" + (", or inf" if infinite else ""))
    rounded: Floats = np.rint(column * MS) / MS
    return rounded


def _whole(name: str, values: Any, n: int) -> npt.NDArray[np.int32]:
    column = _column(name, values, n, "whole numbers")
    _refuse(name, ~((column == np.floor(column)) & (abs(column) < 2**31)), column, "a whole number below 2^31")
    return column.astype(np.int32)


def _kinds(kind: Any, n: int) -> npt.NDArray[np.int8]:
    expected = "one of " + ", ".join(KIND_NAMES)
    try:
        given = np.broadcast_to(np.asarray(kind), (n,))
    except ValueError:
        raise InputError("not a column of this table", column="kind", value=kind, expected=f"{expected}, one or {n} of them") from None
    if given.dtype.kind in "UO" or not n:
        code = {name: i for i, name in enumerate(KIND_NAMES)}
        given = np.array([code.get(str(name), -1) for name in given.tolist()], dtype=np.int64)
    elif given.dtype.kind not in "iu":
        raise InputError("not a column of kinds", column="kind", expected=expected)
    _refuse("kind", (given < 0) | (given >= len(KIND_NAMES)), np.broadcast_to(np.asarray(kind), (n,)), expected)
    return given.astype(np.int8)


def _refuse(name: str, bad: npt.NDArray[np.bool_], column: npt.NDArray[Any], expected: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(f"bad value in row {row} of the outages", column=name, value=column[row].item(), expected=expected)


def horizon(until: Any) -> float:
    """The end of a schedule in seconds. Raises OptionError."""
    from ..units import seconds

    time = seconds(until)
    if not math.isfinite(time) or time > LONGEST_S:
        raise OptionError(f"until={str(until)[:60]!r}: expected a time of at most {LONGEST_S:g} s")
    return time
