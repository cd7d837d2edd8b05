"""The page of a sweep: docs/report_pages.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .sections import sweep_page, write_sweep_page

__all__ = ["sweep_page", "write_sweep_page"]

_HOME = dict.fromkeys(__all__, "sections")
__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
