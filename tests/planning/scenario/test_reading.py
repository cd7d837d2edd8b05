"""Scenarios read from files, texts and mappings, and what is said of bad ones."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from mlplat.errors import InputError, MlplatError, SpecError
from mlplat.planning.scenario.checking import faults_of
from mlplat.planning.scenario.scenario import Scenario

from .texts import SMALL, small


def test_a_scenario_is_what_it_is_after_writing_and_reading(tmp_path: Path) -> None:
    scenario = small(
        zones=[{"name": "a", "guarantee": {"gpus": 2}}, {"kind": "cohort", "name": "c"}],
        failures={"factor": 2.0},
        cluster={"groups": [{"name": "n", "count": 2, "cpus": 8, "memory": "1GiB"}], "reliability": {"node": {"mtbf": "9d", "mttr": "1h"}}},
        policies={"queue": "best-effort-fifo", "checkpoint": "every 30m"},
        horizon="2d",
        warm_up="mser-5",
        autoscaling="30s",
    )
    path = tmp_path / "s.yaml"
    scenario.to_yaml(path)
    assert Scenario.open(path).to_dict() == scenario.to_dict()
    assert Scenario.from_json(json.dumps(scenario.to_dict())) == scenario
    assert Scenario.from_yaml(path).digest == scenario.digest
    again = pickle.loads(pickle.dumps(scenario))
    assert again == scenario and again.digest == scenario.digest


def test_files_are_relative_to_the_scenarios_own(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "nodes.yaml").write_text("groups: [{name: a, count: 2, cpus: 8, memory: 1GiB}]")
    (tmp_path / "inner" / "zones.yaml").write_text("quotas: [{name: a, guarantee: {cpus: 2}}]")
    (tmp_path / "inner" / "jobs.csv").write_text("submit,duration,cpu_milli,group\n0,5,1000,a\n")
    path = tmp_path / "inner" / "s.yaml"
    path.write_text("cluster: nodes.yaml\nzones: zones.yaml\nworkload: {trace: jobs.csv}\n")
    scenario = Scenario.open(path)
    assert scenario.cluster.capacity()["cpu_milli"] == 16000 and scenario.zones[0].name == "a"
    assert scenario.files == (tmp_path / "inner" / "jobs.csv",)
    first = scenario.digest
    (tmp_path / "inner" / "jobs.csv").write_text("submit,duration,cpu_milli,group\n0,6,1000,a\n9,9,1,b\n")
    assert scenario.digest != first and faults_of(path) == []
    (tmp_path / "inner" / "jobs.csv").unlink()
    with pytest.raises(InputError, match=r"jobs\.csv"):
        _ = scenario.digest
    assert "jobs.csv" in str(faults_of(path)[0])


def test_what_changes_no_run_changes_no_digest() -> None:
    base = small()
    for fields in ({"name": "other"}, {"objectives": {}}, {"replications": 9}, {"sweep": {"seed": [1, 2]}}, {"description": "x"}):
        assert small(**fields).digest == base.digest
    for more in ({"seed": 1}, {"horizon": "1d"}, {"cluster": "3x4xV100"}, {"warm_up": "1h"}, {"costs": {"pue": 1.1}}):
        assert small(**more).digest != base.digest


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"cluster": 7}, "cluster", "shorthand"),
    ({"cluster": "7 nodes"}, "cluster", "96x8xV100"),
    ({"cluster": {"groups": [{"name": "a", "cpus": "x"}]}}, "cluster.groups[0].cpus", "CPU quantity"),
    ({"cluster": {"groups": [{"name": "a", "gpus": 1, "gpu_model": "H1000"}]}}, "cluster.groups[0].gpu_model", "H100"),
    ({"workload": None}, "workload", "serving"),
    ({"workload": {}}, "workload", "exactly one of trace, synthetic"),
    ({"workload": {"synthetic": {}, "trace": "a.csv"}}, "workload", "found trace and synthetic"),
    ({"workload": {"synthetic": {"loud": 1}}}, "workload.synthetic.loud", "'load'"),
    ({"workload": {"synthetic": {"jobs": 1, "days": 1}}}, "workload.synthetic.days", "not both"),
    ({"workload": {"queueing": {"jobs": 5, "arrival_rate": -1}}}, "workload.queueing.arrival_rate", "greater than 0"),
    ({"workload": {"synthetic": {}, "transformations": [{"scale": 1}]}}, "workload.transformations[0].scale", "scale_load"),
    ({"workload": {"synthetic": {}, "transformations": [{"sample": 0.1, "shift": 1}]}}, "workload.transformations[0]", "one a step"),
    ({"policies": {"queue": "fifa"}}, "policies.queue", "'fifo'"),
    ({"policies": {"placement": "fgdd"}}, "policies.placement", "'fgd'"),
    ({"policies": {"queue_options": {"grace": 1}}}, "policies.queue_options", "grace"),
    ({"policies": {"checkpoint": "often"}}, "policies.checkpoint", "every 30m"),
    ({"failures": "some"}, "failures", "'none', 'reliability'"),
    ({"failures": "reliability"}, "failures", "no 'reliability'"),
    ({"failures": {"factor": -1}}, "failures.factor", "0"),
    ({"objectives": {"p95_weight": "1m"}}, "objectives.p95_weight", "'p95_wait'"),
    ({"objectives": {"p95_wait": "soon"}}, "objectives.p95_wait", "'10m'"),
    ({"objectives": {"p95_wait": "< 10m"}}, "objectives.p95_wait", "'<='"),
    ({"objectives": {"p99_latency": "1s"}}, "objectives.p99_latency", "'serving'"),
    ({"objectives": {"zones.a.p95_wait": "1m"}}, "objectives.zones.a.p95_wait", "no zones"),
    ({"objectives": {"zones.b.p95_wait": "1m"}, "zones": [{"name": "a"}]}, "objectives.zones.b.p95_wait", "Known: a"),
    ({"objectives": {"zones.a.cost_per_month": 1}, "zones": [{"name": "a"}]}, "objectives.zones.a.cost_per_month", "figure of a zone"),
    ({"zones": [{"name": "a", "guarante": {}}]}, "zones[0].guarante", "guarantee"),
    ({"zones": {"quotas": [{"name": "a", "limit": {"gpus": -1}}]}}, "zones.quotas[0].limit.gpus", "0"),
    ({"horizon": "never"}, "horizon", "not a duration"),
    ({"warm_up": "a while"}, "warm_up", "mser-5"),
    ({"horizon": "1h", "warm_up": "1h"}, "warm_up", "less than the horizon"),
    ({"search": {"groups": {"pool": {"most": 4}}}}, "search.groups.pool", "Known: node"),
    ({"search": {"groups": {"node": {"least": 5, "most": 4}}}}, "search.groups.node.most", "below least"),
    ({"costs": {"groups": {"nodes": {"factor": 1}}}}, "costs.groups.nodes", "'node'"),
    ({"serving": {"rate": 1, "length": 1, "mean": 1, "group": "node"}}, "serving.group", "none is left"),
    ({"serving": {"rate": 1, "length": 1, "mean": 1}}, "serving.replicas", "one of replicas and group"),
    ({"autoscaling": "often"}, "autoscaling", "true, or false"),
    ({"replications": 0}, "replications", "1"),
    ({"seed": -1}, "seed", "0"),
    ({"sweep": [1]}, "sweep", "mapping"),
    ({"polices": {}}, "polices", "'policies'"),
]


@pytest.mark.parametrize(("fields", "where", "words"), BAD, ids=[f"{where}: {words}" for _, where, words in BAD])
def test_a_bad_scenario_names_the_place_and_what_is_allowed(fields: dict[str, Any], where: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        small(**fields)
    assert caught.value.where == where
    assert words in str(caught.value)


def test_an_error_in_a_file_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(SMALL + "policies:\n  queue: fifa\nsearch: {width: 7}\n")
    with pytest.raises(SpecError, match=r"s\.yaml:7: policies\.queue: "):
        Scenario.open(path)
    faults = faults_of(path)
    assert [getattr(fault, "where", None) for fault in faults] == ["policies.queue", "search.width"]
    assert all("s.yaml:" in str(fault) for fault in faults)


def test_check_tries_alternatives_and_sweeps(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(SMALL + "alternatives: {b: {policies.queue: fifa}}\nsweep: {cluster.groups.pool.count: [1, 2]}\n")
    where = [getattr(fault, "where", None) for fault in faults_of(path)]
    assert where == ["alternatives.b", "sweep.cluster.groups.pool.count[0]"]


@pytest.mark.parametrize("text", ["", "[]", "- 1", "7", "a: [", "{cluster: 2x4xV100, workload: 3}", "{1: 2}", "{cluster: {groups: {}}}"])
def test_what_is_no_scenario_is_refused_without_a_traceback(text: str, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(text)
    with pytest.raises(MlplatError, match=r"s\.yaml"):
        Scenario.open(path)
    assert faults_of(path)


def test_a_scenario_is_shown_in_a_line_and_in_escaped_html() -> None:
    scenario = small(name="<b>", description="a & b")
    assert repr(scenario) == ("Scenario('<b>': 2 nodes, 8 GPUs; synthetic jobs; fifo/best-fit; p95_wait <= 2h, gpu_utilization >= 0.2)")
    page = scenario._repr_html_()
    assert "&lt;b&gt;" in page and "a &amp; b" in page and "p95_wait &lt;= 2h" in page
