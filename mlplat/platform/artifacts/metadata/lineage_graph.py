"""`LineageGraph`: which artifact was made of which, over millions of them; acyclic at every moment."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from ....errors import MlplatError, printable
from .adjacency import Adjacency
from .secret_words import secret_words

if TYPE_CHECKING:
    import numpy as np

COMPILED_FROM = 20_000
"""Edges from which on the compiled walk pays; below it Python answers before the compiler is loaded."""
_UNKNOWN = bytes(32)


class LineageCycleError(MlplatError):
    """A link would make something its own origin. Attributes: `upstream`, `downstream`."""

    def __init__(self, upstream: str, downstream: str) -> None:
        self.upstream, self.downstream = upstream, downstream
        super().__init__(f"{printable(upstream)} cannot be upstream of {printable(downstream)}, of which it was itself made")


class LineageGraph:
    """Nodes by name and edges with roles, in arrays of integers; only the names are Python objects.

    Every node has a place in a topological order, which is kept up as edges come (Pearce and Kelly, A dynamic topological sort algorithm
    for directed acyclic graphs, 2007): an edge along the order costs O(1), one against it a walk of what lies between its ends.

    >>> graph = LineageGraph()
    >>> edge = graph.add_edge("dataset:shop/clicks@3", "run:shop/r1", "training")
    >>> edge = graph.add_edge("run:shop/r1", "model:shop/churn@1", "model")
    >>> graph.upstream("model:shop/churn@1")
    ['run:shop/r1', 'dataset:shop/clicks@3']
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self._ids: dict[str, int] = {}
        self._digests = bytearray()
        """32 bytes a node; zeros where none is known."""
        self._hashes = bytearray()
        """8 bytes a node, of its name (BLAKE2b): what it is marked by where it is not named depends on nothing else that there is."""
        self._group = array("i")
        """Of each node the number of its kind and project."""
        self._group_codes: dict[str, int] = {}
        self.groups: list[str] = []
        """Kinds and projects of the nodes, such as `dataset:shop`."""
        self._order = array("i")
        self._source, self._target, self._role = array("i"), array("i"), array("h")
        self._roles: list[str] = []
        self._role_codes: dict[str, int] = {}
        self._up, self._down = Adjacency(), Adjacency()
        self._removed = 0

    # -- nodes

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._ids

    def add_node(self, name: str, digest: str = "") -> int:
        """The number of a node, which is made if it is not there. A digest that is known already stays; one in the name is known."""
        node = self._ids.get(name)
        if node is None:
            node = self._ids[name] = len(self.names)
            self.names.append(name)
            self._digests += _UNKNOWN
            self._hashes += blake2b(name.encode(), digest_size=8).digest()
            group = name.partition("/")[0]
            code = self._group_codes.setdefault(group, len(self.groups))
            if code == len(self.groups):
                self.groups.append(group)
            self._group.append(code)
            self._order.append(node)
            self._up.add_node()
            self._down.add_node()
            if not digest and "@sha256:" in name and len(name) - name.index("@") == 72:
                digest = name[-71:]
        if digest and self._digests[32 * node : 32 * node + 32] == _UNKNOWN:
            self._digests[32 * node : 32 * node + 32] = bytes.fromhex(digest.partition(":")[2])
        return node

    def find(self, name: str) -> int:
        """The number of a node; -1 where there is none."""
        return self._ids.get(name, -1)

    def place(self, node: int) -> int:
        """Of a node in the topological order: every edge leads from a lower place to a higher."""
        return self._order[node]

    def digest(self, node: int) -> str:
        """The digest of a node's content; empty where none is known."""
        raw = self._digests[32 * node : 32 * node + 32]
        return "" if raw == _UNKNOWN else "sha256:" + raw.hex()

    def marks_of(self, nodes: list[int], before: str, secret: bytes) -> list[str]:
        """What stands for nodes that are not named: `before`, and their digest, of a commit its id, or where none is known a word that
        tells nothing (`secret_words`).
        """
        import numpy as np

        chosen = np.array(nodes, np.int32)
        rows = np.frombuffer(self._digests, np.uint64).reshape(-1, 4)[chosen]
        codes = [code for code, group in enumerate(self.groups) if group.startswith("repo:")]
        known = rows.any(axis=1)
        commits = np.isin(np.frombuffer(self._group, np.int32)[chosen], codes) & ~known
        others = ~(known | commits)
        text, head = secret_words(np.frombuffer(self._hashes, "<u8")[chosen[others]], secret).tobytes().hex(), f"{before}node-"
        unknown = [head + text[start : start + 16] for start in range(0, len(text), 16)]
        if len(unknown) == len(nodes):
            return unknown
        text, head = rows[known].tobytes().hex(), f"{before}sha256:"
        marks = np.empty(len(nodes), object)
        marks[others] = unknown
        marks[known] = [head + text[start : start + 64] for start in range(0, len(text), 64)]
        marks[commits] = [f"{before}sha1:{self.names[node][-40:]}" for node in chosen[commits].tolist()]
        return list(marks.tolist())

    def groups_of(self, nodes: list[int]) -> list[str]:
        """Kinds and projects of nodes, in the order in which they were first seen."""
        import numpy as np

        return [self.groups[code] for code in np.unique(np.frombuffer(self._group, np.int32)[nodes]).tolist()] if nodes else []

    def in_groups(self, nodes: list[int], groups: Iterable[str]) -> list[int]:
        """The nodes that are of one of these kinds and projects."""
        import numpy as np

        codes = [self._group_codes[each] for each in groups]
        chosen = np.array(nodes, np.int32)
        found: list[int] = chosen[np.isin(np.frombuffer(self._group, np.int32)[chosen], codes)].tolist()
        return found

    # -- edges

    @property
    def edges(self) -> int:
        """How many there are."""
        return len(self._source) - self._removed

    def add_edge(self, upstream: str, downstream: str, role: str) -> int:
        """One more edge; returns its number. Raises LineageCycleError, and then changes nothing but nodes that were not there."""
        source, target = self.add_node(upstream), self.add_node(downstream)
        if self._order[source] >= self._order[target]:
            self._reorder(source, target)
        code = self._role_codes.get(role)
        if code is None:
            code = self._role_codes[role] = len(self._roles)
            self._roles.append(role)
        edge = len(self._source)
        self._source.append(source)
        self._target.append(target)
        self._role.append(code)
        self._up.add(target, edge)
        self._down.add(source, edge)
        return edge

    def remove_edge(self, edge: int) -> None:
        """An edge is no more; its number is not used again."""
        self._up.remove(self._target[edge], edge)
        self._down.remove(self._source[edge], edge)
        self._removed += 1

    def edges_into(self, node: int) -> Iterator[tuple[int, str]]:
        """Of each edge into a node: where it comes from, and its role."""
        return ((self._source[edge], self._roles[self._role[edge]]) for edge in self._up.of(node))

    def edges_from(self, node: int) -> Iterator[tuple[int, str]]:
        """Of each edge from a node: where it leads, and its role."""
        return ((self._target[edge], self._roles[self._role[edge]]) for edge in self._down.of(node))

    # -- questions

    def upstream(self, name: str) -> list[str]:
        """All that a node was made of, nearest first."""
        return [self.names[node] for node in self.reached(self.find(name), up=True)]

    def downstream(self, name: str) -> list[str]:
        """All that was made of a node, nearest first."""
        return [self.names[node] for node in self.reached(self.find(name), up=False)]

    def reached(self, root: int, *, up: bool) -> list[int]:
        """Numbers of all nodes upstream or downstream of one, nearest first; none for -1."""
        if root < 0:
            return []
        edges, far = (self._up, self._source) if up else (self._down, self._target)
        if len(self._source) >= COMPILED_FROM:
            answer: list[int] = _compiled(root, edges, far).tolist()
            return answer
        found = {root: None}
        queue = [root]
        for node in queue:
            for edge in edges.of(node):
                other = far[edge]
                if other not in found:
                    found[other] = None
                    queue.append(other)
        return queue[1:]

    def check_acyclic(self, upstream: Iterable[str], middle: str, downstream: Iterable[str]) -> None:
        """That edges from each of `upstream` to `middle`, and from that to each of `downstream`, close no cycle. Changes nothing.

        Raises LineageCycleError. Walks from `downstream` no further than the last of `upstream` in the topological order.
        """
        below = list(downstream)
        above = dict.fromkeys(upstream)
        for name in (*above, *below):
            if name == middle:
                raise LineageCycleError(middle, middle)
        for name in below:
            if name in above:
                raise LineageCycleError(name, name)
        ends = {self.find(name) for name in (*above, middle)} - {-1}
        if not ends:
            return
        last = max(self._order[node] for node in ends)
        begun = {self.find(name): name for name in (middle, *below)}
        queue = [node for node in begun if node >= 0 and self._order[node] <= last]
        came = {node: begun[node] for node in queue}
        for node in queue:
            for edge in self._down.of(node):
                other = self._target[edge]
                if other in ends:
                    raise LineageCycleError(self.names[other], came[node])
                if other not in came and self._order[other] <= last:
                    came[other] = came[node]
                    queue.append(other)

    # -- order

    def _reorder(self, source: int, target: int) -> None:
        """Make room for an edge against the order. Raises LineageCycleError where the target leads to the source."""
        order = self._order
        first, last = order[target], order[source]
        after, seen = [target], {target}
        if source == target:
            raise LineageCycleError(self.names[source], self.names[target])
        for node in after:
            for edge in self._down.of(node):
                other = self._target[edge]
                if other == source:
                    raise LineageCycleError(self.names[source], self.names[target])
                if other not in seen and order[other] < last:
                    seen.add(other)
                    after.append(other)
        before, met = [source], {source}
        for node in before:
            for edge in self._up.of(node):
                other = self._source[edge]
                if other not in met and order[other] > first:
                    met.add(other)
                    before.append(other)
        before.sort(key=order.__getitem__)
        after.sort(key=order.__getitem__)
        nodes = before + after
        for node, place in zip(nodes, sorted(order[node] for node in nodes), strict=True):
            order[node] = place

    # -- memory

    def memory_bytes(self) -> dict[str, int]:
        """Bytes it takes: `arrays`, and `names` with the table that finds them."""
        arrays = (self._order, self._group, self._source, self._target, self._role)
        size = (
            sum(len(part) * part.itemsize for part in arrays) + len(self._digests) + len(self._hashes) + self._up.nbytes + self._down.nbytes
        )
        names = sys.getsizeof(self.names) + sys.getsizeof(self._ids) + sum(map(sys.getsizeof, self._ids.values()))
        return {"arrays": size, "names": sum(map(sys.getsizeof, self.names)) + names}


def _compiled(root: int, edges: Adjacency, far: array[int]) -> np.ndarray[Any, Any]:
    import numpy as np

    from .reach import reach

    start, count, pool, ends = (np.frombuffer(part, np.int32) for part in (edges.start, edges.count, edges.pool, far))
    found: np.ndarray[Any, Any] = reach(root, start, count, pool, ends)
    return found
