"""The way from a run to its page, which stands in a layer above: the package `report` is loaded by name when a page is asked for."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtraError

if TYPE_CHECKING:
    from .result import Result
    from .saved_run import SavedRun

_PAGE = "mlplat.report.run_page"
_EXTRA = ("plotly", "jinja2", "markupsafe")


def write_page_of(run: Result | SavedRun, path: str | os.PathLike[str], **options: Any) -> Path:
    """Write the page of a run. Raises MissingExtraError without the extra `report`, and what `write_run_page` raises."""
    try:
        written: Path = importlib.import_module(_PAGE).write_run_page(run, path, **options)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _EXTRA:
            raise
        raise MissingExtraError("a report page", "report") from None
    return written
