"""What came of a sweep: a figure over one varied field, or over two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import polars as pl

from ...errors import OptionError, UnknownNameError
from .template import BLUE, GREY, figure_of, say
from .texts import label

if TYPE_CHECKING:
    from ...planning.sweeps.outcome import Sweep

MOST_RUNS = 2000
MOST_CELLS = 60
"""Values of a field along an axis of a map."""


def points(sweep: Sweep, measure: str | None = None, over: str | tuple[str, str] | None = None) -> go.Figure:
    """The mean of a figure over a varied field, with each run as a mark; over two fields a map of the mean.

    `measure`: a figure of the runs; None for the first that the scenario's objectives ask for. `over`: one field or two; None for the
    first two that vary. What varies besides is averaged over. At most 2,000 marks, evenly chosen and 60 values of a field on a map.
    Raises UnknownNameError for a figure or field that the sweep does not have.

    >>> import tempfile, mlplat as mp
    >>> scenario = mp.Scenario.from_yaml("{cluster: 1x8xV100, workload: {synthetic: {days: 1, gpus: 8}}, replications: 2}")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     figure = points(mp.sweep(scenario, {"policies.queue": ["fifo", "easy"]}, folder=folder, backend="serial", progress=False))
    >>> len(figure.data) > 0
    True
    """
    frame = sweep.frame
    fields = [name for name in sweep.varied if name in frame.columns]
    numbers = [name for name in frame.columns if frame[name].dtype.is_numeric() and name not in {*fields, "point", "replication"}]
    first = [name for name in sweep.figure_names if name in numbers] or numbers
    if not fields or not first:
        return say(figure_of(title="Points of the sweep"), "No run is there yet.")
    chosen = first[0] if measure is None else measure
    axes = (over,) if isinstance(over, str) else tuple(over or fields[:2])
    for kind, name, known in (("figure", chosen, numbers), *(("varied field", axis, fields) for axis in axes)):
        if name not in known:
            raise UnknownNameError(kind, name, known)
    if len(axes) > 2:
        raise OptionError(f"over: {len(axes)} fields; expected one or two")
    runs = frame.filter(pl.col(chosen).is_not_null()).select(*axes, chosen)
    if not len(runs):
        return say(figure_of(title="Points of the sweep"), "No run has this figure.")
    return _curve(runs, axes[0], chosen) if len(axes) == 1 else _map(runs, axes, chosen)


def _values(column: pl.Series) -> list[Any]:
    return column.to_list() if column.dtype.is_numeric() else [label(value) for value in column.to_list()]


def _curve(runs: pl.DataFrame, field: str, measure: str) -> go.Figure:
    means = runs.group_by(field, maintain_order=True).agg(pl.col(measure).mean())
    if runs[field].dtype.is_numeric():
        means = means.sort(field)
    shown = runs.gather_every(-(-len(runs) // MOST_RUNS))
    means = means.gather_every(-(-len(means) // MOST_RUNS))
    return figure_of(
        go.Scatter(
            x=_values(shown[field]),
            y=shown[measure],
            mode="markers",
            name="a run",
            marker={"color": GREY, "size": 6, "opacity": 0.6},
            hovertemplate="%{x}: %{y:,.4~g}<extra></extra>",
        ),
        go.Scatter(
            x=_values(means[field]),
            y=means[measure],
            mode="lines+markers",
            name="mean",
            line={"color": BLUE, "width": 2},
            hovertemplate="%{x}: mean %{y:,.4~g}<extra></extra>",
        ),
        title=f"{label(measure)} over {label(field)}",
        xaxis={"title": {"text": label(field)}} | ({} if runs[field].dtype.is_numeric() else {"type": "category"}),
        yaxis={"title": {"text": label(measure)}},
    )


def _map(runs: pl.DataFrame, axes: tuple[str, ...], measure: str) -> go.Figure:
    x, y = axes
    means = runs.group_by(x, y, maintain_order=True).agg(pl.col(measure).mean())
    found = {(row[x], row[y]): row[measure] for row in means.iter_rows(named=True)}
    along = [_ordered(means[name])[:MOST_CELLS] for name in axes]
    left_out = sum(means[name].n_unique() for name in axes) - sum(map(len, along))
    return figure_of(
        go.Heatmap(
            x=list(range(len(along[0]))),
            y=list(range(len(along[1]))),
            z=[[found.get((a, b)) for a in along[0]] for b in along[1]],
            colorbar={"title": {"text": label(measure)}, "thickness": 12, "outlinewidth": 0},
            customdata=[[f"{label(x)} {label(a)}<br>{label(y)} {label(b)}" for a in along[0]] for b in along[1]],
            hovertemplate="%{customdata}<br>mean %{z:,.4~g}<extra></extra>",
        ),
        title=f"Mean {label(measure)}{f'; {left_out:,} values are not drawn' if left_out else ''}",
        height=400,
        xaxis={"title": {"text": label(x)}, "tickvals": list(range(len(along[0]))), "ticktext": [label(v) for v in along[0]]},
        yaxis={"title": {"text": label(y)}, "tickvals": list(range(len(along[1]))), "ticktext": [label(v) for v in along[1]]},
    )


def _ordered(column: pl.Series) -> list[Any]:
    values = column.unique(maintain_order=True)
    return (values.sort() if values.dtype.is_numeric() else values).to_list()
