"""Axes of simulated time: seconds become the unit in which the span is read best, and the title says which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ...timeline_view import clock_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import numpy.typing as npt


class TimeUnit(NamedTuple):
    """A unit of time: its name and its seconds."""

    name: str
    seconds: float

    def axis(self, what: str = "time since the start") -> dict[str, Any]:
        """The options of an axis in this unit."""
        return {"title": {"text": f"{what}, {self.name}"}}

    def of(self, seconds: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
        """Seconds in this unit."""
        return seconds / self.seconds


_UNITS = (TimeUnit("d", 86400.0), TimeUnit("h", 3600.0), TimeUnit("min", 60.0))


def time_unit(span_s: float) -> TimeUnit:
    """The largest unit of which the span has at least three, else seconds.

    >>> time_unit(200_000).name, time_unit(300_000).name, time_unit(90).name
    ('h', 'd', 's')
    """
    return next((unit for unit in _UNITS if span_s >= 3 * unit.seconds), TimeUnit("s", 1.0))


def clock_texts(seconds: Iterable[float]) -> list[str]:
    """Instants as people read them, for the labels under the pointer."""
    return [clock_text(value) for value in seconds]
