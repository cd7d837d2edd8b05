"""A whole page: head, contents, sections, data and scripts in one HTML file.

The page forbids itself the network and every script but its own by a content security policy that names the digests of its scripts: were a
text to slip in unescaped, it would still not run. So no script may build code from text (`eval`), and no element may have an `onclick`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import MissingExtraError, OptionError
from ...version import VERSION
from .elements import text
from .embedding import data_element
from .figures import FIGURE_MARK, plotly_script, templates

if TYPE_CHECKING:
    from jinja2 import Environment

ASSETS = Path(__file__).with_name("assets")
_ID = re.compile(r"[a-z][a-z0-9-]*")
TEMPLATES = "plotly-templates"
_SCRIPTS = ("page.js", "data.js", "tables.js")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page under a heading of its own.

    Attributes: `id` (its address within the page: small letters, digits and hyphens), `title` (plain text, escaped by the page), `html`
    (made by the functions of this package, or escaped).

    >>> Section("waits", "Waits", "<p>None.</p>").id
    'waits'
    """

    id: str
    title: str
    html: str


def document(
    title: str,
    sections: Sequence[Section],
    *,
    subtitle: str = "",
    facts: Sequence[tuple[str, object]] = (),
    data: Mapping[str, object] | None = None,
    scripts: Sequence[str] = (),
    styles: Sequence[str] = (),
    live: bool = False,
) -> str:
    """The text of a self-contained HTML page.

    `facts`: names and values that stand at the foot of the page, such as a fingerprint. `data`: what scripts of the page read by
    `mlplat.data(name)`: values that JSON can hold, NumPy arrays and Polars frames (see `data_element`). `scripts`, `styles`: texts of
    JavaScript and CSS, run after those of the page. `live`: the page may ask the server it came from for data.
    Plotly is part of the page only if a section has a figure.

    Raises OptionError for an id that is no id or stands twice, MissingExtraError without jinja2 (and without plotly, if there is a figure).

    >>> page = document("Runs & plans", [Section("answer", "Answer", "<p>12 nodes.</p>")], facts=[("seed", 7)])
    >>> page.startswith("<!doctype html>"), "<title>Runs &amp; plans</title>" in page, "plotly" in page.lower()
    (True, True, False)
    """
    _check_ids(sections)
    with_figures = any(FIGURE_MARK in section.html for section in sections)
    carried: dict[str, object] = {**(data or {}), **({TEMPLATES: templates()} if with_figures else {})}
    first = [_asset("theme.js")]
    plotly = plotly_script() if with_figures else ""
    last = [*map(_asset, _SCRIPTS), *([_asset("figures.js")] if with_figures else [])]
    last += scripts
    for script in (*first, *last, plotly):
        if "</script" in script.lower() or "<!--" in script:
            raise OptionError("a script of a page must not contain '</script' or '<!--': write '<\\/script' and '<\\!--'")
    return (
        _environment()
        .get_template("document.html")
        .render(
            title=text(title),
            subtitle=text(subtitle) if subtitle else "",
            sections=[(s.id, text(s.title), _safe(s.html)) for s in sections],
            facts=[(text(name), text(value)) for name, value in (*facts, ("made by", f"mlplat {VERSION}"))],
            policy=_policy([*first, *last, plotly], live),
            styles=[_safe(_asset("page.css")), *map(_safe, styles)],
            first_scripts=list(map(_safe, first)),
            plotly=_safe(plotly),
            last_scripts=list(map(_safe, last)),
            data=[_safe(data_element(name, value)) for name, value in carried.items()],
            with_figures=with_figures,
        )
    )


def _check_ids(sections: Sequence[Section]) -> None:
    met: set[str] = set()
    for section in sections:
        if not _ID.fullmatch(section.id):
            raise OptionError(f"id of a section {section.id!r}: expected small letters, digits and hyphens, a letter first")
        if section.id in met:
            raise OptionError(f"id of a section {section.id!r}: stands twice in the page")
        met.add(section.id)


def _policy(scripts: Sequence[str], live: bool) -> str:
    digests = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts)
    connect = "; connect-src 'self'" if live else ""
    rest = f"img-src data: blob:; font-src data:{connect}; base-uri 'none'; form-action 'none'"
    return f"default-src 'none'; script-src {digests}; style-src 'unsafe-inline'; {rest}"


@cache
def _asset(name: str) -> str:
    return (ASSETS / name).read_text("utf-8")


@cache
def _environment() -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError:
        raise MissingExtraError("a report page", "report") from None
    return Environment(autoescape=True, loader=FileSystemLoader(ASSETS), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _safe(html: str) -> Any:
    from markupsafe import Markup

    return Markup(html)
