"""Entry points of the live clock: one call for each event."""

from __future__ import annotations

import numpy as np

from .compilation import entry
from .cycle import cycle
from .gangs import records_end, release
from .state import world_at
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
