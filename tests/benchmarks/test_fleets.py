"""The benchmark of fleets runs, on few cases, and a wrong answer is a miss."""

from __future__ import annotations

import json

import numba
import pytest

from benchmarks import fleets

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")


def test_a_small_part_of_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert fleets.main(["--smoke", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["missed"] == [] and shown["equal_to_scan"] == shown["cases"] == 4


def test_another_answer_than_the_scans_is_a_miss(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleets, "agrees", lambda *arguments: (False, 1, 1))
    assert fleets.main(["--smoke", "--json"]) == 1
    assert "0 of 4 cases agree with the scan" in json.loads(capsys.readouterr().out)["missed"]
