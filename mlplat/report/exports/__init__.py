"""Exports: runs, simulations and platforms in the formats of other tools. One format a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .formats import FORMATS, export_folder
    from .mermaid_cluster import mermaid_cluster
    from .mermaid_platform import mermaid_lineage, mermaid_pipelines
    from .mermaid_timeline import mermaid_timeline
    from .openlineage import openlineage
    from .openmetrics import openmetrics
    from .perfetto import perfetto
    from .prometheus import prometheus, prometheus_text
    from .tables import tables

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
    "mermaid_cluster": "mermaid_cluster",
    "mermaid_lineage": "mermaid_platform",
    "mermaid_pipelines": "mermaid_platform",
    "mermaid_timeline": "mermaid_timeline",
    "openlineage": "openlineage",
    "openmetrics": "openmetrics",
    "perfetto": "perfetto",
    "prometheus": "prometheus",
    "prometheus_text": "prometheus",
    "tables": "tables",
}
__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
