"""`.plot` of the objects that people hold: the figures of `mlplat.report.figures`, found when they are asked for.

What has figures is in layers below them and imports none: it names them, and the first that is drawn loads the plotting library.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import update_wrapper
from typing import Any

FIGURES = "mlplat.report.figures"

RUN_FIGURES = ("queue", "utilization", "waits", "gantt", "cluster_at", "zones", "failures", "goodput", "cost")
"""Of a run, the most telling first."""


class Plots:
    """The figures of one object: `plot.NAME(…)` draws one, `plot()` the first; `dir(plot)` lists them.

    Options are those of the function of that name in `mlplat.report.figures`; every one also takes `theme`, `"light"` or `"dark"`.
    Without Plotly, MissingExtraError says what to install.

    >>> import mlplat as mp
    >>> spec = mp.ClusterSpec.parse("2x8xV100")
    >>> dir(spec.plot), spec.plot
    (['network', 'racks'], plots of ClusterSpec: racks, network)
    >>> spec.plot(theme="dark").layout.template.layout.paper_bgcolor
    '#14171C'
    """

    __slots__ = ("_names", "_of")

    def __init__(self, of: object, *names: str) -> None:
        self._of, self._names = of, names

    def __call__(self, **options: Any) -> Any:
        return getattr(self, self._names[0])(**options)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_") or name not in self._names:
            raise AttributeError(f"{type(self._of).__name__} has no plot {name!r}; it has {', '.join(self._names)}")
        figures = importlib.import_module(FIGURES)
        draw, of = getattr(figures, name), self._of

        def plot(*arguments: Any, theme: str = "light", **options: Any) -> Any:
            return figures.themed(draw(of, *arguments, **options), theme)

        return update_wrapper(plot, draw)

    def __dir__(self) -> list[str]:
        return sorted(self._names)

    def __repr__(self) -> str:
        return f"plots of {type(self._of).__name__}: {', '.join(self._names)}"
