"""`mlplat export`: what a folder can give, and what is said where it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mlplat import cli
from mlplat.report.exports import FORMATS
from mlplat.runs.result import Result

from .trace_event_format import read_trace


def exported(*arguments: object, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["mlplat", "export", *map(str, arguments)])
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    out, err = capfd.readouterr()
    assert "Traceback" not in err
    return int(leaving.value.code or 0), out, err


@pytest.fixture
def export(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda *arguments: exported(*arguments, capfd=capfd, monkeypatch=monkeypatch)


def test_a_folder_says_what_it_can_be_given_as(run_folder: Path, platform_folder: Path, export: Any) -> None:
    status, out, _ = export(run_folder, "--json")
    assert status == 0 and set(json.loads(out)["formats"]) == {"perfetto", "csv", "parquet", "prometheus", "openmetrics", "mermaid"}
    assert set(json.loads(export(platform_folder, "--json")[1])["formats"]) == {"openlineage", "mermaid"}
    assert "mermaid     a chart for Markdown (timeline, cluster)" in export(run_folder)[1]


@pytest.mark.parametrize("format", list(FORMATS["run"]))
def test_every_format_of_a_run_is_written(run: Result, run_folder: Path, tmp_path: Path, export: Any, format: str) -> None:
    target = tmp_path / "out"
    status, out, err = export(run_folder, "--format", format, "-o", target, "--json")
    told = json.loads(out)
    assert (status, err, told["kind"], told["format"]) == (0, "", "run", format)
    if format == "perfetto":
        assert read_trace(target.read_text(encoding="utf-8"))["otherData"]["fingerprint"] == run.fingerprint
    elif format == "parquet":
        for name in ("jobs", "attempts", "nodes", "timeline", "events"):
            assert_frame_equal(pl.read_parquet(target / f"{name}.parquet"), getattr(run, name), categorical_as_str=True)
        assert told["rows"]["jobs"] == len(run.jobs) and not (target / "zones.parquet").exists()
    elif format == "csv":
        read = pl.read_csv(target / "jobs.csv", infer_schema_length=None)
        assert read["job_id"].to_list() == run.jobs["job_id"].to_list() and read["wait_s"].to_list() == run.jobs["wait_s"].to_list()
    else:
        assert target.stat().st_size > 100


def test_a_platform_gives_its_runs_as_openlineage_events(platform_folder: Path, tmp_path: Path, export: Any) -> None:
    pytest.importorskip("openlineage.client", reason="the extra lineage is not installed")
    status, out, _ = export(platform_folder, "--format", "openlineage", "-o", tmp_path / "runs.ndjson", "--json")
    events = [json.loads(line) for line in (tmp_path / "runs.ndjson").read_text(encoding="utf-8").splitlines()]
    assert status == 0 and json.loads(out)["events"] == len(events) == 2
    assert [event["eventType"] for event in events] == ["START", "COMPLETE"] and events[1]["outputs"][0]["name"] == "model:shop/churn"
    assert {"eventTime", "producer", "schemaURL", "run", "job"} <= set(events[0])


def test_what_is_not_possible_is_said_in_a_line_that_lists_what_is(
    run_folder: Path, platform_folder: Path, tmp_path: Path, export: Any
) -> None:
    target = tmp_path / "x"
    for arguments, said in (
        ((run_folder, "--format", "perfeto", "-o", target), "did you mean 'perfetto'? Known: perfetto, "),
        ((run_folder, "--format", "openlineage", "-o", target), "a platform has it"),
        ((platform_folder, "--format", "csv", "-o", target), "Known: mermaid, openlineage"),
        ((run_folder, "--format", "mermaid", "--diagram", "lineage", "-o", target), "Known: timeline, cluster"),
        ((run_folder, "--format", "csv", "--diagram", "cluster", "-o", target), "csv has no diagrams"),
        ((run_folder, "--format", "csv", "--most", "3", "-o", target), "only a Perfetto trace has slices"),
        ((run_folder, "--format", "perfetto"), "-o: expected the file to write"),
        ((run_folder, "--format", "perfetto", "--most", "-1", "-o", target), "--most -1"),
        ((tmp_path, "--format", "csv", "-o", target), "expected the folder of a saved run, which has a manifest.json"),
        ((tmp_path / "none\x1b[2J",), "none?[2J"),
    ):
        status, out, err = export(*arguments)
        assert (status, out) == (2, "") and err.startswith("error: ") and err.count("\n") == 1 and said in err, err
    assert not target.exists()


def test_the_command_is_there_from_outside(run_folder: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "mlplat",
        "export",
        str(run_folder),
        "--format",
        "mermaid",
        "--diagram",
        "cluster",
        "-o",
        str(tmp_path / "c.mmd"),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stderr) == (0, "") and (tmp_path / "c.mmd").read_text(encoding="utf-8").startswith("flowchart TB")
