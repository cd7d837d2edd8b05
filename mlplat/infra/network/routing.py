"""Routing: the shortest path of a flow over the links that work, by single path or equal-cost multi-path (ECMP, RFC 2992)."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from ...errors import MlplatError, OptionError, UnknownNameError, printable

if TYPE_CHECKING:
    from .topology import Topology

RoutingKind = Literal["ecmp", "single-path"]
KINDS: Final = get_args(RoutingKind)
_MASK: Final = 2**64 - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15
_MOST_DISTANCES: Final = 2**26
_MOST_WAYS: Final = 2**22


class NoRouteError(MlplatError):
    """No path leads from `source` to `target` (names of vertices) over the links that work."""

    def __init__(self, source: str, target: str, failed: int) -> None:
        self.source, self.target, self.failed = source, target, failed
        links = "1 link has failed" if failed == 1 else f"{failed:,} links have failed"
        super().__init__(f"no route from {printable(source)!r} to {printable(target)!r}: " + (links if failed else "they are not joined"))


class _Destination:
    """Hops from each forwarding vertex to the nearest of some, and the ways on that were asked for: place -> (link, place) each."""

    __slots__ = ("hops", "next_links")

    def __init__(self, hops: npt.NDArray[np.int32]) -> None:
        self.hops = hops
        self.next_links: dict[int, tuple[tuple[int, int], ...]] = {}


class Routing:
    """Paths in a topology, shortest by number of links. `kind`: `ecmp` or `single-path`. Raises UnknownNameError.

    Of equally short ways on, `single-path` takes at each vertex the link with the lowest number. `ecmp` takes the one at place
    `floor(n h / 2^64)` of the n in order of their numbers, where h is output number v + 1 of SplitMix64 (Steele, Lea, Flood 2014) seeded
    with the flow's key, and v the vertex: the same on every machine, and independent from vertex to vertex.

    >>> from mlplat.hardware import ClusterSpec
    >>> from mlplat.infra.network.topology import Topology
    >>> topology = Topology.of(ClusterSpec.uniform(nodes=64))
    >>> routing = Routing(topology, "single-path")
    >>> [topology.names[topology.ends[link // 2][1 - link % 2]] for link in routing.path(0, 63)]
    ['leaf-0', 'spine-0', 'leaf-3', 'node-63']
    """

    def __init__(self, topology: Topology, kind: RoutingKind = "ecmp") -> None:
        if not isinstance(kind, str) or kind not in KINDS:
            raise UnknownNameError("routing", printable(str(kind)[:40]), KINDS)
        self.topology, self.kind = topology, kind
        self._up = np.ones(len(topology.mbps), dtype=np.bool_)
        self._failed: set[int] = set()
        self._core = np.flatnonzero(topology.forwards)  # the vertices that forward, numbered anew: all that distances are kept of
        self._place = np.full(len(topology), -1, dtype=np.int64)
        self._place[self._core] = np.arange(len(self._core))
        self._most = max(8, _MOST_DISTANCES // max(1, len(self._core)))
        self._outside = topology.outside
        self._joints: dict[int, tuple[tuple[int, int, int], ...]] = {}
        self._forget()

    def _forget(self) -> None:
        self._adjacency: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]] | None = None
        self._destinations: dict[tuple[int, ...], _Destination] = {}
        self._ways_kept = 0

    # -- links that fail

    @property
    def failed(self) -> tuple[int, ...]:
        """The links that do not work, in order."""
        return tuple(sorted(self._failed))

    def fail(self, edge: int) -> bool:
        """Lead no more paths over a link, either way; whether it worked before. Raises OptionError for a link that is not there."""
        return self._change(edge, up=False)

    def repair(self, edge: int) -> bool:
        """Lead paths over a link again; whether it did not work before. Raises OptionError for a link that is not there."""
        return self._change(edge, up=True)

    def _change(self, edge: int, *, up: bool) -> bool:
        if not 0 <= edge < len(self._up):
            raise OptionError(f"link {edge}: the topology has links 0 to {len(self._up) - 1}")
        if bool(self._up[edge]) is up:
            return False
        self._up[edge] = up
        (self._failed.discard if up else self._failed.add)(int(edge))
        ends = self.topology.ends[edge].tolist()
        for vertex in ends:
            self._joints.pop(vertex, None)
        if all(self._place[vertex] >= 0 for vertex in ends):  # else no distance between forwarding vertices has changed
            self._forget()
        return True

    # -- paths

    def path(self, source: int, target: int, key: int = 0) -> tuple[int, ...]:
        """The directed links from vertex to vertex, none if they are the same. `key` says which flow it is, any integer.

        Raises NoRouteError, OptionError for a vertex that is not there.
        """
        count = len(self._place)
        try:
            is_there = 0 <= index(source) < count and 0 <= index(target) < count
        except TypeError:
            is_there = False
        if not is_there:
            raise OptionError(f"from vertex {ascii(source)[:40]} to {ascii(target)[:40]}: the topology has vertices 0 to {count - 1}")
        if source == target:
            return ()
        if source in self._outside or target in self._outside:
            return self._path_outside(source, target, key)
        return self._path_inside(source, target, key)

    def _path_outside(self, source: int, target: int, key: int) -> tuple[int, ...]:
        """Through the border: what is behind it hangs from it as a tree."""
        (one, outwards), (other, inwards) = self._climb(source), self._climb(target)
        while outwards and inwards and outwards[-1] == inwards[-1]:
            outwards.pop()
            inwards.pop()
        path = (*outwards, *(self._path_inside(one, other, key) if one != other else ()), *(link ^ 1 for link in reversed(inwards)))
        if not all(self._up[link >> 1] for link in path):
            raise self._no_route(source, target)
        return path

    def _climb(self, vertex: int) -> tuple[int, list[int]]:
        links = []
        while (link := self._outside.get(vertex)) is not None:
            links.append(link)
            vertex = int(self.topology.ends[link >> 1, 1 - (link & 1)])
        return vertex, links

    def _path_inside(self, source: int, target: int, key: int) -> tuple[int, ...]:
        last: dict[int, int] = {}  # to a target that forwards nothing: the link from each place at which it is joined
        here = int(self._place[source])
        goal: tuple[int, ...] = (int(self._place[target]),)
        if goal[0] < 0:
            last = {place: link ^ 1 for link, _, place in self._joints_of(target) if place >= 0}
            goal = tuple(sorted(last))
        path: list[int] = []
        if here < 0:
            joints = self._joints_of(source)
            for link, vertex, _ in joints:
                if vertex == target:
                    return (link,)
            hops = self._towards(goal).hops
            ways = [(int(hops[place]), link, place) for link, _, place in joints if place >= 0 and hops[place] >= 0]
            nearest = min(ways, default=(-1,))[0]
            equal = [way for way in ways if way[0] == nearest]
            if not equal:
                raise self._no_route(source, target)
            _, link, here = equal[self._choice(key, source, len(equal))]
            path.append(link)
        destination = self._towards(goal)
        left = int(destination.hops[here])
        if left < 0:
            raise self._no_route(source, target)
        for _ in range(left):
            links = destination.next_links.get(here) or self._next_links(destination, here)
            link, here = links[self._choice(key, int(self._core[here]), len(links))]
            path.append(link)
        return (*path, last[here]) if last else tuple(path)

    def _no_route(self, source: int, target: int) -> NoRouteError:
        return NoRouteError(self.topology.names[source], self.topology.names[target], len(self._failed))

    def _choice(self, key: int, vertex: int, count: int) -> int:
        if count == 1 or self.kind == "single-path":
            return 0
        return spread(key, vertex) * count >> 64

    def _joints_of(self, vertex: int) -> tuple[tuple[int, int, int], ...]:
        """Of a vertex that forwards nothing: each working link that leaves it, where it leads, and that vertex's place or -1."""
        found = self._joints.get(vertex)
        if found is None:
            first, links = self.topology.leaving
            leaving = links[first[vertex] : first[vertex + 1]]
            leaving = leaving[self._up[leaving >> 1]]
            to = self.topology.ends[leaving >> 1, 1 - (leaving & 1)]
            found = tuple(zip(leaving.tolist(), to.tolist(), self._place[to].tolist(), strict=True))
            self._joints[vertex] = found
        return found

    # -- distances

    def _towards(self, goal: tuple[int, ...]) -> _Destination:
        """Hops to the nearest of some places. The oldest are dropped where there are too many to keep."""
        found = self._destinations.get(goal)
        if found is None:
            while len(self._destinations) >= self._most:
                oldest = self._destinations.pop(next(iter(self._destinations)))
                self._ways_kept -= sum(map(len, oldest.next_links.values()))
            found = self._destinations[goal] = _Destination(self._hops_to(goal))
        return found

    def _hops_to(self, goal: tuple[int, ...]) -> npt.NDArray[np.int32]:
        """int32[places]: breadth first from the goal, -1 where it cannot be reached."""
        first, _, to = self._working()
        hops = np.full(len(self._core), -1, dtype=np.int32)
        front = np.array(goal, dtype=np.int64)
        hops[front] = distance = 0
        while front.size:
            distance += 1
            counts = first[front + 1] - first[front]
            ends = np.cumsum(counts)
            total = int(ends[-1])
            reached = to[np.arange(total) + np.repeat(first[front] - ends + counts, counts)]
            reached = reached[hops[reached] < 0]
            hops[reached] = distance
            front = np.unique(reached)
        return hops

    def _next_links(self, destination: _Destination, here: int) -> tuple[tuple[int, int], ...]:
        """The working links from a place that lead one hop nearer, by number, with the places to which they lead."""
        first, links, to = self._working()
        here_to = to[first[here] : first[here + 1]]
        nearer = destination.hops[here_to] == destination.hops[here] - 1
        ways = tuple(zip(links[first[here] : first[here + 1]][nearer].tolist(), here_to[nearer].tolist(), strict=True))
        self._ways_kept += len(ways)
        if self._ways_kept > _MOST_WAYS:
            for each in self._destinations.values():
                each.next_links.clear()
            self._ways_kept = len(ways)
        destination.next_links[here] = ways
        return ways

    def _working(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The working directed links between vertices that forward, as `Topology.leaving` has them, and the places to which they lead."""
        if self._adjacency is None:
            _, links = self.topology.leaving
            edge, way = links >> 1, links & 1
            start, to = self._place[self.topology.ends[edge, way]], self._place[self.topology.ends[edge, 1 - way]]
            kept = self._up[edge] & (start >= 0) & (to >= 0)
            first = np.zeros(len(self._core) + 1, dtype=np.int64)
            np.cumsum(np.bincount(start[kept], minlength=len(self._core)), out=first[1:])
            self._adjacency = first, links[kept], to[kept]
        return self._adjacency


def spread(key: int, vertex: int) -> int:
    """Output number vertex + 1 of SplitMix64 seeded with `key` (any integer, modulo 2^64): 64 bits by which ECMP chooses at a vertex.

    >>> hex(spread(0, 0))
    '0xe220a8397b1dcdaf'
    """
    x = key + _GOLDEN * (vertex + 1) & _MASK
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & _MASK
    return x ^ x >> 31
