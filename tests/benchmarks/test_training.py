"""The benchmark of training runs, and finds other bytes and large errors."""

from __future__ import annotations

import json

import pytest

from benchmarks import training
from mlplat.platform.training.estimators import Estimator


def test_a_small_run_misses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert training.main(["--smoke", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["model"] for each in found["models"]] == list(training.MODELS) and found["missed"] == []
    assert found["stops"] == 18 and max(found["largest_errors_ulp"].values()) <= 0.9


def test_a_state_that_forgets_something_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    resume = Estimator.resume

    def forgetful(self: Estimator, progress: object, done: int, arrays: object) -> None:
        resume(self, progress, max(done - 1, 0), arrays)  # type: ignore[arg-type]

    monkeypatch.setattr(Estimator, "resume", forgetful)
    assert training.changed_by_stopping(200, 3, 0)


def test_errors_above_the_limit_are_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(training.LIMITS, "exp", 0.1)
    assert training.main(["--smoke", "--json"]) == 1
    assert "exp" in json.loads(capsys.readouterr().out)["missed"][0]
