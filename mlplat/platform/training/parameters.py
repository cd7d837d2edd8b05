"""Checks of the parameters of models, each naming the parameter and what was expected."""

from __future__ import annotations

import math
from typing import Any

from ...errors import OptionError


def number(name: str, value: Any, *, least: float, above: bool = False) -> float:
    """A finite number of at least `least`, or above it. Raises OptionError."""
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not fits or value < least or (above and value == least):
        raise OptionError(f"{name}={value!r}: expected a number {'above' if above else 'of at least'} {least:g}")
    return float(value)


def whole(name: str, value: Any, *, least: int, most: int = 2**31 - 1) -> int:
    """An integer between `least` and `most`. Raises OptionError."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or not least <= value.__index__() <= most:
        raise OptionError(f"{name}={value!r}: expected an integer from {least} to {most}")
    return int(value.__index__())


def flag(name: str, value: Any) -> bool:
    """True or False. Raises OptionError."""
    if not isinstance(value, bool):
        raise OptionError(f"{name}={value!r}: expected True or False")
    return value
