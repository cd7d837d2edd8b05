"""`mlplat report`: what it writes, says and refuses."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

import mlplat as mp
from mlplat import cli
from tests.runs.cases import mixed


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["mlplat", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "run"
    mp.replay(*mixed(80), queue="easy").save(folder, explain=2)
    return folder


def test_it_writes_one_file_that_names_no_address_of_a_network(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("plotly")
    assert run(monkeypatch, "report", saved, "-o", tmp_path / "new" / "report.html") == 0
    page = (tmp_path / "new" / "report.html").read_text("utf-8")
    assert page.startswith("<!doctype html>") and "easy / best-fit on mixed" in page
    own = re.sub(r'<script type="text/plain" id="plotly">.*?</script>', "", page, flags=re.DOTALL)
    assert "http" not in own.replace("Content-Security-Policy", "").replace("http-equiv", "")
    again = tmp_path / "again.html"
    mp.SavedRun.open(saved).to_html(again)
    assert again.read_text("utf-8") == page


def test_a_missed_objective_is_said_and_is_exit_status_1(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("plotly")
    out = tmp_path / "report.html"
    assert run(monkeypatch, "report", saved, "-o", out, "--objectives", "mean_wait=1s,gpu_utilization>=0.01", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told == {"path": str(out), "bytes": out.stat().st_size, "runs": 1, "missed": ["mean_wait <= 1s"]}
    assert "1 of 2 objectives are met" in out.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "there is no such folder"),
        (["RUN", "--open", "maybe"], "expected yes or no"),
        (["RUN", "--objectives", "p95_wait"], "expected such as"),
        (["RUN", "-o", "RUN"], "it is a folder"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_status_2(
    saved: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    pytest.importorskip("plotly")
    assert run(monkeypatch, "report", *(str(saved) if word == "RUN" else word for word in arguments)) == 2
    told = capsys.readouterr()
    assert told.out == "" and said in told.err and told.err.count("\n") == 1


def test_without_the_extra_the_error_says_how_to_install_it(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    for name in [
        name
        for name in sys.modules
        if name.partition(".")[0] == "plotly" or name.startswith(("mlplat.report.figures", "mlplat.report.run_page"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "plotly", None)
    with pytest.raises(mp.MlplatError, match=r"pip install 'mlplat\[report\]'"):
        mp.SavedRun.open(saved).to_html(tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()
