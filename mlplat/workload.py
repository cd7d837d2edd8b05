"""Jobs as arrays: `JobTrace`, the one form that every reader and generator makes and that the scheduler reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from .errors import InputError, MlplatError, OptionError, UnknownNameError
from .resources import DEVICE_MILLI, ResourceRequest

if TYPE_CHECKING:
    import polars as pl

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Split = Literal["never", "nodes", "cores"]
LONGEST = 1e15  # s; sums over jobs stay exact enough, and finite


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
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

    >>> trace = JobTrace.build(
    ...     submit=[0, 60], duration=[3600, 600], request=[0, 1], requests=[ResourceRequest(gpus=8), ResourceRequest(gpu_milli=500)]
    ... )
    >>> trace.span, trace.width("gpus").tolist()
    (60.0, [8, 0])
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

    def __post_init__(self) -> None:
        for name in ("submit", "duration", "estimate", "request", "replicas", "last_request", "priority", "group"):
            getattr(self, name).setflags(write=False)  # results share them
        if self.job_id is not None:
            self.job_id.setflags(write=False)

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
        times, whole = np.float64, np.int32
        columns: dict[str, Any] = {"submit": _column("submit", submit, times)}
        n = len(columns["submit"])
        columns["duration"] = _column("duration", duration, times)
        columns["estimate"] = columns["duration"].copy() if estimate is None else _column("estimate", estimate, times)
        columns["request"] = _column("request", request, whole)
        columns["replicas"] = np.ones(n, dtype=whole) if replicas is None else _column("replicas", replicas, whole)
        columns["last_request"] = columns["request"] if last_request is None else _column("last_request", last_request, whole)
        columns["priority"] = np.zeros(n, dtype=whole) if priority is None else _column("priority", priority, whole)
        columns["group"] = np.zeros(n, dtype=whole) if group is None else _column("group", group, whole)
        job_id = None if job_id is None else _ids(job_id, n)
        _check_attributes(requests, groups, attributes)
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
            job_id = None if job_id is None else job_id[order]
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

    def _repr_html_(self) -> str:
        from .html_tables import table

        counts = np.bincount(self.request, minlength=len(self.requests)) if len(self) else np.zeros(len(self.requests), dtype=int)
        order = np.argsort(-counts, kind="stable").tolist()
        rows = [(self.requests[i], int(counts[i])) for i in order]
        return table(("request of a replica", "jobs"), rows, title=repr(self), lead=[f"groups: {len(self.groups):,}"])


def _column(name: str, values: Any, dtype: type) -> npt.NDArray[Any]:
    """A column of its own as float64 or int32.

    Raises InputError for what is no column of numbers, and for integers that would be changed.
    """
    expected = "a column of numbers" if dtype is np.float64 else "a column of integers below 2^31"
    try:
        given = np.array(values, ndmin=1)
        if given.dtype.kind not in "iuf" and given.size:
            raise TypeError
        with np.errstate(invalid="ignore"):
            column: npt.NDArray[Any] = given.astype(dtype)
        changed = column != given if dtype is np.int32 else np.zeros(0, dtype=np.bool_)
    except (TypeError, ValueError, OverflowError):
        raise InputError("not numbers", column=name, value=values, expected=expected) from None
    if changed.any():
        raise InputError("bad value", column=name, value=given.flat[int(np.argmax(changed))].item(), expected=expected)
    return column


def _ids(ids: Any, n: int) -> npt.NDArray[Any]:
    try:
        column = np.asarray(ids)
    except ValueError:  # ragged
        column = np.zeros((0, 0))
    if column.shape != (n,) or column.dtype.kind not in "iuUO" or not all(isinstance(i, (str, int)) for i in column.tolist()):
        raise InputError("bad ids", column="job_id", expected=f"{n} names")
    return column


def _is_time(column: Floats) -> npt.NDArray[np.bool_]:
    times: npt.NDArray[np.bool_] = (column >= 0) & ((column <= LONGEST) | (column == np.inf))
    return times


def _check_attributes(requests: Any, groups: Any, attributes: Mapping[str, Any]) -> None:
    if not isinstance(requests, Sequence) or not all(isinstance(r, ResourceRequest) for r in requests):
        raise InputError("not requests", column="requests", value=requests, expected="a list of ResourceRequest")
    if isinstance(groups, str) or not isinstance(groups, Sequence) or not all(isinstance(name, str) for name in groups):
        raise InputError("not groups", column="groups", value=groups, expected="a list of names")
    known = ("origin", "source", "split", "dropped", "skipped", "header")
    for name in attributes:
        if name not in known:
            raise UnknownNameError("attribute of a trace", name, known)
    if attributes.get("split", "never") not in get_args(Split):
        raise UnknownNameError("split", attributes["split"], get_args(Split))


def _check_rows(columns: Mapping[str, npt.NDArray[Any]], requests: int, groups: int) -> None:
    rules: list[tuple[str, npt.NDArray[np.bool_], str]] = [
        ("submit", ~((columns["submit"] >= 0) & (columns["submit"] <= LONGEST)), "a time from 0 to 1e15 s"),
        ("duration", ~_is_time(columns["duration"]), "a time from 0 to 1e15 s, or infinite"),
        ("estimate", ~_is_time(columns["estimate"]), "a time from 0 to 1e15 s, or infinite"),
        ("replicas", columns["replicas"] < 1, "at least 1 replica"),
        ("request", (columns["request"] < 0) | (columns["request"] >= requests), f"an index into {requests} requests"),
        ("last_request", (columns["last_request"] < 0) | (columns["last_request"] >= requests), f"an index into {requests} requests"),
        ("group", (columns["group"] < 0) | (columns["group"] >= groups), f"an index into {groups} groups"),
    ]
    for name, bad, expected in rules:
        if bad.any():
            row = int(np.argmax(bad))
            raise InputError(f"bad value in row {row} of the jobs", column=name, value=columns[name][row].item(), expected=expected)
