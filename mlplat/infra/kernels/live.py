"""Entry points of the live clock: one call for each event."""

from __future__ import annotations

import numpy as np

from .attempts import meet_due
from .compilation import entry, kernel
from .cycle import cycle
from .gangs import records_end, release
from .incidents import happen, set_type
from .interruptible_cycle import every_cycle
from .interruptible_loop import has_room_to_write
from .state import CHANGED, CLOSED, FULL, STARTED, STATUS, JobState, World, plain_world_at, world_at
from .transitions import complete, submit
from .workloads import await_ready, end_for_good, go_on, ready, set_back

AWAITED = int(JobState.PENDING)
DUES, ARRIVALS = 1, 2


@entry
def submit_job(address: int, job: int) -> None:
    """See `transitions.submit`."""
    world = plain_world_at(address)
    submit(world, job)


@entry
def complete_job(address: int, job: int) -> None:
    """See `transitions.complete`."""
    world = plain_world_at(address)
    complete(world, job)


@entry
def run_cycle(address: int, now: float) -> None:
    """See `cycle.cycle`."""
    world = plain_world_at(address)
    cycle(world, now)


@entry
def take_back(address: int, job: int) -> None:
    """Undo the placement of the job that started last, to look at the state on which it was decided."""
    world = world_at(address)
    release(world, job, np.int64(world.log.first[job]), records_end(world, job))


@entry
def settle(address: int, parts: int, dues: int, first: int, last: int, now: float) -> int:
    """The events of an instant but incidents, and its cycle. `parts`: DUES, ARRIVALS or both, since incidents come between.

    DUES: the first `dues` jobs of the inbox are due, in job order. ARRIVALS: jobs `first` to `last` - 1 arrive, and the cycle follows.
    Returns FULL, before the cycle, where the attempts or records need longer arrays.
    """
    world = world_at(address)
    if parts & DUES:
        progress = world.progress
        for i in range(dues):
            job = np.int64(progress.inbox[i])
            if progress.due[job] == now:
                progress.due[job] = np.inf
                meet_due(world, job, now)
    if parts & ARRIVALS:
        for job in range(first, last):
            if world.log.state[job] == AWAITED:
                submit(world, job)
        if not has_room_to_write(world):
            return FULL
        every_cycle(world, now)
        report(world)
    return world.count[STATUS]  # type: ignore[no-any-return]


@kernel
def report(world: World) -> None:
    """Tell the live clock whose next event has changed, and count what has ended and started."""
    progress, count = world.progress, world.count
    for i in range(count[CHANGED]):
        job = progress.changed[i]
        progress.when[i] = progress.due[job]
        progress.listed[job] = False
    world.report[0], world.report[1], world.report[2] = count[CHANGED], count[CLOSED], count[STARTED]
    count[CHANGED] = 0


@entry
def report_changes(address: int) -> None:
    """See `report`."""
    world = world_at(address)
    report(world)


@entry
def let_happen(address: int, code: int, node: int, device: int, grace: float, now: float) -> None:
    """See `incidents.happen`."""
    world = world_at(address)
    happen(world, code, node, device, grace, now)


@entry
def change_type(address: int, node: int, row: int) -> None:
    """See `incidents.set_type`."""
    world = world_at(address)
    set_type(world, node, row)


@entry
def await_ready_job(address: int, job: int) -> None:
    """See `workloads.await_ready`."""
    world = world_at(address)
    await_ready(world, job)


@entry
def ready_job(address: int, job: int, pace: float, until: float, now: float) -> None:
    """See `workloads.ready`."""
    world = world_at(address)
    ready(world, job, pace, until, now)


@entry
def go_on_with_job(address: int, job: int, written: float, until: float, now: float) -> bool:
    """See `workloads.go_on`."""
    world = world_at(address)
    return go_on(world, job, written, until, now)  # type: ignore[no-any-return]


@entry
def set_back_job(address: int, job: int, now: float) -> None:
    """See `workloads.set_back`."""
    world = world_at(address)
    set_back(world, job, now)


@entry
def end_job(address: int, job: int, state: int, outcome: int, grace: float, now: float) -> bool:
    """See `workloads.end_for_good`."""
    world = world_at(address)
    return end_for_good(world, job, state, outcome, grace, now)  # type: ignore[no-any-return]
