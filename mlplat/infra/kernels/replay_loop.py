"""The compiled clock: takes arrivals from the trace and completions from a heap, and calls the transitions in their order."""

from __future__ import annotations

import numpy as np

from .compilation import entry
from .cycle import cycle
from .heaps import pop, push
from .state import DONE, HEAP, NEXT_ARRIVAL, SCHEDULED, STARTED, STATUS, plain_world_at
from .transitions import complete, submit


@entry
def run(address: int, until: float, instants: int) -> int:
    """Advance by up to `instants` instants, none of them after `until`. Returns `count[STATUS]`: DONE when there is nothing more to do.

    At an instant: completions in job order, arrivals in order of submission, one cycle.
    """
    world = plain_world_at(address)
    count, jobs, log, completions = world.count, world.jobs, world.log, world.completions
    n = len(jobs.submit)
    for _ in range(instants):
        now = completions.time[0] if count[HEAP] > 0 else np.inf
        arrival = count[NEXT_ARRIVAL]
        if arrival < n and jobs.submit[arrival] < now:
            now = jobs.submit[arrival]
        if now == np.inf or now > until:
            return DONE
        while count[HEAP] > 0 and completions.time[0] == now:
            job = np.int64(completions.job[0])
            pop(completions.time, completions.job, count[HEAP])
            count[HEAP] -= 1
            complete(world, job)
        while arrival < n and jobs.submit[arrival] == now:
            submit(world, arrival)
            arrival += 1
        count[NEXT_ARRIVAL] = arrival
        cycle(world, now)
        for i in range(count[SCHEDULED], count[STARTED]):
            job = np.int64(log.order[i])
            end = now + jobs.duration[job]
            if end < np.inf:
                push(completions.time, completions.job, count[HEAP], end, job)
                count[HEAP] += 1
        count[SCHEDULED] = count[STARTED]
        if count[STATUS] != 0:
            break
    return count[STATUS]  # type: ignore[no-any-return]
