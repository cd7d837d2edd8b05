"""Figures as they are handed over, checked once: finite numbers in one row, a confidence between 0 and 1, whole counts."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from ...errors import OptionError

Floats = npt.NDArray[np.float64]
Values = Iterable[float] | npt.ArrayLike


def sample(name: str, values: Values, least: int = 1) -> Floats:
    """The values as float64[n]. Raises OptionError, naming the first that is bad, unless they are at least `least` finite numbers.

    >>> sample("values", (1, 2.5)).tolist()
    [1.0, 2.5]
    """
    given = values if isinstance(values, np.ndarray) or hasattr(values, "__array__") else list(values)  # type: ignore[arg-type]
    try:
        raw = np.asarray(given)
        if raw.dtype.kind not in "iufb" and raw.size:
            raise TypeError
        row = raw.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise OptionError(f"{name}: expected numbers, found {_first_bad(given)}") from None
    if row.ndim != 1:
        raise OptionError(f"{name}: expected one row of numbers, found an array of shape {row.shape}")
    bad = ~np.isfinite(row)
    if bad.any():
        at = int(np.argmax(bad))
        raise OptionError(f"{name}[{at}] is {row[at]}; expected a finite number")
    if len(row) < least:
        raise OptionError(f"{name}: {len(row)} given; expected at least {least}")
    return row


def _first_bad(values: object) -> str:
    for at, value in enumerate(values if isinstance(values, list) else []):
        if isinstance(value, str) or not isinstance(value, (int, float, np.number)):
            return f"{ascii(value)[:40]} at [{at}]"
    return type(values).__name__


def pairs(a: Values, b: Values, names: tuple[str, str] = ("a", "b")) -> tuple[Floats, Floats]:
    """Two rows of at least two numbers that belong together one by one. Raises OptionError."""
    one, other = sample(names[0], a, 2), sample(names[1], b, 2)
    if len(one) != len(other):
        raise OptionError(f"{names[0]} has {len(one)} figures and {names[1]} {len(other)}; expected one of each for every replication")
    return one, other


def level(confidence: float) -> float:
    """A confidence. Raises OptionError unless it is between 0 and 1.

    >>> level(0.95)
    0.95
    """
    return between("confidence", confidence, 0.0, 1.0)


def between(name: str, value: object, low: float, high: float) -> float:
    """A number strictly between two others. Raises OptionError."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not low < float(value) < high:
        expected = "a number above 0" if (low, high) == (0.0, math.inf) else f"a number between {low:g} and {high:g}"
        raise OptionError(f"{name}={ascii(value)[:40]}: expected {expected}")
    return float(value)


def whole(name: str, value: object, least: int) -> int:
    """A whole number of at least `least`. Raises OptionError."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise OptionError(f"{name}={ascii(value)[:40]}: expected a whole number of at least {least}")
    return int(value)
