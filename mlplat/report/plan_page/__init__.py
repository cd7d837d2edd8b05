"""The page of a plan: docs/report_pages.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .sections import plan_page, write_plan_page

__all__ = ["plan_page", "write_plan_page"]

_HOME = {"plan_page": "sections", "write_plan_page": "sections"}
__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
