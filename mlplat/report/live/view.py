"""What is shown of a simulation at one instant: plain values that the terminal and the page draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...errors import printable
from ...infra.allocations import capacity, in_rows
from ...infra.kernels.attempt_state import ABSENT, CORDONED, CRASHED, CUT, GIVEN_UP, OFFLINE, SHUT
from ...infra.kernels.state import GPU, NODE, TYPE, JobState
from ...resources import DEVICE_MILLI, UNLIMITED

if TYPE_CHECKING:
    from ...hardware.node_table import NodeTable
    from ...infra.world import Run

POOLS = ("cpu", "memory", "disk", "gpu")
HEALTH = ("ready", "cordoned", "unreachable", "down", "absent")
MOST_JOBS = 40
"""Jobs that wait, and that run, of which a view has the names."""
ENDED = (JobState.COMPLETED, JobState.REJECTED, JobState.LOST, JobState.FAILED, JobState.CANCELLED)
LONGEST_NAME = 120


class Job(NamedTuple):
    """A job that waits or runs. `since`: s. `where`: the node of its first replica, empty while it waits."""

    name: str
    since: float
    where: str


class Happened(NamedTuple):
    """Something that happened. `time`: s. `failure`: whether hardware, a job or a service failed."""

    time: float
    text: str
    failure: bool


@dataclass(frozen=True, slots=True)
class View:
    """A simulation at one instant.

    `time`: s. `horizon`: where it ends (s), infinite where that is open. `counts`: jobs by where they are in their life. `held`, `whole`:
    of each pool that is limited, amounts over all nodes. `part`: float64[N], the held part of each node's devices, of its cores where it
    has none. `health`: int8[N], places in `HEALTH`. `waiting`, `running`: the first to arrive, the last to start. `events`: the latest
    last.
    """

    time: float
    horizon: float
    counts: Mapping[str, int]
    held: Mapping[str, int]
    whole: Mapping[str, int]
    part: npt.NDArray[np.float64]
    health: npt.NDArray[np.int8]
    waiting: tuple[Job, ...]
    running: tuple[Job, ...]
    events: tuple[Happened, ...]
    failures: int


def without_cluster(time: float, horizon: float, events: tuple[Happened, ...], failures: int) -> View:
    """The view of a simulation of which nothing but its log is known."""
    return View(time, horizon, {}, {}, {}, np.zeros(0), np.zeros(0, dtype=np.int8), (), (), events, failures)


def named(name: str) -> str:
    """A user's name, fit for a terminal and not too long."""
    text = printable(name)
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"


@dataclass(slots=True)
class Looking:
    """Looks at the state of a scheduler, which it only reads. `name_of`: of a job by its number. `arrived`: how many jobs have arrived."""

    run_of: Callable[[], Run]
    nodes: NodeTable
    name_of: Callable[[int], str]
    arrived: Callable[[], int]
    _whole: npt.NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self._whole = capacity(self.nodes)

    def view(self, time: float, horizon: float, events: tuple[Happened, ...], failures: int) -> View:
        """What is so now."""
        run = self.run_of()
        state = run.world.log.state[: self.arrived()]
        held = held_of(run)
        limited = {pool: d for d, pool in enumerate(POOLS) if 0 < self._whole[:, d].max(initial=0) < UNLIMITED}
        by_state = np.bincount(state, minlength=len(JobState)).tolist()
        counts = {each.name.lower(): by_state[each] for each in (JobState.WAITING, JobState.RUNNING, JobState.HELD, *ENDED)}
        waiting = np.flatnonzero((state == JobState.WAITING) | (state == JobState.HELD))[:MOST_JOBS]
        return View(
            time,
            horizon,
            counts,
            {pool: int(held[:, d].sum()) for pool, d in limited.items()},
            {pool: int(self._whole[:, d].sum()) for pool, d in limited.items()},
            self._part(held),
            health_of(run),
            tuple(Job(self._name(job), float(run.world.jobs.submit[job]), "") for job in waiting.tolist()),
            self._running(run, state),
            events,
            failures,
        )

    def _part(self, held: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Of devices where there are any, else of cores."""
        has = self.nodes.gpus > 0
        most = np.where(has, self._whole[:, GPU], self._whole[:, 0])
        mine = np.where(has, held[:, GPU], held[:, 0])
        return np.clip(np.divide(mine, most, out=np.zeros(len(most)), where=(most > 0) & (most < UNLIMITED)), 0.0, 1.0)

    def _running(self, run: Run, state: npt.NDArray[np.int8]) -> tuple[Job, ...]:
        world = run.world
        jobs = np.flatnonzero(state == JobState.RUNNING)
        start = world.attempts.start[world.progress.attempt[jobs]] if world.interruptible else world.log.start[jobs]
        latest = np.lexsort((jobs, start))[::-1][:MOST_JOBS]
        found = []
        for job, since in zip(jobs[latest].tolist(), start[latest].tolist(), strict=True):
            row = int(world.cluster.row_of[world.log.records[world.log.first[job], NODE]])
            found.append(Job(self._name(job), since, named(self.nodes.names[row])))
        return tuple(found)

    def _name(self, job: int) -> str:
        return named(self.name_of(job)) or f"job {job}"


def held_of(run: Run) -> npt.NDArray[np.int64]:
    """int64[N, 4]: what is held of each node, by the rows of the cluster's description."""
    world = run.world
    free, health = world.nodes.free, world.hardware.health
    held: npt.NDArray[Any] = world.cluster.capacity[free[:, TYPE], : GPU + 1] - free[:, : GPU + 1]
    if len(health):
        held[health & SHUT != 0, 0] -= OFFLINE
        held[:, GPU] -= DEVICE_MILLI * world.hardware.down.sum(axis=1)
    return in_rows(world, held)


def health_of(run: Run) -> npt.NDArray[np.int8]:
    """int8[N]: places in `HEALTH`, by the rows of the cluster's description."""
    world = run.world
    bits = world.hardware.health
    found = np.zeros(len(world.cluster.row_of), dtype=np.int8)
    if len(bits):
        found[bits & CORDONED != 0] = HEALTH.index("cordoned")
        found[bits & (CRASHED | CUT) != 0] = HEALTH.index("unreachable")
        found[bits & GIVEN_UP != 0] = HEALTH.index("down")
        found[bits & ABSENT != 0] = HEALTH.index("absent")
    return in_rows(world, found)
