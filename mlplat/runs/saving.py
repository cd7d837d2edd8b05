"""Writing a result to a folder: Parquet frames, `summary.json` and `manifest.json`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError

if TYPE_CHECKING:
    from .result import Result

FRAME_NAMES = ("jobs", "attempts", "nodes", "timeline", "events")


def save(result: Result, folder: str | os.PathLike[str]) -> None:
    """Write every frame and both JSON files; the folder is made if it is not there. Raises InputError where that cannot be done."""
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name in FRAME_NAMES:
            getattr(result, name).write_parquet(target / f"{name}.parquet")
        for name, content in (("summary", result.summary()), ("manifest", result.manifest)):
            (target / f"{name}.json").write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be written: {getattr(error, 'strerror', None) or error}", path=target) from None
