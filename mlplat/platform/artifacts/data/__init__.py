"""The Data Store: datasets and features as versions, with what is known of their columns; real frames and arrays inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....lazy_names import lazy_names

if TYPE_CHECKING:
    from .comparison import DatasetComparison
    from .data_store import DataStore
    from .fetching import Fetch
    from .statistics import ColumnStatistics
    from .versions import DatasetDescription, DatasetSummary, DatasetVersion, Retention, Snapshot, Split

__all__ = [
    "ColumnStatistics",
    "DataStore",
    "DatasetComparison",
    "DatasetDescription",
    "DatasetSummary",
    "DatasetVersion",
    "Fetch",
    "Retention",
    "Snapshot",
    "Split",
]

_HOME = {
    "ColumnStatistics": "statistics",
    "DataStore": "data_store",
    "DatasetComparison": "comparison",
    "DatasetDescription": "versions",
    "DatasetSummary": "versions",
    "DatasetVersion": "versions",
    "Fetch": "fetching",
    "Retention": "versions",
    "Snapshot": "versions",
    "Split": "versions",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
