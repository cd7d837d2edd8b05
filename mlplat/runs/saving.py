"""Writing a result to a folder: Parquet frames, `summary.json`, `measures.json`, `manifest.json` and `cluster.json`."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, shown
from .columns import FRAMES

if TYPE_CHECKING:
    from .result import Result

FRAME_NAMES = tuple(name for name in FRAMES if name != "zones")  # those of every run


def save(result: Result, folder: str | os.PathLike[str], explain: int = 0) -> None:
    """Write every frame and the JSON files; the folder is made if it is not there, and files appear in it only when all are
    written. Raises InputError where that cannot be done.
    """
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target, prefix=".unfinished-") as aside:
            for name in (*FRAME_NAMES, *(("zones",) if result.quotas else ())):
                getattr(result, name).write_parquet(Path(aside) / f"{name}.parquet")
            result.spec.to_json(Path(aside) / "cluster.json")
            contents = {"summary": result.summary(), "measures": result.measures, "manifest": result.manifest}
            if explain:
                contents["explanations"] = {str(row): text for row, text in result.explain_longest(explain).items()}
            for name, content in contents.items():
                text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
                (Path(aside) / f"{name}.json").write_text(text, encoding="utf-8")
            files = sorted(Path(aside).iterdir())
            blocked = next((target / file.name for file in files if (target / file.name).is_dir()), None)
            if blocked is not None:
                raise InputError("cannot be written: it is a folder", path=shown(blocked))
            for file in files:
                file.replace(target / file.name)
            for name, written in (("zones.parquet", bool(result.quotas)), ("explanations.json", explain > 0)):
                if not written:  # of a run that was there before
                    (target / name).unlink(missing_ok=True)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"cannot be written: {getattr(error, 'strerror', None) or error}", path=shown(target)) from None
