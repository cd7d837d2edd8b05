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
    from .comparison_differences import differences
    from .drift_findings import drift
    from .event_timeline import timeline
    from .fitted_workload import goodness, week
    from .goodput_waterfall import goodput
    from .group_costs import cost
    from .held_shares import utilization
    from .interruptions import failures
    from .job_bars import gantt
    from .lineage_graph import lineage
    from .live_cluster import cluster_now
    from .network_graph import network
    from .plan_choices import tornado, tried
    from .queue_lengths import queue
    from .rack_plan import racks
    from .serving_curves import latency, rate, replicas
    from .sweep_points import points
    from .template import COLOURS, themed
    from .wait_distribution import waits
    from .zone_amounts import zones

__all__ = [
    "COLOURS",
    "cluster_at",
    "cluster_now",
    "cost",
    "differences",
    "drift",
    "failures",
    "gantt",
    "goodness",
    "goodput",
    "latency",
    "lineage",
    "network",
    "points",
    "queue",
    "racks",
    "rate",
    "replicas",
    "themed",
    "timeline",
    "tornado",
    "tried",
    "utilization",
    "waits",
    "week",
    "zones",
]

_HOME = {
    "COLOURS": "template",
    "cluster_at": "cluster_map",
    "cluster_now": "live_cluster",
    "cost": "group_costs",
    "differences": "comparison_differences",
    "drift": "drift_findings",
    "failures": "interruptions",
    "gantt": "job_bars",
    "goodness": "fitted_workload",
    "goodput": "goodput_waterfall",
    "latency": "serving_curves",
    "lineage": "lineage_graph",
    "network": "network_graph",
    "points": "sweep_points",
    "queue": "queue_lengths",
    "racks": "rack_plan",
    "rate": "serving_curves",
    "replicas": "serving_curves",
    "themed": "template",
    "timeline": "event_timeline",
    "tornado": "plan_choices",
    "tried": "plan_choices",
    "utilization": "held_shares",
    "waits": "wait_distribution",
    "week": "fitted_workload",
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
