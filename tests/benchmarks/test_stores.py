"""The benchmark of stores runs, and finds what grows too fast."""

from __future__ import annotations

import json

import pytest

from benchmarks import stores


def test_a_small_part_of_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert stores.main(["--smoke", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["missed"] == [] and found["open"][-1]["records"] > 400
    assert all(found[kind][figure] > 0 for kind in stores.KINDS for figure in ("appends_per_second", "commits_per_second"))


def test_growth_beyond_proportion_is_a_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(stores, "ALLOWED_GROWTH", 0.0)
    assert stores.main(["--times", "100", "--records", "400", "--repeats", "1", "--json"]) == 1
    assert "growth" in json.loads(capsys.readouterr().out)["missed"][0]
