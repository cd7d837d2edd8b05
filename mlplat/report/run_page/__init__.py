"""The page of one run: docs/reports.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .sections import run_page, write_run_page

__all__ = ["run_page", "write_run_page"]

_HOME = {"run_page": "sections", "write_run_page": "sections"}
__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
