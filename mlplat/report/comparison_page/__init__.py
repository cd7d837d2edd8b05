"""The page of policies or runs side by side: docs/report_pages.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .sections import comparison_page, write_comparison_page

__all__ = ["comparison_page", "write_comparison_page"]

_HOME = {"comparison_page": "sections", "write_comparison_page": "sections"}
__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
