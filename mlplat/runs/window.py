"""The figures of a run between two instants, from its arrays: what planning measures clusters by, without a frame.

Jobs count that were submitted at or after `begin` and before `end`; amounts held are those between the two.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..infra.kernels.attempt_state import Outcome
from ..infra.kernels.state import STARTED, JobState
from ..infra.quotas import Quota, with_the_rest
from ..infra.quotas.arrays import leaves_of
from ..infra.records import Records, attempts_of, end_times, placed
from .frames import held
from .metrics import FINAL, SHORT_RUN_S, share_of
from .scaled import stays

if TYPE_CHECKING:
    import numpy.typing as npt

    from .result import Result

    Floats = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]

PERCENTILES = (50, 90, 95, 99)


class GroupUse(NamedTuple):
    """What a node group held and was there for, between two instants: node-, core- and device-seconds."""

    nodes_s: float
    cores_s: float
    devices_s: float


class Window:
    """A run between two instants: `begin` (s; the first submission where that is later) and its end.

    `whole_run`: whether all its jobs count, which saves a look at each.
    """

    def __init__(self, result: Result, begin: float) -> None:
        self._result, self._run = result, result._run
        trace = result.trace
        first = float(trace.submit[0]) if len(trace) else 0.0
        self.end = result.end_s
        self.begin = min(max(begin, first), self.end)
        from_row, to_row = np.searchsorted(trace.submit, (begin, self.end), side="left")
        if np.isinf(result.until):
            to_row = len(trace)
        self._rows = slice(int(from_row), int(to_row))
        self._ends = end_times(self._run)
        self._records: Records = placed(self._run)
        self._held = held(self._run, self._records)
        start, stop = self._spans()
        if self.begin > first:
            spell = np.maximum(stop, self.begin) - np.maximum(start, self.begin)
        else:
            spell = stop - start
        self._spell = spell[self._records.attempt]

    def _spans(self) -> tuple[Floats, Floats]:
        """Start and end of each attempt's room; of one that goes on, the end of the window."""
        world = self._run.world
        made = int(world.count[STARTED])
        if world.interruptible:
            start, end = world.attempts.start[:made], world.attempts.end[:made]
        else:
            job = world.log.order[:made]
            start, end = world.log.start[job], self._ends[job]
        return start, np.where(np.isnan(end), self.end, end)

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.begin

    @cached_property
    def _busy(self) -> dict[str, float]:
        """Of each amount the sum over all records, times seconds. No product of BLAS, whose sums depend on its number of threads."""
        return {name: float((amount * self._spell).sum()) for name, amount in self._held.items()}

    def figures(self) -> dict[str, float | None]:
        """The figures of all jobs, and the use of the cluster."""
        figures = self._of_jobs(None) | self._of_attempts(None)
        nodes = self._run.nodes
        capacity = {"cpu": nodes.cpu_milli, "memory": nodes.memory_mib, "gpu": nodes.gpus.astype(np.int64) * 1000}
        for name, key in (("cpu", "cpu_milli"), ("memory", "memory_mib"), ("gpu", "gpu_milli")):
            figures[f"{name}_utilization"] = share_of(self._busy[key], capacity[name], self.seconds)
        return figures

    def zones(self) -> dict[str, dict[str, float | None]]:
        """The figures of the jobs of each zone, by its name; empty without zones."""
        described = self._result.quotas
        if not described:
            return {}
        of = leaves_of(described, self._result.trace)
        leaves = {node: one.name for node, one in enumerate(with_the_rest(described), start=1) if isinstance(one, Quota)}
        named = {one.name for one in described}
        made = {}
        for node, name in leaves.items():
            mask = of == node
            if name in named or mask.any():
                made[name] = self._of_jobs(mask) | self._of_attempts(mask)
        return made

    def groups(self) -> list[GroupUse]:
        """What each node group was there for and held, in the order of the spec."""
        spec, nodes, seconds = self._result.spec, self._run.nodes, self.seconds
        count = len(spec.groups)
        if any(group.scaling is not None for group in spec.groups):
            first = float(self._result.trace.submit[0]) if len(self._result.trace) else 0.0
            row, asked, _, left = stays(self._run, spec, first, self.end)
            paid = np.clip(left, self.begin, self.end) - np.clip(asked, self.begin, self.end)
            there = np.bincount(nodes.group[row], weights=paid, minlength=count)
        else:
            there = np.array([group.count * seconds for group in spec.groups])
        if count == 1:
            cores, devices = (np.array([self._busy[key] / 1000]) for key in ("cpu_milli", "gpu_milli"))
        else:
            group = nodes.group[self._records.node]
            cores, devices = (
                np.bincount(group, weights=self._held[key] * self._spell, minlength=count) / 1000 for key in ("cpu_milli", "gpu_milli")
            )
        return [GroupUse(*row) for row in zip(there.tolist(), cores.tolist(), devices.tolist(), strict=True)]

    def _of_jobs(self, mask: Mask | None) -> dict[str, float | None]:
        log, trace, rows = self._run.world.log, self._result.trace, self._rows
        keep: Any = slice(None) if mask is None else mask[rows]
        state, submit, duration = log.state[rows][keep], trace.submit[rows][keep], trace.duration[rows][keep]
        start, end = log.start[rows][keep], self._ends[rows][keep]
        count = np.bincount(state, minlength=len(JobState))
        jobs, completed = len(state), int(count[JobState.COMPLETED])
        refused = int(count[list(FINAL)].sum()) - completed
        wait = np.where(np.isnan(start), self.end, start) - submit
        never = np.isnan(start)
        if refused and never.any():
            wait = wait[~(never & np.isin(state, FINAL))]
        jct = end - submit
        if completed < jobs:
            done = state == JobState.COMPLETED
            jct, duration = jct[done], duration[done]
        slowdown = np.maximum(jct / np.maximum(duration, SHORT_RUN_S), 1.0)
        ranked = np.sort(wait)
        figures: dict[str, float | None] = {"mean_wait": _mean(wait)}
        figures |= {f"p{part}_wait": _ranked(ranked, part) for part in PERCENTILES}
        ends = self._ends if mask is None else self._ends[mask]
        # NaN is neither after the beginning nor before the end.
        within = int(np.count_nonzero((ends >= self.begin) & (ends <= self.end)))
        return figures | {
            "max_wait": float(ranked[-1]) if len(ranked) else None,
            "mean_jct": _mean(jct),
            "p95_jct": _percentile(jct, 95),
            "mean_slowdown": _mean(slowdown),
            "p95_slowdown": _percentile(slowdown, 95),
            "jobs": jobs,
            "completed": completed,
            "rejected": refused,
            "unfinished": jobs - completed - refused,
            "completed_share": completed / jobs if jobs else None,
            "rejected_share": refused / jobs if jobs else None,
            "jobs_per_day": within / self.seconds * 86400 if self.seconds > 0 else None,
        }

    def _of_attempts(self, mask: Mask | None) -> dict[str, float | None]:
        records, gpu = self._records, self._held["gpu_milli"]
        busy = self._busy["gpu_milli"] if mask is None else float((gpu * self._spell)[mask[records.job]].sum())
        figures: dict[str, float | None] = {"gpus_held": busy / 1000 / self.seconds if self.seconds > 0 else None}
        counted = np.zeros(len(self._result.trace), dtype=np.bool_)
        counted[self._rows] = True if mask is None else mask[self._rows]
        if not self._run.world.interruptible:  # nothing is ever lost, and every job has one attempt
            some = bool((gpu[counted[records.job]] > 0).any())
            return figures | {"goodput": 1.0 if some else None, "lost_gpu_hours": 0.0, "preemptions": 0, "reclaimed": 0, "restarts": 0}
        # Attempts count by their job, amounts held by the instants at which they were.
        attempts = attempts_of(self._run, self.end)
        counts = counted[attempts.job]
        weights = np.where(counts[records.attempt], gpu, 0)
        stop = np.where(np.isnan(attempts.end), self.end, attempts.end)
        taken = float((weights * (stop - attempts.start)[records.attempt]).sum())
        saved = float((weights * attempts.saved[records.attempt]).sum())
        return figures | {
            "goodput": saved / taken if taken > 0 else None,
            "lost_gpu_hours": float((weights * attempts.lost[records.attempt]).sum()) / 3.6e6,
            "preemptions": int(np.count_nonzero((attempts.outcome == Outcome.PREEMPTED) & counts)),
            "reclaimed": int(np.count_nonzero((attempts.outcome == Outcome.RECLAIMED) & counts)),
            "restarts": int(np.count_nonzero((attempts.number > 0) & counts)),
        }

    def waits(self) -> Floats:
        """float64[n]: the waits of the jobs that count, in order of submission, as in the figures; NaN of those that were refused."""
        log, trace, rows = self._run.world.log, self._result.trace, self._rows
        start, state = log.start[rows], log.state[rows]
        waits: Floats = np.where(np.isnan(start), self.end, start) - trace.submit[rows]
        waits[np.isnan(start) & np.isin(state, FINAL)] = np.nan
        return waits


def _percentile(values: Floats, percent: int) -> float | None:
    """One percentile of values in any order, which takes less than to sort them."""
    if not len(values):
        return None
    below = int(percent / 100 * (len(values) - 1))
    return _ranked(np.partition(values, (below, min(below + 1, len(values) - 1))), percent)


def _ranked(ranked: Floats, percent: int) -> float | None:
    """A percentile of sorted values by linear interpolation, as numpy's default has it to the last bit; None where there is nothing."""
    if not len(ranked):
        return None
    at = percent / 100 * (len(ranked) - 1)
    below = int(at)
    low, high = float(ranked[below]), float(ranked[min(below + 1, len(ranked) - 1)])
    part = at - below
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None
