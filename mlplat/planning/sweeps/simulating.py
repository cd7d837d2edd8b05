"""What a sweep needs to know of the thing it runs, and that thing: a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ...workload import JobTrace


class Figures(Protocol):
    """What is kept of a run; see `planning.scenario.Figures`."""

    @property
    def values(self) -> Mapping[str, float | None]:
        """The figures by name."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what happened."""


class Simulator(Protocol):
    """Makes the runs of a sweep. It is sent to workers, so it can be pickled and holds no more than options."""

    def at(self, base: Any, fields: Mapping[str, Any]) -> Any:
        """The scenario `base` with some fields set. Raises MlplatError for a point that is none."""

    def digest(self, scenario: Any) -> str:
        """SHA-256 (64 hexadecimal digits) of a scenario and the files it reads: equal for scenarios whose runs are equal."""

    def replications(self, scenario: Any, wanted: int) -> int:
        """How many replications there are to run: 1 where nothing is random."""

    def trace_key(self, scenario: Any, replication: int) -> str | None:
        """A text that is equal for runs with the same trace, in this and any other sweep; None for a run without one."""

    def trace(self, scenario: Any, replication: int) -> JobTrace:
        """The trace of a run."""

    def run(self, scenario: Any, replication: int, trace: JobTrace | None) -> Figures:
        """One run. Raises MlplatError where the scenario cannot be run."""
