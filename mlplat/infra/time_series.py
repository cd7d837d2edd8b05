"""`TimeSeries`: the latest samples of several quantities of N nodes, in rings that are allocated once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import OptionError

Column = npt.NDArray[Any]
MAX_CELLS = 500_000_000
"""Samples times nodes times columns."""


class Window(NamedTuple):
    """Samples in order of time: `time` float64[S] (s), and of each column an array [S, N]."""

    time: npt.NDArray[np.float64]
    columns: dict[str, Column]


class TimeSeries:
    """The last `samples` samples; each has one value a node in every column.

    `columns`: names and dtypes. Memory is touched when it is first written. Raises OptionError where that would be too much.

    >>> series = TimeSeries(2, 3, {"used": np.float64})
    >>> for time in (0.0, 15.0, 30.0):
    ...     series.append(time)["used"][:] = time
    >>> series.window().time.tolist(), series.window(since=30.0).columns["used"].tolist()
    ([15.0, 30.0], [[30.0, 30.0, 30.0]])
    """

    def __init__(self, samples: int, nodes: int, columns: Mapping[str, Any]) -> None:
        if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
            raise OptionError(f"samples={str(samples)[:40]!r}: expected a whole number of at least 1")
        if samples * nodes * len(columns) > MAX_CELLS:
            raise OptionError(f"samples={samples}: {nodes:,} nodes and {len(columns)} columns are more than {MAX_CELLS:,} numbers")
        self._time = np.zeros(samples)
        self._columns: dict[str, Column] = {name: np.zeros((samples, nodes), dtype=dtype) for name, dtype in columns.items()}
        self.taken = 0
        """Samples taken so far, those that were overwritten included."""

    def __len__(self) -> int:
        return min(self.taken, len(self._time))

    def append(self, time: float) -> dict[str, Column]:
        """The rows of a new sample, to be written into; they hold what the oldest sample held, which is gone."""
        place = self.taken % len(self._time)
        self._time[place] = time
        self.taken += 1
        return {name: column[place] for name, column in self._columns.items()}

    def latest(self) -> dict[str, Column]:
        """The rows of the last sample. There must be one."""
        place = (self.taken - 1) % len(self._time)
        return {name: column[place] for name, column in self._columns.items()}

    def last_time(self) -> float:
        """When the last sample was taken (s). There must be one."""
        return float(self._time[(self.taken - 1) % len(self._time)])

    def window(self, *, since: float = 0.0, last: int | None = None, nodes: Any = slice(None)) -> Window:
        """Copies of the samples taken at `since` or later, of the `last` so many (all), of the rows `nodes` (all)."""
        count, size = len(self) if last is None else min(last, len(self)), len(self._time)
        places = np.arange(self.taken - count, self.taken) % size
        places = places[self._time[places] >= since]
        return Window(self._time[places], {name: column[places][:, nodes] for name, column in self._columns.items()})
