"""Objectives from texts and scenarios, met or missed by a run as planning would say."""

from __future__ import annotations

from pathlib import Path

import pytest

import mlplat as mp
from mlplat.errors import InputError, MlplatError, OptionError
from mlplat.planning import Scenario
from mlplat.planning.scenario.running import result_of, run_once
from mlplat.report.run_page.verdicts import measured, read_goals, verdicts
from mlplat.runs.saved_run import SavedRun
from tests.runs.cases import mixed

SCENARIO = """
cluster: 4x8xV100
workload: {queueing: {jobs: 400, arrival_rate: 0.5}}
objectives: {p95_wait: 10m, cost_per_month: 1}
costs: {factor: 2}
"""


def test_the_figures_of_a_saved_run_are_those_that_planning_measures(tmp_path: Path) -> None:
    (tmp_path / "scenario.yaml").write_text(SCENARIO)
    scenario = Scenario.open(tmp_path / "scenario.yaml")
    result_of(scenario).save(tmp_path / "run")
    goals = read_goals(str(tmp_path / "scenario.yaml"))
    found = measured(SavedRun.open(tmp_path / "run"), goals.costs)
    assert found == dict(run_once(scenario).values)
    assert [(one.objective.name, one.met) for one in verdicts(goals, found)] == [("p95_wait", True), ("cost_per_month", False)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("p95_wait", "expected such as p95_wait=10m"),
        ("p95_wait=10m,p95_wait=5m", "is given twice"),
        ("p95_wait=soon", "p95_wait: not a bound of p95_wait"),
        ("p95_wiat=10m", "did you mean 'p95_wait'"),
        ("p99_latency=200ms", "the run has no figure 'p99_latency'"),
        ("zones.no.p95_wait=10m", r"the run has no figure 'zones\.no\.p95_wait'"),
        ("", "expected such as"),
    ],
)
def test_an_objective_that_cannot_be_read_or_that_the_run_has_no_figure_for_is_an_option_error(given: str, said: str) -> None:
    result = mp.replay(*mixed(40))
    with pytest.raises(OptionError, match=said):
        goals = read_goals(given)
        verdicts(goals, measured(result, goals.costs))


def test_a_scenario_that_is_not_there_is_an_input_error_and_a_bad_one_names_the_place(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.yaml"):
        read_goals(str(tmp_path / "nothing.yaml"))
    (tmp_path / "bad.yaml").write_text(SCENARIO.replace("10m", "soon"))
    with pytest.raises(MlplatError, match=r"bad\.yaml.*objectives"):
        read_goals(str(tmp_path / "bad.yaml"))


def test_objectives_of_zones_and_from_a_mapping() -> None:
    result = mp.replay(*mixed(120), zones=[mp.Quota("vision", guarantee={"gpus": 4}), mp.Quota("speech")])
    goals = read_goals({"zones.vision.mean_wait": "1s", "gpu_utilization": ">= 0.01"})
    assert [one.met for one in verdicts(goals, measured(result, goals.costs))] == [False, True]
