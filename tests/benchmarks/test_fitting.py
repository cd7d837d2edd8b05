"""The benchmark of fitted generators runs, on a small trace."""

from __future__ import annotations

import json

import numba
import pytest

from benchmarks import fitting


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")
def test_a_small_part_of_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert fitting.main(["--smoke", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    found = shown["traces"]["synthetic"]
    assert shown["missed"] == [] and found["jobs"] == 2000 and len(found["waits_generated"]["p95"]) == fitting.GENERATED
