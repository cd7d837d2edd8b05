"""How a run or step of a pipeline ends, and why it did; and why a run cannot be repeated."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ...errors import MlplatError, printable


class RunReason(StrEnum):
    """Why a run or a step ended as it did, where that is no `TaskReason` of work: a run that failed has the reason of the first step that
    did."""

    NONE = ""
    COMPLETED = "COMPLETED"
    CACHED = "CACHED"
    """Its outputs were there: an equal step had made them."""
    SKIPPED = "SKIPPED"
    """Its condition did not hold, or it needs what was not made for that."""
    VALIDATION_FAILED = "VALIDATION_FAILED"
    """The step says that what it looked at is not good enough."""
    INTERRUPTED = "INTERRUPTED"
    """The platform was closed while it was under way; `resume` goes on."""
    CANCELLED = "CANCELLED"


class Irreproducible(StrEnum):
    """Why code that was given directly could not be stored as source."""

    NONE = ""
    NO_SOURCE = "NO_SOURCE"
    """Its source is not there."""
    CLOSURE = "CLOSURE"
    """It uses a variable of the function that it was made in."""
    GLOBAL = "GLOBAL"
    """It uses a global variable whose value no source can say."""
    LOCAL_MODULE = "LOCAL_MODULE"
    """It uses a module that is a file of this machine only."""
    DIFFERS = "DIFFERS"
    """What its source makes is another pipeline."""


SENTENCES: Final = MappingProxyType(
    {
        Irreproducible.NO_SOURCE: "the source of {name} is not there",
        Irreproducible.CLOSURE: "{name} uses a variable of the function that it was made in",
        Irreproducible.GLOBAL: "no source can say the value of the global {name}",
        Irreproducible.LOCAL_MODULE: "module {name} is a file of this machine only",
        Irreproducible.DIFFERS: "its source makes another pipeline",
    }
)
"""A reason as people read it."""


class NotStorable(MlplatError):
    """Code that was given directly cannot be stored as source. Attributes: `reason`, `name` (of what is in the way)."""

    def __init__(self, reason: Irreproducible, name: str) -> None:
        self.reason, self.name = reason, name
        super().__init__(SENTENCES[reason].format(name=printable(name)))


class RunError(MlplatError):
    """A run is not as the call needs it. Attributes: `run`, `problem`."""

    def __init__(self, run: str, problem: str) -> None:
        self.run, self.problem = run, problem
        super().__init__(f"{printable(run)}: {problem}")
