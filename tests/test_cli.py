"""The command line as its users meet it: every option, JSON that is nothing but JSON, and errors of one line with exit status 2."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import mlplat as mp
from mlplat import cli
from mlplat.infra.network.pacing import collectives_of
from mlplat.infra.network.topology import Topology

from .runs.test_summary import KEYS

ROOT = Path(__file__).resolve().parents[1]
NOT_REPEATED = ("engine_seconds", "jobs_per_second")

JOBS = """\
job_id,submit,duration,replicas,cpu_milli,memory_mib,gpus,group
a,0,100,1,4000,1024,1,red
b,10,50,2,8000,1024,8,blue
c,20,30,1,1000,1024,1,red
d,30,20,1,1000,1024,9,red
e,50000,20,2,1000,1024,2,blue
"""
BAD_JOBS = JOBS.replace("c,20,30", "c,20,soon")
NODES = "sn,cpu_milli,memory_mib,gpu,model\nn-0,64000,262144,8,V100M32\nn-1,64000,262144,4,T4\n"
NETWORK = """\
groups: [{name: n, count: 8, cpus: 64, memory: 256GiB, gpus: 8, gpu_model: V100}]
network: {topology: leaf-spine, hosts_per_leaf: 4}
"""
SWF = "; UnixStartTime: 0\n  1  0 -1 100 4 -1 -1 4 200 -1 1 7 1 -1 1 -1 -1 -1\n  2 10 -1 -1 4 -1 -1 4 200 -1 1 7 1 -1 1 -1 -1 -1\n"


class Ran(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def content(self) -> dict[str, Any]:
        """The one JSON object on standard output; NaN and Infinity are not JSON."""
        assert self.out.endswith("}\n") and self.out.count("\n") == 1, self.out

        def refuse(name: str) -> None:
            raise AssertionError(f"{name} is not JSON")

        content = json.loads(self.out, parse_constant=refuse)
        assert isinstance(content, dict)
        return content


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process, in a folder with small input files."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("jobs.csv", JOBS), ("bad.csv", BAD_JOBS), ("nodes.csv", NODES), ("trace.swf", SWF)):
        Path(name).write_text(text)
    Path("outages.csv").write_text("start_s,end_s,kind,node\n5,90,node,0\n")
    Path("spec.yaml").write_text("name: mine\ngroups: [{name: n, count: 2, cpus: 64, memory: 256GiB, gpus: 8, gpu_model: V100}]\n")

    def ran(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["mlplat", *map(str, arguments)])
        with pytest.raises(SystemExit) as leaving:
            cli.main()
        output = capfd.readouterr()
        assert "Traceback" not in output.err
        return Ran(int(leaving.value.code or 0), output.out, output.err)

    return ran


def process(*arguments: str, cwd: Path = ROOT, **options: Any) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | options.pop("env", {})
    command = [sys.executable, "-m", "mlplat.cli", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=300, **options)


# -- replay

OPTIONS: dict[str, list[str]] = {
    "--jobs": ["jobs.csv"],
    "--nodes": ["nodes.csv"],
    "--cluster": ["2x8xV100"],
    "--format": ["csv"],
    "--queue": ["easy"],
    "--placement": ["fgd"],
    "--ties": ["random"],
    "--clock": ["simpy"],
    "--queue-option": ["patience=1h", "--queue", "best-effort-fifo"],
    "--failures": ["outages.csv"],
    "--checkpoint": ["every 30m write 60s"],
    "--max-restarts": ["3"],
    "--scrape": ["15s"],
    "--until": ["36h"],
    "--errors": ["skip"],
    "--out": ["results"],
    "--explain": ["b"],
    "--seed": ["7"],
    "--json": [],
}


TESTED_ON_A_NETWORK = {"--sync"}
"""Options that need a cluster with a network; they have a test of their own below."""

TESTED_WITH_GROUPS = {"--zones"}
"""Options that need a trace with groups; the same."""


def test_the_options_tested_here_are_those_that_help_tells(run: Run) -> None:
    told = re.findall(r"--[a-z][a-z-]*", re.sub(r"\x1b\[[0-9;]*m", "", run("replay", "--help").out))
    assert set(told) - {"--help"} == set(OPTIONS) | TESTED_ON_A_NETWORK | TESTED_WITH_GROUPS


@pytest.mark.parametrize("option", [name for name in OPTIONS if name not in ("--jobs", "--nodes", "--cluster", "--json")])
@pytest.mark.parametrize("cluster", ["--nodes", "--cluster"])
def test_each_option_runs_and_json_has_the_documented_keys(run: Run, option: str, cluster: str) -> None:
    ran = run("replay", "--jobs", "jobs.csv", cluster, *OPTIONS[cluster], option, *OPTIONS[option], "--json")
    assert (ran.status, ran.err) == (0, "")
    assert list(ran.content) == KEYS + (["explanation"] if option == "--explain" else [])
    assert (ran.content["jobs"], ran.content["version"]) == (5, mp.__version__)
    if option in ("--queue", "--placement", "--clock"):
        assert ran.content[option[2:]] == OPTIONS[option][0]
    if option == "--seed":
        assert ran.content["seed"] == 7
    if option == "--explain":
        assert ran.content["explanation"].startswith("Job b (2 x 8 GPUs, 8 CPU, 1 GiB)")


def test_all_options_together(run: Run) -> None:
    given = [part for name, value in OPTIONS.items() if name != "--nodes" for part in (name, *value)]
    ran = run("replay", *given)
    assert ran.status == 0
    assert {name: ran.content[name] for name in ("completed", "rejected", "queue", "placement", "clock", "seed")} == {
        "completed": 4, "rejected": 1, "queue": "best-effort-fifo(patience=3600)", "placement": "fgd", "clock": "simpy", "seed": 7,
    }  # fmt: skip
    assert Path("results/jobs.parquet").is_file()


def test_the_figures_are_those_of_the_library(run: Run) -> None:
    ran = run("replay", "--jobs", "jobs.csv", "--cluster", "spec.yaml", "--queue", "easy", "--json")
    expected = mp.replay(mp.ClusterSpec.open("spec.yaml"), mp.read_trace("jobs.csv"), queue="easy").summary()
    assert {k: v for k, v in ran.content.items() if k not in NOT_REPEATED} == {k: v for k, v in expected.items() if k not in NOT_REPEATED}


def test_without_json_there_is_a_table_and_the_explanation(run: Run) -> None:
    ran = run("replay", "--jobs", "jobs.csv", "--cluster", "spec.yaml", "--explain", "b")
    assert ran.status == 0
    assert "fifo / best-fit on mine" in ran.out and "completed" in ran.out and "GPU utilization" in ran.out
    assert "Job b (2 x 8 GPUs, 8 CPU, 1 GiB) waited" in ran.out


def test_rows_that_were_left_out_are_reported_on_standard_error(run: Run) -> None:
    ran = run("replay", "--jobs", "trace.swf", "--cluster", "pool:8cpu")
    assert ran.status == 0 and ran.err.startswith("1 rows left out: ")
    skipped = run("replay", "--jobs", "bad.csv", "--cluster", "2x8xV100", "--errors", "skip")
    assert skipped.status == 0
    assert skipped.err.startswith("skipped: ") and "bad.csv, line 4, column 'duration'" in skipped.err
    assert run("replay", "--jobs", "bad.csv", "--cluster", "2x8xV100", "--errors", "skip", "--json").content["jobs"] == 4


def test_a_second_run_into_another_folder_is_equal(run: Run) -> None:
    for name in ("one", "two"):
        ran = run(
            "replay", "--jobs", "jobs.csv", "--nodes", "nodes.csv", "--placement", "random", "--ties", "random", "--seed", 3, "--out", name
        )
        assert ran.status == 0
    for frame in ("jobs", "attempts", "nodes", "timeline", "events"):
        assert_frame_equal(*(pl.read_parquet(f"{name}/{frame}.parquet") for name in ("one", "two")), check_exact=True)
    summaries = [json.loads(Path(name, "summary.json").read_text()) for name in ("one", "two")]
    for summary in summaries:
        for key in NOT_REPEATED:
            del summary[key]
    assert summaries[0] == summaries[1]
    assert Path("one/manifest.json").read_bytes() == Path("two/manifest.json").read_bytes()


def test_zones_come_from_a_file_whose_faults_are_named_with_their_line(run: Run) -> None:
    Path("grouped.csv").write_text("submit,duration,gpus,group\n0,60,1,a\n5,60,1,b\n")
    Path("zones.yaml").write_text("quotas:\n- name: a\n  guarantee: {gpus: 2}\n")
    base = ("replay", "--jobs", "grouped.csv", "--cluster", "1x4xT4", "--zones", "zones.yaml")
    ran = run(*base, "--json")
    assert (ran.status, ran.err) == (0, "")
    assert set(ran.content) == {*KEYS, "zones"}
    assert list(ran.content["zones"]) == ["a", ""]
    assert ran.content["zones"]["a"]["gpus_guarantee"] == 2
    assert "(others)" in run(*base).out
    Path("zones.yaml").write_text("quotas:\n- name: a\n  guarantee: {gpus: 6}\n")
    ran = run(*base, "--json")
    assert (ran.status, ran.err) == (0, "warning: guarantees add up to more than the cluster has: gpus 6 of 4\n")
    Path("zones.yaml").write_text("quotas:\n- name: a\n  guarantee: {gpus: 2}\n  limit: {gpus: 1}\n")
    ran = run(*base)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "error: zones.yaml:4: quotas[0].limit.gpus: is below what is guaranteed, 2\n"


# -- the other commands


def test_demo_prints_one_json_object_that_is_the_same_for_the_same_seed(run: Run) -> None:
    ran = run("demo", "--json", "--seed", 3)
    assert (ran.status, ran.err) == (0, "")
    assert ran.content["closed"] and ran.content["seed"] == 3 and ran.content["reproduction"] == "reproduced"
    assert 0 < ran.content["detected_s"] < ran.content["requested_s"] < ran.content["candidate_s"] < ran.content["promoted_s"]
    assert ran.content["capabilities"] == 18
    again = run("demo", "--json", "--seed", 3).content
    assert again == ran.content
    assert run("demo", "--json", "--seed", 4).content["fingerprint"] != again["fingerprint"]


def test_demo_tells_the_story_of_a_model(run: Run) -> None:
    ran = run("demo")
    assert ran.status == 0
    for text in ("ada pushes commit", "node cpu-1 dies", "incident: drift", "takes over from", "reproduced", "18 of 18 capabilities"):
        assert text in ran.out


def test_traces_list_names_what_fetch_knows(run: Run) -> None:
    assert {row["name"] for row in run("traces", "list", "--json").content["traces"]} == set(mp.traces.KNOWN_TRACES)
    table = run("traces", "list")
    assert table.status == 0 and "philly" in table.out


@pytest.mark.parametrize("given", [[], ["--format", "csv"]])
def test_traces_describe_tells_the_counts(run: Run, given: list[str]) -> None:
    assert run("traces", "describe", "jobs.csv", *given, "--json").content["jobs"] == 5
    shown = run("traces", "describe", "jobs.csv", *given)
    assert shown.status == 0 and shown.err == "" and "5" in shown.out


def test_fetch_without_a_network_says_where_to_get_the_file(tmp_path: Path) -> None:
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9") | {
        "NO_PROXY": "",
        "no_proxy": "",
    }
    ran = process("traces", "fetch", "nasa-ipsc", "--folder", str(tmp_path), env=nowhere)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("error: ") and ran.stderr.count("\n") == 1
    known = mp.traces.KNOWN_TRACES["nasa-ipsc"]
    assert "could not be downloaded" in ran.stderr and "by hand" in ran.stderr
    assert known.url in ran.stderr and known.sha256 in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_fetch_of_a_trace_without_an_address_and_of_an_unknown_one(run: Run) -> None:
    ran = run("traces", "fetch", "philly", "--folder", "here")
    assert (ran.status, ran.out) == (2, "")
    assert "cannot be downloaded from here" in ran.err and mp.traces.KNOWN_TRACES["philly"].page in ran.err
    unknown = run("traces", "fetch", "phily")
    assert unknown.status == 2 and "did you mean 'philly'?" in unknown.err


def test_the_version_is_printed(run: Run) -> None:
    assert run("--version").out == f"{mp.__version__}\n"


def test_no_arguments_show_help(run: Run) -> None:
    assert "replay" in run().out


def test_gangs_take_longer_when_they_have_to_sum(run: Run) -> None:
    Path("net.yaml").write_text(NETWORK)
    arguments = ("replay", "--jobs", "jobs.csv", "--cluster", "net.yaml", "--json")
    ends = []
    said = {"step": "300ms", "size": "2GiB", "algorithm": "ring"}
    for given, sync in (([], None), (["--sync", "step=300ms, size=2GiB,algorithm=ring"], said)):
        ran = run(*arguments, *given)
        trace = mp.read_trace("jobs.csv")
        same = mp.replay(mp.ClusterSpec.open("net.yaml"), trace, sync=sync)
        assert ran.content["fingerprint"] == same.summary()["fingerprint"]
        ends.append(ran.content["makespan_s"])
    assert ends[0] < ends[1]


def test_a_network_is_described(run: Run) -> None:
    Path("net.yaml").write_text(NETWORK)
    found = run("network", "net.yaml", "--json").content
    assert (found["topology"], found["hosts"], found["switches"], found["links"]) == ("leaf-spine", 8, {"leaf": 2, "spine": 4}, 16)
    assert found["bisection_mbps"] == 4 * found["host_mbps"][0] and found["oversubscription"] == found["host_mbps"][0] / 100_000
    spec = mp.ClusterSpec.open("net.yaml")
    expected = [collectives_of(spec).all_reduce([node for node in range(nodes) for _ in range(8)], 1024).seconds for nodes in (2, 8)]
    assert [row["seconds"] for row in found["all_reduce"]] == expected
    shown = run("network", "net.yaml")
    assert (shown.status, shown.err) == (0, "")
    for text in ("leaf-spine", "6 (2 leaf, 4 spine)", "bisection", "oversubscription", "all-reduce of 1 GiB, 8 nodes", "64 ranks"):
        assert text in shown.out


def test_a_network_is_drawn_in_a_file(run: Run) -> None:
    Path("net.yaml").write_text(NETWORK)
    assert run("network", "net.yaml", "--svg", "net.svg", "--json").content["svg"] == "net.svg"
    assert Path("net.svg").read_text() == Topology.of(mp.ClusterSpec.open("net.yaml")).svg() + "\n"


# -- bad input

REPLAY = ("replay", "--jobs", "jobs.csv", "--cluster", "2x8xV100")
BAD: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "missing jobs": (("replay", "--jobs", "none.csv", "--cluster", "2x8xV100"), ("none.csv",)),
    "jobs are a folder": (("replay", "--jobs", ".", "--cluster", "2x8xV100"), ()),
    "missing nodes": (("replay", "--jobs", "jobs.csv", "--nodes", "none.csv"), ("none.csv",)),
    "missing yaml": (("replay", "--jobs", "jobs.csv", "--cluster", "none.yaml"), ("none.yaml",)),
    "nodes are no nodes": (("replay", "--jobs", "jobs.csv", "--nodes", "jobs.csv"), ("jobs.csv", "line 1")),
    "malformed row": (("replay", "--jobs", "bad.csv", "--cluster", "2x8xV100"), ("bad.csv", "line 4", "'duration'", "'soon'", "expected")),
    "empty file": (("replay", "--jobs", "empty.csv", "--cluster", "2x8xV100"), ("empty.csv",)),
    "binary file": (("replay", "--jobs", "binary.csv", "--cluster", "2x8xV100"), ("binary.csv",)),
    "broken yaml": (("replay", "--jobs", "jobs.csv", "--cluster", "broken.yaml"), ("broken.yaml",)),
    "wrong yaml": (("replay", "--jobs", "jobs.csv", "--cluster", "wrong.yaml"), ("wrong.yaml", "groups[0].cpus")),
    "wrong format": ((*REPLAY, "--format", "philly"), ("jobs.csv", "line 1")),
    "unknown format": ((*REPLAY, "--format", "phily"), ("unknown trace format 'phily'", "did you mean 'philly'?")),
    "unknown cluster": (("replay", "--jobs", "jobs.csv", "--cluster", "96 boxes"), ("96 boxes", "96x8xV100")),
    "unknown model": (("replay", "--jobs", "jobs.csv", "--cluster", "96x8xV1000"), ("V1000", "V100")),
    "unknown queue": ((*REPLAY, "--queue", "eazy"), ("unknown queue policy 'eazy'", "did you mean 'easy'?")),
    "unknown placement": ((*REPLAY, "--placement", "bestfit"), ("unknown placement policy", "'best-fit'")),
    "unknown clock": ((*REPLAY, "--clock", "sundial"), ("unknown clock 'sundial'",)),
    "unknown ties": ((*REPLAY, "--ties", "coin"), ("ties='coin'",)),
    "unknown errors": ((*REPLAY, "--errors", "ignore"), ("ignore", "raise or skip")),
    "no cluster": (("replay", "--jobs", "jobs.csv"), ("either --nodes FILE or --cluster",)),
    "two clusters": ((*REPLAY, "--nodes", "nodes.csv"), ("either --nodes FILE or --cluster",)),
    "bad until": ((*REPLAY, "--until", "tomorrow"), ("tomorrow", "expected")),
    "negative until": ((*REPLAY, "--until=-5"), ("-5",)),
    "negative seed": ((*REPLAY, "--seed", "-1"), ("seed=-1", "at least 0")),
    "negative seed of demo": (("demo", "--seed", "-1"), ("seed=-1", "at least 0")),
    "unknown job": ((*REPLAY, "--explain", "zebra"), ("no job 'zebra'",)),
    "out is a file": ((*REPLAY, "--out", "jobs.csv"), ("jobs.csv", "cannot be written")),
    "sync without a network": ((*REPLAY, "--sync", "step=1s,size=1GiB"), ("sync", "network")),
    "sync is a word": ((*REPLAY, "--sync", "ring"), ("--sync", "'ring'", "step=300ms,size=2GiB")),
    "sync without a size": ((*REPLAY, "--sync", "step=1s"), ("sync", "expected a 'size'")),
    "sync twice": ((*REPLAY, "--sync", "step=1s,step=2s,size=1GiB"), ("'step' is given twice",)),
    "sync of another key": ((*REPLAY, "--sync", "step=1s,sise=1GiB"), ("'sise'", "'size'")),
    "sync of no time": ((*REPLAY, "--sync", "step=0,size=1GiB"), ("step=0", "above 0")),
    "sync without a unit": ((*REPLAY, "--sync", "step=1s,size=5"), ("size=5", "unit")),
    "sync of another algorithm": ((*REPLAY, "--sync", "step=1s,size=1GiB,algorithm=rign"), ("'rign'", "'ring'")),
    "sync over two lines": ((*REPLAY, "--sync", "st\nep"), ("--sync",)),
    "a cluster without a network": (("network", "2x8xV100"), ("no 'network'", "leaf-spine")),
    "the network of no cluster": (("network", "none.yaml"), ("none.yaml",)),
    "drawn in a folder": (("network", "net.yaml", "--svg", "."), ("cannot be written",)),
    "drawn over the description": (("network", "net.yaml", "--svg", "./net.yaml"), ("expected another file",)),
    "describe a missing file": (("traces", "describe", "none.csv"), ("none.csv",)),
    "describe a bad file": (("traces", "describe", "bad.csv"), ("bad.csv", "line 4", "'duration'")),
    "describe with unknown errors": (("traces", "describe", "jobs.csv", "--errors", "ignore"), ("raise or skip",)),
    "a name over two lines": (("replay", "--jobs", "no\nsuch.csv", "--cluster", "2x8xV100"), ()),
    "a cluster over two lines": (("replay", "--jobs", "jobs.csv", "--cluster", "no\nsuch"), ()),
    "a queue over two lines": ((*REPLAY, "--queue", "fi\nfo"), ("unknown queue policy",)),
}


@pytest.mark.parametrize("json_", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_status_2(run: Run, case: str, json_: list[str]) -> None:
    Path("empty.csv").write_text("")
    Path("binary.csv").write_bytes(bytes(range(256)))
    Path("broken.yaml").write_text("groups: [{name: a,\n  count: ]\n")
    Path("net.yaml").write_text(NETWORK)
    Path("wrong.yaml").write_text("groups: [{name: a, count: 1, cpus: many, memory: 1GiB}]\n")
    arguments, told = BAD[case]
    ran = run(*arguments, *json_)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1 and ran.err.endswith("\n"), ran.err
    for text in told:
        assert text in ran.err


@pytest.mark.parametrize(
    "arguments", [("replay",), ("replay", "--jobs"), ("replay", "--sede", "1"), ("teleport",), (*REPLAY, "--seed", "one")], ids=str
)
def test_a_wrong_usage_is_status_2(run: Run, arguments: tuple[str, ...]) -> None:
    ran = run(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err


def test_as_a_process_it_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "jobs.csv").write_text(JOBS)
    good = process("replay", "--jobs", "jobs.csv", "--cluster", "2x8xV100", "--json", cwd=tmp_path)
    assert (good.returncode, good.stderr) == (0, "") and json.loads(good.stdout)["jobs"] == 5
    bad = process("replay", "--jobs", "none.csv", "--cluster", "2x8xV100", cwd=tmp_path)
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr.startswith("error: ") and bad.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [("traces", "list"), ("traces", "list", "--json"), ("--version",), ("demo",), ("demo", "--json")], ids=str
)
def test_a_reader_that_goes_away_ends_it_quietly(arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "mlplat.cli", *arguments]
    try:
        ran = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=300)
    finally:
        os.close(writing)
    assert ran.stderr == ""
    assert ran.returncode == 1
