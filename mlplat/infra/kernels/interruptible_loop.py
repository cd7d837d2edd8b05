"""The compiled clock where jobs can be interrupted.

Completions, ends of grace and falls of level come from a heap with stale entries in it, incidents from their list, arrivals from the trace.
"""

from __future__ import annotations

import numpy as np

from .attempts import meet_due
from .compilation import entry, kernel
from .conservative import has_room_to_plan
from .heaps import pop, push
from .incidents import happen
from .interruptible_cycle import every_cycle
from .state import (
    CHANGED,
    DONE,
    FULL,
    HEAP,
    HELD_BACK,
    NEW_ATTEMPTS,
    NEXT_ARRIVAL,
    NEXT_INCIDENT,
    PACED,
    RECORDS,
    RUNNING,
    STARTED,
    STATUS,
    WAITING,
    World,
    world_at,
)
from .transitions import submit
from .workloads import ready


@kernel
def has_room_to_write(world: World) -> bool:
    """Whether the next cycle's starts and plans surely fit into the arrays. In one cycle a job starts at most twice."""
    count = world.count
    starts = 2 * (count[WAITING] + count[RUNNING])
    enough = count[STARTED] + starts <= len(world.attempts.start)
    enough = enough and has_room_to_plan(world)
    return enough and count[RECORDS] + starts * world.widest <= len(world.log.records)  # type: ignore[no-any-return]


@kernel
def _next_due(world: World) -> float:
    """When the next job is due. Entries that no longer hold are dropped on the way."""
    completions, due, count = world.completions, world.progress.due, world.count
    while count[HEAP] > 0 and due[completions.job[0]] != completions.time[0]:
        pop(completions.time, completions.job, count[HEAP])
        count[HEAP] -= 1
    return completions.time[0] if count[HEAP] > 0 else np.inf  # type: ignore[no-any-return]


@kernel
def _note_changes(world: World) -> None:
    """Enter the jobs whose next event has changed into the heap; where it is full, leave out what no longer holds."""
    completions, progress, count = world.completions, world.progress, world.count
    for i in range(count[CHANGED]):
        job = np.int64(progress.changed[i])
        progress.listed[job] = False
        if progress.due[job] == np.inf:
            continue
        if count[HEAP] == len(completions.time):
            size, count[HEAP] = count[HEAP], 0
            for j in range(size):
                time, other = completions.time[j], np.int64(completions.job[j])
                if progress.due[other] == time:
                    push(completions.time, completions.job, count[HEAP], time, other)
                    count[HEAP] += 1
        push(completions.time, completions.job, count[HEAP], progress.due[job], job)
        count[HEAP] += 1
    count[CHANGED] = 0


@kernel
def _events(world: World, now: float) -> None:
    """What happens at `now` before the cycle: jobs that are due in job order, incidents in their order, arrivals in order of submission."""
    count, jobs, completions, progress, hardware = world.count, world.jobs, world.completions, world.progress, world.hardware
    while _next_due(world) == now:
        job = np.int64(completions.job[0])
        pop(completions.time, completions.job, count[HEAP])
        count[HEAP] -= 1
        progress.due[job] = np.inf
        meet_due(world, job, now)
    while count[NEXT_INCIDENT] < len(hardware.time) and hardware.time[count[NEXT_INCIDENT]] == now:
        i = count[NEXT_INCIDENT]
        happen(world, np.int64(hardware.code[i]), np.int64(hardware.node[i]), np.int64(hardware.device[i]), hardware.grace[i], now)
        count[NEXT_INCIDENT] += 1
    arrival = count[NEXT_ARRIVAL]
    while arrival < len(jobs.submit) and jobs.submit[arrival] == now:
        submit(world, arrival)
        arrival += 1
    count[NEXT_ARRIVAL] = arrival


@entry
def run_interruptible(address: int, until: float, instants: int) -> int:
    """Advance by up to `instants` instants, none of them after `until`. Returns `count[STATUS]`: DONE when there is nothing more to do,
    FULL where the attempts or records need longer arrays before the cycle that is due, NEW_ATTEMPTS where `set_pace` is wanted.
    """
    world = world_at(address)
    count, jobs, hardware, clock = world.count, world.jobs, world.hardware, world.clock
    n = len(jobs.submit)
    for _ in range(instants):
        if count[STATUS] == FULL:
            now = clock[0]
        else:
            if count[NEXT_ARRIVAL] == n and count[WAITING] == 0 and count[RUNNING] == 0 and count[HELD_BACK] == 0:
                return DONE
            now = _next_due(world)
            if count[NEXT_ARRIVAL] < n:
                now = min(now, jobs.submit[count[NEXT_ARRIVAL]])
            if count[NEXT_INCIDENT] < len(hardware.time):
                now = min(now, hardware.time[count[NEXT_INCIDENT]])
            if now == np.inf or now > until:
                return DONE
            clock[0] = now
            _events(world, now)
        if not has_room_to_write(world):
            count[STATUS] = FULL
            return FULL
        count[STATUS] = 0
        every_cycle(world, now)
        _note_changes(world)
        if count[STATUS] != 0:
            break
        if world.options.paced and count[PACED] < count[STARTED]:
            return NEW_ATTEMPTS
    return count[STATUS]  # type: ignore[no-any-return]


@entry
def set_pace(address: int, job: int, pace: float) -> None:
    """A job that has just started works at `pace` seconds of work a second."""
    world = world_at(address)
    ready(world, job, pace, np.inf, world.clock[0])
    _note_changes(world)
