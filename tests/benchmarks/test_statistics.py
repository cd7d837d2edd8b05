"""The benchmark of statistics counts, and finds what does not hold."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from benchmarks import queue_recursion, statistics
from mlplat.planning.statistics import Interval


def test_true_values_are_those_of_erlang_and_of_one_server() -> None:
    assert statistics.true_mean(1, 0.8) == pytest.approx(4.0)
    assert statistics.true_mean(2, 1.0) == pytest.approx(1 / 3)
    assert statistics.true_quantile(1, 0.7, 0.95) == pytest.approx(math.log(0.7 / 0.05) / 0.3)
    assert statistics.true_quantile(8, 1.0, 0.5) == 0.0


def test_the_recursion_is_first_come_first_served() -> None:
    submit, duration = np.array([[0.0, 1.0, 2.0, 3.0]]), np.array([[5.0, 5.0, 1.0, 1.0]])
    assert queue_recursion.fcfs_waits(submit, duration, 2, 0.0).tolist() == [[0.0, 0.0, 3.0, 3.0]]
    assert queue_recursion.fcfs_waits(submit, duration, 1, 2.0).tolist() == [[2.0, 6.0, 10.0, 10.0]]


def test_intervals_that_hold_the_truth_are_counted() -> None:
    row = statistics.counted(
        "any", (1, 0.7), 1.0, [Interval(1, 0, 2, 0.95, 5), Interval(3, 2, 4, 0.95, 5), Interval(1, 0, math.inf, 0.95, 5)]
    )
    assert (row["hits"], row["of"], row["mean_half_width"]) == (2, 3, 1.0)


def holding() -> dict[str, Any]:
    bias, none = Interval(-1.0, -1.2, -0.8, 0.99, 9).to_dict(), Interval(0.1, -0.1, 0.3, 0.99, 9).to_dict()
    return {
        "coverage": [{"method": "m", "servers": 1, "hits": 950, "of": 1000}, {"method": "m", "servers": 1, "hits": 18, "of": 20}],
        "recursion_off_by_s": 1e-9,
        "warm_up": [{"start": "empty", "without": bias, "with": none}],
        "common_random_numbers": [
            {"example": "e", "narrowing": 3.1, "required": True},
            {"example": "f", "narrowing": 1.0, "required": False},
        ],
        "selection": [{"systems": 2, "hits": 475, "of": 500}],
    }


def test_what_holds_is_no_problem() -> None:
    assert statistics.missed(holding()) == []


@pytest.mark.parametrize(
    ("part", "row"),
    [
        ("coverage", {"method": "m", "servers": 1, "hits": 929, "of": 1000}),
        ("coverage", {"method": "m", "servers": 1, "hits": 971, "of": 1000}),
        ("coverage", {"method": "m", "servers": 1, "hits": 12, "of": 20}),
        ("common_random_numbers", {"example": "e", "narrowing": 2.9, "required": True}),
        ("selection", {"systems": 2, "hits": 474, "of": 500}),
        (
            "warm_up",
            {"start": "s", "without": Interval(1, 0.5, 1.5, 0.99, 9).to_dict(), "with": Interval(0.3, 0.1, 0.5, 0.99, 9).to_dict()},
        ),
    ],
)
def test_what_does_not_hold_is_told(part: str, row: dict[str, Any]) -> None:
    found = holding()
    found[part].append(row)
    assert len(statistics.missed(found)) == 1


def test_a_miss_ends_with_status_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for missed, status in (([], 0), (["coverage"], 1)):
        monkeypatch.setattr(
            statistics, "measure", lambda experiments, seed, missed=missed: {"missed": missed, "n": experiments, "seed": seed}
        )
        assert statistics.main(["--experiments", "7", "--seed", "3", "--json"]) == status
        assert json.loads(capsys.readouterr().out) == {"missed": missed, "n": 7, "seed": 3}


def test_a_small_selection_finds_the_best_of_most() -> None:
    rows = statistics.selection(10, 0)
    assert len(rows) == 5 and all(row["hits"] >= 8 for row in rows)
