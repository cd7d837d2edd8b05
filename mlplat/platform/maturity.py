"""Levels of maturity: how much of the life of a model runs by itself."""

from __future__ import annotations

from enum import IntEnum
from types import MappingProxyType
from typing import Final

from ..errors import OptionError


class Level(IntEnum):
    """How much runs by itself. By hand, every step can be taken at every level."""

    MANUAL = 0
    PIPELINES = 1
    CI_CD = 2


LEVELS: Final = MappingProxyType(
    {
        Level.MANUAL: "no triggers: each step is a call",
        Level.PIPELINES: "deployed pipelines run again on data, drift and schedule; the model that comes of it waits for a call",
        Level.CI_CD: "changes are built and tested as they are pushed, and what passes is delivered and judged by itself",
    }
)


def check_level(level: object) -> Level:
    """A level by its number. Raises OptionError.

    >>> check_level(2)
    <Level.CI_CD: 2>
    """
    if isinstance(level, bool) or not isinstance(level, int) or level not in LEVELS:
        raise OptionError(f"level={str(level)[:40]!r}: expected {', '.join(f'{each.value} ({said})' for each, said in LEVELS.items())}")
    return Level(level)
