"""Notebooks as files: read and checked, and as they are handed out, without outputs and solutions."""

from __future__ import annotations

import importlib.util
import os
import warnings
from pathlib import Path
from typing import Any

from ..errors import InputError, MissingExtraError, OptionError, printable, shown

SOLUTION = "solution"
"""The tag of cells that no student is given."""


def need(*modules: str) -> None:
    """Raises MissingExtraError where one of the modules is not installed."""
    if any(importlib.util.find_spec(name) is None for name in modules):
        raise MissingExtraError("work with notebooks", "notebook")


def read(path: str | os.PathLike[str]) -> Any:
    """The notebook in a file. Raises InputError for what is none, MissingExtraError."""
    need("nbformat")
    import nbformat

    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {getattr(error, 'strerror', None) or error}", path=shown(path), expected="a notebook") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cells without an id are older, and no worse
            notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
            nbformat.validate(notebook)
    except Exception as error:
        reason = printable(str(error).splitlines()[0] if str(error) else type(error).__name__)[:200]
        raise InputError(f"is no notebook: {reason}", path=shown(path), expected="a Jupyter notebook (.ipynb)") from None
    return notebook


def without_solutions(notebook: Any) -> Any:
    """The notebook, changed: without cells tagged `solution`, without outputs and counts."""
    notebook.cells = [cell for cell in notebook.cells if SOLUTION not in cell.metadata.get("tags", ())]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def hand_out(path: str | os.PathLike[str], to: str | os.PathLike[str]) -> int:
    """Write a notebook for students into another file: without cells tagged `solution` and without outputs.

    Returns how many cells were left out. Raises InputError for what is no notebook or cannot be written, OptionError for the same file.
    """
    notebook = read(path)
    source, target = Path(path), Path(to)
    if target.exists() and target.samefile(source):
        raise OptionError(f"{shown(to)}: this is the notebook itself; expected another file")
    import nbformat

    cells = len(notebook.cells)
    text = nbformat.writes(without_solutions(notebook))  # type: ignore[no-untyped-call]
    try:
        target.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", path=shown(to)) from None
    return cells - len(notebook.cells)
