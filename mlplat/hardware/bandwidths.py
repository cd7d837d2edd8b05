"""Bandwidths in a description: `100Gbps` in, Mbit/s inside, `100Gbps` out again where nothing is lost."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from ..errors import OptionError
from ..units import megabits_per_second


def _read(value: object) -> int:
    try:
        return megabits_per_second(value)
    except OptionError as error:
        raise ValueError(str(error)) from None


def spelled_bandwidth(value: int) -> str:
    """Mbit/s as people write them, in the largest unit that is exact.

    >>> spelled_bandwidth(100_000), spelled_bandwidth(2500)
    ('100Gbps', '2500Mbps')
    """
    return f"{value // 1000}Gbps" if value % 1000 == 0 else f"{value}Mbps"


Bandwidth = Annotated[
    int,
    BeforeValidator(_read),
    Field(ge=1, le=10**12),
    PlainSerializer(spelled_bandwidth, when_used="json"),
    WithJsonSchema({"type": ["number", "string"], "description": "Mbit/s, or text such as '100Gbps' or '25 Gbit/s'"}),
]
"""A bandwidth of at least 1 Mbit/s, read from Mbit/s or text."""
