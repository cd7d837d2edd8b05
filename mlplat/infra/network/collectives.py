"""How long an all-reduce takes: from where the ranks of a gang are, over the links in between.

Ranks send to each other in rounds. A round lasts as long as its slowest message: the latency of its path, and its size over the rate at
which it moves beside the other messages of the round, which is max-min fair. This is the latency-bandwidth model of Thakur, Rabenseifner
and Gropp, Optimization of Collective Communication Operations in MPICH (2005), with the bandwidth that the network has for each message.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from operator import index
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from ...errors import OptionError, UnknownNameError, printable
from ...units import MBIT_PER_MIB
from ..synchronization import ALGORITHMS, Algorithm
from .flow_input import Floats, read_mib
from .flows import max_min_rates

if TYPE_CHECKING:
    from ...hardware.node_table import NodeTable
    from .routing import Routing
    from .topology import Topology

DEVICE_LATENCY_S = 2e-6
"""From one device of a node to another, of the order of what is measured over NVLink."""


class AllReduce(NamedTuple):
    """One all-reduce as it was found to go.

    `seconds`: all of it. `algorithm`: the one that was used. `rounds`: of messages. `slowest_mbps`: the lowest rate of a message, infinite
    without any. `latency_s`: the part of `seconds` that is latency. `between_nodes`: messages of a round that leave their node, at most.
    """

    seconds: float
    algorithm: str
    rounds: int
    slowest_mbps: float
    latency_s: float
    between_nodes: int


class _Round(NamedTuple):
    latency: float
    mbps: float
    between: int


class Collectives:
    """All-reduce among ranks on the hosts of a topology.

    `device_mbps`: float[N], Mbit/s between two devices of each node (`Accelerator.link_mbps`). A node with several uplinks, as in a
    rail-optimised pod, sends each message over all of them at once.
    """

    def __init__(self, topology: Topology, routing: Routing, device_mbps: Sequence[float] | Floats) -> None:
        self.topology, self.routing = topology, routing
        self.device_mbps = np.ascontiguousarray(device_mbps, dtype=np.float64)
        self._capacity = topology.link_mbps
        self._latency = topology.link_latency
        self._known: dict[tuple[tuple[int, ...], float, str], AllReduce] = {}
        self._failed: tuple[int, ...] = ()

    @classmethod
    def among(cls, topology: Topology, routing: Routing, nodes: NodeTable) -> Collectives:
        """Among the nodes of a table, each with the devices it has."""
        speeds = [nodes.models[model].link_mbps if model >= 0 else math.inf for model in nodes.model.tolist()]
        return cls(topology, routing, speeds)

    def all_reduce(self, nodes: Sequence[int], mib: float, algorithm: Algorithm = "auto") -> AllReduce:
        """Sum `mib` MiB that each rank has, so that all have the sum. `nodes`: the node (row) of each rank.

        `ring`: 2(p - 1) rounds, in each of which every rank sends a p-th part to the next. `tree`: a binomial tree up and down again,
        twice ⌈log₂ p⌉ rounds of the whole. `auto`: the faster of the two. Ranks are taken in order of their nodes. Raises OptionError,
        UnknownNameError, and NoRouteError where two of the nodes are not joined.
        """
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise UnknownNameError("all-reduce", printable(str(algorithm)[:40]), ALGORITHMS)
        size = read_mib(mib, most=sys.float_info.max)
        try:
            ranks = tuple(sorted(index(node) for node in nodes))
        except TypeError:
            ranks = ()
        if not ranks or not 0 <= ranks[0] <= ranks[-1] < len(self.topology.hosts):
            raise OptionError(f"nodes {ascii(nodes)[:60]}: expected rows from 0 to {len(self.topology.hosts) - 1}, at least one")
        if self._failed != self.routing.failed:
            self._known.clear()
            self._failed = self.routing.failed
        key = ranks, size, algorithm
        if key not in self._known:
            ways = ("ring", "tree") if algorithm == "auto" else (algorithm,)
            found = [self._ring(ranks, mib) if way == "ring" else self._tree(ranks, mib) for way in ways]
            self._known[key] = min(found, key=lambda way: way.seconds)
        return self._known[key]

    def _ring(self, ranks: tuple[int, ...], mib: float) -> AllReduce:
        """Reduce-scatter, then all-gather (Patarasuk & Yuan 2009): all rounds are alike."""
        p = len(ranks)
        if p == 1:
            return AllReduce(0.0, "ring", 0, math.inf, 0.0, 0)
        each = self._round([(ranks[i], ranks[(i + 1) % p]) for i in range(p)])
        rounds = 2 * (p - 1)
        seconds = rounds * (each.latency + mib / p * MBIT_PER_MIB / each.mbps)
        return AllReduce(seconds, "ring", rounds, each.mbps, rounds * each.latency, each.between)

    def _tree(self, ranks: tuple[int, ...], mib: float) -> AllReduce:
        """In round k the ranks whose number ends in 1 and k zeros (binary) send to the one 2^k before them; then all of it backwards."""
        p = len(ranks)
        every: list[_Round] = []
        step = 1
        while step < p:
            pairs = [(ranks[i], ranks[i - step]) for i in range(step, p, 2 * step)]
            every += [self._round(pairs), self._round([(b, a) for a, b in pairs])]
            step *= 2
        latency = math.fsum(each.latency for each in every)
        seconds = latency + math.fsum(mib * MBIT_PER_MIB / each.mbps for each in every)
        slowest = min((each.mbps for each in every), default=math.inf)
        return AllReduce(seconds, "tree", len(every), slowest, latency, max((each.between for each in every), default=0))

    def _round(self, pairs: list[tuple[int, int]]) -> _Round:
        """Messages from node to node, all at once: the latency and the rate of the slowest."""
        latency, mbps = 0.0, math.inf
        between = [(a, b) for a, b in pairs if a != b]
        for a in {a: None for a, b in pairs if a == b}:
            latency, mbps = max(latency, DEVICE_LATENCY_S), min(mbps, float(self.device_mbps[a]))
        if between:
            paths: list[Sequence[int]] = []
            message: list[int] = []
            for number, (a, b) in enumerate(between):
                for path in self._paths(a, b):
                    paths.append(path)
                    message.append(number)
                    latency = max(latency, float(self._latency[list(path)].sum()))
            links, compact = np.unique(np.concatenate([np.array(path) for path in paths]), return_inverse=True)
            ends = np.cumsum([len(path) for path in paths])[:-1]
            rates = max_min_rates(self._capacity[links], [part.tolist() for part in np.split(compact, ends)])
            mbps = min(mbps, float(np.bincount(message, weights=rates).min()))
        return _Round(latency, mbps, len(between))

    def _paths(self, a: int, b: int) -> list[tuple[int, ...]]:
        """Over each uplink of a node that is whole, on to the other node."""
        source, target = int(self.topology.hosts[a]), int(self.topology.hosts[b])
        key = a * len(self.topology.hosts) + b
        first, links = self.topology.leaving
        uplinks = links[first[source] : first[source + 1]]
        if len(uplinks) == 1:
            return [self.routing.path(source, target, key)]
        found = []
        for link, switch in zip(uplinks.tolist(), self._heads(uplinks), strict=True):
            if link >> 1 not in self._failed:
                path = (link, *(self.routing.path(switch, target, key) if switch != target else ()))
                if source not in self._heads(path[1:]):
                    found.append(path)
        return found or [self.routing.path(source, target, key)]

    def _heads(self, links: Sequence[int] | npt.NDArray[np.int64]) -> list[int]:
        """The vertices to which directed links lead."""
        numbers = np.asarray(links, dtype=np.int64)
        heads: list[int] = self.topology.ends[numbers >> 1, 1 - (numbers & 1)].tolist()
        return heads
