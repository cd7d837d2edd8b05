"""The network of the fault campaign's live clusters: what is drawn of it, and what must hold of addresses, names and transfers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from benchmarks.fault_draws import Draw

if TYPE_CHECKING:
    from mlplat.infra.cluster import Cluster

DELAY_S = 0.5
KINDS: dict[str, dict[str, Any]] = {
    "beside": {"hosts_per_leaf": 2, "spines": 2},
    "gateway": {"hosts_per_leaf": 2, "spines": 1, "gateway": {"bandwidth": "100Mbps"}, "latency": 0, "switch_latency": 0},
    "narrow": {"cidr": "10.0.0.0/29", "quarantine": "5s"},
    "slow": {"topology": "dragonfly", "gateway": {"bandwidth": "10Mbps"}, "bandwidth": "100Mbps"},
}
"""By name: images beside the network or through it, few addresses, little bandwidth."""
LINK_VERBS = ("fail_link", "repair_link")
OUTSIDE = ("link.failed", "link.recovered")
"""What may have no cause."""


def described(kind: str) -> dict[str, Any]:
    """The `network` of a description."""
    return {"propagation_delay": DELAY_S} | KINDS[kind]


def draw_link_calls(draw: Draw, nodes: int) -> list[tuple[float, str, int]]:
    """Links of nodes that fail, and are repaired."""
    calls = []
    for _ in range(draw.below(4)):
        node, time, length = draw.below(nodes), draw.below(24) * 1.0, draw.of((0.0, 1.0, 4.0, 12.0))
        calls += [(time, "fail_link", node), (time + length, "repair_link", node)]
    return calls


def change_link(cluster: Cluster, verb: str, node: int) -> None:
    """The first link of a node fails, or works again."""
    network = cluster.network
    if network is None:
        return
    ends = network.topology.ends[network.topology.links_of(node)[0]].tolist()
    getattr(network, verb)(*(network.topology.names[vertex] for vertex in ends))


def repair_links(cluster: Cluster) -> None:
    """Every link works."""
    for node in range(len(cluster.nodes)):
        change_link(cluster, "repair_link", node)


def wrong(cluster: Cluster) -> Iterator[str]:
    """What is wrong after an instant: each environment that lives has one address, no two the same, and no link carries too much."""
    network = cluster.network
    if network is None:
        return
    living = sorted(env.serial for node in range(len(cluster.nodes)) for env in cluster.virtualization.running_on(node))
    attached = sorted(each.environment.serial for each in network.attachments)
    if living != attached:
        yield f"environments {living} live, and {attached} have an address"
    held = [each.address for each in network.attachments]
    zones = {each.zone for each in network.attachments}
    if len(set(held)) != len(held) or sum(network.addresses.in_use(zone) for zone in zones) != len(held):
        yield f"addresses {sorted(map(str, held))} are held, and {[network.addresses.in_use(zone) for zone in sorted(zones)]} are in use"
    load, capacity = network.transfers.flows.load(), network.transfers.flows.capacity()
    if (load > capacity * (1 + 1e-9)).any():
        yield f"link {(load - capacity).argmax()} carries {load.max()} Mbit/s"
    if not all(math.isnan(transfer.ended_s) for transfer in network.transfers.active):
        yield "a transfer is over and under way"


def wrong_end(cluster: Cluster) -> Iterator[str]:
    """With everything whole for long, names lead to what is up, and nothing stands still."""
    network = cluster.network
    if network is None:
        return
    for transfer in network.transfers.active:
        if transfer.stalled:
            yield f"{transfer!r} stands still, and all links work"
    now = cluster.sim.now
    up: dict[str, set[Any]] = {}
    fresh = set()
    for each in network.attachments:
        name = f"{each.workload}.{each.zone}"
        up.setdefault(name, set())
        if each.environment.ready and not each.environment.fenced and not network.attachments.is_away(each.environment.node):
            up[name].add(each.address)
        if any(now - time <= DELAY_S for _, time in each.environment.history):
            fresh.add(name)
    for name, expected in sorted(up.items()):
        if name not in fresh and not expected <= set(network.services.resolve(name)):
            yield f"{name} leads to {network.services.resolve(name)}; up are {sorted(map(str, expected))}"
