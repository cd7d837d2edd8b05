"""Hardware: what a cluster is made of. `ClusterSpec` describes it, `NodeTable` is its nodes as arrays, `CATALOGUE` holds real accelerators.

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_names import lazy_names

if TYPE_CHECKING:
    from .accelerators import ALIASES, CATALOGUE, Accelerator, accelerator, resolve_model
    from .cluster_spec import ClusterSpec
    from .mig import MigGeometry, MigProfile
    from .network_spec import ExternalSpec, GatewaySpec, LinkSpec, NetworkSpec
    from .node_group import NodeGroup, Storage, Taint
    from .node_table import NodeKind, NodeTable
    from .outages import OutageKind, Outages
    from .published_rates import LLAMA3
    from .racks import RackLayout
    from .reliability import FailureRate, GroupReliability, Maintenance, Reliability

__all__ = [
    "ALIASES",
    "CATALOGUE",
    "LLAMA3",
    "Accelerator",
    "ClusterSpec",
    "ExternalSpec",
    "FailureRate",
    "GatewaySpec",
    "GroupReliability",
    "LinkSpec",
    "Maintenance",
    "MigGeometry",
    "MigProfile",
    "NetworkSpec",
    "NodeGroup",
    "NodeKind",
    "NodeTable",
    "OutageKind",
    "Outages",
    "RackLayout",
    "Reliability",
    "Storage",
    "Taint",
    "accelerator",
    "resolve_model",
]

_HOME = {
    "ALIASES": "accelerators",
    "CATALOGUE": "accelerators",
    "LLAMA3": "published_rates",
    "Accelerator": "accelerators",
    "ClusterSpec": "cluster_spec",
    "ExternalSpec": "network_spec",
    "FailureRate": "reliability",
    "GatewaySpec": "network_spec",
    "GroupReliability": "reliability",
    "LinkSpec": "network_spec",
    "Maintenance": "reliability",
    "MigGeometry": "mig",
    "MigProfile": "mig",
    "NetworkSpec": "network_spec",
    "NodeGroup": "node_group",
    "NodeKind": "node_table",
    "NodeTable": "node_table",
    "OutageKind": "outages",
    "Outages": "outages",
    "RackLayout": "racks",
    "Reliability": "reliability",
    "Storage": "node_group",
    "Taint": "node_group",
    "accelerator": "accelerators",
    "resolve_model": "accelerators",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
