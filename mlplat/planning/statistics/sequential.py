"""Replications until the interval is narrow enough."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ...errors import OptionError
from .interval import Interval
from .means import mean_interval
from .samples import between, level, whole


@dataclass(frozen=True, slots=True)
class Sequential:
    """What came of it. `stopped`: why there were no more replications: the interval was narrow, or the most allowed were made.

    >>> from mlplat.streams import stream
    >>> until_narrow(lambda replication: stream(replication, "example").normal(50, 4), half_width=0.1, most=6).stopped
    'most'
    """

    interval: Interval
    values: tuple[float, ...]
    stopped: Literal["narrow", "most"]

    def __str__(self) -> str:
        why = "narrow enough" if self.stopped == "narrow" else "not narrow enough, no more were allowed"
        return f"{self.interval} after {len(self.values)} replications: {why}"


def until_narrow(
    draw: Callable[[int], float],
    *,
    half_width: float | None = None,
    relative: float | None = None,
    confidence: float = 0.95,
    least: int = 5,
    most: int = 1000,
) -> Sequential:
    """Draw replications 0, 1, 2, … until the interval of their mean is narrow enough (Chow and Robbins, AMS 36, 1965).

    `half_width`: in the unit of the figures. `relative`: half width over the true mean, so that over the estimate it must be at most r /
    (1 + r) (Law 2015, 9.4.1). Either ends it. Looking after every replication stops a little too soon when there were few: with `least`
    of 5 and little variation, intervals hold the mean a little less often than they say (docs/planning/statistics.md has figures). Raises
    OptionError where neither or a bad width is given; what `draw` raises comes through.

    >>> from mlplat.streams import stream
    >>> print(until_narrow(lambda replication: stream(replication, "example").normal(50, 4), half_width=2))
    50.6 (95 % 48.7–52.5) after 14 replications: narrow enough
    """
    if half_width is None and relative is None:
        raise OptionError("give half_width= (in the unit of the figures) or relative= (such as 0.05)")
    absolute = -math.inf if half_width is None else between("half_width", half_width, 0.0, math.inf)
    part = -0.5 if relative is None else between("relative", relative, 0.0, 1.0)
    sure, few, many = level(confidence), whole("least", least, 2), whole("most", most, 2)
    if many < few:
        raise OptionError(f"most={many} is below least={few}")
    values: list[float] = []
    while True:
        values.append(float(draw(len(values))))
        if len(values) < few:
            continue
        interval = mean_interval(values, sure)
        narrow = interval.half_width <= absolute or interval.half_width <= part / (1 + part) * abs(interval.estimate)
        if narrow or len(values) == many:
            return Sequential(interval, tuple(values), "narrow" if narrow else "most")
