"""Random draws without a generator's state: a number belongs to (job, replica, kind), so a decision tried again draws the same."""

from __future__ import annotations

import numba
import numpy as np

from .compilation import kernel

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@kernel
def _mix(value: int) -> int:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014)."""
    z = np.uint64(value)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@kernel
def _pick(key: int, job: int, replica: int, kind: int, candidates: int) -> int:
    row = _mix(key + GOLDEN * np.uint64(job + 1))
    bits = _mix(row + GOLDEN * np.uint64(2 * replica + kind + 1))
    return int((bits >> np.uint64(11)) * 2.0**-53 * candidates)


if numba.config.DISABLE_JIT:

    def pick(key: int, job: int, replica: int, kind: int, candidates: int) -> int:
        """As below; numpy would warn of the wrapping that is meant."""
        with np.errstate(over="ignore"):
            return _pick(key, job, replica, kind, candidates)

else:

    @kernel
    def pick(key: int, job: int, replica: int, kind: int, candidates: int) -> int:
        """A uniform choice among `candidates`. `kind` is 0 for nodes and 1 for devices."""
        return _pick(key, job, replica, kind, candidates)
