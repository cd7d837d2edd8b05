"""`Interval`: an estimate and between which bounds the true value lies with a stated confidence."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval: of experiments like the one that it comes from, a part `confidence` give intervals that hold the true value.

    `n`: the independent figures (or batches) that it rests on. A bound is infinite where so few of them say nothing on that side.

    >>> interval = Interval(12.3, 11.0, 13.6, 0.95, 20)
    >>> print(interval)
    12.3 (95 % 11.0–13.6)
    >>> 13 in interval, round(interval.half_width, 9)
    (True, 1.3)
    """

    estimate: float
    low: float
    high: float
    confidence: float
    n: int

    @property
    def half_width(self) -> float:
        """Half of the distance of the bounds."""
        return (self.high - self.low) / 2

    @property
    def relative(self) -> float:
        """Half width over the estimate's size; infinite where that is 0."""
        return self.half_width / abs(self.estimate) if self.estimate else (0.0 if self.half_width == 0 else math.inf)

    @property
    def excludes_zero(self) -> bool:
        """Whether 0 lies outside: of a difference, whether it is significant at this confidence."""
        return self.low > 0 or self.high < 0

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold: None for an infinite bound."""
        low, high = (bound if math.isfinite(bound) else None for bound in (self.low, self.high))
        return {"estimate": self.estimate, "low": low, "high": high, "confidence": self.confidence, "n": self.n}

    def text(self, scale: float = 1.0, unit: str = "") -> str:
        """Estimate and bounds times `scale`, with as many digits as the width is worth.

        >>> Interval(0.7312, 0.7201, 0.7423, 0.95, 20).text(100, " %")
        '73.1 % (95 % 72.0–74.2)'
        """
        finite = [scale * end for end in (self.low, self.high) if math.isfinite(end)]
        shown = [number(scale * value, max((abs(end - scale * self.estimate) for end in finite), default=0.0)) for value in self._numbers]
        join = " to " if self.low < 0 or not math.isfinite(self.low) else "–"
        return f"{shown[0]}{unit} ({100 * self.confidence:.4g} % {shown[1]}{join}{shown[2]})"

    @property
    def _numbers(self) -> tuple[float, float, float]:
        return self.estimate, self.low, self.high

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return f"<span>{html.escape(str(self))}</span>"


def number(value: float, width: float) -> str:
    """A number whose error is about `width`, with two digits of that: no more than it is worth.

    >>> number(12.3456, 1.3), number(12345.6, 120.0), number(0.25, 0.0)
    ('12.3', '12,346', '0.25')
    """
    if not math.isfinite(value):
        return "∞" if value > 0 else "-∞"
    if not 0 < width < math.inf or width < 1e-12 * abs(value):
        return f"{value:,.6g}"
    digits = 1 - math.floor(math.log10(width))
    if digits > 12:
        return f"{value:.3g}"
    text = f"{value:,.{max(0, digits)}f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text
