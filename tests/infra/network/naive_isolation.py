"""Isolation and ingress as the tables of docs/network/isolation.md say them, with loops over everything."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

from mlplat.infra.network.peers import Peer

Policy = dict[str, Any]
"""name, zone, selector (mapping), ingress and egress (lists of mappings, or None)."""


def naive_decision(policies: Sequence[Policy], source: Peer, target: Peer, port: int) -> tuple[bool, str]:
    """Whether it is allowed, and the reason; both ends of the cluster, and two different ones."""
    out = _allows(policies, "egress", source, target, port)
    if out is False:
        return False, "NO_EGRESS_RULE"
    into = _allows(policies, "ingress", target, source, port)
    if into is False:
        return False, "NO_INGRESS_RULE"
    if source.zone != target.zone and into is None:
        return False, "BETWEEN_ZONES"
    return True, "WITHIN_ZONE" if out is None and into is None else "RULE"


def _allows(policies: Sequence[Policy], direction: str, peer: Peer, other: Peer, port: int) -> bool | None:
    """None if no policy selects the peer in this direction."""
    selecting = [
        policy
        for policy in policies
        if policy[direction] is not None
        and policy["zone"] == peer.zone
        and all(peer.labels.get(key) == value for key, value in policy["selector"].items())
    ]
    if not selecting:
        return None
    return any(_matches(rule, policy["zone"], other, port) for policy in selecting for rule in policy[direction])


def _matches(rule: dict[str, Any], zone: str, other: Peer, port: int) -> bool:
    if "ports" in rule and port not in rule["ports"]:
        return False
    if "cidr" in rule:
        return other.address is not None and other.address in ipaddress.ip_network(rule["cidr"])
    if "zones" not in rule and "selector" not in rule:
        return True
    if other.outside:
        return False
    zones = rule.get("zones", [zone])
    if zones != "*" and other.zone not in zones:
        return False
    return all(other.labels.get(key) == value for key, value in rule.get("selector", {}).items())


Entry = tuple[str, str, str, str]
"""Host pattern, path, path type, service."""


def naive_route(entries: Sequence[Entry], host: str, path: str) -> str | None:
    """The service that a request goes to; None if there is no route. `host`, `path`: well formed."""
    matching = [entry for entry in entries if _is_host(entry[0], host) and _is_path(entry[1], entry[2], path)]
    if not matching:
        return None
    best = max(matching, key=lambda entry: (not entry[0].startswith("*"), entry[2] == "Exact", len(entry[1].rstrip("/"))))
    return best[3]


def _is_host(pattern: str, host: str) -> bool:
    wanted, given = pattern.lower().split("."), host.lower().rstrip(".").split(".")
    return len(wanted) == len(given) and all(a in ("*", b) for a, b in zip(wanted, given, strict=True))


def _is_path(rule: str, path_type: str, path: str) -> bool:
    if path_type == "Exact":
        return path == rule
    return (path.rstrip("/") + "/").startswith(rule.rstrip("/") + "/")
