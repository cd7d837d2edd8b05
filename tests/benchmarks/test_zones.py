"""The benchmark of zones runs, and says what it misses."""

from __future__ import annotations

import json

import pytest

from benchmarks import zones


def test_a_small_part_of_it_keeps_every_promise_on_both_clocks(capsys: pytest.CaptureFixture[str]) -> None:
    assert zones.main(["--smoke", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert [row["queue"] for row in figures["policies"]] == [*zones.POLICIES] and figures["missed"] == []
    assert all(row["same_on_both_clocks"] and row["broken_promise"] is None for row in figures["policies"])


def test_what_is_missed_is_said() -> None:
    slow = {"queue": "fifo", "jobs_per_second": 499_999.0, "same_on_both_clocks": False, "broken_promise": "limits at 3 s: too much"}
    assert len(zones.missed([slow])) == 3 and len(zones.missed([slow], speed=False)) == 2
