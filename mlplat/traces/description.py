"""What a trace holds, in numbers: `describe`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..html_tables import facts
from ..resources import DEVICE_MILLI
from ..units import format_seconds
from ..workload import JobTrace
from .bad_rows import skipped_total

if TYPE_CHECKING:
    from rich.table import Table

QUANTILES = (("min", 0.0), ("p25", 0.25), ("p50", 0.5), ("p75", 0.75), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))
GROUPS_SHOWN = 10
ERRORS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Description:
    """The numbers of one trace.

    `jobs`; `services`: those that never end; `requests`: distinct ones; `span_s`: first to last submission; `origin`: Unix time of second
    0, None
    where it is not known. `duration_s` (of jobs that end), `cores`, `gpus` (devices, shares counted as parts; of the whole gang) and
    `replicas`:
    mean and quantiles over the jobs. `load_cores`, `load_gpus`: offered load, the cores and devices in use on average if no job ever
    waited: Σ width · duration / span over the jobs that end, None where the span is 0. `groups`: number of groups; `largest_groups`: the
    ten with the most jobs. `dropped`: rows left out by reason. `skipped`: bad rows left out; `first_skipped`: the first messages.

    >>> from mlplat.traces import describe, synthetic
    >>> found = describe(synthetic(100, seed=1))
    >>> found.jobs, found.services
    (100, 0)
    """

    source: str
    jobs: int
    services: int
    requests: int
    span_s: float
    origin: float | None
    split: str
    duration_s: Mapping[str, float]
    cores: Mapping[str, float]
    gpus: Mapping[str, float]
    replicas: Mapping[str, float]
    load_cores: float | None
    load_gpus: float | None
    groups: int
    largest_groups: Mapping[str, int]
    dropped: Mapping[str, int]
    skipped: int
    first_skipped: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The fields as what JSON can hold: no infinity and no NaN."""
        return asdict(self) | {"first_skipped": list(self.first_skipped)}

    def rows(self) -> list[tuple[str, str]]:
        """Label and text of each line, fit to be shown: names without control characters."""
        lines = [("jobs", f"{self.jobs:,}" + (f", of them {self.services:,} that never end" if self.services else ""))]
        lines.append(("distinct requests", f"{self.requests:,}"))
        lines.append(("span", format_seconds(self.span_s) + _since(self.origin)))
        for label, values, show in (
            ("duration", self.duration_s, format_seconds),
            ("cores", self.cores, _amount),
            ("GPUs", self.gpus, _amount),
            ("replicas", self.replicas, _amount),
        ):
            if values and values["max"] > (label == "replicas"):
                inner = ", ".join(f"{name} {show(value)}" for name, value in values.items() if name not in ("min", "max"))
                lines.append((label, f"{show(values['min'])} to {show(values['max'])}, {inner}"))
        for label, load in (("offered load, cores", self.load_cores), ("offered load, GPUs", self.load_gpus)):
            if load:
                lines.append((label, f"{load:,.1f}"))
        if self.groups > 1:
            shown = ", ".join(f"{_printable(name)} ({count:,})" for name, count in self.largest_groups.items())
            more = self.groups - len(self.largest_groups)
            lines.append(("groups", f"{self.groups:,}: {shown}" + (f" and {more:,} more" if more else "")))
        lines += [("dropped", f"{count:,} {_printable(reason)}") for reason, count in self.dropped.items()]
        if self.skipped:
            lines.append(("skipped", f"{self.skipped:,} bad rows"))
            lines += [("", _printable(text)) for text in self.first_skipped]
        return lines

    def __str__(self) -> str:
        lines = self.rows()
        width = max(len(label) for label, _ in lines)
        return "\n".join([_printable(self.source) or "trace", *(f"  {label:<{width}}  {text}" for label, text in lines)])

    def __rich__(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table(title=Text(_printable(self.source) or "trace"), show_header=False)
        for label, text in self.rows():
            table.add_row(Text(label), Text(text))
        return table

    def _repr_html_(self) -> str:
        return facts(self.rows(), title=self.source or "trace")


def describe(trace: JobTrace) -> Description:
    """The counts, quantiles and offered load of a trace.

    >>> from mlplat.resources import ResourceRequest
    >>> trace = JobTrace.build(submit=[0, 100], duration=[50, 150], request=[0, 0], requests=[ResourceRequest(gpus=2)])
    >>> description = describe(trace)
    >>> description.load_gpus, description.duration_s["p50"]
    (4.0, 100.0)
    """
    ends = np.isfinite(trace.duration)
    cores, gpus = trace.width("cpu_milli") / 1000, trace.gpu_milli / DEVICE_MILLI
    counts = np.bincount(trace.group, minlength=len(trace.groups)) if len(trace) else np.zeros(len(trace.groups), dtype=np.int64)
    order = np.argsort(-counts, kind="stable")[:GROUPS_SHOWN]
    return Description(
        source=trace.source,
        jobs=len(trace),
        services=int(np.count_nonzero(~ends)),
        requests=len(trace.requests),
        span_s=trace.span,
        origin=trace.origin or None,
        split=trace.split,
        duration_s=_summary(trace.duration[ends]),
        cores=_summary(cores),
        gpus=_summary(gpus),
        replicas=_summary(trace.replicas.astype(np.float64)),
        load_cores=_load(trace, cores, ends),
        load_gpus=_load(trace, gpus, ends),
        groups=int(np.count_nonzero(counts)),
        largest_groups={trace.groups[i]: int(counts[i]) for i in order if counts[i]},
        dropped=dict(trace.dropped),
        skipped=skipped_total(trace.skipped),
        first_skipped=tuple(str(error) for error in trace.skipped[:ERRORS_SHOWN]),
    )


def _summary(values: npt.NDArray[np.float64]) -> dict[str, float]:
    """Mean and quantiles; empty without values."""
    if not len(values):
        return {}
    points = np.quantile(values, [q for _, q in QUANTILES])
    return {"mean": float(values.mean())} | {name: float(point) for (name, _), point in zip(QUANTILES, points, strict=True)}


def _load(trace: JobTrace, width: npt.NDArray[np.float64], ends: npt.NDArray[np.bool_]) -> float | None:
    return float((width[ends] * trace.duration[ends]).sum() / trace.span) if trace.span > 0 else None


def _amount(value: float) -> str:
    return f"{value:,.4g}" if value < 10_000 else f"{value:,.0f}"


def _since(origin: float | None) -> str:
    if origin is None or not 0 <= origin < 2.5e11:
        return ""
    return f" from {datetime.fromtimestamp(origin, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text)
