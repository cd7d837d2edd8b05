"""Runs that were made already, compared: which of them are the same under other policies, and what differs between those."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ...errors import OptionError, printable
from ..statistics.samples import level
from .basis import Basis
from .comparison_result import Comparison
from .difference_rows import Correction, judged_rows

MEASURES = ("mean_wait", "p50_wait", "p95_wait", "p99_wait", "mean_jct", "mean_slowdown", "gpu_utilization", "cpu_utilization")
WHERE_ANY = ("rejected", "unfinished", "goodput", "lost_gpu_hours", "preemptions", "restarts")
"""Measures that are compared where some run has them other than 0 (goodput: other than 1)."""

_OF_ONE_RUN = ("seed", "trace", "fingerprint", "python", "dependencies", "clock")
"""What the manifest says of one run and not of its configuration."""


class Run(Protocol):
    """A `Result` or a `SavedRun`."""

    queue: str
    placement: str

    @property
    def manifest(self) -> dict[str, Any]: ...
    @property
    def measures(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class ComparedRuns:
    """`labels` of the runs, in their order; `configurations`: what was run, in order of first appearance, and `of` each run which of them.

    `comparison`: of the configurations, over the pairs of runs with the same jobs and seed; None where there are no such pairs. `said`:
    what it can be taken to say, or why there is none.
    """

    labels: tuple[str, ...]
    configurations: tuple[str, ...]
    of: tuple[int, ...]
    comparison: Comparison | None
    said: str


def compare_runs(runs: Sequence[Run], *, confidence: float = 0.95, correction: Correction = "holm") -> ComparedRuns:
    """Compare runs that were made already with the first of them.

    Runs belong to one configuration if they differ in their jobs and seed alone; runs of two configurations are a pair if they have the
    same jobs and the same seed. With at least two pairs differences have intervals as in `compare`, each pair taken as independent of the
    others; with one they are exact, and verdicts are told only where nothing in the runs is drawn at random. A run that is there twice
    counts once. Raises OptionError for fewer than two.

    >>> import mlplat as mp
    >>> spec, trace = mp.ClusterSpec.parse("2x8xV100"), mp.traces.synthetic(300, gpus=16, load=1.2, seed=1)
    >>> found = compare_runs([mp.replay(spec, trace, queue=queue) for queue in ("fifo", "easy")])
    >>> found.labels, found.comparison.verdict("easy/best-fit", "mean_wait")
    (('fifo/best-fit', 'easy/best-fit'), 'better')
    """
    if len(runs) < 2:
        raise OptionError(f"{len(runs)} runs; expected at least two to compare")
    sure = level(confidence)
    keys = [_configuration(run.manifest) for run in runs]
    known = list(dict.fromkeys(keys))
    of = tuple(known.index(key) for key in keys)
    firsts = [runs[of.index(at)] for at in range(len(known))]
    configurations = _unique(_configuration_label(run, firsts) for run in firsts)
    several = [of.count(at) > 1 for at in range(len(known))]
    labels = _unique(
        configurations[at] + (f", seed {run.manifest.get('seed')}" if several[at] else "") for run, at in zip(runs, of, strict=True)
    )
    if len(known) < 2:
        return ComparedRuns(labels, configurations, of, None, "All runs are of one configuration, so there is nothing to compare them by.")
    paired = [{_replication(run.manifest): run for run, own in zip(runs, of, strict=True) if own == at} for at in range(len(known))]
    shared = [key for key in paired[0] if all(key in others for others in paired[1:])]
    if not shared:
        return ComparedRuns(labels, configurations, of, None, "The runs do not have the same jobs and seed, so no difference is told.")
    figures = [[dict(by_key[key].measures["figures"]) for key in shared] for by_key in paired]
    basis: Basis = "exact" if len(shared) == 1 else "replications"
    rows = judged_rows(basis, configurations, figures, _measures(figures), sure, correction)
    drawn = basis == "exact" and any(_draws(run.manifest) for run in firsts)
    if drawn:
        for row in rows:
            row["verdict"] = row["verdict"] if row["difference"] in (None, 0.0) else "not shown"
    tables = tuple(
        {"policy": name, "replication": number, "fingerprint": by_key[key].manifest["fingerprint"], **values}
        for name, by_key, own in zip(configurations, paired, figures, strict=True)
        for number, (key, values) in enumerate(zip(shared, own, strict=True))
    )
    found = Comparison("runs", basis, configurations, len(shared), sure, correction, rows, tables)
    alone = "One run of each, in which something is drawn at random: the differences are those of one draw, and no verdict follows."
    return ComparedRuns(labels, configurations, of, found, alone if drawn else found.said)


def _configuration(manifest: Mapping[str, Any]) -> str:
    return json.dumps({name: value for name, value in manifest.items() if name not in _OF_ONE_RUN}, sort_keys=True)


def _replication(manifest: Mapping[str, Any]) -> tuple[str, object]:
    return str(manifest["trace"]["sha256"]), manifest.get("seed")


def _configuration_label(run: Run, others: Sequence[Run]) -> str:
    name = f"{run.queue}/{run.placement}"
    clusters = {str(other.manifest["cluster"]["sha256"]) for other in others}
    return printable(name if len(clusters) == 1 else f"{name} on {run.manifest['cluster']['name']}")


def _unique(names: Any) -> tuple[str, ...]:
    made: list[str] = []
    for name in names:
        count, told = 2, name
        while told in made:
            told, count = f"{name} ({count})", count + 1
        made.append(told)
    return tuple(made)


def _draws(manifest: Mapping[str, Any]) -> bool:
    failures = (manifest.get("conditions") or {}).get("failures") or {}
    random = manifest.get("ties") == "random" or str(manifest.get("placement")).startswith("random")
    return bool(random or "reliability" in failures or manifest.get("autoscaling"))


def _measures(figures: Sequence[Sequence[Mapping[str, float | None]]]) -> list[str]:
    every = [values for runs in figures for values in runs]
    told = [name for name in MEASURES if all(values.get(name) is not None for values in every)]
    usual = {"goodput": 1.0}
    return told + [name for name in WHERE_ANY if any(values.get(name) not in (None, usual.get(name, 0.0)) for values in every)]
