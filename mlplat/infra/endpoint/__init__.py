"""The Management Endpoint: the only way from a platform into the infrastructure.

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from ...errors import AccessDenied
    from ..network.ingress import Ingress, IngressPath
    from ..network.peers import Decision
    from ..network.policies import NetworkPolicy, Rule
    from ..network.services import NoEndpointsError
    from ..network.services import Service as NetworkService
    from ..network.zone_networks import AddressesInUseError, NetworkOverlapError, NoNetworkLeftError
    from ..program import Program, ProgramReplica, Work
    from ..quotas.reasons import Shortage, UnderQuota, WaitReason
    from ..virtualization.images import Image, Layer
    from .cluster_state import Amounts, Capacity, ClusterState
    from .descriptions import EnvironmentLog, NodeDescription, WorkloadDescription, WorkloadList, WorkloadSummary
    from .explanation import Alternative, Explanation
    from .facade import ManagementEndpoint
    from .handles import WorkloadHandle
    from .image_verbs import ImageSource
    from .manifest_kinds import manifest_schema
    from .manifests import Diff
    from .node_reasons import NodeReason
    from .watches import Watch

__all__ = [
    "AccessDenied",
    "AddressesInUseError",
    "Alternative",
    "Amounts",
    "Capacity",
    "ClusterState",
    "Decision",
    "Diff",
    "EnvironmentLog",
    "Explanation",
    "Image",
    "ImageSource",
    "Ingress",
    "IngressPath",
    "Layer",
    "ManagementEndpoint",
    "NetworkOverlapError",
    "NetworkPolicy",
    "NetworkService",
    "NoEndpointsError",
    "NoNetworkLeftError",
    "NodeDescription",
    "NodeReason",
    "Program",
    "ProgramReplica",
    "Rule",
    "Shortage",
    "UnderQuota",
    "WaitReason",
    "Watch",
    "Work",
    "WorkloadDescription",
    "WorkloadHandle",
    "WorkloadList",
    "WorkloadSummary",
    "manifest_schema",
]

_HOME = {  # name: module, or module:name there
    "AccessDenied": "..errors",
    "AddressesInUseError": ".network.zone_networks",
    "Alternative": "explanation",
    "Amounts": "cluster_state",
    "Capacity": "cluster_state",
    "ClusterState": "cluster_state",
    "Decision": ".network.peers",
    "Diff": "manifests",
    "EnvironmentLog": "descriptions",
    "Explanation": "explanation",
    "Image": ".virtualization.images",
    "ImageSource": "image_verbs",
    "Ingress": ".network.ingress",
    "IngressPath": ".network.ingress",
    "Layer": ".virtualization.images",
    "ManagementEndpoint": "facade",
    "NetworkOverlapError": ".network.zone_networks",
    "NetworkPolicy": ".network.policies",
    "NetworkService": ".network.services:Service",
    "NoEndpointsError": ".network.services",
    "NoNetworkLeftError": ".network.zone_networks",
    "NodeDescription": "descriptions",
    "NodeReason": "node_reasons",
    "Program": ".program",
    "ProgramReplica": ".program",
    "Rule": ".network.policies",
    "Shortage": ".quotas.reasons",
    "UnderQuota": ".quotas.reasons",
    "WaitReason": ".quotas.reasons",
    "Watch": "watches",
    "Work": ".program",
    "WorkloadDescription": "descriptions",
    "WorkloadHandle": "handles",
    "WorkloadList": "descriptions",
    "WorkloadSummary": "descriptions",
    "manifest_schema": "manifest_kinds",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
