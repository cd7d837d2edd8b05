"""Numbers in [0, 1) that belong to a key, or to an attempt of a request, whatever happened before."""

from __future__ import annotations

import numba
import numpy as np

from mlplat.infra.kernels.compilation import kernel

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@kernel
def _unit(value: int) -> float:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014), and its upper 53 bits as a number in [0, 1)."""
    z = np.uint64(value)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)) * 2.0**-53


@kernel
def _place_of_key(salt: int, key: int) -> float:
    return _unit(salt + GOLDEN * key)


@kernel
def _draw(salt: int, request: int, attempt: int) -> float:
    return _unit(salt + GOLDEN * (np.uint64(request) * np.uint64(1 << 16) + np.uint64(attempt)))


if numba.config.DISABLE_JIT:

    def place_of_key(salt: int, key: int) -> float:
        """As below; numpy would warn of the wrapping that is meant."""
        with np.errstate(over="ignore"):
            return _place_of_key(salt, key)

    def draw(salt: int, request: int, attempt: int) -> float:
        """As below."""
        with np.errstate(over="ignore"):
            return _draw(salt, request, attempt)

else:

    @kernel
    def place_of_key(salt: int, key: int) -> float:
        """Where a key lies in [0, 1)."""
        return _place_of_key(salt, key)

    @kernel
    def draw(salt: int, request: int, attempt: int) -> float:
        """A uniform number for an attempt (1, 2, … up to 65,535) of a request."""
        return _draw(salt, request, attempt)
