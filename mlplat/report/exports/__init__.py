"""Exports: runs, simulations and platforms in the formats of other tools. One format a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .cluster_chart import mermaid_cluster
    from .formats import FORMATS, export_folder
    from .openlineage_events import openlineage
    from .openmetrics_series import openmetrics
    from .perfetto_trace import perfetto
    from .platform_charts import mermaid_lineage, mermaid_pipelines
    from .prometheus_metrics import prometheus, prometheus_text
    from .table_files import tables
    from .timeline_chart import mermaid_timeline

__all__ = [
    "FORMATS",
    "export_folder",
    "mermaid_cluster",
    "mermaid_lineage",
    "mermaid_pipelines",
    "mermaid_timeline",
    "openlineage",
    "openmetrics",
    "perfetto",
    "prometheus",
    "prometheus_text",
    "tables",
]

_HOME = {
    "FORMATS": "formats",
    "export_folder": "formats",
    "mermaid_cluster": "cluster_chart",
    "mermaid_lineage": "platform_charts",
    "mermaid_pipelines": "platform_charts",
    "mermaid_timeline": "timeline_chart",
    "openlineage": "openlineage_events",
    "openmetrics": "openmetrics_series",
    "perfetto": "perfetto_trace",
    "prometheus": "prometheus_metrics",
    "prometheus_text": "prometheus_metrics",
    "tables": "table_files",
}
__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
