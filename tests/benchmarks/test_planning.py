"""The benchmark of plans runs, and what it measures holds on a few cases."""

from __future__ import annotations

import json

import pytest

from benchmarks import planning


def test_a_small_part_of_the_benchmark_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert planning.main(["--cases", "1", "--queues", "1", "--jobs", "3000", "--seed", "1", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["random"]["same"] == figures["queues"]["same"] == 1
    assert figures["missed"] == []
