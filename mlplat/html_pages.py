"""Pages of objects, for objects that know nothing of pages: those are found by name, when one is asked for."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any


def write_html(page: str, subject: object, path: str | os.PathLike[str], **options: Any) -> Path:
    """Write the page of an object to a file, and return where. `page`: a package of `mlplat.report`, such as `plan_page`.

    Raises MissingExtraError without the extra `report`, InputError where the file cannot be written.
    """
    package = importlib.import_module(f"{__package__}.report.{page}")
    written: Path = getattr(package, f"write_{page}")(subject, path, **options)
    return written
