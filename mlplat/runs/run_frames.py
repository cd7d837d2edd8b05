"""What figures, pages and exports read of a run: a `Result` and a `SavedRun` both have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import polars as pl

    from ..hardware.cluster_spec import ClusterSpec


class RunFrames(Protocol):
    """The frames of docs/results.md and what goes with them."""

    @property
    def jobs(self) -> pl.DataFrame:
        """One row a job."""

    @property
    def attempts(self) -> pl.DataFrame:
        """One row for each node a job was placed on."""

    @property
    def nodes(self) -> pl.DataFrame:
        """One row a node."""

    @property
    def timeline(self) -> pl.DataFrame:
        """Queue and allocation after each instant."""

    @property
    def events(self) -> pl.DataFrame:
        """Every event in order."""

    @property
    def zones(self) -> pl.DataFrame:
        """One row a zone."""

    @property
    def spec(self) -> ClusterSpec:
        """The cluster."""

    @property
    def end_s(self) -> float:
        """When the run ended (s)."""

    @property
    def manifest(self) -> dict[str, Any]:
        """How it was made."""

    def summary(self) -> dict[str, Any]:
        """Its figures."""
