"""One quantity of a run over time, as a step curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from .decimation import kept
from .time_axis import TimeUnit, clock_texts

if TYPE_CHECKING:
    import numpy.typing as npt


def step_curve(
    times: npt.NDArray[np.float64],
    values: npt.NDArray[np.float64],
    *,
    name: str,
    unit: TimeUnit,
    colour: str,
    end_s: float,
    suffix: str = "",
    **more: object,
) -> go.Scatter:
    """The curve that holds each value until the next, and the last until `end_s`. At most `decimation.MOST_POINTS` points and the end."""
    rows = kept(times, values)
    times, values = times[rows], values[rows]
    if len(times) and end_s > times[-1]:
        times, values = np.append(times, end_s), np.append(values, values[-1])
    options = {"line": {"shape": "hv", "color": colour, "width": 1.6}, "mode": "lines"} | more
    return go.Scatter(
        x=unit.of(times),
        y=values,
        name=name,
        customdata=clock_texts(times),
        hovertemplate=f"%{{y:,.4~g}}{suffix} {name} at %{{customdata}}<extra></extra>",
        **options,
    )
