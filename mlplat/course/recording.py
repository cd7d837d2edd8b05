"""What `check` writes down for whoever grades: one JSON object a line, in the file that an environment variable names.

A file and not the outputs of the notebook: it does not matter where in a cell the check stands, or how it is shown.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

VARIABLE = "MLPLAT_COURSE_RECORD"


def record(checked: Mapping[str, Any]) -> None:
    """Append what was checked to the file that `MLPLAT_COURSE_RECORD` names; nothing where it is not set. Raises OSError."""
    if path := os.environ.get(VARIABLE):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(checked, ensure_ascii=False) + "\n")


def recorded(path: Path) -> dict[str, dict[str, Any]]:
    """The last check of each lesson, in the order of the lessons' names. Lines that are none are passed over."""
    found: dict[str, dict[str, Any]] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else ():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and isinstance(entry.get("lesson"), str) and isinstance(entry.get("questions"), dict):
            found[entry["lesson"]] = entry
    return {name: found[name] for name in sorted(found)}
