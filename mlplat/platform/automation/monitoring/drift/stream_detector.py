"""`StreamDetector`: drift of a single metric that comes value by value, such as errors or latencies, without windows."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

from .....errors import MissingExtraError, OptionError

MINIMUM = 100
"""Values of a reference that are needed."""


class StreamDetector(ABC):
    """Watches one stream of numbers, by an algorithm of `river` (the extra `drift`).

    `reference`: at least 100 values from before, taken as a sample: the stream starts with them, and their standard deviation is the
    unit. `alpha`: chance of a false alarm in `horizon` values of all `streams` that are watched together. Raises MissingExtraError without
    river, OptionError for what cannot be used. Subclass it and write `_detector`.
    """

    name: ClassVar[str]

    def __init__(self, reference: Iterable[float], *, alpha: float = 0.01, horizon: int = 1_000, streams: int = 1) -> None:
        import numpy as np

        values = np.array([value for value in map(float, reference) if math.isfinite(value)])
        if len(values) < MINIMUM:
            raise OptionError(f"reference: {len(values):,} finite values; expected at least {MINIMUM}")
        if not 0.0 < alpha < 1.0 or horizon < 1 or streams < 1:
            raise OptionError(f"alpha={alpha!r}, horizon={horizon!r}, streams={streams!r}: expected a chance, and at least 1 each")
        self._level, self._horizon = alpha / streams, horizon
        self._mean, self._scale = float(values.mean()), float(values.std()) or 1.0
        self._reference = values
        self.seen = 0
        """Values that were watched."""
        self._begin()

    def update(self, value: float) -> bool:
        """Take the next value; whether the stream has drifted by now. NaN and infinities are passed over. After an alarm the detector
        starts anew from its reference."""
        if not math.isfinite(value):
            return False
        self.seen += 1
        self._state.update(self._unit(value))
        if not self._state.drift_detected:
            return False
        self._begin()
        return True

    def feed(self, values: Iterable[float]) -> tuple[int, ...]:
        """Take values one by one; the positions among them at which there was an alarm."""
        return tuple(i for i, value in enumerate(values) if self.update(float(value)))

    @abstractmethod
    def _detector(self) -> Any:
        """A fresh detector of river for values in standard deviations of the reference."""

    def _begin(self) -> None:
        self._state = self._detector()
        for value in self._reference.tolist():
            self._state.update(self._unit(value))

    def _unit(self, value: float) -> float:
        """In standard deviations from the mean of the reference, at most 8."""
        return max(-8.0, min(8.0, value / self._scale - self._mean / self._scale))


def river_drift() -> Any:
    """The module `river.drift`."""
    try:
        from river import drift
    except ImportError:
        raise MissingExtraError("a detector of drift in streams", "drift") from None
    return drift
