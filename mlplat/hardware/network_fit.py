"""Whether a described network goes with the nodes of a cluster: capacity, names, and that all of them can reach each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import SpecError, UnknownNameError, printable

if TYPE_CHECKING:
    from .cluster_spec import ClusterSpec
    from .network_spec import NetworkSpec

MOST_LINKS = 10_000_000
MOST_NAMED = 20


def fat_tree_k(hosts: int) -> int:
    """The least even k whose k^3/4 ports hold the hosts.

    >>> fat_tree_k(16), fat_tree_k(17)
    (4, 6)
    """
    k = 2
    while k**3 // 4 < hosts:
        k += 2
    return k


def dragonfly_shape(network: NetworkSpec, hosts: int) -> tuple[int, int, int]:
    """Groups, routers of a group, hosts of a router. What is not said is balanced (two routers a group for each host of a router), and
    the least for which a router needs no more global links than it has hosts.

    >>> from mlplat.hardware.network_spec import NetworkSpec
    >>> dragonfly_shape(NetworkSpec(topology="dragonfly"), 72)
    (9, 4, 2)
    """
    per_router = network.hosts_per_router
    if per_router is None:
        per_router = 1
        while (group := (network.routers_per_group or 2 * per_router) * per_router) * (group + 1) < hosts:
            per_router += 1
    routers = network.routers_per_group or 2 * per_router
    return -(-hosts // (routers * per_router)), routers, per_router


def check_fit(network: NetworkSpec, spec: ClusterSpec, where: str) -> None:
    """Raises SpecError where the network does not go with the nodes."""
    hosts = sum(group.count for group in spec.groups)
    if network.k is not None and network.k**3 // 4 < hosts:
        raise SpecError(f"a fat-tree of k={network.k} holds {network.k**3 // 4:,} nodes, and there are {hosts:,}", where=f"{where}.k")
    if (links := _switch_links(network, spec, hosts)) > MOST_LINKS:
        raise SpecError(f"{links:,} links between switches; expected at most {MOST_LINKS:,}", where=where)
    if network.registry is None and not network.external and network.topology != "custom":
        return
    nodes = {name: i for i, name in enumerate(name for group in spec.groups for name in group.names())}
    switches: dict[str, int] = {}
    if network.topology == "custom":
        from .network_links import check_links

        switches = check_links(network, nodes, where)
    for i, each in enumerate(network.external):
        if each.name in nodes or each.name in switches:
            kind = "node" if each.name in nodes else "switch"
            raise SpecError(f"a {kind} is called {each.name!r} too", where=f"{where}.external[{i}].name")
    outside = [each.name for each in network.external]
    if network.registry is not None and network.registry not in nodes and network.registry not in outside:
        known = [*outside, *nodes][:MOST_NAMED]
        unknown = UnknownNameError("external endpoint or node", printable(network.registry[:60]), known)
        raise SpecError(str(unknown), where=f"{where}.registry")


def _switch_links(network: NetworkSpec, spec: ClusterSpec, hosts: int) -> int:
    if network.topology == "leaf-spine":
        leaves = -(-hosts // network.hosts_per_leaf) if network.hosts_per_leaf else max(len(spec.rack_layout.names), -(-hosts // 16))
        return leaves * (network.spines or 4)
    if network.topology == "fat-tree":
        return (network.k or fat_tree_k(hosts)) ** 3 // 2
    if network.topology == "rail-pods":
        size = network.pod_size or 32
        return -(-hosts // size) * max(group.nics for group in spec.groups) * (network.spines or size)
    if network.topology == "dragonfly":
        groups, routers, _ = dragonfly_shape(network, hosts)
        return groups * routers * (routers - 1) // 2 + groups * (groups - 1) // 2
    return 0
