"""The Network Manager: a virtual network within the cluster, joined to networks outside, in which workloads are addressable.

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .address_plan import AddressPlan
    from .addresses import AddressesExhaustedError, AddressPool
    from .collectives import AllReduce, Collectives
    from .connections import ConnectionDeniedError
    from .flows import FlowNetwork, finish_times, max_min_rates
    from .ingress import Ingress, IngressPath, NoRouteToServiceError, Route
    from .manager import NetworkManager
    from .names import UnknownServiceError
    from .outside import ExternalEndpoint, Gateway
    from .peers import Decision, Peer, Reason
    from .policies import NetworkPolicy, Rule
    from .requests import Outcome, Request
    from .routing import NoRouteError, Routing
    from .service_registry import ServiceRegistry
    from .services import Connection, Endpoint, NoEndpointsError, Service
    from .topology import Topology
    from .transfers import Transfer, Transfers

__all__ = [
    "AddressPlan",
    "AddressPool",
    "AddressesExhaustedError",
    "AllReduce",
    "Collectives",
    "Connection",
    "ConnectionDeniedError",
    "Decision",
    "Endpoint",
    "ExternalEndpoint",
    "FlowNetwork",
    "Gateway",
    "Ingress",
    "IngressPath",
    "NetworkManager",
    "NetworkPolicy",
    "NoEndpointsError",
    "NoRouteError",
    "NoRouteToServiceError",
    "Outcome",
    "Peer",
    "Reason",
    "Request",
    "Route",
    "Routing",
    "Rule",
    "Service",
    "ServiceRegistry",
    "Topology",
    "Transfer",
    "Transfers",
    "UnknownServiceError",
    "finish_times",
    "max_min_rates",
]

_HOME = {
    "AddressPlan": "address_plan",
    "AddressPool": "addresses",
    "AddressesExhaustedError": "addresses",
    "AllReduce": "collectives",
    "Collectives": "collectives",
    "Connection": "services",
    "ConnectionDeniedError": "connections",
    "Decision": "peers",
    "Endpoint": "services",
    "ExternalEndpoint": "outside",
    "FlowNetwork": "flows",
    "Gateway": "outside",
    "Ingress": "ingress",
    "IngressPath": "ingress",
    "NetworkManager": "manager",
    "NetworkPolicy": "policies",
    "NoEndpointsError": "services",
    "NoRouteError": "routing",
    "NoRouteToServiceError": "ingress",
    "Outcome": "requests",
    "Peer": "peers",
    "Reason": "peers",
    "Request": "requests",
    "Route": "ingress",
    "Routing": "routing",
    "Rule": "policies",
    "Service": "services",
    "ServiceRegistry": "service_registry",
    "Topology": "topology",
    "Transfer": "transfers",
    "Transfers": "transfers",
    "UnknownServiceError": "names",
    "finish_times": "flows",
    "max_min_rates": "flows",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
