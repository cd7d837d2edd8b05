"""Progress bars: in a terminal, in a notebook, and where nobody asked for one."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mlplat as mp
from mlplat.runs.progress_bar import asked_progress, in_notebook, progress_bar

ROOT = Path(__file__).resolve().parents[2]
TERMINAL = """
import time
from mlplat.runs.progress_bar import progress_bar
with progress_bar("<b>[red]", "jobs") as told:
    for done in range(5):
        told(done * 10, 40)
        time.sleep(0.15)
"""
NOTEBOOK = """
import mlplat.runs.notebook_bar as bar
bar.PERIOD_S = 0.0
from mlplat.runs.progress_bar import in_notebook, progress_bar
assert in_notebook()
with progress_bar("<b>runs</b>", "jobs") as told:
    for done in range(1, 5):
        told(done * 10, 40, ", 1 failed")
"""
OF_A_RUN = """
import mlplat as mp
trace = mp.traces.synthetic(50, gpus=8)
shown = mp.replay(mp.ClusterSpec.parse("1x8xV100"), trace, progress=True)
plain = mp.replay(mp.ClusterSpec.parse("1x8xV100"), trace)
"""


def test_nothing_is_shown_where_nobody_asked(capfd: pytest.CaptureFixture[str]) -> None:
    trace = mp.traces.synthetic(50, gpus=8)
    mp.replay(mp.ClusterSpec.parse("1x8xV100"), trace)
    mp.compare(mp.ClusterSpec.parse("1x8xV100"), trace, policies=["fifo/best-fit", "easy/best-fit"])
    with progress_bar("t", "jobs", shown=False) as told:
        assert told is None
    assert capfd.readouterr() == ("", "") and not in_notebook()


def test_what_is_asked_for_is_a_function_or_a_bar() -> None:
    told = []
    with asked_progress(lambda done, total: told.append((done, total)), "t", "runs") as function:
        function(1, 2)
    with asked_progress(None, "t", "runs") as function:
        assert function is None
    assert told == [(1, 2)]


def test_a_terminal_gets_a_bar_that_is_gone_at_the_end() -> None:
    ours, theirs = pty.openpty()
    env = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen([sys.executable, "-c", TERMINAL], stderr=theirs, stdout=theirs, cwd=ROOT, env=env)
    os.close(theirs)
    told = b""
    try:
        while part := os.read(ours, 4096):
            told += part
    except OSError:  # the other side is closed
        pass
    assert process.wait() == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", told.decode())
    assert "<b>[red]" in text and re.search(r"\d0/40 jobs", text) and "\x1b[2K" in told.decode()


@pytest.mark.filterwarnings("ignore")  # those of the kernel's own libraries
def test_a_notebook_gets_one_display_that_is_updated_in_place_and_empty_at_the_end() -> None:
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed: pip install 'mlplat[notebook]'")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    cells = [nbformat.v4.new_code_cell(source) for source in (NOTEBOOK, OF_A_RUN)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    seen: list[dict[str, str]] = []

    class Watching(nbclient.NotebookClient):
        def process_message(self, msg: dict[str, object], cell: object, cell_index: int) -> object:
            if msg["header"]["msg_type"] in ("display_data", "update_display_data"):
                seen.append(msg["content"]["data"] | {"type": msg["header"]["msg_type"], "cell": str(cell_index)})
            return super().process_message(msg, cell, cell_index)

    Watching(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    first = [one for one in seen if one["cell"] == "0"]
    assert [one["type"] for one in first] == ["display_data", *["update_display_data"] * 5]
    assert 'value="20" max="40"' in first[2]["text/html"] and "20 of 40 jobs, 1 failed" in first[2]["text/plain"]
    assert "<b>" not in first[2]["text/html"] and "&lt;b&gt;runs" in first[2]["text/html"]
    assert [one["type"] for one in seen if one["cell"] == "1"].count("display_data") == 1
    for cell in notebook.cells:
        (output,) = cell.outputs
        assert output["data"] == {"text/plain": "", "text/html": ""}
