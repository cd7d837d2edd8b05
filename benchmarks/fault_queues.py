"""The scheduler's bookkeeping: each structure must hold exactly the jobs that it is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from mlplat.infra.kernels.state import HEAD, HELD_BACK, RANKED, RUNNING, SHAPE, STOPPING, WAITING, JobState, Queue, World

Array = np.ndarray[Any, Any]
HEAPS = (Queue.SJF, Queue.PRIORITY, Queue.SRTF, Queue.LAS)
LISTS = (Queue.BEST_EFFORT_FIFO, Queue.EASY, Queue.DRF, Queue.CONSERVATIVE)
RANKING = (Queue.EASY, Queue.CONSERVATIVE, Queue.PRIORITY, Queue.SRTF, Queue.LAS)


def wrong_queues(world: World, state: Array, running: Array) -> Iterator[str]:
    """What is wrong with the queue and the order of the running jobs. `state`: of all jobs; `running`: those that hold room, ascending."""
    count, queue = world.count, world.queue
    waiting = np.flatnonzero(state == JobState.WAITING)
    if count[WAITING] != len(waiting):
        yield f"{count[WAITING]} jobs are counted as waiting, and {len(waiting)} wait"
    if count[RUNNING] != len(running):
        yield f"{count[RUNNING]} jobs are counted as running, and {len(running)} hold room"
    if queue in HEAPS:
        yield from _wrong_heap(world, waiting)
    elif queue in LISTS:
        yield from _wrong_lists(world, waiting)
    if queue not in HEAPS and len(waiting) and count[HEAD] > waiting[0]:
        yield f"the search for the head begins at job {count[HEAD]}, and job {waiting[0]} waits"
    if queue in RANKING:
        yield from _wrong_ranking(world, running)
    if len(world.groups.limit):
        yield from _wrong_held(world, state)


def _wrong_heap(world: World, waiting: Array) -> Iterator[str]:
    size = int(world.count[WAITING])
    jobs, keys = world.waiting.job[:size], world.waiting.key[:size]
    if not np.array_equal(np.sort(jobs), waiting):
        yield f"the queue holds {sorted(jobs.tolist())}, and {waiting.tolist()} wait"
        return
    right = world.jobs.estimate[jobs] if world.queue in (Queue.SJF, Queue.SRTF) else -world.progress.level[jobs]
    if not np.array_equal(keys, right):
        yield "a job is queued under another key than it has"
    parent = (np.arange(1, size) - 1) >> 1
    later = (keys[parent] > keys[1:]) | ((keys[parent] == keys[1:]) & (jobs[parent] > jobs[1:]))
    if later.any():
        yield "the queue is not in order"


def _wrong_lists(world: World, waiting: Array) -> Iterator[str]:
    lists = world.waiting
    used = lists.lists[: int(lists.listed[0])].tolist()
    if sorted(used) != np.flatnonzero(lists.first >= 0).tolist():
        yield "the lists in use are not those that have jobs"
    by = world.jobs.gang[:, SHAPE] if world.queue in (Queue.BEST_EFFORT_FIFO, Queue.EASY) else world.groups.of
    found: list[int] = []
    for which in used:
        job, before = int(lists.first[which]), -1
        while job >= 0 and len(found) <= len(waiting):
            if job <= before:
                yield f"job {job} stands behind job {before} in a list"
            if world.queue != Queue.CONSERVATIVE and by[job] != which:
                yield f"job {job} stands in a list that is not its own"
            found.append(job)
            before, job = job, int(lists.next[job])
        if before != lists.last[which]:
            yield "the end of a list is not its last job"
    if sorted(found) != waiting.tolist():
        yield f"the lists hold {sorted(found)}, and {waiting.tolist()} wait"


def _wrong_ranking(world: World, running: Array) -> Iterator[str]:
    reservation, progress = world.reservation, world.progress
    ranked = reservation.job[: int(world.count[RANKED])]
    stopping = progress.stopping[: int(world.count[STOPPING])]
    if not np.array_equal(np.sort(np.concatenate([ranked, stopping])), running):
        yield f"the running jobs {ranked.tolist()} and the stopping ones {stopping.tolist()} are not those with room, {running.tolist()}"
        return
    if not np.array_equal(reservation.position[ranked], np.arange(len(ranked))):
        yield "a running job does not stand where its position says"
    if not np.array_equal(progress.place[stopping], np.arange(len(stopping))):
        yield "a stopping job does not stand where its place says"


def _wrong_held(world: World, state: Array) -> Iterator[str]:
    groups = world.groups
    held = np.flatnonzero(state == JobState.HELD)
    if world.count[HELD_BACK] != len(held):
        yield f"{world.count[HELD_BACK]} jobs are counted as held, and {len(held)} are"
    found: list[int] = []
    for first in groups.first.tolist():
        job = first
        while job >= 0 and len(found) <= len(held):
            found.append(job)
            job = int(groups.next[job])
    if sorted(found) != held.tolist():
        yield f"the lists of held jobs have {sorted(found)}, and {held.tolist()} are held"


def wrong_residents(world: World, holding: Array, nodes: Array) -> Iterator[str]:
    """What is wrong with the lists of what is on each node. `holding`: places of the records that hold room; `nodes`: of all records."""
    hardware = world.hardware
    after = hardware.next
    found: list[int] = []
    for node, first in enumerate(hardware.resident.tolist()):
        record = first
        while record >= 0 and len(found) <= len(holding):
            if nodes[record] != node:
                yield f"record {record} is of node {nodes[record]} and stands in the list of node {node}"
            found.append(record)
            record = int(after[record])
    if sorted(found) != holding.tolist():
        yield f"the lists of the nodes have records {sorted(found)}, and {holding.tolist()} hold room"
