"""Writing a page to a file, so that it is there as a whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ...errors import InputError, shown


def write_page(path: str | os.PathLike[str], page: str) -> Path:
    """Write the text of a page (UTF-8) and return where; folders on the way are made. Raises InputError where that cannot be done.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_page(f"{folder}/new/page.html", "<!doctype html>").name
    'page.html'
    """
    target = Path(path)
    try:
        if target.is_dir():
            raise InputError("cannot be written: it is a folder", path=shown(target), expected="the name of a file, such as report.html")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unfinished-") as aside:
            file = Path(aside) / "page.html"
            file.write_text(page, encoding="utf-8", errors="replace", newline="\n")
            file.replace(target)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be written: {getattr(error, 'strerror', None) or error}", path=shown(target)) from None
    return target
