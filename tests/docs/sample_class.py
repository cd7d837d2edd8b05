"""The notebooks that commands of the guide for teachers read: those of the course, and what students have handed in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LESSON = "05-fairness-and-zones.ipynb"


def write_class(folder: Path, examples: Path) -> None:
    """`examples/`; `ada.ipynb`, all of whose answers are right; and two notebooks handed in, with the table of the students."""
    (folder / "examples").symlink_to(examples)
    right = json.loads((examples / "notebooks" / LESSON).read_text(encoding="utf-8"))
    for cell in right["cells"]:
        cell["metadata"].pop("tags", None)  # the solutions become her answers
    (folder / "ada.ipynb").write_text(json.dumps(right), encoding="utf-8")
    for name in ("handed-in", "marks"):
        (folder / name).mkdir()
    for name in ("ada", "bob"):
        (folder / "handed-in" / f"{name}.ipynb").write_text(
            json.dumps(notebook("import mlplat as mp\nmp.check('lesson-05')")), encoding="utf-8"
        )
    (folder / "students.csv").write_text("ada,17\nbob,18\n")


def notebook(source: str) -> dict[str, Any]:
    """A notebook of one cell."""
    cell = {"cell_type": "code", "execution_count": None, "id": "only", "metadata": {}, "outputs": [], "source": source}
    return {
        "cells": [cell],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
