"""Page-Hinkley: cumulated deviations from the mean so far (Page 1954, Hinkley 1971), through river."""

from __future__ import annotations

import math
from typing import Any

from .stream_detector import StreamDetector, river_drift

_OVERSHOOT = 1.166
"""By which a sum of normal steps passes a threshold on average, on both sides (Siegmund 1985)."""


class PageHinkley(StreamDetector):
    """Alarms when deviations from the mean, less `ALLOWANCE` each, add up to a threshold; in either direction.

    The threshold makes the mean time to a false alarm of normal values long enough for `alpha` in `horizon` values (Siegmund 1985), where
    the allowance is smaller by half a standard error: the mean of the reference is that of a sample.
    """

    name = "page_hinkley"
    ALLOWANCE = 0.25
    """Standard deviations: half of the smallest shift that is looked for."""

    def _detector(self) -> Any:
        return river_drift().PageHinkley(min_instances=1, delta=self.ALLOWANCE, threshold=self.threshold, alpha=1.0, mode="both")

    @property
    def threshold(self) -> float:
        """Standard deviations that have to add up.

        A one-sided sum reaches b after (e^2kb - 2kb - 1) / 2k² values on average, k the allowance; twice as long as two sides together.
        """
        wanted = 2 * self._horizon / -math.log1p(-self._level)
        k, low, high = self.ALLOWANCE - 0.5 / math.sqrt(len(self._reference)), 0.0, 200.0
        for _ in range(60):
            b = (low + high) / 2
            if (math.exp(2 * k * b) - 2 * k * b - 1) / (2 * k * k) < wanted:
                low = b
            else:
                high = b
        return high - _OVERSHOOT
