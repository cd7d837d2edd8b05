"""Every notebook in examples/ runs in Jupyter and shows the numbers that are stored in it; the solutions of lessons are right."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import numba
import pytest
from nbclient import NotebookClient

from mlplat.course import find_lesson, lesson_names

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))
NOTEBOOKS = [*sorted((ROOT / "examples").glob("*.ipynb")), *LESSONS]
FIGURE = "application/vnd.plotly.v1+json"

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=[path.stem for path in LESSONS])


def code_cells(path: Path) -> list[dict[str, Any]]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def shown(cell: dict[str, Any]) -> str:
    """What is stored of what a cell shows, as text; of a figure only that it is one. Fails where that is an error."""
    text = ""
    for output in cell["outputs"]:
        assert output["output_type"] in ("stream", "execute_result", "display_data"), output.get("evalue")
        if "text" in output:
            text += "".join(output["text"])
        else:
            text += "a figure\n" if FIGURE in output["data"] else "".join(output["data"]["text/plain"])
    return text


def numbers(text: str) -> list[float]:
    """The numbers in a text: how a table is drawn may change with the version of the library that draws it."""
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]


def lesson_of(path: Path) -> str:
    return f"lesson-{path.stem[:2]}"


def test_there_are_notebooks_and_they_are_small() -> None:
    assert NOTEBOOKS
    assert all(path.stat().st_size < 150_000 for path in NOTEBOOKS)


def test_every_lesson_has_a_notebook_and_every_notebook_a_lesson() -> None:
    assert [lesson_of(path) for path in LESSONS] == lesson_names()


@each_lesson
def test_a_lesson_draws_something_and_ends_with_a_check_that_its_solutions_pass(path: Path) -> None:
    cells = code_cells(path)
    assert any("solution" in cell["metadata"].get("tags", ()) for cell in cells)
    assert any("a figure" in shown(cell) for cell in cells)
    questions = find_lesson(lesson_of(path)).questions
    last = [cell for cell in cells if "mp.check(" in source(cell)][-1]
    assert all(re.search(rf"\b{question.name}=", source(last)) for question in questions)
    assert f"{len(questions)} of {len(questions)} right" in shown(last)
    given = [source(cell) for cell in cells if "solution" not in cell["metadata"].get("tags", ())]
    assert any(re.search(r"= \.\.\.$|return \.\.\.|\[\.\.\.\]", text, re.MULTILINE) for text in given), "something is to be filled in"
    assert any(f'"{lesson_of(path)}"' in text and "mp.check(" in text for text in given), "what is handed out can be checked"


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")
@pytest.mark.filterwarnings("default")  # Jupyter's own
@each_notebook
def test_a_notebook_runs_in_jupyter_and_shows_what_is_stored_in_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("MLPLAT_COURSE_SEED", raising=False)
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    stored = [shown(cell) for cell in cells]
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}).execute()
    for i, (before, cell) in enumerate(zip(stored, cells, strict=True)):
        assert numbers(shown(cell)) == pytest.approx(numbers(before), abs=0.11), f"code cell {i}"
        assert shown(cell).count("a figure") == before.count("a figure"), f"code cell {i}"
    assert sum(len(numbers(text)) for text in stored) > 20
    if path in LESSONS:  # the same in words: every answer of the solutions is right
        checks = [i for i, cell in enumerate(cells) if "mp.check(" in source(cell)]
        assert shown(cells[checks[-1]]) == stored[checks[-1]]
