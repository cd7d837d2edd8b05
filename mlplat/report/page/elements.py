"""Small pieces of HTML. Every text given to them is escaped; what they return is HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, Literal

from ...errors import printable


class Html(str):
    """HTML that is to stand in a page as it is: `text` leaves it alone."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


Kind = Literal["good", "bad", "neutral"]


def text(value: object) -> Html:
    """A value as HTML that shows exactly its text; characters that cannot be printed become question marks.

    >>> text("<b>"), text("a\\nb"), text(Html("<b>bold</b>")), text(None)
    ('&lt;b&gt;', 'a?b', '<b>bold</b>', '–')
    """
    if isinstance(value, Html):
        return value
    return Html("–" if value is None else html.escape(printable(str(value))))


def paragraph(*values: object) -> Html:
    """A paragraph of texts and pieces of HTML, one after the other.

    >>> paragraph("At ", badge("missed", "bad"), " & late")
    '<p>At <span class="badge bad">missed</span> &amp; late</p>'
    """
    return Html(f"<p>{''.join(map(text, values))}</p>")


def badge(value: object, kind: Kind = "neutral") -> Html:
    """A word set off by colour; the word itself says what is meant, not the colour.

    >>> badge("met", "good")
    '<span class="badge good">met</span>'
    """
    return Html(f'<span class="badge {kind}">{text(value)}</span>')


def key_figures(figures: Sequence[tuple[object, ...]]) -> Html:
    """The few figures that matter most: name and value of each, and if given a remark below it.

    >>> key_figures([("nodes", 12, "10 to 13")])
    '<dl class="key-figures"><div><dt>nodes</dt><dd>12<small>10 to 13</small></dd></div></dl>'
    """
    cells = "".join(
        f"<div><dt>{text(name)}</dt><dd>{text(value)}{''.join(f'<small>{text(r)}</small>' for r in remark)}</dd></div>"
        for name, value, *remark in figures
    )
    return Html(f'<dl class="key-figures">{cells}</dl>')


def details(summary: object, content: str, *, opened: bool = False) -> Html:
    """Content that is shown when its summary is opened."""
    return Html(f"<details{' open' if opened else ''}><summary>{text(summary)}</summary>{content}</details>")


def data_download(label: object, name: str, filename: str) -> Html:
    """A button that saves the data `name` of the page as a file, made in the browser: CSV if it is a frame, else JSON.

    >>> data_download("All jobs (CSV)", "jobs", "jobs.csv")
    '<button type="button" class="download" data-download="jobs" data-filename="jobs.csv">All jobs (CSV)</button>'
    """
    attributes = f'data-download="{text(name)}" data-filename="{text(filename)}"'
    return Html(f'<button type="button" class="download" {attributes}>{text(label)}</button>')


def attribute(value: Any) -> str:
    """A value as the text of an attribute, exact."""
    return html.escape(str(value), quote=True)
