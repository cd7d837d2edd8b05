"""Pages of objects, for objects that know nothing of pages: the package of the page is found by name when one is asked for."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

from .errors import MissingExtraError

_EXTRA = ("plotly", "jinja2", "markupsafe")


def write_html(page: str, subject: object, path: str | os.PathLike[str], **options: Any) -> Path:
    """Write the page of an object to a file, and return where. `page`: a package of `mlplat.report`, such as `plan_page`.

    Raises MissingExtraError without the extra `report`, InputError where the file cannot be written.
    """
    try:
        package = importlib.import_module(f"{__package__}.report.{page}")
        written: Path = getattr(package, f"write_{page}")(subject, path, **options)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _EXTRA:
            raise
        raise MissingExtraError("a report page", "report") from None
    return written
