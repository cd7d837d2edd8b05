"""The benchmark of drift tests runs, and says what it misses."""

from __future__ import annotations

import json

import pytest

from benchmarks import drift


def test_a_small_part_of_it_is_within_every_bound(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("river")
    assert drift.main(["--smoke", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert list(figures["decision"]) == [*drift.KINDS] and figures["missed"] == []
    assert figures["naive"]["psi_over_0.1_at_50_rows"]["rate"] > 0.7
    assert figures["naive"]["any_of_20_ks_at_0.05"]["rate"] > 0.3


def test_what_is_missed_is_said() -> None:
    many, few = drift.counted(19, 1_000, 0.01), drift.counted(18, 1_000, 0.01)
    assert (many["bound"], many["low"] < 0.019 < many["high"]) == (18, True)
    found = {
        "decision": {"normal": many, "ties": few},
        "alone": {"ks": few},
        "power": {"default": {"0.5": drift.counted(189, 200)}},
        "tiny_shift": {"alarms": 1},
        "daily_cycle": {"24_hours": few, "recommended_hours": 12.0},
    }
    assert drift.missed(found)[0] == "decision, normal: 19 alarms of 1000; at most 18"
    assert len(drift.missed(found)) == 4


def test_intervals_hold_at_the_ends() -> None:
    assert (drift.counted(0, 10)["low"], drift.counted(10, 10)["high"]) == (0.0, 1.0)
    assert 0.4 < drift.counted(0, 10)["high"] < 0.42
