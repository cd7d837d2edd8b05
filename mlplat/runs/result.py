"""`Result`: what happened in a run, as frames, figures, explanations and a fingerprint."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..html_pages import write_html
from ..plotting import RUN_FIGURES, Plots
from ..version import VERSION
from .frames import attempts_frame, events_frame, jobs_frame, nodes_frame, timeline_frame
from .metrics import last_instant, measure

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from ..hardware.cluster_spec import ClusterSpec
    from ..infra.cluster_arrays import Ties
    from ..infra.quotas import Described
    from ..infra.world import Run
    from .explanation import Explanation


class Result:
    """What came of a trace on a cluster. Frames are made when they are first asked for; their columns are in docs/results.md.

    `queue`, `placement`, `clock`: names; `seed`; `until`: the horizon in seconds, infinite without one; `engine_seconds`: wall-clock
    seconds of the event loop, the only figure that is not reproducible; `rebuilt()`: the same run before its first event. `quotas`: the
    zones and cohorts it ran under.

    >>> from mlplat import ClusterSpec, replay, traces
    >>> result = replay(ClusterSpec.parse("2x8xV100"), traces.synthetic(100, gpus=16, seed=1), queue="easy")
    >>> result.jobs.height, result.summary()["completed"], len(result.fingerprint)
    (100, 100, 64)
    """

    def __init__(
        self,
        run: Run,
        spec: ClusterSpec,
        *,
        clock: str,
        seed: int,
        until: float,
        ties: Ties,
        engine_seconds: float,
        rebuilt: Callable[[], Run],
        quotas: tuple[Described, ...] = (),
    ) -> None:
        self.quotas = quotas
        self.rebuilt = rebuilt
        self._run, self.spec, self.trace = run, spec, run.trace
        self.queue, self.placement = run.queue.label(), run.placement.label()
        self.clock, self.seed, self.until, self.ties, self.engine_seconds = clock, seed, until, ties, engine_seconds

    @cached_property
    def jobs(self) -> pl.DataFrame:
        """One row a job, in the order of the trace."""
        return jobs_frame(self._run)

    @cached_property
    def attempts(self) -> pl.DataFrame:
        """One row for each node a job was placed on, in order of start."""
        return attempts_frame(self._run, self.end_s)

    @cached_property
    def nodes(self) -> pl.DataFrame:
        """One row a node: what it held over the run."""
        from .scaled import paid_seconds

        return nodes_frame(self._run, self.end_s, paid_seconds(self._run, self.spec, self.end_s))

    @cached_property
    def timeline(self) -> pl.DataFrame:
        """Queue length and allocated amounts after each instant at which something changed."""
        return timeline_frame(self._run)

    @cached_property
    def events(self) -> pl.DataFrame:
        """Every event in order."""
        return events_frame(self._run)

    @cached_property
    def zones(self) -> pl.DataFrame:
        """One row a zone: what it was promised, used, borrowed and lost. Empty where there were none."""
        from .zones import no_zones, zones_frame

        return zones_frame(self._run, self.quotas, self.jobs, self.end_s) if self.quotas else no_zones()

    @cached_property
    def end_s(self) -> float:
        """Seconds at which the run ended: the horizon, else the last event."""
        return last_instant(self._run, self.until)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the run's canonical content: equal for equal input, options and version, whatever the clock, process or machine."""
        from .fingerprints import run_digest

        return run_digest(self._run, self.until)

    @cached_property
    def _measured(self) -> dict[str, Any]:
        return measure(self._run, self.until)

    def summary(self) -> dict[str, Any]:
        """The figures of the run by name; None where there is nothing to measure (no job started, a pool without limit). Under `zones`
        those of each zone, where there were any.
        """
        return (
            self._measured
            | self._of_zones()
            | {
                "engine_seconds": self.engine_seconds,
                "jobs_per_second": len(self.trace) / self.engine_seconds if self.engine_seconds > 0 else None,
                "fingerprint": self.fingerprint,
                "queue": self.queue,
                "placement": self.placement,
                "clock": self.clock,
                "seed": self.seed,
                "version": VERSION,
            }
        )

    @cached_property
    def measures(self) -> dict[str, Any]:
        """What planning measures a run by, over the whole of it: `seconds`; `figures` by name and `zones` of each zone, those of
        `planning.scenario.measures`; `groups`: of each node group, the node-, core- and device-seconds it was there for and held.
        """
        from .window import Window

        window = Window(self, 0.0)
        groups = [use._asdict() for use in window.groups()]
        return {"seconds": window.seconds, "figures": window.figures(), "zones": window.zones(), "groups": groups}

    def _of_zones(self) -> dict[str, Any]:
        from .zones import zone_figures

        return {"zones": zone_figures(self.zones)} if self.quotas else {}

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """How the result was made: version, seed, options, digests of the inputs, versions of the dependencies."""
        from .fingerprints import manifest

        return manifest(self._run, self.spec, clock=self.clock, seed=self.seed, until=self.until, ties=self.ties) | {
            "fingerprint": self.fingerprint
        }

    def explain(self, job: object) -> Explanation:
        """Why a job waited, and why it ran where it did. `job` is an id or a row number. Raises OptionError for a job that is not there."""
        from .explanation import explain

        return explain(self, self.trace.row_of(job))

    def explain_longest(self, most: int) -> dict[int, str]:
        """What `explain` says of the jobs that waited longest, by row, in one run more: of `most`, and of a large run of fewer."""
        from .explanations import explain_longest

        return explain_longest(self, most)

    def to_html(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """Write the page of the run (docs/reports.md) to `path` and return where. `options`: `objectives="p95_wait=10m"`, `explain=50`.

        Raises InputError where it cannot be written, MissingExtraError without the extra `report`, and what is wrong with objectives.
        """
        return write_html("run_page", self, path, **options)

    def save(self, folder: str | os.PathLike[str], *, explain: int = 0) -> None:
        """Write the frames as Parquet, and `summary.json`, `measures.json`, `manifest.json` and `cluster.json` (the spec) into `folder`,
        for `SavedRun.open`; with `explain` also `explanations.json`, what `explain_longest` says. Raises InputError where that cannot be
        done.
        """
        from .saving import save

        save(self, folder, explain)

    @property
    def plot(self) -> Plots:
        """Figures of the run: `plot()`, `plot.waits()`, … (docs/notebooks_and_plots.md)."""
        return Plots(self, *RUN_FIGURES)

    def __repr__(self) -> str:
        from .result_view import one_line

        return one_line(self)

    def _repr_html_(self) -> str:
        from .result_view import html_table

        return html_table(self)
