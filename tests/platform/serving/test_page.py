"""docs/platform/serving.md: its tables are made from the declared columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from mlplat.platform.serving import Requests, Version, serve
from mlplat.platform.serving.columns import FRAMES

PAGE = Path(__file__).parents[3] / "docs" / "platform" / "serving.md"


def tables() -> str:
    """The tables of frames as the page has them."""
    parts = []
    for frame, columns in FRAMES.items():
        rows = "\n".join(f"| `{c.name}` | {c.dtype} | {c.unit} | {c.meaning} |" for c in columns)
        parts.append(f"### `{frame}`\n\n| column | type | unit | meaning |\n|---|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def test_the_tables_of_frames_are_made_from_the_declared_columns() -> None:
    assert tables() in PAGE.read_text()


def test_frames_have_the_declared_columns() -> None:
    result = serve(Version("v1", queue=0), Requests.build(np.arange(4) / 2, 1.0))
    for name, columns in FRAMES.items():
        frame: pl.DataFrame = getattr(result, name)
        assert frame.columns == [column.name for column in columns]
        assert [str(dtype.base_type()) for dtype in frame.dtypes] == [column.dtype for column in columns]
