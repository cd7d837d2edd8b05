"""Reading numbers of a server's description, each named in its error."""

from __future__ import annotations

import math

from ...errors import OptionError
from ...units import Duration, seconds

LARGEST = 2**31 - 1
MOST_RETRIES = 1000


def number(name: str, value: object, least: float = 0.0, most: float = math.inf, *, above: bool = False) -> float:
    """A finite number from `least` to `most`, above `least` if `above`. Raises OptionError that names it."""
    good = not isinstance(value, bool) and hasattr(value, "__float__") and not isinstance(value, str)
    if good:
        found = float(value)  # type: ignore[arg-type]
        if math.isfinite(found) and least <= found <= most and not (above and found == least):
            return found
    limits = f"above {least:g}" if above else f"of at least {least:g}"
    raise OptionError(f"{name}={ascii(value)[:40]}: expected a number {limits}" + (f" and at most {most:g}" if most < math.inf else ""))


def whole(name: str, value: object, least: int, most: int = LARGEST) -> int:
    """A whole number from `least` to `most`. Raises OptionError that names it."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or not least <= value.__index__() <= most:
        raise OptionError(f"{name}={ascii(value)[:40]}: expected a whole number from {least} to {most}")
    return int(value.__index__())


def duration(name: str, value: Duration, *, above: bool = False) -> float:
    """Seconds of a duration, more than none if `above`. Raises OptionError that names it."""
    try:
        found = seconds(value)
    except OptionError as error:
        raise OptionError(f"{name}: {error}") from None
    if above and found == 0:
        raise OptionError(f"{name}={ascii(value)[:40]}: expected more than 0 s")
    return found
