"""The page of policies and of runs side by side, as text and as data of its pictures."""

from __future__ import annotations

import pytest

import mlplat as mp
from mlplat.errors import OptionError
from mlplat.report.comparison_page import comparison_page
from mlplat.report.comparison_page.overlays import held, queues, waits
from mlplat.report.comparison_page.replications import replications

SPEC = mp.ClusterSpec.parse("2x8xV100")


@pytest.fixture(scope="module")
def found() -> mp.Comparison:
    scenario = mp.Scenario.from_yaml("""
name: "<img src=x>"
cluster: 2x8xV100
workload: {synthetic: {jobs: 150, gpus: 16, load: 1.1, longest: 4h}}
replications: 4
""")
    return mp.compare(scenario, policies="fifo,sjf", measures=["mean_wait", "gpu_utilization"])


def test_a_line_is_a_replication(found: mp.Comparison) -> None:
    trace = replications(found, ["gpu_utilization"]).data[0]
    assert len(trace.x) == 4 * 3
    first = [run["gpu_utilization"] * 100 for run in found.runs[:2]]
    assert list(trace.y[:2]) == pytest.approx(first)


def test_the_page_tells_verdicts_and_escapes_names(found: mp.Comparison) -> None:
    page = comparison_page(found)
    assert "<img src=x>" not in page and "&lt;img src=x&gt;" in page
    assert found.said in page.replace("&#x27;", "'")
    assert page == comparison_page(found)


def test_curves_are_those_of_the_runs() -> None:
    trace = mp.traces.synthetic(100, gpus=16, load=1.3, seed=1)
    runs = [mp.replay(SPEC, trace, queue=queue) for queue in ("fifo", "sjf")]
    labels = ["a", "<b>"]
    for run, curve in zip(runs, queues(runs, labels).data, strict=True):
        assert max(curve.y) == run.timeline["waiting"].max()
    assert queues(runs, labels).data[1].name == "&lt;b&gt;"
    assert max(held(runs, labels).data[0].y) <= 100
    assert waits(runs, labels).data[0].y[-1] == 100.0


def test_one_run_is_no_comparison() -> None:
    with pytest.raises(OptionError, match="at least two"):
        comparison_page([mp.replay(SPEC, mp.traces.synthetic(10, gpus=16, seed=1))])
    with pytest.raises(OptionError, match="expected a Comparison"):
        comparison_page(3)  # type: ignore[arg-type]
