"""Reports: frames become figures, and figures one self-contained HTML page. Nothing below this package draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_names import lazy_names

if TYPE_CHECKING:
    from .page import Section, document, write_page

__all__ = ["Section", "document", "write_page"]

_HOME = {"Section": "page.shell", "document": "page.shell", "write_page": "page.writing"}
__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
