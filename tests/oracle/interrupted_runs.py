"""The scheduler's side of an interrupted run: built and driven by hand, since its incidents are given as a list and not drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mlplat.hardware import ClusterSpec
from mlplat.infra.attempt_arrays import Interruptions, Limit
from mlplat.infra.incidents import Incidents
from mlplat.infra.placement import placement_policy
from mlplat.infra.queueing import queue_policy
from mlplat.infra.quotas import Cohort, Quota
from mlplat.infra.world import build_run
from mlplat.runs.driving import drive
from mlplat.runs.result import Result
from mlplat.workload import JobTrace

from .naive_attempts import NO_CHECKPOINTS, NaiveCheckpoint
from .naive_quota_tree import Described, NaiveCohort, NaiveQuota

UNITS = {
    "cpu": ("cpus", 1000),
    "memory": ("memory_gib", 1024),
    "disk": ("disk_gib", 1024),
    "gpu": ("gpu_milli", 1),
    "environments": ("environments", 1),
}
"""Dimension of the oracle's quotas -> key of `mp.Quota`, and how much one of it is."""

COLUMNS = {"cpu": "cpu_milli", "memory": "memory_mib", "gpu": "gpu_milli"}


def run_interrupted(
    spec: ClusterSpec,
    trace: JobTrace,
    *,
    queue: str,
    placement: Any,
    clock: str = "replay",
    ties: str | Sequence[int] = "node-order",
    until: float | None = None,
    seed: int = 0,
    incidents: Iterable[tuple[Any, ...]] = (),
    checkpoint: NaiveCheckpoint = NO_CHECKPOINTS,
    max_restarts: int | None = None,
    scrape: float | None = None,
    limits: Mapping[str, Mapping[str, int]] | None = None,
    pace_of: Callable[[int], float] | None = None,
    quotas: Sequence[Described] = (),
    **queue_options: Any,
) -> Result:
    """The keywords are those of `naive_scheduler.schedule`, and `pace_of` that of the run."""
    what = Interruptions(
        incidents=incident_arrays(incidents),
        interval=checkpoint.interval,
        write=checkpoint.write,
        restart=checkpoint.restart,
        max_restarts=max_restarts,
        scrape=scrape or 0.0,
        limits={group: Limit(**{COLUMNS[name]: amount for name, amount in most.items()}) for group, most in (limits or {}).items()},
        paced=pace_of is not None,
    )
    policy = queue_policy(queue, **queue_options)
    horizon = math.inf if until is None else until

    def build() -> Any:
        placed_by, described = placement_policy(placement), library_quotas(quotas)
        made = build_run(spec.nodes(), trace, policy, placed_by, ties=ties, seed=seed, interruptions=what, quotas=described)
        made.pace_of = pace_of
        return made

    run = build()
    drive(run, horizon, clock)
    return Result(run, spec, clock=clock, seed=seed, until=horizon, ties=ties, engine_seconds=0.0, rebuilt=build)


def library_quotas(described: Iterable[Described]) -> list[Quota | Cohort]:
    """The library's descriptions of the oracle's quotas and cohorts."""
    return [library_quota(one) if isinstance(one, NaiveQuota) else library_cohort(one) for one in described]


def library_cohort(one: NaiveCohort) -> Cohort:
    return Cohort(one.name, one.parent or None, *(library_amounts(each) for each in (one.guarantee, one.limit, one.lend)))


def library_quota(one: NaiveQuota) -> Quota:
    return Quota(
        one.name,
        *(library_amounts(each) for each in (one.guarantee, one.limit, one.lend)),
        cohort=one.parent or None,
        groups=one.groups,
        priority=one.priority,
        weight=one.weight,
        reclaim=one.reclaim,  # type: ignore[arg-type]
        within=one.within,  # type: ignore[arg-type]
        borrow_within=one.borrow_within,  # type: ignore[arg-type]
        borrow_within_threshold=None if one.threshold == math.inf else int(one.threshold),
        reclaim_within=one.reclaim_within,
        flavors=one.flavors,
        when_can_borrow=one.when_can_borrow,  # type: ignore[arg-type]
        when_can_preempt=one.when_can_preempt,  # type: ignore[arg-type]
        suspended=one.suspended,
    )


def library_amounts(amounts: Mapping[str, int]) -> dict[str, Any]:
    """Milli and MiB in the units in which people give them."""
    found: dict[str, Any] = {}
    for dimension, amount in amounts.items():
        flavor, _, name = dimension.rpartition("/")
        key, scale = UNITS[name]
        (found.setdefault(flavor, {}) if flavor else found)[key] = amount / scale
    return found


def incident_arrays(incidents: Iterable[tuple[Any, ...]]) -> Incidents:
    """The arrays of a sorted list of (time, code, node, device, grace)."""
    rows = [tuple(incident) for incident in sorted(incidents)]
    kinds = {"time": np.float64, "code": np.int8, "node": np.int32, "device": np.int32, "grace": np.float64}
    return Incidents(*(np.array([row[i] for row in rows], dtype=kind) for i, kind in enumerate(kinds.values())))


def library_attempts(result: Result) -> list[tuple[Any, ...]]:
    """(job, attempt, node, device, mig_start, replicas, start_s, stop_s, end_s, outcome) of each record, attempts in order of start."""
    names = ("job", "attempt", "node", "device", "mig_start", "replicas", "start_s", "stop_s", "end_s", "outcome")
    return result.attempts.select(names).rows()


def library_work(result: Result) -> list[tuple[int, int, float, float]]:
    """(job, attempt, useful, lost) seconds of work of each attempt in order of start."""
    return (
        result.attempts.unique(["job", "attempt"], keep="first", maintain_order=True).select("job", "attempt", "saved_s", "lost_s").rows()
    )
