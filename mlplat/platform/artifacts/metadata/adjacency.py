"""`Adjacency`: of each node the edges at it, in one growing array of integers. No Python object for a node or an edge."""

from __future__ import annotations

from array import array


class Adjacency:
    """Edges of nodes: those of one node stand together in `pool`, from `start[node]`, `count[node]` of them.

    A node whose block is full moves to one of twice the size; the old one is given to the next that needs its size.
    """

    def __init__(self) -> None:
        self.start, self.count, self.pool = array("i"), array("i"), array("i")
        self._size = array("b")
        """log2 of the size of a node's block, plus 1; 0 for none."""
        self._free: list[array[int]] = [array("i") for _ in range(32)]

    def add_node(self) -> None:
        """One more node, without edges."""
        self.start.append(0)
        self.count.append(0)
        self._size.append(0)

    def add(self, node: int, edge: int) -> None:
        """One more edge at a node; amortised O(1)."""
        count, size = self.count[node], self._size[node]
        if count == 1 << size >> 1:
            self._move(node, count, size)
        self.pool[self.start[node] + count] = edge
        self.count[node] = count + 1

    def remove(self, node: int, edge: int) -> None:
        """An edge at a node is no more; O(edges there). Those that stay keep their order."""
        begin, end = self.start[node], self.start[node] + self.count[node]
        at = self.pool.index(edge, begin, end)
        self.pool[at : end - 1] = self.pool[at + 1 : end]
        self.count[node] -= 1

    def of(self, node: int) -> array[int]:
        """The edges at a node, in the order in which they came."""
        begin = self.start[node]
        return self.pool[begin : begin + self.count[node]]

    def _move(self, node: int, count: int, size: int) -> None:
        free = self._free[size + 1]
        if free:
            begin = free.pop()
        else:
            begin = len(self.pool)
            self.pool.frombytes(bytes(self.pool.itemsize << size))
        if size:
            old = self.start[node]
            self.pool[begin : begin + count] = self.pool[old : old + count]
            self._free[size].append(old)
        self.start[node] = begin
        self._size[node] = size + 1

    @property
    def nbytes(self) -> int:
        """Bytes it takes."""
        parts = (self.start, self.count, self.pool, self._size, *self._free)
        return sum(len(part) * part.itemsize for part in parts)
