"""`mlplat course`: a notebook is executed elsewhere, its last checks are its score, and nothing of it reaches the grader's output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from mlplat.course import grade
from mlplat.errors import InputError, OptionError, UnknownNameError

nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed (pip install 'mlplat[notebook]')")
pytest.importorskip("nbclient", reason="nbclient is not installed (pip install 'mlplat[notebook]')")
pytest.importorskip("ipykernel", reason="ipykernel is not installed (pip install 'mlplat[notebook]')")

ROOT = Path(__file__).resolve().parents[2]
jupyter = pytest.mark.filterwarnings("default")  # Jupyter's own
compiled = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")

ANSWERS = "weight=5 / 3, lab=mp.Quota('lab', guarantee={'gpus': 8}, lend={'gpus': 0}, reserve={'nodes': 1})"


def write(path: Path, *cells: str, solution: str = "") -> Path:
    """A notebook of these code cells, and one that is tagged as a solution."""
    made = [nbformat.v4.new_code_cell(cell) for cell in cells] + [nbformat.v4.new_code_cell(solution, metadata={"tags": ["solution"]})]
    nbformat.write(nbformat.v4.new_notebook(cells=made), path)
    return path


def mlplat(*arguments: object) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "mlplat", *map(str, arguments)], capture_output=True, text=True, env=environment, check=False
    )


@jupyter
@compiled
def test_the_last_check_of_a_lesson_counts_and_no_solution_whatever_fails_or_is_printed(tmp_path: Path) -> None:
    path = write(
        tmp_path / "ada <b>.ipynb",
        "import mlplat as mp, os\nx = mp.check('lesson-05', weight=1)",
        "raise ValueError('of ' * 200)",
        "os.write(1, b'{not json')\nopen('made', 'w').write('here')\nx = mp.check('lesson-05', " + ANSWERS + "); del x",
        "mp.check('lesson-05')",
        solution="mp.check('lesson-05', weight='not the student')",
    )
    before = path.read_bytes()
    done = mlplat("course", "grade", path, "--json", "--lesson", "lesson-05")
    found = json.loads(done.stdout)
    assert (done.returncode, done.stdout.count("\n")) == (1, 1)
    assert (found["score"], found["stopped"], found["seed"]) == (0.5, "", 0)
    states = found["lessons"]["lesson-05"]["questions"]
    assert states == {"stopped": "unanswered", "zones": "unanswered", "weight": "passed", "lab": "passed"}
    assert [failed["cell"] for failed in found["failed_cells"]] == [2]
    assert found["failed_cells"][0]["error"].startswith("ValueError: of of") and len(found["failed_cells"][0]["error"]) <= 200
    assert path.read_bytes() == before
    assert sorted(child.name for child in tmp_path.iterdir()) == ["ada <b>.ipynb"]


@jupyter
def test_a_notebook_that_does_not_end_is_stopped_with_what_it_had_and_with_its_own_seed(tmp_path: Path) -> None:
    path = write(
        tmp_path / "slow.ipynb",
        "import os\nimport mlplat as mp\nx = mp.check('lesson-05', weight='?')",
        "os.environ['MLPLAT_COURSE_SEED'] = '3'\nx = mp.check('lesson-05', weight='?')",
        "import time\ntime.sleep(600)",
    )
    found = grade(path, seed=17, timeout="15s")
    assert found.stopped == "not done after 15 s"
    assert found.lessons["lesson-05"]["seed"] == 3
    assert found.score == 0.0
    assert "checked with seed 3, expected 17" in str(found)


@jupyter
@compiled
def test_what_is_handed_out_has_no_solutions_and_can_be_answered_and_graded(tmp_path: Path) -> None:
    lesson = next((ROOT / "examples" / "notebooks").glob("01-*.ipynb"))
    done = mlplat("course", "handout", lesson, "-o", tmp_path / "student.ipynb", "--json")
    assert json.loads(done.stdout) == {"notebook": str(tmp_path / "student.ipynb"), "solutions": 1}
    given, whole = nbformat.read(tmp_path / "student.ipynb", 4), nbformat.read(lesson, 4)
    assert [cell.source for cell in given.cells] == [cell.source for cell in whole.cells[:-1]]
    assert not any(cell.get("outputs") for cell in given.cells)
    answer = next(cell for cell in given.cells if cell.source.startswith("stranded = ..."))
    answer.source = "stranded = '?'\ncpus = 8\nplacement = 'fgd'"
    nbformat.write(given, tmp_path / "student.ipynb")
    found = grade(tmp_path / "student.ipynb", lesson="lesson-01")
    assert (round(3 * found.score), found.failed_cells, found.stopped) == (2, (), "")
    done = mlplat("course", "handout", lesson, "-o", lesson)
    assert (done.returncode, "this is the notebook itself" in done.stderr) == (2, True)


def test_what_is_no_notebook_is_refused_with_its_name_and_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.ipynb").write_text("no JSON")
    (tmp_path / "other.ipynb").write_text('{"cells": 3, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}')
    (tmp_path / "bytes.ipynb").write_bytes(b"\xff\xfe\x00")
    for name in ("text.ipynb", "other.ipynb", "bytes.ipynb", "absent.ipynb", "."):
        with pytest.raises(InputError, match="expected a") as refused:
            grade(tmp_path / name)
        assert "\n" not in str(refused.value) and str(tmp_path) in str(refused.value)
    done = mlplat("course", "grade", tmp_path / "text.ipynb")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    with pytest.raises(UnknownNameError, match="did you mean 'lesson-05'"):
        grade(tmp_path / "text.ipynb", lesson="lesson-5")
    with pytest.raises(OptionError, match="timeout"):
        grade(tmp_path / "text.ipynb", timeout=0)
    with pytest.raises(OptionError, match="seed"):
        grade(tmp_path / "text.ipynb", seed=10**9)


def test_the_lessons_are_listed_with_their_questions() -> None:
    listed = json.loads(mlplat("course", "list", "--json").stdout)["lessons"]
    assert list(next(one for one in listed if one["name"] == "lesson-05")["questions"]) == ["stopped", "zones", "weight", "lab"]
    assert "lesson-05  Fairness and zones: stopped, zones, weight, lab" in mlplat("course", "list").stdout
