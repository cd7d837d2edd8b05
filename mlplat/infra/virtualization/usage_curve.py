"""How much of one resource a program wants over its course: a piecewise linear curve, read exactly."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ...errors import OptionError
from ...units import Duration, seconds


class Piece(NamedTuple):
    """A stretch of a curve from `start` to `end` (s) on which it goes in a straight line from `first` to `last`, `slope` per second."""

    start: float
    end: float
    first: float
    last: float
    slope: float

    def at(self, position: float) -> float:
        """The amount at a position inside."""
        amount = self.first + self.slope * (position - self.start)
        return min(max(amount, min(self.first, self.last)), max(self.first, self.last))  # rounding never leaves the line's ends

    def meets(self, limit: float) -> float:
        """Where it has that amount, for a piece that goes through it."""
        return min(max(self.start + (limit - self.first) / self.slope, self.start), self.end)


@dataclass(frozen=True, slots=True)
class UsageCurve:
    """An amount (CPU milli, or MiB) over the program's own time, in seconds since it began.

    The program's own time is time at full speed: a program that is throttled to half its speed takes twice as long through its curve.
    `times` ascend from 0; between two of them the amount goes in a straight line, and jumps where a time stands twice; after the last
    one it grows by `growth` a second. Make one with `constant`, `ramp` or `points`. Raises OptionError.

    >>> UsageCurve.ramp(1024, 100, per="1m").first_crossing(2048)
    614.4
    >>> UsageCurve.points([(0, 100), ("1h", 100), ("1h", 700)]).at(3600)
    700.0
    """

    times: tuple[float, ...]
    amounts: tuple[float, ...]
    growth: float = 0.0

    def __post_init__(self) -> None:
        if not self.times or len(self.times) != len(self.amounts) or self.times[0] != 0:
            raise OptionError("a usage curve needs at least one point, the first at time 0, and an amount for each")
        if any(b < a for a, b in itertools.pairwise(self.times)) or not all(map(math.isfinite, self.times)):
            raise OptionError(f"times of a usage curve: {str(list(self.times))[:80]}; expected finite seconds that do not go back")
        for amount in (*self.amounts, self.growth):
            if not 0 <= amount <= 2**50:
                raise OptionError(f"amount {amount} of a usage curve: expected a number from 0 to {2**50}")

    @classmethod
    def constant(cls, amount: float) -> UsageCurve:
        """The same amount all the time."""
        return cls((0.0,), (float(amount),))

    @classmethod
    def ramp(cls, first: float, growth: float, per: Duration = 1.0) -> UsageCurve:
        """From `first`, growing by `growth` every `per` without end. Raises OptionError."""
        period = seconds(per)
        if period <= 0:
            raise OptionError(f"per={per!r}: expected a time above 0")
        return cls((0.0,), (float(first),), float(growth) / period)

    @classmethod
    def points(cls, points: Sequence[tuple[Duration, float]]) -> UsageCurve:
        """Straight lines through (time, amount) points, and the last amount from then on. Raises OptionError."""
        return cls(tuple(seconds(time) for time, _ in points), tuple(float(amount) for _, amount in points))

    @property
    def peak(self) -> float:
        """The least upper bound."""
        return math.inf if self.growth > 0 else max(self.amounts)

    def at(self, position: float) -> float:
        """The amount at `position`; where the curve jumps, the one after the jump."""
        for piece in self.pieces():
            if position < piece.end:
                return piece.at(position)
        return self.amounts[-1]

    def first_crossing(self, limit: float, after: float = 0.0) -> float:
        """From which position on, at or after `after`, the amount is above `limit`; infinite if it never is.

        On a slope that is the position at which the amount equals the limit, on its way up.
        """
        for piece in self.pieces():
            if piece.end <= after:
                continue
            start = max(after, piece.start)
            if piece.at(start) > limit:
                return start
            if piece.last > limit:
                return max(start, piece.meets(limit))
        return math.inf

    def stretched(self, position: float, limit: float) -> float:
        """How long (s) a program that gets at most `limit` of what it wants takes to come to `position`.

        Its pace is min(1, limit / wanted), so that is the integral of max(1, wanted / limit), which is taken exactly.
        """
        if self.peak <= limit or position == math.inf:
            return position
        taken = 0.0
        for (start, end, first, _, slope), above in self._split(limit):
            if start >= position:
                break
            length = min(end, position) - start
            taken += length * ((first + slope * length / 2) / limit) if above else length
        return taken

    def position(self, taken: float, limit: float) -> float:
        """The inverse of `stretched`: where a program that has run for `taken` seconds stands."""
        if self.peak <= limit:
            return taken
        for (start, end, first, _, slope), above in self._split(limit):
            length = end - start
            if not above:
                if taken <= length:
                    return start + taken
                taken -= length
                continue
            share = length * ((first + slope * length / 2) / limit) if end < math.inf else math.inf
            if taken <= share:
                root = math.sqrt(max(0.0, first * first + 2 * slope * limit * taken))
                return min(end, start + 2 * limit * taken / (first + root))
            taken -= share
        return math.inf

    def pieces(self) -> Iterator[Piece]:
        """The curve from left to right; the last piece has no end."""
        points = list(zip(self.times, self.amounts, strict=True))
        for (start, first), (end, last) in itertools.pairwise(points):
            if end > start:
                yield Piece(start, end, first, last, (last - first) / (end - start))
        first = self.amounts[-1]
        yield Piece(self.times[-1], math.inf, first, math.inf if self.growth > 0 else first, self.growth)

    def _split(self, limit: float) -> Iterator[tuple[Piece, bool]]:
        """The pieces, cut where they go through `limit`, each with whether it is above it."""
        for piece in self.pieces():
            start, end, first, last, slope = piece
            if min(first, last) < limit < max(first, last):
                middle = piece.meets(limit)
                yield Piece(start, middle, first, limit, slope), first > limit
                yield Piece(middle, end, limit, last, slope), last > limit
            else:
                yield piece, max(first, last) > limit
