"""Durations in a description: `90d` or `1h30m` in, seconds inside, `90d` out again where nothing is lost."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from ..errors import OptionError
from ..units import seconds

LONGEST_S = 1e12
"""Longest time (30,000 years) of a description; whole milliseconds up to there are exact in float64."""

_UNITS = (("d", 86400.0), ("h", 3600.0), ("m", 60.0), ("s", 1.0))


def _read(value: object) -> float:
    try:
        return seconds(value)  # type: ignore[arg-type]
    except OptionError as error:
        raise ValueError(str(error)) from None


def spelled_duration(value: float) -> str | float:
    """Seconds as people write them, in the largest unit that is exact; the number itself where none is.

    >>> spelled_duration(7776000.0), spelled_duration(5400.0), spelled_duration(0.5)
    ('90d', '90m', 0.5)
    """
    for unit, size in _UNITS:
        if value and value % size == 0:
            return f"{int(value // size)}{unit}"
    return value


Duration = Annotated[
    float,
    BeforeValidator(_read),
    Field(ge=0, le=LONGEST_S),
    PlainSerializer(spelled_duration, when_used="json"),
    WithJsonSchema({"type": ["number", "string"], "description": "seconds, or text such as '90m', '2h', '1d12h'"}),
]
"""A time of at least 0 s, read from seconds or text."""

PositiveDuration = Annotated[Duration, Field(ge=0.001)]
"""A time of at least a millisecond, the grain in which outages are drawn."""
