"""What can be wrong with a sweep itself; what is wrong with single runs is kept with them."""

from __future__ import annotations

from ...errors import MlplatError, shown


class SweepError(MlplatError):
    """A sweep cannot go on, or its folder cannot be used. Attributes: `folder`, `problem`. What was finished is kept."""

    def __init__(self, folder: object, problem: str) -> None:
        self.folder, self.problem = str(folder), problem
        super().__init__(f"{shown(folder)}: {problem}")


class OtherSweepError(SweepError):
    """The folder holds the sweep of another scenario, another design or another version of mlplat, or something else altogether."""


class SweepInUseError(SweepError):
    """Somebody else runs the sweep in this folder."""
