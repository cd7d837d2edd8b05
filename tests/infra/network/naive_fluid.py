"""Transfers the slow way: a fluid in the links of a networkx graph, whose rates are filled up from nothing at every event.

All it knows of the network is the graph: edges with `bandwidth` (Mbit/s each way), `latency` (s) and `link`, their number, and vertices
with `role`, in order of their number.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import networkx as nx

MBIT_PER_MIB = 8 * 2**20 / 10**6
Way = tuple[str, ...]
"""The vertices of a path."""


class Sending(NamedTuple):
    """`mib` MiB from vertex to vertex, beginning at `start` (s). `key`: of the flow, for choices among equal paths."""

    start: float
    source: str
    target: str
    mib: float
    key: int


class Outage(NamedTuple):
    """A link (its number in the graph) carries nothing from one time to another (s, infinite for ever)."""

    link: int
    start: float
    end: float


def shortest_ways(graph: nx.Graph, source: str, target: str, failed: Collection[int], hosts_forward: bool) -> list[Way]:
    """All paths of fewest links over what works. Nodes and endpoints outside are passed only where `hosts_forward` says so of nodes;
    border and gateway only on the way out or in."""
    behind = set(nx.node_connected_component(graph.subgraph(_outer(graph)), "gateway")) if "gateway" in graph else set()
    open_ = {source, target}
    for vertex, role in graph.nodes(data="role"):
        if (role == "host" and hosts_forward) or role not in ("host", "border", "external"):
            open_.add(vertex)
    if behind & {source, target}:
        open_ |= {"border", "gateway"} & set(graph)
    works = nx.Graph((a, b) for a, b, link in graph.edges(data="link") if link not in failed and a in open_ and b in open_)
    works.add_nodes_from([source, target])
    try:
        return [tuple(way) for way in nx.all_shortest_paths(works, source, target)]
    except nx.NetworkXNoPath:
        return []


def _outer(graph: nx.Graph) -> list[str]:
    return [vertex for vertex, role in graph.nodes(data="role") if role == "external"]


def chosen_way(graph: nx.Graph, ways: list[Way], key: int, ecmp: bool) -> Way:
    """The one that the documentation of `Routing` says is taken: at each vertex the first link that leads on, or the hashed one."""
    number = {vertex: i for i, vertex in enumerate(graph)}
    left, place = ways, 0
    while len(left) > 1:
        here = left[0][place]
        on = sorted({way[place + 1] for way in left}, key=lambda vertex: graph.edges[here, vertex]["link"])
        taken = on[splitmix64(key, number[here]) * len(on) // 2**64 if ecmp else 0]
        left, place = [way for way in left if way[place + 1] == taken], place + 1
    return left[0]


def splitmix64(seed: int, skipped: int) -> int:
    """The output after `skipped` others (Steele, Lea, Flood, Fast Splittable Pseudorandom Number Generators, 2014, figure 17)."""
    state = seed
    for _ in range(skipped + 1):
        state = (state + 0x9E3779B97F4A7C15) % 2**64
    z = (state ^ state // 2**30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z // 2**27) * 0x94D049BB133111EB % 2**64
    return z ^ z // 2**31


def links_of(way: Way) -> list[tuple[str, str]]:
    return list(itertools.pairwise(way))


def rates(capacity: dict[tuple[str, str], float], ways: dict[int, Way]) -> dict[int, float]:
    """Progressive filling: all rates rise together; when a link is full, those that cross it stay (Bertsekas & Gallager, 6.5.2)."""
    crossing: dict[tuple[str, str], list[int]] = {}
    for flow, way in ways.items():
        for link in links_of(way):
            crossing.setdefault(link, []).append(flow)
    settled: dict[int, float] = {}
    while len(settled) < len(ways):
        full = {
            link: (capacity[link] - sum(settled.get(flow, 0.0) for flow in flows)) / rising
            for link, flows in crossing.items()
            if (rising := sum(flow not in settled for flow in flows))
        }
        level = max(0.0, min(full.values()))
        for link in [link for link, at in full.items() if at <= level]:
            settled |= {flow: level for flow in crossing[link] if flow not in settled}
    return settled


def arrivals(
    graph: nx.Graph,
    sent: Sequence[Sending],
    outages: Sequence[Outage],
    way: Callable[[Sending, frozenset[int]], Way | None],
) -> list[float]:
    """When each is there (s), infinite for never: the latency of its last path after its last byte has left.

    `way`: the path of one that sets out while some links are down, None if there is none. One whose link fails sets out again with what is
    left, and so does, whenever a link is repaired, one that found no way. What has left arrives.
    """
    capacity = {pair: float(data["bandwidth"]) for a, b, data in graph.edges(data=True) for pair in ((a, b), (b, a))}
    latency = {pair: float(data["latency"]) for a, b, data in graph.edges(data=True) for pair in ((a, b), (b, a))}
    number = {pair: data["link"] for a, b, data in graph.edges(data=True) for pair in ((a, b), (b, a))}
    happens: list[tuple[float, int, str, Any]] = [(each.start, i, "send", i) for i, each in enumerate(sent)]
    happens += [(each.start, len(sent) + i, "fail", each.link) for i, each in enumerate(outages)]
    happens += [(each.end, len(sent) + i, "repair", each.link) for i, each in enumerate(outages) if each.end < math.inf]
    happens.sort()
    left = [each.mib * MBIT_PER_MIB for each in sent]
    there = [math.inf] * len(sent)
    moving: dict[int, Way] = {}
    waiting: list[int] = []
    failed: set[int] = set()
    now = 0.0

    def leave(flow: int, by: Way) -> None:
        there[flow] = now + sum(latency[link] for link in links_of(by))

    def set_out(flow: int) -> None:
        found = way(sent[flow], frozenset(failed))
        if found is None:
            waiting.append(flow)
        elif left[flow] == 0 or len(found) < 2:
            leave(flow, found)
        else:
            moving[flow] = found

    while happens or moving:
        rate = rates(capacity, moving)
        due = {flow: now + left[flow] / rate[flow] for flow in moving}
        now, before = min([*due.values(), *(time for time, *_ in happens[:1])]), now
        for flow in list(moving):
            left[flow] = max(0.0, left[flow] - rate[flow] * (now - before))
            if due[flow] <= now:
                leave(flow, moving.pop(flow))
        while happens and happens[0][0] <= now:
            _, _, kind, which = happens.pop(0)
            if kind == "send":
                set_out(which)
            elif kind == "fail":
                failed.add(which)
                for flow in [flow for flow, by in moving.items() if which in {number[link] for link in links_of(by)}]:
                    del moving[flow]
                    set_out(flow)
            else:
                failed.discard(which)
                again, waiting[:] = list(waiting), []
                for flow in again:
                    set_out(flow)
    return there
