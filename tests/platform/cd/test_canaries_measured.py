"""A-6.1: how often equal and worse versions are rolled back, over 200 seeds."""

from __future__ import annotations

import pytest

from benchmarks.canary import CASES, interval, main, rolled_back

BY_NAME = {case.name: case for case in CASES}


@pytest.mark.parametrize("name", ["equal", "equal, latencies of a queue"])
def test_a6_1_an_equal_version_is_rolled_back_in_at_most_18_of_200(name: str) -> None:
    assert sum(rolled_back(BY_NAME[name], seed) > 0 for seed in range(200)) <= 18


def test_a6_1_a_worse_version_is_rolled_back_in_at_least_190_of_200() -> None:
    assert sum(rolled_back(BY_NAME["errors 2 % to 6 %"], seed) > 0 for seed in range(200)) >= 190


def test_the_benchmark_prints_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "4", "--json"]) == 0
    assert '"case": "equal"' in capsys.readouterr().out
    assert interval(0, 10) == pytest.approx((0.0, 0.4113), abs=1e-4) and interval(10, 10)[1] == 1.0
