"""The requests of a service whose fate is known: the latest of them, by version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .columns import OUTCOMES
from .kernels.state import ANSWERED, ERROR
from .live_server import Finished

if TYPE_CHECKING:
    import polars as pl

KEEP = 200_000
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def sampled(numbers: npt.NDArray[np.int64], salt: int, part: float) -> npt.NDArray[np.bool_]:
    """bool[N]: which requests are samples. It belongs to the request's number (SplitMix64), whatever else happens.

    >>> bool(abs(sampled(np.arange(10_000), 7, 0.1).mean() - 0.1) < 0.01)
    True
    """
    with np.errstate(over="ignore"):
        z = np.uint64(salt) + GOLDEN * numbers.astype(np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)) * 2.0**-53 < part


def latency(done: Finished) -> npt.NDArray[np.float64]:
    """Seconds from the first sending to the answer, nan where there was none."""
    answered = (done.outcome == ANSWERED) | (done.outcome == ERROR)
    return np.where(answered, done.end - done.sent, np.nan)


class Seen:
    """Requests in the order in which their fate became known; those before the latest `KEEP` are let go."""

    def __init__(self) -> None:
        self._parts: list[dict[str, npt.NDArray[Any]]] = []
        self._count = 0

    def add(self, done: Finished, versions: npt.NDArray[np.int64]) -> None:
        """`versions`: the number of the version of each."""
        if not len(done.number):
            return
        self._parts.append(
            {
                "request": done.number,
                "sent_s": done.sent,
                "end_s": done.end,
                "version": versions,
                "outcome": done.outcome,
                "attempts": done.attempts,
                "latency_s": latency(done),
            }
        )
        self._count += len(done.number)
        while self._count - len(self._parts[0]["request"]) >= KEEP:
            self._count -= len(self._parts.pop(0)["request"])
        if self._count > 2 * KEEP:  # they were joined
            self._join()
            self._parts = [{name: column[-KEEP:] for name, column in self._parts[0].items()}]
            self._count = KEEP

    def _join(self) -> None:
        """Make one part of all."""
        if len(self._parts) > 1:
            self._parts = [{name: np.concatenate([part[name] for part in self._parts]) for name in self._parts[0]}]

    def frame(self, version: int | None, since: float) -> pl.DataFrame:
        """One row a request whose fate became known from `since` on."""
        import polars as pl

        schema = {"request": pl.Int64, "sent_s": pl.Float64, "end_s": pl.Float64, "version": pl.Int64, "outcome": pl.Int8}
        schema |= {"attempts": pl.Int32, "latency_s": pl.Float64}
        self._join()
        frame = pl.DataFrame(self._parts[0] if self._parts else None, schema=schema)
        frame = frame.filter(pl.col("end_s") >= since) if since > 0 else frame
        frame = frame if version is None else frame.filter(pl.col("version") == version)
        return frame.with_columns(pl.col("outcome").cast(pl.UInt32).cat.to(pl.Enum(OUTCOMES)), pl.col("latency_s").fill_nan(None))

    def columns(self, since: float, until: float) -> dict[str, npt.NDArray[Any]]:
        """Columns of the requests that came from `since` on and before `until`."""
        names = ("sent_s", "version", "outcome", "latency_s")
        if not self._parts:
            return {name: np.zeros(0) for name in names}
        self._join()
        found = {name: self._parts[0][name] for name in names}
        there = (found["sent_s"] >= since) & (found["sent_s"] < until)
        return {name: column[there] for name, column in found.items()}

    def p95(self, version: int) -> float | None:
        """The 95th percentile of the latest latencies of a version (s); None without any."""
        self._join()
        values = self._parts[0]["latency_s"][self._parts[0]["version"] == version] if self._parts else np.zeros(0)
        values = values[~np.isnan(values)]
        return float(np.quantile(values, 0.95)) if len(values) else None
