"""Named random streams: one seed, and an own independent stream for each name, so that adding a component changes no other's draws."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from .errors import OptionError

if TYPE_CHECKING:
    import numpy as np


def check_seed(seed: object) -> int:
    """The seed as an int; 0 is a seed like any other. Raises OptionError for negative numbers and for what is not an integer."""
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise OptionError(f"seed={seed!r}: expected an integer of at least 0")
    number = seed.__index__()
    if number < 0:
        raise OptionError(f"seed={seed!r}: expected an integer of at least 0")
    return int(number)


def stream(seed: int, name: str) -> np.random.Generator:
    """The random stream called `name` under `seed` (PCG64 keyed by the SHA-256 of the name).

    >>> float(stream(0, "arrivals").random()) == float(stream(0, "arrivals").random())
    True
    """
    import numpy as np

    key = [int.from_bytes(hashlib.sha256(name.encode()).digest()[i : i + 4], "little") for i in range(0, 32, 4)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy=check_seed(seed), spawn_key=tuple(key))))
