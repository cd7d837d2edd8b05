"""What a fleet is to keep: a quantile of latency or wait."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...errors import OptionError

_NAME = re.compile(r"p(\d{1,2}(?:\.\d{1,4})?)_(latency|wait)", re.ASCII)


@dataclass(frozen=True, slots=True)
class TimeObjective:
    """The quantile `q` of `of` ("latency" or "wait"), under its `name`."""

    name: str
    q: float
    of: str

    @property
    def words(self) -> str:
        """As people say it."""
        return f"P{self.q * 100:g} of the {self.of}"


def time_objective(name: str) -> TimeObjective:
    """Of `p99_latency`, `p99.9_latency`, `p95_wait`. Raises OptionError.

    >>> time_objective("p99.9_latency").q
    0.999
    """
    match = _NAME.fullmatch(name) if isinstance(name, str) else None
    if match is None or float(match.group(1)) == 0:
        raise OptionError(f"objective={ascii(name)[:40]}: expected a quantile of latency or wait, such as p99_latency or p95_wait")
    return TimeObjective(name, round(float(match.group(1)) / 100, 8), match.group(2))
