"""The benchmark of the Identity Provider runs, on a small one."""

from __future__ import annotations

import json

import pytest

from benchmarks import identity


def test_a_small_part_of_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert identity.main(["--smoke", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["grants"] == 1_000 and shown["missed"] == []
    assert all(value > 0 for name, value in shown.items() if name.endswith(("per_second", "us")))


def test_what_is_too_slow_is_named() -> None:
    found = {"direct_per_second": 1e6, "after_revocations_per_second": 1e5, "token_us": 31.0}
    assert [problem.split(":")[0] for problem in identity.missed(found)] == ["after_revocations_per_second", "token_us"]
