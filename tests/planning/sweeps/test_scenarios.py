"""Sweeps of scenarios, from Python and from the command line: their runs are those of `run_once`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import mlplat as mp
from mlplat import cli
from mlplat.errors import OptionError, SpecError
from mlplat.planning.scenario import Scenario, run_once
from mlplat.planning.sweeps import OtherSweepError, Sweep, latin_hypercube

SCENARIO = """\
name: more <b>nodes</b>
cluster: 2x8xV100
workload: {synthetic: {jobs: 60, gpus: 16, load: 0.9}}
objectives: {p95_wait: 1h}
replications: 2
seed: 3
sweep:
  cluster.groups.node.count: '2:3'
  policies.queue: [fifo, easy]
"""


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(SCENARIO)
    return Scenario.open("s.yaml")


def test_each_run_is_that_of_run_once(scenario: Scenario) -> None:
    sweep = mp.sweep(scenario, folder="out", backend="serial")
    assert (sweep.total, sweep.complete, sweep.varied) == (8, True, ["cluster.groups.node.count", "policies.queue"])
    for row in sweep.frame.to_dicts():
        alone = run_once(scenario.with_fields({name: row[name] for name in sweep.varied}), row["replication"])
        assert row["fingerprint"] == alone.fingerprint
        assert {name: row[name] for name in alone.values} == dict(alone.values)
    assert len(list((sweep.folder / "traces").iterdir())) == 2


def test_the_path_of_a_scenario_will_do_and_its_seed_is_that_of_the_design(scenario: Scenario) -> None:
    axes = {"workload.synthetic.load": "0.5:0.9", "cluster.groups.node.count": "2:4"}
    sweep = mp.sweep("s.yaml", latin_hypercube(axes, 3, seed=3), folder="out", backend="serial", replications=1)
    assert sweep.total == 3 and not list((sweep.folder / "traces").iterdir())  # no two runs share a trace
    scenario = scenario.with_fields({"sweep": {"vary": axes, "design": "lhs", "samples": 3}})
    again = mp.sweep(scenario, folder="out", backend="serial", replications=1)
    assert again.fingerprint == sweep.fingerprint


def test_workers_find_the_files_of_a_scenario_wherever_they_start(scenario: Scenario, tmp_path: Path) -> None:
    mp.traces.write_trace(mp.traces.synthetic(40, seed=1), tmp_path / "jobs.csv")
    recorded = scenario.with_fields({"workload": {"trace": "jobs.csv"}})
    serial = mp.sweep(recorded, folder="one", backend="serial")
    assert serial.total == 4  # nothing is random
    pytest.importorskip("joblib", reason="joblib is not installed: pip install 'mlplat[sweep]'")
    assert mp.sweep(recorded, folder="two", backend="joblib", workers=2).fingerprint == serial.fingerprint
    (tmp_path / "jobs.csv").write_text((tmp_path / "jobs.csv").read_text() + "\n")
    with pytest.raises(OtherSweepError, match="the scenario there is"):
        mp.sweep(recorded, folder="one", backend="serial")


def test_what_changes_no_run_changes_no_sweep(scenario: Scenario) -> None:
    first = mp.sweep(scenario, {"policies.queue": ["fifo"]}, folder="out", backend="serial")
    renamed = scenario.with_fields({"name": "other", "objectives": {"p95_wait": "2h"}})
    assert mp.sweep(renamed, {"policies.queue": ["fifo"]}, folder="out", backend="serial").fingerprint == first.fingerprint


def test_a_scenario_without_a_sweep_needs_a_design(scenario: Scenario) -> None:
    with pytest.raises(SpecError, match="sweep: says nothing"):
        mp.sweep(scenario.with_fields({"sweep": None}), folder="out", backend="serial")
    for given, told in (
        ({"vary": {"policies.queue": ["fifo"]}, "desing": "lhs"}, "'desing'; did you mean 'design'"),
        ({"vary": {"policies.queue": ["fifo"]}, "design": "lhs"}, "samples=None"),
        ({"policies.queue": []}, "at least one value"),
    ):
        with pytest.raises(SpecError, match="sweep") as raised:
            mp.sweep(scenario.with_fields({"sweep": given}), folder="out", backend="serial")
        assert told in str(raised.value)
    with pytest.raises(OptionError, match="replications=0"):
        mp.sweep(scenario, folder="out", backend="serial", replications=0)
    assert not Path("out").exists()


def test_it_can_be_looked_at(scenario: Scenario) -> None:
    sweep = mp.sweep(scenario, folder="out", backend="serial")
    assert "more <b>nodes</b>: 4 points of a grid, 8 of 8 runs" in str(sweep) and "p95_wait" in str(sweep)
    assert "&lt;b&gt;" in sweep._repr_html_() and "<b>" not in sweep._repr_html_()
    assert repr(sweep) == "Sweep(more <b>nodes</b>: 8 of 8 runs, in 'out')" or "8 of 8 runs" in repr(sweep)
    means = sweep.points.filter((pl.col("policies.queue") == "easy") & (pl.col("cluster.groups.node.count") == 3))["p95_wait"].item()
    rows = sweep.frame.filter((pl.col("policies.queue") == "easy") & (pl.col("cluster.groups.node.count") == 3))["p95_wait"]
    assert means == pytest.approx(rows.mean())


def run(*arguments: str) -> tuple[int, str, str]:
    ran = subprocess.run(
        [sys.executable, "-m", "mlplat.cli", "sweep", *arguments], capture_output=True, text=True, check=False, timeout=300
    )
    return ran.returncode, ran.stdout, ran.stderr


def in_process(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["mlplat", "sweep", *arguments])
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    output = capfd.readouterr()
    assert "Traceback" not in output.err
    return int(str(leaving.value.code)), output.out, output.err


def test_the_command_line_runs_and_shows(scenario: Scenario, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    vary = ("--vary", "cluster.groups.node.count=2:3", "--vary", "policies.queue=fifo,easy")
    status, out, err = in_process(monkeypatch, capfd, "s.yaml", *vary, "--folder", "out", "--backend", "serial", "--json")
    assert (status, err) == (0, "")
    content = json.loads(out)
    assert (content["runs"], content["finished"], content["failed"], content["complete"]) == (8, 8, 0, True)
    assert content["fingerprint"] == mp.sweep(scenario, folder="other", backend="serial").fingerprint
    assert len(content["points"]) == 4
    status, out, _ = in_process(monkeypatch, capfd, "show", "out")
    assert status == 0 and out.rstrip("\n") == str(Sweep.open("out"))
    assert json.loads(in_process(monkeypatch, capfd, "show", "out", "--json")[1])["fingerprint"] == content["fingerprint"]


def test_the_scenarios_own_sweep_and_a_seed_will_do(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = in_process(monkeypatch, capfd, "s.yaml", "--folder", "out", "--backend", "serial", "--seed", "5", "--json")
    assert status == 0 and json.loads(out)["runs"] == 8
    reseeded = mp.sweep(scenario.with_fields({"seed": 5}), folder="other", backend="serial")
    assert json.loads(out)["fingerprint"] == reseeded.fingerprint != mp.sweep(scenario, folder="third", backend="serial").fingerprint


def test_failed_runs_are_told_and_leave_status_1(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    vary = ("--vary", "cluster.groups.node.count=-1,2")
    status, out, _ = in_process(monkeypatch, capfd, "s.yaml", *vary, "--folder", "out", "--backend", "serial")
    assert status == 1 and "1 failed" in out and "SpecError" in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("none.yaml", "--folder", "out"), "none.yaml"),
        (("s.yaml", "--folder", "out", "--vary", "policies.queue"), "FIELD=VALUES"),
        (("s.yaml", "--folder", "out", "--vary", "policies.queue=esay"), "'esay'"),
        (("s.yaml", "--folder", "out", "--vary", "policies.quue=easy"), "policies"),
        (("s.yaml", "--folder", "out", "--vary", "policies.queue=fifo", "--vary", "policies.queue=easy"), "given twice"),
        (("s.yaml", "--folder", "out", "--vary", "seed=1:3", "--design", "hypercube"), "hypercube"),
        (("s.yaml", "--folder", "out", "--vary", "seed=1:3", "--design", "lhs"), "samples"),
        (("s.yaml", "--folder", "out", "--design", "lhs"), "--vary"),
        (("s.yaml", "--folder", "out", "--backend", "spark"), "unknown backend 'spark'"),
        (("s.yaml", "--folder", "out", "--workers", "0"), "workers=0"),
        (("s.yaml", "--folder", "s.yaml"), "is a file"),
        (("s.yaml", "--folder", "."), "holds other things"),
        (("s.yaml", "--folder", "out", "--seed", "-1"), "seed"),
        (("show", "out"), "holds no sweep"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    arguments: tuple[str, ...], told: str, scenario: Scenario, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    status, out, err = in_process(monkeypatch, capfd, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("error: ") and err.count("\n") == 1 and told in err


def test_help_names_both_commands() -> None:
    status, out, _ = run("--help")
    assert status == 0 and "show" in out and "run" in out
    assert run()[0] == 2 or "Usage" in run()[1]
