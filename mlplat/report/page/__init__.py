"""The shell of every page: one self-contained HTML file that asks the network for nothing.

A page is made of sections; a section is HTML made by the functions here, which escape every text that comes from a user:

>>> from mlplat.report.page import Section, document, paragraph, table_html
>>> section = Section("jobs", "Jobs", paragraph("One job.") + table_html([{"job": "<script>", "wait_s": 3}], caption="Jobs"))
>>> page = document("A run", [section])
>>> "&lt;script&gt;" in page, "https://" in page
(True, False)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .elements import badge, data_download, details, key_figures, paragraph, text
    from .figures import figure_html
    from .shell import Section, document
    from .tables import table_html
    from .writing import write_page

__all__ = [
    "Section",
    "badge",
    "data_download",
    "details",
    "document",
    "figure_html",
    "key_figures",
    "paragraph",
    "table_html",
    "text",
    "write_page",
]

_HOME = {
    "Section": "shell",
    "badge": "elements",
    "data_download": "elements",
    "details": "elements",
    "document": "shell",
    "figure_html": "figures",
    "key_figures": "elements",
    "paragraph": "elements",
    "table_html": "tables",
    "text": "elements",
    "write_page": "writing",
}
__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
