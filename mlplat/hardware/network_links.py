"""The links of a custom topology: no two alike, every node joined, nothing in pieces."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..errors import SpecError

if TYPE_CHECKING:
    from .network_spec import NetworkSpec


class _Sets:
    """Disjoint sets of 0, 1, … (union by attaching, paths halved; Tarjan 1975)."""

    def __init__(self) -> None:
        self.parent: list[int] = []

    def add(self) -> int:
        self.parent.append(len(self.parent))
        return len(self.parent) - 1

    def find(self, item: int) -> int:
        parent = self.parent
        while parent[item] != item:
            parent[item] = item = parent[parent[item]]
        return item

    def join(self, one: int, other: int) -> bool:
        """Whether they were apart."""
        one, other = self.find(one), self.find(other)
        self.parent[max(one, other)] = min(one, other)
        return one != other


def check_links(network: NetworkSpec, nodes: Mapping[str, int], where: str) -> dict[str, int]:
    """The switches, in the order of their first mention. Raises SpecError at the link at fault."""
    number = dict(nodes)
    sets = _Sets()
    for _ in number:
        sets.add()
    seen: dict[tuple[int, int], int] = {}
    joined = bytearray(len(nodes))
    for i, link in enumerate(network.links):
        for name in (link.a, link.b):
            if name not in number:
                number[name] = sets.add()
        a, b = sorted((number[link.a], number[link.b]))
        here = f"{where}.links[{i}]"
        if (a, b) in seen:
            raise SpecError(f"joins {link.a!r} and {link.b!r} as links[{seen[a, b]}] does; give one link the bandwidth of both", where=here)
        seen[a, b] = i
        if b < len(nodes) and not network.hosts_forward:
            raise SpecError("joins two nodes, which forward nothing; expected a switch at one end, or hosts_forward: true", where=here)
        for end in (a, b):
            if end < len(nodes):
                joined[end] = 1
        if not sets.join(a, b) and network.tree:
            raise SpecError(f"closes a cycle: {link.a!r} and {link.b!r} are joined already, and this is said to be a tree", where=here)
    if len(nodes) > 1 or network.links:
        _check_joined(nodes, joined, where)
    _check_whole(list(number), sets, where)
    if not network.hosts_forward:
        _check_reachable(network, number, len(nodes), where)
    switches = {name: i for name, i in number.items() if i >= len(nodes)}
    _check_outside(network, switches, where)
    return switches


def _check_joined(nodes: Mapping[str, int], joined: bytearray, where: str) -> None:
    alone = joined.find(0)
    if alone >= 0:
        name = next(name for name, i in nodes.items() if i == alone)
        more = f", nor to {joined.count(0) - 1:,} more" if joined.count(0) > 1 else ""
        raise SpecError(f"no link leads to node {name!r}{more}", where=f"{where}.links")


def _check_whole(names: list[str], sets: _Sets, where: str) -> None:
    roots = sorted({sets.find(i) for i in range(len(names))})
    if len(roots) > 1:
        raise SpecError(
            f"is in {len(roots):,} pieces: no way leads from {names[roots[0]]!r} to {names[roots[1]]!r}", where=f"{where}.links"
        )


def _check_reachable(network: NetworkSpec, number: Mapping[str, int], hosts: int, where: str) -> None:
    """Nodes forward nothing, so two of them need a piece of the network of switches in common."""
    sets = _Sets()
    for _ in number:
        sets.add()
    ends = [(number[link.a], number[link.b]) for link in network.links]
    for a, b in ends:
        if min(a, b) >= hosts:
            sets.join(a, b)
    pieces: list[set[int]] = [set() for _ in range(hosts)]
    for a, b in ends:
        if min(a, b) < hosts:
            pieces[min(a, b)].add(sets.find(max(a, b)))
    if set.intersection(*pieces):
        return
    first: dict[frozenset[int], int] = {}
    for host, found in enumerate(pieces):
        first.setdefault(frozenset(found), host)
    names = list(number)
    for (one, host), (other, guest) in itertools.combinations(first.items(), 2):
        if one.isdisjoint(other):
            problem = f"is in pieces: from {names[host]!r} to {names[guest]!r} there is no way but through nodes, which forward nothing"
            raise SpecError(f"{problem} (hosts_forward: true lets them)", where=f"{where}.links")


def _check_outside(network: NetworkSpec, switches: Mapping[str, int], where: str) -> None:
    if network.has_gateway and (network.gateway is None or network.gateway.at is None):
        raise SpecError("is required: a custom topology has no top to which the gateway would be joined", where=f"{where}.gateway.at")
    asked = [(f"external[{i}].at", each.at) for i, each in enumerate(network.external) if each.at is not None]
    if network.gateway is not None and network.gateway.at is not None:
        asked += [(f"gateway.at[{i}]", name) for i, name in enumerate(network.gateway.at)]
    for place, name in asked:
        if name not in switches:
            raise SpecError(f"no switch is called {name!r}", where=f"{where}.{place}")
