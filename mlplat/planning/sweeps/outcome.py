"""`Sweep`: what came of a sweep, read from its folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ...errors import InputError, printable, shown
from ...html_pages import write_html
from ...plotting import Plots
from .run_index import read_index
from .sweep_folder import RESULTS, read_manifest

if TYPE_CHECKING:
    import polars as pl

    from .run_files import Finished
    from .tasks import Unkept


class Sweep:
    """The runs of a sweep that are there. Made by `mlplat.sweep`; `Sweep.open(folder)` reads one, also while it runs.

    `folder`; `name` of the scenario; `figure_names`: the figures that people look at first; `total`: runs of the whole sweep, `finished`:
    how many of them are there; `unkept`: runs that could not be made for want of memory, files or workers, and why: they are tried again
    when the sweep goes on.
    """

    def __init__(self, folder: str | os.PathLike[str], unkept: Iterable[Unkept] = ()) -> None:
        self.folder = Path(folder)
        manifest = read_manifest(self.folder)
        self.unkept = tuple(unkept)
        try:
            self.name = str(manifest["name"])
            self.design: dict[str, Any] = manifest["design"]
            self.replications = int(manifest["replications"])
            self.version = str(manifest["version"])
            self.figure_names = [str(name) for name in manifest.get("figures", ())]
            self._keys = [(str(scenario), int(replication)) for scenario, replication in manifest["runs"]]
            self.varied = [str(field) for field in self.design["axes"]]
        except (KeyError, TypeError, ValueError):
            raise InputError("is not the description of a sweep", path=shown(self.folder / "sweep.json")) from None
        self._rows: dict[tuple[str, int], Finished] = {row.key: row for row in read_index(self.folder)}

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Self:
        """The sweep in a folder, as far as it is. Raises OtherSweepError where there is none."""
        return cls(folder)

    @property
    def total(self) -> int:
        """Runs of the whole sweep."""
        return len(self._keys)

    @property
    def finished(self) -> int:
        """Runs that are there, failed ones among them."""
        return sum(key in self._rows for key in self._keys)

    @property
    def complete(self) -> bool:
        """Whether all runs are there."""
        return self.finished == self.total

    @cached_property
    def frame(self) -> pl.DataFrame:
        """One row a run, by points in order of the design and replications: `point`, `replication`, the varied fields by their paths, the
        figures, `fingerprint`, `error_kind`, `error`, `scenario` (its digest).
        """
        import polars as pl

        from .results import results_frame

        if self.complete and (self.folder / RESULTS).is_file():
            return pl.read_parquet(self.folder / RESULTS)
        return results_frame(self.folder, self._keys)

    @cached_property
    def points(self) -> pl.DataFrame:
        """One row a point: the varied fields, `runs`, how many of them `failed`, and the mean of each figure over the others."""
        from .results import points_frame

        return points_frame(self.frame, [name for name in self.varied if name in self.frame.columns])

    @property
    def failed(self) -> pl.DataFrame:
        """The runs that failed: `point`, `replication`, the varied fields, `error_kind` and `error`."""
        import polars as pl

        names = ["point", "replication", *(name for name in self.varied if name in self.frame.columns), "error_kind", "error"]
        return self.frame.filter(pl.col("error_kind").is_not_null()).select(names)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all runs: equal whatever the backend, the number of workers, the order, and how often the sweep was stopped."""
        digest = hashlib.sha256()
        for key in sorted(self._keys):
            row = self._rows.get(key)
            came_of_it = None if row is None else row.fingerprint or f"{row.error_kind}: {row.error}"
            digest.update(f"{key[0]} {key[1]} {came_of_it}\n".encode())
        return digest.hexdigest()

    @property
    def plot(self) -> Plots:
        """A figure over the varied fields: `plot()`, `plot.points("p95_wait_s")` (docs/notebooks_and_plots.md)."""
        return Plots(self, "points")

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write the sweep, as far as it is, as one self-contained HTML page, and return where. Raises InputError, MissingExtraError."""
        return write_html("sweep_page", self, path)

    def to_dict(self) -> dict[str, Any]:
        """For JSON: what was run, how much of it is there, its points, and what failed."""
        return {
            "scenario": self.name,
            "folder": str(self.folder),
            "design": self.design,
            "replications": self.replications,
            "runs": self.total,
            "finished": self.finished,
            "failed": self.failed.height,
            "unkept": [{"scenario": one.run.scenario, "replication": one.run.replication, "problem": one.problem} for one in self.unkept],
            "complete": self.complete,
            "fingerprint": self.fingerprint,
            "version": self.version,
            "points": self.points.to_dicts(),
            "failures": self.failed.to_dicts(),
        }

    def __repr__(self) -> str:
        failed = self.failed.height
        parts = f"{self.finished:,} of {self.total:,} runs" + (f", {failed:,} failed" if failed else "")
        return f"Sweep({printable(self.name)}: {parts}, in {shown(self.folder)!r})"

    def __str__(self) -> str:
        from .view import as_text

        return as_text(self, self.figure_names)

    def _repr_html_(self) -> str:
        from .view import as_html

        return as_html(self, self.figure_names)
