"""Users' names in a figure: Plotly reads some HTML, entities and TeX in every text it draws, and none of it may be a user's."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from ...errors import printable

if TYPE_CHECKING:
    import polars as pl

    from ...runs.run_frames import RunFrames

LONGEST = 40


def label(name: object, longest: int = LONGEST) -> str:
    """A name as Plotly shows it unchanged, without characters that a screen would obey, shortened in the middle.

    >>> label("<b>x</b> & $y$")
    '&lt;b&gt;x&lt;/b&gt; &amp; &#36;y&#36;'
    >>> label("a-very-long-name", longest=9)
    'a-ve…name'
    """
    text = printable(str(name))
    if len(text) > longest:
        kept = longest - 1
        text = f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"
    return html.escape(text).replace("$", "&#36;")


def job_labels(run: RunFrames, rows: pl.Series) -> list[str]:
    """The labels of jobs, by their rows in the trace: their ids, or the rows themselves where the source gave no ids."""
    ids = run.jobs["job_id"].gather(rows) if "job_id" in run.jobs.columns else rows
    return [label(one) for one in ids.to_list()]
