"""Every notebook in examples/ runs from top to bottom and shows what is stored in it."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import json
import re
from pathlib import Path
from typing import Any

import numba
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "examples").glob("*.ipynb"))

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
compiled = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")


def code_cells(path: Path) -> list[dict[str, Any]]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def run_cell(source: str, names: dict[str, Any]) -> str:
    """What a cell shows: what it prints, then the value of its last expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
    return printed.getvalue() + ("" if value is None else repr(value))


def shown(cell: dict[str, Any]) -> str:
    """What is stored of what a cell shows, as text. Fails where that is an error."""
    text = ""
    for output in cell["outputs"]:
        assert output["output_type"] in ("stream", "execute_result", "display_data"), output.get("evalue")
        text += "".join(output["text"] if "text" in output else output["data"]["text/plain"])
    return text


def numbers(text: str) -> list[float]:
    """The numbers in a text: how a table is drawn may change with the version of the library that draws it."""
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]


def test_there_are_notebooks_and_they_are_small() -> None:
    assert NOTEBOOKS
    assert all(path.stat().st_size < 100_000 for path in NOTEBOOKS)


@compiled
@each_notebook
def test_the_cells_of_a_notebook_show_the_numbers_that_are_stored_in_it(path: Path) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    found = 0
    for i, cell in enumerate(code_cells(path)):
        expected = numbers(shown(cell))
        assert numbers(run_cell("".join(cell["source"]), names)) == pytest.approx(expected, abs=0.11), f"code cell {i}"
        found += len(expected)
    assert found > 20


@compiled
@pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("nbclient", "ipykernel")),
    reason="nbclient and ipykernel are not installed (pip install 'mlplat[notebook]'); the cells run in plain Python all the same",
)
@pytest.mark.filterwarnings("default")  # Jupyter's own
@each_notebook
def test_a_notebook_runs_in_jupyter(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", str(path.parents[1]))
    notebook = nbformat.read(path, as_version=4)
    stored = [shown(cell) for cell in notebook.cells if cell.cell_type == "code"]
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}).execute()
    again = [shown(cell) for cell in notebook.cells if cell.cell_type == "code"]
    for before, after in zip(stored, again, strict=True):
        assert numbers(after) == pytest.approx(numbers(before), abs=0.11)
