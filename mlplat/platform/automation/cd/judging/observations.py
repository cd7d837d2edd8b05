"""`Observations`: what was seen of one version of a service in a period, request by request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .....errors import OptionError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


NANOSECOND = 9
"""Decimals of a latency in seconds. What lies below is the rounding of the clock that it is the difference of two readings of, which grows
with the time, and would make equal latencies differ always in one direction."""


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """The requests of one version in a period, in any order; arrays of one length.

    `times_s`: when each came. `failed`: whether it was not answered as it should have been. `latencies_s`: how long its answer took, to
    the nanosecond, infinity where it timed out, NaN where that says nothing, as of a rejection. `scores`: how good the answer was, the
    higher the better, NaN where no label is known; 0 and 1 for wrong and right.

    >>> Observations.of([0.0, 0.4], failed=[False, True], latencies_s=[0.02, float("nan")])
    Observations(2 requests, 1 failed, 1 with a latency, 0 with a score)
    """

    times_s: Floats
    failed: Flags
    latencies_s: Floats
    scores: Floats

    @classmethod
    def of(
        cls,
        times_s: ArrayLike = (),
        failed: ArrayLike | None = None,
        latencies_s: ArrayLike | None = None,
        scores: ArrayLike | None = None,
    ) -> Observations:
        """From what an array can be made of. What is not said failed in no case, and is not known. Raises OptionError."""
        import numpy as np

        times = np.asarray(times_s, dtype=np.float64)
        unknown = np.full(times.shape, np.nan)
        found = cls(
            times,
            np.zeros(times.shape, dtype=np.bool_) if failed is None else np.asarray(failed, dtype=np.bool_),
            unknown if latencies_s is None else np.asarray(latencies_s, dtype=np.float64).round(NANOSECOND),
            unknown if scores is None else np.asarray(scores, dtype=np.float64),
        )
        for name in ("times_s", "failed", "latencies_s", "scores"):
            shape = getattr(found, name).shape
            if shape != times.shape or len(shape) != 1:
                raise OptionError(f"{name}: an array of shape {shape}; expected one number for each of {times.size:,} requests")
        if not np.isfinite(times).all():
            raise OptionError("times_s: expected finite times")
        return found

    @property
    def requests(self) -> int:
        """How many there were."""
        return int(self.times_s.size)

    @property
    def errors(self) -> int:
        """How many of them failed."""
        return int(self.failed.sum())

    def __repr__(self) -> str:
        import numpy as np

        known = [int((~np.isnan(part)).sum()) for part in (self.latencies_s, self.scores)]
        return f"Observations({self.requests:,} requests, {self.errors:,} failed, {known[0]:,} with a latency, {known[1]:,} with a score)"


@dataclass(frozen=True, slots=True)
class Reference:
    """What a version without a predecessor is compared with: the baseline of its model, and a bound on errors.

    `error_rate`: the share of errors that is normal. `latency_s`: the quantile of latency that was measured. `score`: the lower end of
    the interval of quality, or its value. None where it is not known.
    """

    error_rate: float | None = None
    latency_s: float | None = None
    score: float | None = None
