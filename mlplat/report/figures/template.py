"""The look of every figure: a light and a dark template with the same colours for data, in Plotly `mlplat` and `mlplat-dark`.

Seven colours in a fixed order. Each has a contrast of at least 3 to 1 with either background, so that a page can change its theme by
changing the template alone, and they stay apart for people with protanopia, deuteranopia and tritanopia
(tests/report/figures/test_template.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import plotly.graph_objects as go
import plotly.io as pio

from ...errors import UnknownNameError

Theme = Literal["light", "dark"]

BLUE, VERMILLION, GREEN, PINK, VIOLET, BROWN, GREY = COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8A3FFC", "#A5502D", "#6A6A6A")
"""The colours of data, in the order in which they are used."""

BACKGROUNDS: Mapping[str, str] = {"light": "#FFFFFF", "dark": "#14171C"}
TEMPLATES: Mapping[str, str] = {"light": "mlplat", "dark": "mlplat-dark"}
"""Theme -> name of its template in `plotly.io.templates`."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def themed(figure: go.Figure, theme: str = "light") -> go.Figure:
    """The same figure, changed to a theme: `light` or `dark`. Raises UnknownNameError.

    >>> themed(go.Figure(), "dark").layout.template.layout.paper_bgcolor
    '#14171C'
    """
    if theme not in TEMPLATES:
        raise UnknownNameError("theme", theme, TEMPLATES)
    return figure.update_layout(template=TEMPLATES[theme])


def figure_of(*traces: object, title: str, height: int = 360, **layout: object) -> go.Figure:
    """A figure in the light theme; a legend only where there is more than one thing to tell apart. `title` may hold `<br>`, no names."""
    figure = go.Figure(data=list(traces), layout={"title": {"text": title}, "height": height, **layout})
    return themed(figure)


def say(figure: go.Figure, text: str) -> go.Figure:
    """The figure of nothing: the sentence that says why, instead of empty axes."""
    figure.update_xaxes(visible=False).update_yaxes(visible=False)
    return figure.add_annotation(text=text, xref="paper", yref="paper", x=0.5, y=0.5, showarrow=False)


def _template(theme: str, ink: str, faint: str, grid: str, sequence: tuple[str, ...]) -> go.layout.Template:
    paper = BACKGROUNDS[theme]
    axis = {
        "gridcolor": grid,
        "linecolor": faint,
        "tickcolor": faint,
        "ticks": "outside",
        "ticklen": 4,
        "zeroline": False,
        "automargin": True,
        "title": {"standoff": 8, "font": {"size": 13}},
    }
    layout = {
        "font": {"family": FONT, "size": 13, "color": ink},
        "title": {"x": 0, "xref": "paper", "xanchor": "left", "y": 0.98, "yanchor": "top", "font": {"size": 15}},
        "paper_bgcolor": paper,
        "plot_bgcolor": paper,
        "colorway": list(COLOURS),
        "colorscale": {"sequential": _spaced(sequence)},
        "margin": {"l": 64, "r": 24, "t": 76, "b": 52},
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.0,
            "yanchor": "bottom",
            "traceorder": "normal",
            "bgcolor": "rgba(0,0,0,0)",
        },
        "hoverlabel": {"font": {"family": FONT, "size": 12, "color": ink}, "bgcolor": paper, "bordercolor": faint, "align": "left"},
        "xaxis": axis | {"showgrid": False},
        "yaxis": axis,
        "bargap": 0.25,
        "coloraxis": {"colorbar": {"outlinewidth": 0, "thickness": 12, "ticks": "outside", "tickcolor": faint}},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": faint, "activecolor": ink},
        "annotationdefaults": {"font": {"color": ink, "size": 12}},
        "shapedefaults": {"line": {"color": faint, "width": 1}},
    }
    return go.layout.Template(layout=layout, data={"heatmap": [{"colorscale": _spaced(sequence)}]})


def _spaced(colours: tuple[str, ...]) -> list[list[object]]:
    return [[i / (len(colours) - 1), colour] for i, colour in enumerate(colours)]


pio.templates[TEMPLATES["light"]] = _template("light", "#1B1F24", "#7A828C", "#E6E9EC", ("#EEF4F8", "#8DBBDA", "#0072B2", "#002F4D"))
pio.templates[TEMPLATES["dark"]] = _template("dark", "#E8EBEE", "#8A929C", "#2B3138", ("#20262D", "#0B5A88", "#4FA3D6", "#D6ECFA"))
