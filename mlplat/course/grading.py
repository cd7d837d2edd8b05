"""`grade`: a student's notebook is executed, and what its checks found is its score. It runs the student's code (docs/teaching.md)."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import OptionError, printable, shown
from ..streams import check_seed
from ..units import Duration, seconds
from . import recording, seeds
from .finding import find_lesson
from .notebooks import need, read, without_solutions


@dataclass(frozen=True, slots=True)
class Graded:
    """What came of a notebook.

    `lessons`: of each lesson that was checked what its last check found, as `Checked.to_dict`; `failed_cells`: (number of the code cell
    from 1, error); `stopped`: empty, or why it was not executed to its end; `asked`: the lesson that counts, None for all checked ones.
    """

    notebook: str
    seed: int
    lessons: Mapping[str, Mapping[str, Any]]
    failed_cells: tuple[tuple[int, str], ...] = ()
    stopped: str = ""
    asked: str | None = None

    @property
    def score(self) -> float:
        """The mean score of the lessons that count, 0 to 1; 0 where nothing was checked. A check with another seed counts 0."""
        counted = [self.score_of(name) for name in ([self.asked] if self.asked else self.lessons)]
        return sum(counted) / len(counted) if counted else 0.0

    def score_of(self, lesson: str) -> float:
        """The score of a lesson, 0 where it was not checked with the seed asked for; counted anew from its questions."""
        found = self.lessons.get(lesson)
        if found is None or found.get("seed") != self.seed:
            return 0.0
        states = [found["questions"].get(question.name) for question in find_lesson(lesson).questions]
        return states.count("passed") / len(states)

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON has it."""
        lessons = {
            name: {
                "score": self.score_of(name),
                "seed": found.get("seed"),
                "questions": found["questions"],
                "hints": found.get("hints", {}),
            }
            for name, found in self.lessons.items()
        }
        failed = [{"cell": cell, "error": error} for cell, error in self.failed_cells]
        return {
            "notebook": self.notebook,
            "seed": self.seed,
            "score": self.score,
            "lessons": lessons,
            "failed_cells": failed,
            "stopped": self.stopped,
        }

    def __str__(self) -> str:
        lines = [f"{printable(self.notebook)}: {100 * self.score:.0f} %"]
        for name, found in self.lessons.items():
            lines.append(f"  {name}: {100 * self.score_of(name):.0f} %")
            if found.get("seed") != self.seed:
                lines.append(f"    checked with seed {printable(str(found.get('seed')))[:20]}, expected {self.seed}")
            for question, state in found["questions"].items():
                hint = found.get("hints", {}).get(question, "")
                lines.append(
                    f"    {printable(str(question))[:60]}: {printable(str(state))[:20]}{', ' + printable(str(hint)) if hint else ''}"
                )
        if not self.lessons:
            lines.append("  no lesson was checked")
        lines += [f"  code cell {cell} failed: {printable(error)}" for cell, error in self.failed_cells]
        return "\n".join([*lines, f"  stopped: {printable(self.stopped)}"] if self.stopped else lines)


def grade(path: str | os.PathLike[str], *, lesson: str | None = None, seed: int = 0, timeout: Duration = 300) -> Graded:
    """Execute a notebook in a temporary folder, and take the last check of each lesson.

    `lesson`: the one that counts; all that are checked if not given. `seed`: the student's. `timeout`: for the whole notebook. A cell that
    fails does not end it. The files beside the notebook are not there; its stored outputs, and cells tagged `solution`, count for nothing.
    **This runs the student's code with your rights.** Raises InputError for what is no notebook, UnknownNameError, OptionError,
    MissingExtraError.

    >>> grade("homework.ipynb", lesson="lesson-05").score  # doctest: +SKIP
    """
    need("nbclient", "nbformat", "ipykernel")
    if lesson is not None:
        find_lesson(lesson)
    limit = seconds(timeout)
    if not 0 < limit < 1e6:
        raise OptionError(f"timeout={limit:g}: expected more than 0 s and at most 11 days")
    seed = check_seed(seed)
    if seed > 999_999_999:
        raise OptionError(f"seed={seed}: expected at most 999999999")
    notebook = without_solutions(read(path))
    folder = Path(tempfile.mkdtemp(prefix="mlplat-grade-"))
    try:
        work, record = folder / "work", folder / "record"
        work.mkdir()
        stopped = _execute(notebook, work, limit, {recording.VARIABLE: str(record), seeds.VARIABLE: str(seed), "IPYTHONDIR": str(folder)})
        found = recording.recorded(record)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Graded(shown(path), seed, found, tuple(_failed(notebook)), stopped, lesson)


def _execute(notebook: Any, work: Path, limit: float, variables: Mapping[str, str]) -> str:
    """Run every cell; empty, or why it ended before its end. The kernel is that of this Python, and finds this mlplat."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    here = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, **variables, "PYTHONPATH": os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))}
    deadline = time.monotonic() + limit
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        allow_errors=True,
        timeout_func=lambda cell: max(0.01, deadline - time.monotonic()),
        resources={"metadata": {"path": str(work)}},
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            client.execute(env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except CellTimeoutError:
        return f"not done after {limit:g} s"
    except DeadKernelError:
        return "the kernel died"
    return ""


def _failed(notebook: Any) -> list[tuple[int, str]]:
    found = []
    for number, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), start=1):
        for output in cell.outputs:
            if output.output_type == "error":
                text = " ".join(f"{output.ename}: {output.evalue}".split())
                found.append((number, text if len(text) <= 200 else text[:197] + "..."))
    return found
