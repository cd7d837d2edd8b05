"""The benchmark of the request engine runs, on a small one."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import serving, simpy_serving
from mlplat.platform.serving import Requests, Version, serve


def test_a_small_part_of_it_runs_and_both_clocks_agree(capsys: pytest.CaptureFixture[str]) -> None:
    assert serving.main(["--smoke", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["missed"] == [] and set(shown["cases"]) == {"mmc", "everything", "thousand_replicas"}
    assert all(case["requests_per_second"] > 0 for case in shown["cases"].values())


def test_a_difference_from_simpy_is_a_miss(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simpy_serving, "run", lambda sent, service, slots: sent)
    assert serving.main(["--smoke", "--json"]) == 1
    assert "other ends" in json.loads(capsys.readouterr().out)["missed"][0]


def test_everything_happens_in_the_case_of_that_name() -> None:
    made, requests, options = serving.cases(100_000, seed=0)["everything"]
    result = serve(made, requests, **options)
    totals = result.summary()
    assert all(totals[name] > 0 for name in ("answered", "errors", "timed_out", "rejected", "failed"))
    assert result.requests["attempts"].max() == 3 and len(result.timeline) > 20
    assert serving.unaccounted(result) == ""


def test_the_plain_model_answers_when_the_server_does() -> None:
    requests = Requests.poisson(3.0, count=500, service="exponential", mean=1.0, seed=2)
    ends = serve(Version("v1", replicas=2, slots=2), requests).requests["end_s"].to_numpy()
    assert np.allclose(simpy_serving.run(requests.sent, requests.service, 4), ends, rtol=1e-12)
