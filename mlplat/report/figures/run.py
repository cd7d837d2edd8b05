"""What the figures of a run read: a `Result` and a `SavedRun` both have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import polars as pl

    from ...hardware.cluster_spec import ClusterSpec


class Run(Protocol):
    """The frames of docs/results.md, the figures of the summary, the cluster and the end in seconds."""

    @property
    def jobs(self) -> pl.DataFrame: ...
    @property
    def attempts(self) -> pl.DataFrame: ...
    @property
    def nodes(self) -> pl.DataFrame: ...
    @property
    def timeline(self) -> pl.DataFrame: ...
    @property
    def events(self) -> pl.DataFrame: ...
    @property
    def zones(self) -> pl.DataFrame: ...
    @property
    def spec(self) -> ClusterSpec: ...
    @property
    def end_s(self) -> float: ...
    def summary(self) -> dict[str, Any]: ...
