"""Stages of a model version, and how it may go from one to another."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ....errors import MlplatError, OptionError, UnknownNameError, printable


class Stage(StrEnum):
    """How far a version has come."""

    NONE = "none"
    """It was registered."""
    STAGING = "staging"
    """It is being tried."""
    PRODUCTION = "production"
    ARCHIVED = "archived"
    """It is not used any more."""
    FAILED = "failed"
    """It did not pass validation; it stays to be looked at."""


TRANSITIONS: Final = MappingProxyType(
    {
        Stage.NONE: (Stage.STAGING, Stage.FAILED, Stage.ARCHIVED),
        Stage.STAGING: (Stage.NONE, Stage.PRODUCTION, Stage.FAILED, Stage.ARCHIVED),
        Stage.PRODUCTION: (Stage.STAGING, Stage.ARCHIVED),
        Stage.ARCHIVED: (Stage.STAGING,),
        Stage.FAILED: (Stage.ARCHIVED,),
    }
)
"""Of each stage those that may follow."""


class StageError(MlplatError):
    """A version does not go from one stage to another. Attributes: `before`, `after`."""

    def __init__(self, before: Stage, after: Stage) -> None:
        self.before, self.after = before, after
        following = ", ".join(stage.value for stage in TRANSITIONS[before])
        super().__init__(f"from {before.value} a version does not go to {after.value}; expected {following}")


def stage_of(given: object) -> Stage:
    """A stage by its name. Raises UnknownNameError, OptionError."""
    if not isinstance(given, str):
        raise OptionError(f"stage {printable(str(given)[:40])}: expected its name")
    try:
        return Stage(given)
    except ValueError:
        raise UnknownNameError("stage", printable(given[:60]), [stage.value for stage in Stage]) from None
