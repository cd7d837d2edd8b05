"""Figures (`plotly.graph_objects.Figure`) of a run, a `Result` or `SavedRun`, a function each: docs/notebooks_and_plots.md.

Every figure has a bounded number of points, whatever the size of the run, and shows users' names as text. The names are loaded when first
used; without Plotly that is a MissingExtraError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import MissingExtraError
from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .cluster_map import cluster_at
    from .goodput_waterfall import goodput
    from .group_costs import cost
    from .held_shares import utilization
    from .interruptions import failures
    from .job_bars import gantt
    from .queue_lengths import queue
    from .template import COLOURS, themed
    from .wait_distribution import waits
    from .zone_amounts import zones

__all__ = [
    "COLOURS",
    "cluster_at",
    "cost",
    "failures",
    "gantt",
    "goodput",
    "queue",
    "themed",
    "utilization",
    "waits",
    "zones",
]

_HOME = {
    "COLOURS": "template",
    "cluster_at": "cluster_map",
    "cost": "group_costs",
    "failures": "interruptions",
    "gantt": "job_bars",
    "goodput": "goodput_waterfall",
    "queue": "queue_lengths",
    "themed": "template",
    "utilization": "held_shares",
    "waits": "wait_distribution",
    "zones": "zone_amounts",
}
_load, __dir__ = lazy_names(__name__, globals(), _HOME)


def __getattr__(name: str) -> Any:
    try:
        return _load(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "plotly":
            raise
        raise MissingExtraError("a figure", "report") from None
