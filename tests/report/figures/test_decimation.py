"""Fewer points of a curve: true ones only, in order, and with every extreme."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mlplat.report.figures.decimation import kept, kept_ranks


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(-9, 9)), min_size=1, max_size=300), st.integers(4, 40))
def test_kept_points_are_few_and_hold_the_ends_and_the_extremes(points: list[tuple[int, int]], most: int) -> None:
    times = np.sort(np.array([time for time, _ in points], dtype=float))
    values = np.array([value for _, value in points], dtype=float)
    rows = kept(times, values, most=most)
    assert len(rows) <= most and (np.diff(rows) > 0).all()
    assert rows[0] == 0 and rows[-1] == len(points) - 1
    assert values[rows].min() == values.min() and values[rows].max() == values.max()


@given(st.integers(2, 10_000), st.integers(2, 500))
def test_kept_ranks_are_few_and_hold_the_smallest_and_the_largest(count: int, most: int) -> None:
    ranks = kept_ranks(count, most=most)
    assert len(ranks) <= most and ranks[0] == 0 and ranks[-1] == count - 1 and (np.diff(ranks) > 0).all()
