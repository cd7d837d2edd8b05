"""The benchmark of the Data Store runs, on a small frame."""

from __future__ import annotations

import json

import pytest

from benchmarks import data_store


def test_a_small_part_of_it_runs_and_reads_back_what_it_wrote(capsys: pytest.CaptureFixture[str]) -> None:
    assert data_store.main(["--smoke", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["missed"] == [] and shown["read_back"] and 0 < shown["append_kept_bytes"] < shown["kept_bytes"]


def test_what_is_missed_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(data_store, "MOST_PER_ROW", 1)
    assert data_store.main(["--smoke", "--json"]) == 1
    assert "bytes kept for 1,000 rows" in json.loads(capsys.readouterr().out)["missed"][0]
