"""`mlplat watch` as its users meet it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from mlplat import cli
from mlplat.planning import Scenario
from mlplat.planning.scenario.running import result_of


@pytest.fixture
def watched(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    Path("scenario.json").write_text(json.dumps({"cluster": "2x8xV100", "workload": {"synthetic": {"jobs": 60, "gpus": 16, "load": 0.6}}}))

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mlplat", "watch", *arguments])
        with pytest.raises(SystemExit) as leaving:
            cli.main()
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return int(leaving.value.code or 0), out, err

    return run


def test_a_scenario_ends_with_the_figures_of_an_unwatched_run_of_the_same_seed(watched: Any) -> None:
    status, out, _ = watched("scenario.json", "--json", "--seed", "7")
    plain = result_of(Scenario.open("scenario.json").with_fields({"seed": 7}))
    assert status == 0 and json.loads(out)["fingerprint"] == plain.fingerprint
    early = json.loads(watched("scenario.json", "--json", "--until", "1h")[1])
    assert early["unfinished"] > 0 and not early["stopped"]


def test_without_a_terminal_the_end_is_printed(watched: Any) -> None:
    status, out, err = watched("scenario.json")
    assert (status, err) == (0, "") and "60 completed" in out and "over" in out and "latest events" in out and "\x1b" not in out
    assert "Result(fifo / best-fit: 60 of 60 jobs completed" in out


def test_bad_input_is_told_in_one_line(watched: Any) -> None:
    for arguments, said in (
        (["none\x1b[2J.yaml"], "none?[2J.yaml"),
        (["scenario.json", "--speed", "fast"], "speed='fast'"),
        (["scenario.json", "--speed", "0"], "speed='0'"),
        (["demo", "--until", "soon"], "not a duration: 'soon'"),
        (["demo", "--page", "--json"], "do not go together"),
    ):
        status, out, err = watched(*arguments)
        assert (status, out) == (2, "") and err.startswith("error: ") and err.count("\n") == 1 and said in err, err
