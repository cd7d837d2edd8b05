"""Designs: which points they have, and that draws depend on the seed alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError, UnknownNameError
from mlplat.planning.sweeps import Between, Design, grid, latin_hypercube, random
from mlplat.planning.sweeps.axes import read_axis


def test_a_grid_has_every_combination_and_the_last_field_changes_fastest() -> None:
    points = grid({"count": "2:6:2", "queue": ["fifo", "easy"]}).points()
    assert [(point["count"], point["queue"]) for point in points] == [
        (2, "fifo"), (2, "easy"), (4, "fifo"), (4, "easy"), (6, "fifo"), (6, "easy"),
    ]  # fmt: skip


def test_equal_points_are_there_once() -> None:
    assert len(grid({"count": [2, 2, 3]}).points()) == 2
    assert len(random({"queue": ["fifo", "easy"]}, 50).points()) == 2


@given(st.integers(1, 40), st.integers(0, 2**32), st.floats(0.1, 5.0), st.floats(0.1, 5.0))
def test_a_latin_hypercube_meets_each_part_of_each_range_once(samples: int, seed: int, low: float, width: float) -> None:
    points = latin_hypercube({"a": Between(low, low + width), "b": Between(1.0, 100.0, scale="log")}, samples, seed=seed).points()
    a = np.array([point["a"] for point in points])
    b = np.log(np.array([point["b"] for point in points])) / np.log(100.0)
    assert len(points) == samples
    for parts in ((a - low) / width, b):
        assert sorted(np.minimum(np.floor(parts * samples + 1e-9), samples - 1).astype(int).tolist()) == list(range(samples))


def test_whole_numbers_and_lists_are_met_equally_often() -> None:
    points = latin_hypercube({"count": "3:7", "queue": "fifo,easy", "real": "0.0:1.0"}, 20).points()
    assert sorted(point["count"] for point in points) == sorted([3, 4, 5, 6, 7] * 4)
    assert sum(point["queue"] == "fifo" for point in points) == 10
    assert all(type(point["count"]) is int for point in points)


def test_a_field_more_changes_no_draw_of_another() -> None:
    one = random({"a": "0.0:1.0"}, 10, seed=3).points()
    two = random({"b": "0.0:1.0", "a": "0.0:1.0"}, 10, seed=3).points()
    assert [point["a"] for point in one] == [point["a"] for point in two]
    assert one != random({"a": "0.0:1.0"}, 10, seed=4).points()


@given(st.sampled_from(["random", "lhs"]), st.integers(1, 30), st.integers(0, 2**63))
def test_draws_depend_on_the_seed_alone(kind: str, samples: int, seed: int) -> None:
    axes = {"a": "1:1000", "b": "0.5:2.5", "c": ["x", "y", None, True]}
    assert Design(axes, kind, samples, seed).points() == Design(axes, kind, samples, seed).points()  # type: ignore[arg-type]


@given(st.integers(-50, 50), st.integers(1, 50), st.integers(1, 7), st.integers(0, 99))
def test_drawn_whole_numbers_are_those_of_the_grid(low: int, width: int, step: int, seed: int) -> None:
    axis = Between(low, low + width, step=min(step, width))
    drawn = {point["a"] for point in random({"a": axis}, 200, seed=seed).points()}
    assert drawn <= set(axis.listed())
    assert {axis.low, axis.listed()[-1]} <= {point["a"] for point in random({"a": axis}, 3000, seed=seed).points()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8:16", Between(8, 16)),
        ("8:16:4", Between(8, 16, step=4)),
        ("0.5:2:0.25", Between(0.5, 2, step=0.25)),
        ("1:1000:log", Between(1, 1000, scale="log")),
        ("1e-3:1e3:log", Between(1e-3, 1e3, scale="log")),
        ("fifo, easy", ("fifo", "easy")),
        ("1,2.5,true,null,10m", (1, 2.5, True, None, "10m")),
    ],
)
def test_text_is_read_as_values(text: str, expected: object) -> None:
    assert read_axis("field", text) == expected


@pytest.mark.parametrize(
    ("axes", "told"),
    [
        ({}, "policies.queue"),
        ({"": [1]}, "path of a field"),
        ({"a": []}, "a: expected at least one value"),
        ({"a": 5}, "a: 5: expected a list"),
        ({"a": {"b": 1}}, "expected a list"),
        ({"a": "16:8"}, "a: from 16 to 8"),
        ({"a": "0.5:2"}, "a grid needs a step"),
        ({"a": "1:2:5"}, "step=5"),
        ({"a": "1,,2"}, "expected values"),
        ({"a": [float("nan")]}, "a: "),
        ({"a": [object()]}, "a: "),
        ({"a": "1:9999999"}, "at most 1,000,000"),
        ({"a": "1:2000", "b": "1:2000"}, "4,000,000 points"),
        ({"a": "-1:5:log"}, "logarithmic"),
        ({"a": "12:30:00"}, "step=0"),
    ],
)
def test_a_design_that_cannot_be_is_refused_with_what_was_expected(axes: dict[str, object], told: str) -> None:
    with pytest.raises(OptionError) as raised:
        grid(axes)
    assert told in str(raised.value)


def test_a_design_without_a_number_of_samples_or_of_another_kind_is_refused() -> None:
    with pytest.raises(OptionError, match="samples=None"):
        Design({"a": "1:3"}, "lhs")
    with pytest.raises(OptionError, match="as many points as there are combinations"):
        Design({"a": "1:3"}, "grid", 5)
    with pytest.raises(UnknownNameError, match="did you mean 'grid'"):
        Design({"a": "1:3"}, "gird")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="seed=-1"):
        random({"a": "1:3"}, 5, seed=-1)
