"""`ServingResult`: what became of a stream of requests, as frames, figures and a fingerprint."""

from __future__ import annotations

import hashlib
import html
import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ...plotting import Plots
from ...version import VERSION
from .columns import OUTCOMES
from .kernels import state as s
from .requests import Requests
from .versions import Version

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl


class ServingResult:
    """What became of a stream of requests. Frames are made when they are asked for; their columns are those of `columns.FRAMES`."""

    def __init__(self, versions: Sequence[Version], stream: Requests, server: s.Server, until: float, seed: int, seconds: float) -> None:
        self._versions, self._stream, self._server, self._until = tuple(versions), stream, server, until
        self.seed, self.engine_seconds = seed, seconds
        """Seconds: of the wall clock, for the run itself."""

    @property
    def end_s(self) -> float:
        """The horizon, or the last instant at which something happened (s)."""
        return self._until if self._until < math.inf else float(self._server.clock[0])

    @property
    def arrays(self) -> s.Requests:
        """What became of each request, as arrays: `sent`, `end`, `attempts`, `outcome` and others. They are the run's own: read only."""
        return self._server.requests

    @property
    def answered(self) -> npt.NDArray[np.bool_]:
        """bool[N]: requests that were answered, with an error or without."""
        outcome = self._server.requests.outcome
        found: npt.NDArray[np.bool_] = (outcome == s.ANSWERED) | (outcome == s.ERROR)
        return found

    @property
    def erroneous(self) -> npt.NDArray[np.bool_]:
        """bool[N]: requests that were answered with an error."""
        found: npt.NDArray[np.bool_] = self._server.requests.outcome == s.ERROR
        return found

    @property
    def unfinished(self) -> npt.NDArray[np.bool_]:
        """bool[N]: requests of which nothing had become by the end."""
        found: npt.NDArray[np.bool_] = self._server.requests.outcome == s.UNFINISHED
        return found

    @property
    def slot_seconds(self) -> tuple[float, float]:
        """Busy and ready seconds of all slots."""
        both = [self._integrals(v) for v in range(len(self._versions))]
        return sum(busy for busy, _ in both), sum(ready for _, ready in both)

    @property
    def replica_seconds(self) -> float:
        """Ready seconds of all replicas."""
        return sum(self._integrals(v)[1] / version.slots for v, version in enumerate(self._versions))

    @cached_property
    def requests(self) -> pl.DataFrame:
        """One row a request."""
        import polars as pl

        r, names = self._server.requests, [version.name for version in self._versions]
        first = self._server.versions.number[:, s.FIRST]
        known = r.attempts > 0
        version = np.where(known, r.version, 0)
        done = (r.outcome == s.ANSWERED) | (r.outcome == s.ERROR)
        with np.errstate(invalid="ignore"):
            columns = {
                "request": np.arange(len(r.sent), dtype=np.uint32),
                "sent_s": r.sent,
                "version": _enum(version, names),
                "replica": np.where(r.place >= 0, r.place - first[version], -1).astype(np.int32),
                "attempts": r.attempts,
                "outcome": _enum(r.outcome, OUTCOMES),
                "start_s": r.start,
                "end_s": r.end,
                "wait_s": r.start - r.since,
                "latency_s": np.where(done, r.end - r.sent, np.nan),
            }
        frame = pl.DataFrame(columns).with_columns(pl.Series("known", known))
        return frame.with_columns(
            pl.when(pl.col("known")).then(pl.col("version")).alias("version"),
            pl.when(pl.col("replica") >= 0).then(pl.col("replica")).alias("replica"),
            pl.col("start_s", "end_s", "wait_s", "latency_s").fill_nan(None),
        ).drop("known")

    @cached_property
    def versions(self) -> pl.DataFrame:
        """One row a version: what became of the attempts sent to it, and its latencies."""
        import polars as pl

        number, r = self._server.versions.number, self._server.requests
        done = (r.outcome == s.ANSWERED) | (r.outcome == s.ERROR)
        waiting = self._unfinished()
        rows: list[dict[str, Any]] = []
        for v, version in enumerate(self._versions):
            own = done & (r.version == v)
            p50, p95, p99 = _quantiles(r.end[own] - r.sent[own])
            busy, slots = self._integrals(v)
            rows.append(
                {
                    "version": version.name,
                    "sent": int(number[v, s.SENT]),
                    "answered": int(number[v, s.ANSWERS]),
                    "errors": int(number[v, s.ERRORS]),
                    "timed_out": int(number[v, s.TIMEOUTS]),
                    "rejected": int(number[v, s.REJECTIONS]),
                    "failed": int(number[v, s.FAILURES]),
                    "unfinished": int((waiting & (r.version == v)).sum()),
                    "latency_p50_s": p50,
                    "latency_p95_s": p95,
                    "latency_p99_s": p99,
                    "wait_mean_s": float((r.start[own] - r.since[own]).mean()) if own.any() else None,
                    "utilization": busy / slots if slots > 0 else None,
                    "ready_mean": slots / version.slots / self.end_s if self.end_s > 0 else None,
                }
            )
        schema: dict[str, Any] = {"version": pl.Enum([version.name for version in self._versions])}
        floats: dict[str, Any] = dict.fromkeys(
            ("latency_p50_s", "latency_p95_s", "latency_p99_s", "wait_mean_s", "utilization", "ready_mean"), pl.Float64
        )
        return pl.DataFrame(rows, schema_overrides=schema | floats)

    @cached_property
    def timeline(self) -> pl.DataFrame:
        """Replicas of each version after every instant at which they changed."""
        import polars as pl

        rows = int(self._server.count[s.ROWS])
        time, row = self._server.timeline.time[:rows], self._server.timeline.row[:rows]
        return pl.DataFrame(
            {
                "time_s": time,
                "version": _enum(row[:, s.T_VERSION], [version.name for version in self._versions]),
                "ready": row[:, s.T_READY],
                "starting": row[:, s.T_STARTING],
                "draining": row[:, s.T_DRAINING],
                "wanted": row[:, s.T_WANTED],
            }
        )

    def summary(self) -> dict[str, Any]:
        """Figures of the whole run; those of attempts are sums over the versions.

        Latencies (s) are those of answered requests, from the first sending to the answer.
        """
        number, r = self._server.versions.number, self._server.requests
        done = (r.outcome == s.ANSWERED) | (r.outcome == s.ERROR)
        p50, p95, p99 = _quantiles(r.end[done] - r.sent[done])
        columns = {
            "sent": s.SENT,
            "answered": s.ANSWERS,
            "errors": s.ERRORS,
            "timed_out": s.TIMEOUTS,
            "rejected": s.REJECTIONS,
            "failed": s.FAILURES,
        }
        return {
            "requests": int((r.attempts > 0).sum()),
            **{name: int(number[:, column].sum()) for name, column in columns.items()},
            "unfinished": int(self._unfinished().sum()),
            "latency_mean_s": float((r.end[done] - r.sent[done]).mean()) if done.any() else None,
            "latency_p50_s": p50,
            "latency_p95_s": p95,
            "latency_p99_s": p99,
            "wait_mean_s": float((r.start[done] - r.since[done]).mean()) if done.any() else None,
            "end_s": self.end_s,
            "fingerprint": self.fingerprint,
            "seed": self.seed,
            "version": VERSION,
        }

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of what was put in and of what became of each request and each replica."""
        server, rows = self._server, int(self._server.count[s.ROWS])
        r = server.requests
        digest = hashlib.sha256(repr((self._versions, self._until, server.backoff, server.count[s.RETRIES].item())).encode())
        put_in = (r.sent, r.key, r.service, *server.changes, server.split_salt, server.error_salt)
        came_out = (r.version, r.place, r.attempts, r.outcome, r.start, r.end, server.timeline.time[:rows], server.timeline.row[:rows])
        for array in (*put_in, *came_out):
            values = np.atleast_1d(array)
            values = np.where(np.isnan(values), np.nan, values) if values.dtype.kind == "f" else values
            little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
            digest.update(f"{little.dtype.str} {little.shape}\n".encode())
            digest.update(little.tobytes())
        return digest.hexdigest()

    def _unfinished(self) -> Any:
        """bool[N]: requests that wait for a slot or are in one."""
        server = self._server
        there = (server.requests.attempts > 0) & (server.requests.outcome == s.UNFINISHED)
        there[server.retry[: server.count[s.TO_RETRY]]] = False
        return there

    def _integrals(self, v: int) -> tuple[float, float]:
        """Busy and ready slot-seconds of a version up to the end."""
        amount, number = self._server.versions.amount[v], self._server.versions.number[v]
        rest = max(0.0, self.end_s - amount[s.LATEST])
        busy, ready = amount[s.BUSY_TIME] + rest * number[s.BUSY], amount[s.SLOT_TIME] + rest * number[s.UP_NOW] * number[s.SLOTS]
        return float(busy), float(ready)

    @property
    def plot(self) -> Plots:
        """Figures of the run: `plot()`, `plot.replicas()`, `plot.rate()` (docs/notebooks_and_plots.md)."""
        return Plots(self, "latency", "replicas", "rate")

    def __repr__(self) -> str:
        figures = self.summary()
        latency = "no answer" if figures["latency_p95_s"] is None else f"p95 {figures['latency_p95_s']:.4g} s"
        parts = (f"{figures[name]:,} {name.replace('_', ' ')}" for name in ("answered", "timed_out", "rejected", "failed", "unfinished"))
        return f"ServingResult({figures['requests']:,} requests: {', '.join(parts)}; {latency})"

    def _repr_html_(self) -> str:
        return f"<div><p>{html.escape(repr(self))}</p>{self.versions._repr_html_()}</div>"


def _enum(codes: Any, names: Sequence[str]) -> pl.Series:
    """An Enum column from codes, without a string a row."""
    import polars as pl

    return pl.Series(codes.astype(np.uint32)).cat.to(pl.Enum(names))


def _quantiles(values: Any) -> tuple[float | None, float | None, float | None]:
    if len(values) == 0:
        return None, None, None
    p50, p95, p99 = np.quantile(values, [0.5, 0.95, 0.99])
    return float(p50), float(p95), float(p99)
