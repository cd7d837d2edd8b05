"""The benchmark of lineage queries runs, and finds a wrong answer."""

from __future__ import annotations

import json

import pytest

from benchmarks import lineage


def test_a_small_run_answers_as_a_walk_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert lineage.main(["--smoke", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["nodes"] >= 30_000 and found["missed"] == []
    assert [(each["shape"], each["answer"]) for each in found["queries"]] == [("wide", 10), ("chain", 10), ("wide", 1000), ("chain", 1000)]


def test_an_answer_that_is_not_that_of_a_walk_is_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(lineage, "walked", lambda graph, name: set())
    assert lineage.main(["--smoke", "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["missed"]) == 4
