"""An indexed heap is what sorting its items by key, then number, at every step says."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.infra.kernels.indexed_heap import put, take

pytestmark = pytest.mark.skipif(not numba.config.DISABLE_JIT, reason="Python calls a kernel only where JIT is off (NUMBA_DISABLE_JIT=1)")
KEYS = st.sampled_from((0.0, 1.0, 1.0, 2.0, 3.5, np.inf))
STEPS = st.lists(st.tuples(st.sampled_from(("put", "put", "take", "first")), st.integers(0, 15), KEYS), max_size=80)


class Heap:
    """A heap of items 0 to 15, and its slow twin."""

    def __init__(self) -> None:
        self.keys, self.items, self.place = np.zeros(16), np.zeros(16, dtype=np.int32), np.full(16, -1, dtype=np.int32)
        self.size = 0
        self.expected: dict[int, float] = {}

    def put(self, key: float, item: int) -> None:
        self.size = put(self.keys, self.items, self.place, self.size, key, item)
        self.expected[item] = key

    def take(self, item: int) -> None:
        self.size = take(self.keys, self.items, self.place, self.size, item)
        self.expected.pop(item, None)

    def check(self) -> None:
        assert self.size == len(self.expected)
        held = {int(item): float(key) for key, item in zip(self.keys[: self.size], self.items[: self.size], strict=True)}
        assert held == self.expected
        assert [int(self.place[item]) for item in self.items[: self.size]] == list(range(self.size))
        assert all(self.place[item] == -1 for item in range(16) if item not in held)
        for child in range(1, self.size):
            parent = (child - 1) // 2
            assert (self.keys[parent], self.items[parent]) < (self.keys[child], self.items[child])


@given(STEPS)
def test_a_heap_holds_what_was_put_and_not_taken_in_order_of_key_then_number(steps: list[tuple[str, int, float]]) -> None:
    heap = Heap()
    for kind, item, key in steps:
        if kind == "put":
            heap.put(key, item)
        elif kind == "take" or not heap.size:
            heap.take(item)
        else:
            heap.take(int(heap.items[0]))
        heap.check()
    left = []
    while heap.size:
        left.append((float(heap.keys[0]), int(heap.items[0])))
        heap.take(left[-1][1])
        heap.check()
    assert left == sorted(left)


def test_an_item_can_leave_from_any_place_so_that_the_last_one_rises_or_sinks() -> None:
    """The last item takes the place of the one that leaves: below a parent with a larger key it has to rise."""
    keys = [0.0, 10.0, 1.0, 11.0, 12.0, 2.0, 3.0]
    for leaving in range(7):
        heap = Heap()
        for item, key in enumerate(keys):
            heap.put(key, item)
        heap.take(leaving)
        heap.check()
