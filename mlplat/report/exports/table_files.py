"""The frames of a run, or the event log of a simulation, as CSV or Parquet files in a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ...runs.columns import FRAMES
from .destination import Target, folder_of_files

if TYPE_CHECKING:
    import polars as pl

    from ...context import Simulation
    from ...runs.run_frames import RunFrames


def tables(source: RunFrames | Simulation, folder: Target, form: Literal["csv", "parquet"]) -> dict[str, Any]:
    """Write every frame into a folder, `jobs.csv` and so on; of a simulation `log.csv`. Files that stand there are replaced.

    Frames, their columns and units are those of docs/results.md. CSV is UTF-8 with a header and empty fields for null. Text is written as
    it is: who opens the file in a spreadsheet program that runs formulas is to import its columns as text.
    Returns the rows of each frame. Raises InputError where it cannot be written.

    >>> import tempfile, mlplat as mp
    >>> sim = mp.Simulation()
    >>> event = sim.emit("node:n1", "node.failed", source="hardware")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tables(sim, folder, "csv")
    {'log': 1}
    """
    rows: dict[str, Any] = {}
    with folder_of_files(folder) as aside:
        for name, frame in _frames(source):
            file = aside / f"{name}.{form}"
            frame.write_csv(file) if form == "csv" else frame.write_parquet(file)
            rows[name] = len(frame)
    return rows


def _frames(source: Any) -> list[tuple[str, pl.DataFrame]]:
    if hasattr(source, "log"):
        return [("log", source.log.to_polars())]
    frames = [(name, getattr(source, name)) for name in FRAMES]
    return [(name, frame) for name, frame in frames if name != "zones" or len(frame)]
