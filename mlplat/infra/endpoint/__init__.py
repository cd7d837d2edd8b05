"""The Management Endpoint: the only way from a platform into the infrastructure.

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .access import AccessDenied
    from .cluster_state import Amounts, Capacity, ClusterState
    from .descriptions import EnvironmentLog, NodeDescription, WorkloadDescription, WorkloadList, WorkloadSummary
    from .explanation import Alternative, Explanation
    from .facade import ManagementEndpoint
    from .handles import WorkloadHandle
    from .manifest_kinds import manifest_schema
    from .manifests import Diff
    from .node_reasons import NodeReason
    from .watches import Watch

__all__ = [
    "AccessDenied",
    "Alternative",
    "Amounts",
    "Capacity",
    "ClusterState",
    "Diff",
    "EnvironmentLog",
    "Explanation",
    "ManagementEndpoint",
    "NodeDescription",
    "NodeReason",
    "Watch",
    "WorkloadDescription",
    "WorkloadHandle",
    "WorkloadList",
    "WorkloadSummary",
    "manifest_schema",
]

_HOME = {
    "AccessDenied": "access",
    "Alternative": "explanation",
    "Amounts": "cluster_state",
    "Capacity": "cluster_state",
    "ClusterState": "cluster_state",
    "Diff": "manifests",
    "EnvironmentLog": "descriptions",
    "Explanation": "explanation",
    "ManagementEndpoint": "facade",
    "NodeDescription": "descriptions",
    "NodeReason": "node_reasons",
    "Watch": "watches",
    "WorkloadDescription": "descriptions",
    "WorkloadHandle": "handles",
    "WorkloadList": "descriptions",
    "WorkloadSummary": "descriptions",
    "manifest_schema": "manifest_kinds",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
