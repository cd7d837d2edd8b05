"""Traces for Perfetto hold all that happened, and keep the format."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import mlplat as mp
from mlplat.errors import InputError, OptionError
from mlplat.report.exports import perfetto
from mlplat.report.exports.thinning import thinned
from mlplat.runs.result import Result
from mlplat.runs.saved_run import SavedRun

from .conftest import HOSTILE
from .trace_event_format import read_trace, slices_of


@pytest.fixture(scope="module")
def of_run(run: Result, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("trace") / "run.json"
    perfetto(run, path)
    return read_trace(path.read_text(encoding="utf-8"))


def test_every_placement_is_a_slice_from_its_start_to_its_end_on_its_node(run: Result, of_run: dict[str, Any]) -> None:
    found = sorted(
        (s["pid"] - 2, s["args"]["job"], s["args"]["attempt"], float(s["ts"]) / 1e6, float(s["dur"]) / 1e6) for s in slices_of(of_run)
    )
    ends = run.attempts["end_s"].fill_null(run.end_s)
    columns = [run.attempts[name].to_list() for name in ("node", "job", "attempt", "start_s")]
    wanted = sorted(zip(*columns, (ends - run.attempts["start_s"]).to_list(), strict=True))
    assert len(found) == len(wanted) > 100
    assert np.allclose(np.array(found), np.array(wanted), atol=2e-9, rtol=0)


def test_devices_are_threads_and_no_two_slices_of_one_overlap(run: Result, of_run: dict[str, Any]) -> None:
    names = {e["tid"]: e["args"]["name"] for e in of_run["traceEvents"] if e["name"] == "thread_name"}
    frame = run.attempts.sort("node", "device", "start_s")
    of_slices = Counter((s["pid"] - 2, names[s["tid"]].partition(" · ")[0]) for s in slices_of(of_run))
    of_frame = Counter(
        (node, f"device {device}" if device >= 0 else "no device") for node, device in frame.select("node", "device").iter_rows()
    )
    assert of_slices == of_frame  # that none overlap is checked as the trace is read


def test_failures_are_instants_and_the_attempts_of_a_job_are_joined_by_arrows(run: Result, of_run: dict[str, Any]) -> None:
    failed = run.attempts.filter(pl.col("outcome").cast(pl.String) == "node")
    instants = [e for e in of_run["traceEvents"] if e["ph"] == "i" and e["s"] == "t"]
    assert len(instants) == len(failed) > 0
    arrows = Counter(e["id"] for e in of_run["traceEvents"] if e["ph"] in "stf")
    assert arrows == {row["job"]: row["attempts"] for row in run.jobs.iter_rows(named=True) if row["attempts"] > 1} and arrows
    ended = {e["args"]["job"]: e["args"]["reason"] for e in of_run["traceEvents"] if e["ph"] == "i" and e["s"] == "p"}
    assert ended[7] == "GPU_COUNT" or "GPU" in ended[7]


def test_counters_tell_queue_and_allocation_at_every_instant(run: Result, of_run: dict[str, Any]) -> None:
    told = [(float(e["ts"]) / 1e6, e["args"]["value"]) for e in of_run["traceEvents"] if e["ph"] == "C" and e["name"] == "jobs waiting"]
    times, values = np.array([t for t, _ in told]), np.array([float(v) for _, v in told])
    known = run.timeline
    at = np.searchsorted(times, known["time_s"].to_numpy() + 1e-9, side="right") - 1
    assert values[at].tolist() == known["waiting"].to_list()


def test_a_saved_run_gives_the_same_bytes_and_gz_the_same_text(run: Result, run_folder: Path, tmp_path: Path) -> None:
    for name, source in (("a.json", run), ("b.json", SavedRun.open(run_folder)), ("c.json.gz", run), ("d.json.gz", run)):
        perfetto(source, tmp_path / name)
    plain = (tmp_path / "a.json").read_bytes()
    assert plain == (tmp_path / "b.json").read_bytes() == gzip.decompress((tmp_path / "c.json.gz").read_bytes())
    assert (tmp_path / "c.json.gz").read_bytes() == (tmp_path / "d.json.gz").read_bytes()


def test_of_many_placements_the_longest_are_kept_and_the_others_counted(run: Result, tmp_path: Path) -> None:
    about = perfetto(run, tmp_path / "few.json", most=40)
    trace = read_trace((tmp_path / "few.json").read_text(encoding="utf-8"))
    kept = sorted((float(s["dur"]) / 1e6 for s in slices_of(trace)), reverse=True)
    lengths = (run.attempts["end_s"].fill_null(run.end_s) - run.attempts["start_s"]).sort(descending=True)
    assert np.allclose(kept, lengths[:40].to_numpy())
    assert trace["otherData"]["placements_left_out"] == about["placements_left_out"] == len(run.attempts) - 40
    assert sum(e["ph"] == "C" for e in trace["traceEvents"]) <= 5 * 4


def test_a_thinned_series_keeps_its_ends_and_its_extremes() -> None:
    rng = np.random.default_rng(0)
    time = np.sort(rng.uniform(0, 1e6, 100_000))
    value = rng.integers(0, 1000, 100_000).astype(float)
    value[[31_337, 77_777]] = 5000, -3
    kept = thinned(time, value, 400)
    assert len(kept) <= 400 and {0, 31_337, 77_777} <= set(kept.tolist()) and (np.diff(kept) > 0).all()
    assert value[kept[-1]] == value[-1]


def test_names_are_shown_without_what_a_terminal_would_obey(of_run: dict[str, Any]) -> None:
    names = [s["name"] for s in slices_of(of_run)]
    assert any("<script>" in name for name in names)
    text = json.dumps([e for e in of_run["traceEvents"] if e["ph"] != "M"], ensure_ascii=False, default=float)
    assert "\x1b" not in "".join(names) and "‮" not in "".join(names) and "\\u001b" not in text


def test_a_log_becomes_slices_of_its_subjects_and_arrows_from_causes(simulation: mp.Simulation, tmp_path: Path) -> None:
    perfetto(simulation, tmp_path / "sim.json")
    trace = read_trace((tmp_path / "sim.json").read_text(encoding="utf-8"))
    found = {s["args"]["event"]: s for s in slices_of(trace)}
    log = simulation.log
    assert sorted(found) == list(range(len(log))) and len(log) > 100
    assert all(Decimal(found[e.id]["ts"]) == Decimal(str(round(e.time * 1e9))) / 1000 for e in log)
    arrows = {e["id"]: e for e in trace["traceEvents"] if e["ph"] == "f"}
    assert sorted(arrows) == [e.id for e in log if e.cause is not None]
    subject = next(e.subject for e in log if e.kind == "workload")
    life = [e for e in log if e.subject == subject]
    for event, after in pairwise(life):
        assert found[event.id]["dur"] == found[after.id]["ts"] - found[event.id]["ts"]
    failed = [e for e in trace["traceEvents"] if e["ph"] == "i"]
    assert len(failed) >= 1 + len(HOSTILE) and trace["otherData"]["digest"] == log.digest()


def test_of_a_long_log_the_first_events_are_kept(simulation: mp.Simulation, tmp_path: Path) -> None:
    about = perfetto(simulation.log, tmp_path / "sim.json.gz", most=25)
    with gzip.open(tmp_path / "sim.json.gz", "rt", encoding="utf-8") as stream:
        assert len(slices_of(read_trace(stream.read()))) == 25
    assert about["events_left_out"] == len(simulation.log) - 25


def test_bad_input_is_refused_and_leaves_no_file(run: Result, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="expected a run or a simulation"):
        perfetto(object(), tmp_path / "x.json")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="most=0"):
        perfetto(run, tmp_path / "x.json", most=0)
    with pytest.raises(InputError, match="is a folder"):
        perfetto(run, tmp_path)
    with pytest.raises(InputError, match="No such file"):
        perfetto(run, tmp_path / "nowhere" / "x.json")
    assert list(tmp_path.iterdir()) == []
