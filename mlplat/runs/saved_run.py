"""`SavedRun`: what `Result.save` wrote to a folder, read back: the frames, figures, manifest and cluster of a run."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ..errors import InputError, MlplatError, shown
from ..html_pages import write_html
from ..plotting import RUN_FIGURES, Plots
from .columns import FRAMES

if TYPE_CHECKING:
    import polars as pl

    from ..hardware.cluster_spec import ClusterSpec

OPTIONAL = ("job_id", "stopped_for")
"""Columns that only some runs have."""

A_RUN = "a folder that Result.save or mlplat replay --out wrote"


class SavedRun:
    """A run as it was saved. Frames and figures are those of the `Result` it was; what needs the run itself, `explain`, is not there.

    `folder`: where it is. `manifest`: how it was made. `queue`, `placement`: names. Made by `SavedRun.open`.

    >>> import tempfile
    >>> import mlplat as mp
    >>> trace = mp.JobTrace.build(submit=[0, 10], duration=[60, 60], request=[0, 0], requests=[mp.ResourceRequest(gpus=8)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mp.replay(mp.ClusterSpec.parse("1x8xV100"), trace).save(folder)
    ...     run = SavedRun.open(folder)
    ...     run, run.jobs["wait_s"].to_list(), run.end_s
    (SavedRun(fifo / best-fit: 2 of 2 jobs completed), [0.0, 50.0], 120.0)
    """

    def __init__(self, folder: Path, manifest: dict[str, Any], summary: dict[str, Any], measures: dict[str, Any]) -> None:
        self.folder, self.manifest, self._summary, self.measures = folder, manifest, summary, measures
        self.queue, self.placement = str(manifest["queue"]), str(manifest["placement"])

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Self:
        """The run in `folder`. Raises InputError, naming the file, where the folder is missing, is of something else, or is damaged."""
        target = Path(folder)
        try:
            if not target.is_dir():
                raise InputError("is not a folder" if target.exists() else "there is no such folder", path=shown(target), expected=A_RUN)
        except (OSError, ValueError) as error:
            raise InputError(f"cannot be read: {getattr(error, 'strerror', None) or error}", path=shown(target)) from None
        manifest = _json(target, "manifest", ("version", "queue", "placement", "cluster", "trace", "fingerprint"))
        summary = _json(target, "summary", ("jobs", "completed", "makespan_s", "wait_mean_s"))
        measures = _json(target, "measures", ("seconds", "figures", "zones", "groups"))
        for name, columns in FRAMES.items():
            if name != "zones" or (target / "zones.parquet").exists():
                _check_columns(target / f"{name}.parquet", [column.name for column in columns])
        run = cls(target, manifest, summary, measures)
        _ = run.spec
        return run

    def summary(self) -> dict[str, Any]:
        """The figures of the run by name, as `Result.summary` gives them."""
        return dict(self._summary)

    @cached_property
    def spec(self) -> ClusterSpec:
        """The cluster."""
        from ..hardware.cluster_spec import ClusterSpec

        path = self.folder / "cluster.json"
        if not path.is_file():
            raise InputError("there is no such file", path=shown(path), expected=A_RUN)
        try:
            return ClusterSpec.from_json(path)
        except InputError:
            raise
        except MlplatError as error:
            raise InputError(f"is damaged: {error}", path=shown(path)) from None

    @cached_property
    def jobs(self) -> pl.DataFrame:
        """One row a job, in the order of the trace."""
        return _frame(self.folder / "jobs.parquet")

    @cached_property
    def attempts(self) -> pl.DataFrame:
        """One row for each node a job was placed on, in order of start."""
        return _frame(self.folder / "attempts.parquet")

    @cached_property
    def nodes(self) -> pl.DataFrame:
        """One row a node: what it held over the run."""
        return _frame(self.folder / "nodes.parquet")

    @cached_property
    def timeline(self) -> pl.DataFrame:
        """Queue length and allocated amounts after each instant at which something changed."""
        return _frame(self.folder / "timeline.parquet")

    @cached_property
    def events(self) -> pl.DataFrame:
        """Every event in order."""
        return _frame(self.folder / "events.parquet")

    @cached_property
    def zones(self) -> pl.DataFrame:
        """One row a zone. Empty where there were none."""
        from .zones import no_zones

        path = self.folder / "zones.parquet"
        return _frame(path) if path.exists() else no_zones()

    @cached_property
    def explanations(self) -> dict[int, str]:
        """What `Result.explain` said of some jobs, by row: those that were saved with the run."""
        path = self.folder / "explanations.json"
        if not path.exists():
            return {}
        found = _json(self.folder, "explanations", ())
        if not all(row.isascii() and row.isdigit() and isinstance(text, str) for row, text in found.items()):
            raise InputError("is damaged", path=shown(path), expected="texts by row of a job")
        return {int(row): text for row, text in found.items()}

    def to_html(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """Write the page of the run, as `Result.to_html` does."""
        return write_html("run_page", self, path, **options)

    @cached_property
    def end_s(self) -> float:
        """Seconds at which the run ended: the horizon, else the last event."""
        until = self.manifest.get("until_s")
        if until is not None:
            return float(until)
        return float(self.events["time_s"][-1]) if len(self.events) else 0.0

    @property
    def fingerprint(self) -> str:
        """That of the run."""
        return str(self.manifest["fingerprint"])

    @property
    def plot(self) -> Plots:
        """Figures of the run: `plot()`, `plot.waits()`, … (docs/notebooks_and_plots.md)."""
        return Plots(self, *RUN_FIGURES)

    def __repr__(self) -> str:
        return f"SavedRun({self.queue} / {self.placement}: {self._summary['completed']:,} of {self._summary['jobs']:,} jobs completed)"

    def _repr_html_(self) -> str:
        from .result_view import html_table

        return html_table(self)


def _json(folder: Path, name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    from ..hardware.source_text import read_source
    from ..hardware.spec_io import parse_json

    path = folder / f"{name}.json"
    if not path.is_file():
        raise InputError("there is no such file", path=shown(path), expected=A_RUN)
    content = parse_json(read_source(path), path=shown(path))
    if not isinstance(content, dict):
        raise InputError("is damaged", path=shown(path), expected="an object")
    missing = next((key for key in keys if key not in content), None)
    if missing is not None:
        raise InputError(f"{missing!r} is not there", path=shown(path), expected=A_RUN)
    return content


def _check_columns(path: Path, names: list[str]) -> None:
    import polars as pl

    if not path.is_file():
        raise InputError("there is no such file", path=shown(path), expected=A_RUN)
    try:
        found = pl.read_parquet_schema(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(f"is damaged: {_first_line(error)}", path=shown(path), expected="Parquet") from None
    missing = next((name for name in names if name not in found and name not in OPTIONAL), None)
    if missing is not None:
        raise InputError("is not there", path=shown(path), column=missing, expected="the columns that this version of mlplat writes")


def _frame(path: Path) -> pl.DataFrame:
    import polars as pl

    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(f"is damaged: {_first_line(error)}", path=shown(path), expected="Parquet") from None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:120]
