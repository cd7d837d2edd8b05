"""`mlplat compare` as its users meet it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlplat import cli

JOBS = "submit,duration,gpus\n" + "".join(f"{60 * i},{900 + 300 * (i % 5)},{8 if i % 3 else 16}\n" for i in range(40))
SCENARIO = "{cluster: 2x8xV100, workload: {synthetic: {jobs: 60, gpus: 16, load: 1.5}}, replications: 3, policies: {placement: fgd}}"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    Path("jobs.csv").write_text(JOBS)
    Path("bad.csv").write_text(JOBS + "x,1,1\n")
    Path("scenario.yaml").write_text(SCENARIO)

    def ran(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mlplat", "compare", *arguments])
        with pytest.raises(SystemExit) as leaving:
            cli.main()
        output = capfd.readouterr()
        assert "Traceback" not in output.err
        return int(leaving.value.code or 0), output.out, output.err

    return ran


TRACE = ("--jobs", "jobs.csv", "--cluster", "2x8xV100")


def test_a_trace_is_compared_under_policies(run: Run) -> None:
    status, out, err = run("--policies", "fifo/best-fit,easy/fgd", *TRACE)
    assert (status, err) == (0, "")
    assert "easy/fgd" in out and "mean_wait" in out and "exact for these jobs" in out


def test_json_is_one_object_and_nothing_else(run: Run) -> None:
    status, out, _ = run("--policies", "fifo,easy", *TRACE, "--json", "--seed", "3", "--measures", "mean_wait, p95_wait")
    found = json.loads(out)
    assert status == 0 and out.count("\n") == 1
    assert found["basis"] == "exact" and [row["measure"] for row in found["comparisons"]] == ["mean_wait", "p95_wait"]
    assert len(set(found["fingerprints"]["easy/best-fit"])) == 1


def test_a_scenario_is_compared_over_its_replications(run: Run) -> None:
    status, out, _ = run("scenario.yaml", "--policies", "fifo,easy/best-fit", "--json")
    found = json.loads(out)
    assert status == 0 and (found["basis"], found["replications"]) == ("replications", 3)
    assert found["policies"] == ["fifo/fgd", "easy/best-fit"]
    seeded = json.loads(run("scenario.yaml", "--policies", "fifo,easy/best-fit", "--json", "--seed", "9")[1])
    assert seeded["fingerprints"] != found["fingerprints"]


def test_blocks_of_a_trace_are_resampled(run: Run) -> None:
    arguments = ("--policies", "fifo,sjf", *TRACE, "--resample", "10m", "--replications", "5")
    status, out, _ = run(*arguments, "--json")
    found = json.loads(out)
    assert status == 0 and (found["basis"], found["replications"]) == ("resampled", 5)
    assert len(set(found["fingerprints"]["fifo/best-fit"])) > 1
    assert "made of blocks" in run(*arguments)[1]


def test_bad_rows_are_skipped_if_that_is_wanted(run: Run) -> None:
    bad = ("--policies", "fifo,easy", "--jobs", "bad.csv", "--cluster", "2x8xV100")
    assert run(*bad)[0] == 2
    status, _, err = run(*bad, "--errors", "skip")
    assert status == 0 and "line 42" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--policies", "fifo,easy"), "give either a scenario or a trace"),
        (("scenario.yaml", "--policies", "fifo,easy", *TRACE), "give either a scenario or a trace"),
        (("scenario.yaml", "--policies", "fifo,easy", "--ties", "random"), "--ties goes with --jobs"),
        (("scenario.yaml", "--policies", "fifo,easy", "--max-restarts", "0"), "--max-restarts goes with --jobs"),
        (("none.yaml", "--policies", "fifo,easy"), "none.yaml"),
        (("--policies", "fifo", *TRACE), "expected at least two"),
        (("--policies", "fifo,eazy", *TRACE), "did you mean 'easy'"),
        (("--policies", "fifo,easy", *TRACE, "--correction", "no"), "unknown correction"),
        (("--policies", "fifo,easy", *TRACE, "--errors", "no"), "--errors no: expected raise or skip"),
        (("--policies", "fifo,easy", "--jobs", "jobs.csv"), "give the cluster"),
        (("--policies", "fifo,easy", *TRACE, "--resample", "1y"), "not a duration"),
        (("--policies", "fifo,easy", *TRACE, "--failures", "spec"), "no 'reliability'"),
    ],
)
def test_bad_input_is_one_line_and_status_two(run: Run, arguments: tuple[str, ...], says: str) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert says in err and err.count("\n") == 1
