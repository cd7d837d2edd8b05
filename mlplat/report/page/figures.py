"""Plotly figures in a page. They are drawn when they come into view, in the colours of the theme that holds then."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from ...errors import MissingExtraError, OptionError
from .elements import Html, attribute, details, text
from .embedding import json_text

FIGURE_MARK = "data-plotly-figure"
OWN_TEMPLATE = "mlplat"
"""What stands in a figure for the templates of `mlplat.report.figures`, which a page holds once."""


def figure_html(figure: Any, caption: object, *, id: str = "", height: int = 420, table: str = "") -> Html:
    """A Plotly figure with its caption.

    `figure`: a `plotly.graph_objects.Figure`, or its JSON as a dict. `height`: in pixels, where its layout gives none. `id`: by which
    scripts of the page find it. `table`: the same as a table (HTML), offered below the figure to those who cannot see it.

    Plotly reads texts as a small HTML of its own: escape names (`html.escape`) before they go into a figure. The page gives figures the
    colours of its theme by the template; a colour that is set in the layout itself stays as it is in both themes. Traces
    drawn by WebGL (`scattergl` and the like) build code from text, which the page forbids. Raises OptionError for what is
    no figure.

    >>> print(figure_html({"data": [], "layout": {}}, "Waits & runs", height=200))
    <figure class="plot"><div class="plot-area" data-plotly-figure style="min-height:200px"></div><figcaption>Waits &amp; runs</figcaption>\
<script type="application/json">{"data":[],"layout":{}}</script></figure>
    """
    content = json.loads(figure.to_json()) if hasattr(figure, "to_json") else figure
    if not isinstance(content, dict) or "data" not in content:
        raise OptionError(f"a figure of a page: expected a plotly figure or its JSON, found {type(figure).__name__}")
    layout = content.get("layout") or {}
    if layout.get("template") in templates().values():
        content = content | {"layout": layout | {"template": OWN_TEMPLATE}}
    height = layout.get("height") or height
    name = f' id="{attribute(id)}"' if id else ""
    area = f'<div class="plot-area" {FIGURE_MARK} style="min-height:{height:g}px"></div>'
    below = details("The figure as a table", table) if table else ""
    held = f'<script type="application/json">{json_text(content)}</script>'
    return Html(f'<figure class="plot"{name}>{area}<figcaption>{text(caption)}</figcaption>{held}{below}</figure>')


@cache
def templates() -> dict[str, Any]:
    """The templates of `mlplat.report.figures` as plain values, by theme. Raises MissingExtraError where plotly is not installed."""
    try:
        import plotly.io as pio

        from ..figures.template import TEMPLATES
    except ImportError:
        raise MissingExtraError("a page with figures", "report") from None
    return {theme: json.loads(json.dumps(pio.templates[name].to_plotly_json())) for theme, name in TEMPLATES.items()}


@cache
def plotly_script() -> str:
    """The text of plotly.min.js. Raises MissingExtraError where plotly is not installed."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        raise MissingExtraError("a page with figures", "report") from None
    return str(get_plotlyjs())
