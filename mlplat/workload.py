"""Jobs as arrays: `JobTrace`, the one form that every reader and generator makes and that the scheduler reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from .errors import InputError, MlplatError, OptionError
from .resources import DEVICE_MILLI, ResourceRequest

if TYPE_CHECKING:
    import polars as pl

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Split = Literal["never", "nodes", "cores"]


@dataclass(frozen=True, slots=True, eq=False)
class JobTrace:
    """N jobs in order of submission, one array per column. Build it with `JobTrace.build`, which checks and sorts.

    `submit`, `duration`, `estimate`: float64[N], seconds from the start of the run; estimate ≥ duration; an infinite duration is a
    service that never ends. `request`: int32[N], index into `requests` (the distinct requests): what each replica needs.
    `replicas`: int32[N], gang size, all placed at once or none. `last_request`: int32[N], what the last replica needs (equal to
    `request` but for jobs that were split and left a remainder). `priority`: int32[N]. `group`: int32[N], index into `groups` (user,
    team or virtual cluster). `job_id`: str[N] or None. `origin`: Unix time of second 0, where the source gives one.
    `split`: how a job may be spread over nodes: `never` (pods), `nodes` (a job wider than the widest node becomes a gang of whole nodes, as
    on training clusters), `cores` (a gang of single cores, as the processors of a supercomputer); a pool never splits a job.
    `dropped`: rows the format itself marks as unknown, by reason. `skipped`: bad rows left out under `errors="skip"`.
    `header`: the comment lines at the head of the source, where the format has them.
    """

    submit: Floats
    duration: Floats
    estimate: Floats
    request: Ints
    replicas: Ints
    last_request: Ints
    priority: Ints
    group: Ints
    requests: tuple[ResourceRequest, ...]
    groups: tuple[str, ...] = ("",)
    job_id: npt.NDArray[Any] | None = None
    origin: float = 0.0
    source: str = ""
    split: Split = "never"
    dropped: Mapping[str, int] = field(default_factory=dict)
    skipped: tuple[MlplatError, ...] = ()
    header: tuple[str, ...] = ()

    @classmethod
    def build(
        cls,
        *,
        submit: npt.ArrayLike,
        duration: npt.ArrayLike,
        request: npt.ArrayLike,
        requests: Sequence[ResourceRequest],
        estimate: npt.ArrayLike | None = None,
        replicas: npt.ArrayLike | None = None,
        last_request: npt.ArrayLike | None = None,
        priority: npt.ArrayLike | None = None,
        group: npt.ArrayLike | None = None,
        groups: Sequence[str] = ("",),
        job_id: npt.NDArray[Any] | None = None,
        **attributes: Any,
    ) -> JobTrace:
        """A checked trace: rows sorted by submission (stable), equal requests merged. Raises InputError naming the first bad row.

        >>> trace = JobTrace.build(submit=[5, 0], duration=[1, 2], request=[0, 0], requests=[ResourceRequest(cpus=1)])
        >>> trace.submit.tolist(), len(trace)
        ([0.0, 5.0], 2)
        """
        columns: dict[str, Any] = {"submit": np.array(submit, dtype=np.float64, ndmin=1)}
        n = len(columns["submit"])
        columns["duration"] = np.array(duration, dtype=np.float64, ndmin=1)
        columns["estimate"] = columns["duration"].copy() if estimate is None else np.array(estimate, dtype=np.float64, ndmin=1)
        columns["request"] = np.array(request, dtype=np.int32, ndmin=1)
        columns["replicas"] = np.ones(n, dtype=np.int32) if replicas is None else np.array(replicas, dtype=np.int32, ndmin=1)
        columns["last_request"] = columns["request"] if last_request is None else np.array(last_request, dtype=np.int32, ndmin=1)
        columns["priority"] = np.zeros(n, dtype=np.int32) if priority is None else np.array(priority, dtype=np.int32, ndmin=1)
        columns["group"] = np.zeros(n, dtype=np.int32) if group is None else np.array(group, dtype=np.int32, ndmin=1)
        for name, column in columns.items():
            if column.shape != (n,):
                raise InputError(f"column {name!r} has shape {column.shape}", expected=f"({n},) like 'submit'")
        _check_rows(columns, len(requests), len(groups))
        np.maximum(columns["estimate"], columns["duration"], out=columns["estimate"])
        distinct: dict[ResourceRequest, int] = {}
        code = np.array([distinct.setdefault(r, len(distinct)) for r in requests], dtype=np.int32)
        if n:
            columns["request"], columns["last_request"] = code[columns["request"]], code[columns["last_request"]]
        if n and (np.diff(columns["submit"]) < 0).any():
            order = np.argsort(columns["submit"], kind="stable")
            columns = {name: column[order] for name, column in columns.items()}
            job_id = None if job_id is None else np.asarray(job_id)[order]
        return cls(**columns, requests=tuple(distinct), groups=tuple(groups), job_id=job_id, **attributes)

    def __len__(self) -> int:
        return len(self.submit)

    @property
    def span(self) -> float:
        """Seconds from the first submission to the last."""
        return float(self.submit[-1] - self.submit[0]) if len(self) else 0.0

    def per_request(self, attribute: str) -> npt.NDArray[np.int64]:
        """An attribute of the distinct requests (`gpus`, `cpu_milli`, …) as int64[len(requests)]."""
        return np.array([getattr(r, attribute) for r in self.requests], dtype=np.int64)

    def width(self, attribute: str) -> npt.NDArray[np.int64]:
        """A job's total over its replicas of an attribute of the request, int64[N]."""
        amount = self.per_request(attribute)
        if not len(self):
            return np.zeros(0, dtype=np.int64)
        return (self.replicas.astype(np.int64) - 1) * amount[self.request] + amount[self.last_request]

    @property
    def gpu_milli(self) -> npt.NDArray[np.int64]:
        """Total accelerator milli of each job: whole devices and shares (MIG instances are not counted)."""
        return self.width("gpus") * DEVICE_MILLI + self.width("gpu_milli")

    def take(self, rows: npt.ArrayLike) -> JobTrace:
        """The jobs at `rows` (indices or a boolean mask), again in order of submission."""
        index = np.asarray(rows)
        index = np.flatnonzero(index) if index.dtype == bool else index.astype(np.int64)
        index = index[np.argsort(self.submit[index], kind="stable")]
        names = ("submit", "duration", "estimate", "request", "replicas", "last_request", "priority", "group")
        job_id = None if self.job_id is None else self.job_id[index]
        return replace(self, **{name: getattr(self, name)[index] for name in names}, job_id=job_id)

    def with_columns(self, **columns: Any) -> JobTrace:
        """A copy with some columns replaced, checked and sorted again."""
        names = (
            "submit",
            "duration",
            "estimate",
            "request",
            "replicas",
            "last_request",
            "priority",
            "group",
            "job_id",
            "requests",
            "groups",
        )
        attributes = ("origin", "source", "split", "dropped", "skipped", "header")
        return JobTrace.build(**{name: getattr(self, name) for name in names + attributes} | columns)

    def id_of(self, job: int) -> str:
        """The name of a job: its id in the source, or its row number."""
        return str(job) if self.job_id is None else str(self.job_id[job])

    def row_of(self, job: object) -> int:
        """The row of a job given by id or by row number. Raises OptionError where there is none."""
        if isinstance(job, str):
            found = np.flatnonzero(self.job_id.astype(np.str_) == job) if self.job_id is not None else np.zeros(0, dtype=np.int64)
            if len(found):
                return int(found[0])
            row = int(job) if job.isascii() and job.isdigit() and len(job) < 19 else -1
        else:
            row = int(job) if isinstance(job, (int, np.integer)) and not isinstance(job, bool) else -1
        if not 0 <= row < len(self):
            raise OptionError(f"no job {job!r} in the trace; expected an id or a row number below {len(self)}")
        return row

    def to_polars(self) -> pl.DataFrame:
        """One row a job, the request spelled out."""
        import polars as pl

        names = ("cpu_milli", "memory_mib", "disk_mib", "gpus", "gpu_milli", "mig")
        ids = pl.Series("job_id", [str(i) for i in range(len(self))] if self.job_id is None else self.job_id, dtype=pl.String)
        picked = self.request if len(self) else np.zeros(0, np.int32)
        asked = {
            name: pl.Series([getattr(r, name) for r in self.requests], dtype=pl.String if name == "mig" else pl.Int64) for name in names
        }
        models = pl.Series(["|".join(r.models) for r in self.requests], dtype=pl.String)
        return pl.DataFrame(
            [ids]
            + [pl.Series(name, getattr(self, name)) for name in ("submit", "duration", "estimate", "replicas")]
            + [column.gather(picked).alias(name) for name, column in (asked | {"models": models}).items()]
            + [pl.Series("priority", self.priority), pl.Series("group", self.groups, dtype=pl.String).gather(self.group)]
        )

    def __repr__(self) -> str:
        return f"JobTrace({len(self):,} jobs, {len(self.requests)} distinct requests, {self.span / 86400:.1f} d, source={self.source!r})"


def _check_rows(columns: Mapping[str, npt.NDArray[Any]], requests: int, groups: int) -> None:
    rules: list[tuple[str, npt.NDArray[np.bool_], str]] = [
        ("submit", ~(np.isfinite(columns["submit"]) & (columns["submit"] >= 0)), "a finite time of at least 0 s"),
        ("duration", ~(columns["duration"] >= 0), "a time of at least 0 s"),
        ("estimate", ~(columns["estimate"] >= 0), "a time of at least 0 s"),
        ("replicas", columns["replicas"] < 1, "at least 1 replica"),
        ("request", (columns["request"] < 0) | (columns["request"] >= requests), f"an index into {requests} requests"),
        ("last_request", (columns["last_request"] < 0) | (columns["last_request"] >= requests), f"an index into {requests} requests"),
        ("group", (columns["group"] < 0) | (columns["group"] >= groups), f"an index into {groups} groups"),
    ]
    for name, bad, expected in rules:
        if bad.any():
            row = int(np.argmax(bad))
            raise InputError(f"bad value in row {row} of the jobs", column=name, value=columns[name][row].item(), expected=expected)
