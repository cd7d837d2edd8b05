"""`mlplat traces fit` and `mlplat traces generate` as their users meet them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mlplat import cli
from mlplat.traces import read_trace, synthetic, write_trace
from mlplat.traces.fitting import FittedWorkload


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit status."""
    monkeypatch.setattr(sys, "argv", ["mlplat", "traces", *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return int(left.value.code or 0)


def test_a_trace_becomes_a_model_and_the_model_a_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source, model, made = (str(tmp_path / name) for name in ("jobs.csv", "model.json", "made.csv"))
    write_trace(synthetic(3000, gpus=64), source)
    assert run(monkeypatch, "fit", source, "-o", model) == 0
    shown = capsys.readouterr().out
    assert "durations, 1 GPU" in shown and "does not fit" in shown and "cycle:" in shown
    assert run(monkeypatch, "fit", source, "-o", model, "--held-out", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["jobs"] == 3000 and {"checks", "held_out", "model"} <= set(found)
    assert run(monkeypatch, "generate", model, "--days", "3", "-o", made, "--seed", "2", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    trace = read_trace(made)
    expected = FittedWorkload.from_json(model).generate(days=3, seed=2)
    assert told["jobs"] == len(trace) == len(expected)
    assert trace.to_polars().drop("job_id").equals(expected.to_polars().drop("job_id"))


def test_bad_input_ends_with_2_and_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    bad, few = tmp_path / "model.json", tmp_path / "few.csv"
    bad.write_text('{"schema_version": 9}')
    few.write_text("submit,duration,gpus\n0,1,1\n")
    out = str(tmp_path / "out.csv")
    for arguments, message in (
        (("fit", str(tmp_path / "none.csv"), "-o", out), "none.csv"),
        (("fit", str(few), "-o", out), "too little to fit"),
        (("fit", str(few), "-o", out, "--errors", "maybe"), "expected raise or skip"),
        (("generate", str(bad), "-o", out), "schema_version: is 9; expected 1"),
        (("generate", str(bad), "-o", str(tmp_path / "out.txt")), "expected one that ends in .csv or .parquet"),
    ):
        assert run(monkeypatch, *arguments) == 2
        shown = capsys.readouterr()
        assert shown.out == "" and message in shown.err and shown.err.count("\n") == 1
    assert not Path(out).exists()
