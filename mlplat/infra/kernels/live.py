"""Entry points of the live clock: one call for each event."""

from __future__ import annotations

import numpy as np

from .attempts import meet_due
from .compilation import entry
from .cycle import cycle
from .gangs import records_end, release
from .incidents import happen
from .interruptible_cycle import every_cycle
from .interruptible_loop import has_room_to_write
from .state import FULL, STATUS, world_at
from .transitions import complete, submit


@entry
def submit_job(address: int, job: int) -> None:
    """See `transitions.submit`."""
    world = world_at(address)
    submit(world, job)


@entry
def complete_job(address: int, job: int) -> None:
    """See `transitions.complete`."""
    world = world_at(address)
    complete(world, job)


@entry
def run_cycle(address: int, now: float) -> None:
    """See `cycle.cycle`."""
    world = world_at(address)
    cycle(world, now)


@entry
def take_back(address: int, job: int) -> None:
    """Undo the placement of the job that started last, to look at the state on which it was decided."""
    world = world_at(address)
    release(world, job, np.int64(world.log.first[job]), records_end(world, job))


@entry
def meet_due_job(address: int, job: int, now: float) -> None:
    """See `attempts.meet_due`. Nothing happens if the job is not due at `now`."""
    world = world_at(address)
    if world.progress.due[job] == now:
        world.progress.due[job] = np.inf
        meet_due(world, job, now)


@entry
def let_happen(address: int, code: int, node: int, device: int, grace: float, now: float) -> None:
    """See `incidents.happen`."""
    world = world_at(address)
    happen(world, code, node, device, grace, now)


@entry
def run_every_cycle(address: int, now: float) -> int:
    """See `interruptible_cycle.every_cycle`. Returns FULL, and does nothing, where the attempts or records need longer arrays first."""
    world = world_at(address)
    if not has_room_to_write(world):
        return FULL
    every_cycle(world, now)
    return world.count[STATUS]  # type: ignore[no-any-return]
