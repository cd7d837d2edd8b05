"""What the Monitoring System answers: windows, incidents, what became of predictions and labels."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from ....errors import printable
from ....html_tables import table
from .judgements import Judgement


class IncidentKind(StrEnum):
    """What is wrong. `ACCESS`: the monitor may not, or cannot, read or write what it needs, and so judges nothing."""

    DRIFT = "drift"
    DEGRADATION = "degradation"
    LATENCY = "latency"
    BASELINE_MISSING = "baseline_missing"
    ACCESS = "access"


class Window(NamedTuple):
    """A closed window of one model version. `from_s`, `to_s`: times of its first and last answer. `rows`: kept, of `seen` requests at the
    rate `sampling`; `lost`: samples that were lost with a node. `dataset`: the version that has the rows, empty where it could not be
    written. `outcome`: `steady`, `drift`, `insufficient`, or `unjudged` without a baseline; `columns`: of the alarm; `alarms`: its figures.
    `latency`: `steady`, `slow` or `insufficient`. `naive_psi`, `naive_ks`: columns of which the naive rules would have told."""

    watch: str
    number: int
    version: str
    from_s: float
    to_s: float
    rows: int
    seen: int
    lost: int
    sampling: float
    dataset: str
    outcome: Judgement
    columns: tuple[str, ...]
    alarms: tuple[Mapping[str, Any], ...]
    latency: Judgement
    naive_psi: int
    naive_ks: int

    @property
    def resource(self) -> str:
        return f"window:{self.watch}@{self.number}"

    def __str__(self) -> str:
        of = f" ({', '.join(printable(column) or 'all columns' for column in self.columns)})" if self.columns else ""
        lost = f", {self.lost:,} lost" if self.lost else ""
        return f"{self.watch}@{self.number} of {self.version}: {self.outcome}{of}, {self.rows:,} rows{lost}, latency {self.latency}"


class WindowList(tuple[Window, ...]):
    """Windows, the first closed first."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(map(str, self)) or "no windows"

    def _repr_html_(self) -> str:
        heads = ("window", "version", "rows", "seen", "lost", "outcome", "columns", "latency", "naive PSI", "naive KS")
        return table(
            heads,
            [(w.number, w.version, w.rows, w.seen, w.lost, w.outcome, w.columns, w.latency, w.naive_psi, w.naive_ks) for w in self],
        )


class Incident(NamedTuple):
    """`number`: within the watch. `data`: figures of what was found. `opened_s`, `resolved_s`: None while it is open. `quiet`: normal
    windows since the last that was not. `further`: windows since it was opened in which it was still so."""

    watch: str
    number: int
    kind: IncidentKind
    version: str
    opened_s: float
    data: Mapping[str, Any]
    resolved_s: float | None = None
    quiet: int = 0
    further: int = 0

    @property
    def resource(self) -> str:
        return f"incident:{self.watch}/{self.number}"

    def __str__(self) -> str:
        state = "open" if self.resolved_s is None else f"resolved at {self.resolved_s:g} s"
        return f"{self.watch}/{self.number}: {self.kind} of {self.version} at {self.opened_s:g} s, {state}"


class Collected(NamedTuple):
    """Of the predictions of one call: `kept` in a window, `left_out` of the sample, `known` already by the id of their request."""

    kept: int
    left_out: int
    known: int


class Joined(NamedTuple):
    """Of the labels of one call: `joined` to a prediction by the id of its request, `unknown` of no request that is remembered.
    `verdicts`: by version, as far as there are labels for one."""

    joined: int
    unknown: int
    verdicts: Mapping[str, Any]
