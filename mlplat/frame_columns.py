"""How the columns of frames are declared: once, for the frame, its tests and the tables of its page."""

from __future__ import annotations

from typing import NamedTuple


class Column(NamedTuple):
    """One column of a frame. `dtype`: name of a polars type. `unit`: empty for none."""

    name: str
    dtype: str
    unit: str
    meaning: str
