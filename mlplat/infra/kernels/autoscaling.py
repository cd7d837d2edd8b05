"""Which absent nodes the waiting jobs need: their gangs are placed first-fit on a copy of the state (docs/autoscaling.md, Scale up)."""

from __future__ import annotations

import numpy as np

from .compilation import entry, kernel
from .devices import choose_device, give, take
from .heaps import pop
from .room import fits
from .scale_up_state import FIRST_JOB, OPENED, SPARE, USABLE, ScaleUp, scale_up_at
from .state import (
    HEAP,
    LAST,
    NEXT_ARRIVAL,
    NEXT_INCIDENT,
    NO_NODE,
    REPLICAS,
    REQUEST,
    WAITING,
    JobState,
    Queue,
    World,
    world_at,
)

IN_QUEUE = int(JobState.WAITING)
SJF, PRIORITY, SRTF, LAS = int(Queue.SJF), int(Queue.PRIORITY), int(Queue.SRTF), int(Queue.LAS)
DONE, REFUSED, LOST, FAILED, DELETED = (
    int(JobState.COMPLETED),
    int(JobState.REJECTED),
    int(JobState.LOST),
    int(JobState.FAILED),
    int(JobState.CANCELLED),
)


@entry
def plan_scale_up(address: int, plan_address: int, most: int) -> int:
    """Place `most` waiting jobs: the head of the queue, then by order of submission. Returns how many nodes are opened, the last ones in
    `plan.usable`.
    """
    world, plan = world_at(address), scale_up_at(plan_address)
    state = world.log.state
    for cls in range(len(plan.cursor)):
        plan.cursor[cls] = plan.beyond[cls] = 0
    for node in range(len(plan.needed)):
        plan.needed[node] = plan.opened[node] = False
    left = min(most, world.count[WAITING])
    job = plan.number[FIRST_JOB]
    while job < len(state) and _has_ended(np.int64(state[job])):
        job += 1
    plan.number[FIRST_JOB] = job
    plan.number[OPENED] = 0
    head = np.int64(-1)
    if left > 0 and (world.queue == SJF or world.queue == PRIORITY or world.queue == SRTF or world.queue == LAS):
        head = np.int64(world.waiting.job[0])
        left -= 1
        _place(world, plan, head)
    while job < len(state) and left > 0:
        if state[job] == IN_QUEUE and job != head:
            left -= 1
            _place(world, plan, job)
        job += 1
    return plan.number[OPENED]  # type: ignore[no-any-return]


@kernel
def _has_ended(state: int) -> bool:
    return state == DONE or state == REFUSED or state == LOST or state == FAILED or state == DELETED


@kernel
def _place(world: World, plan: ScaleUp, job: int) -> None:
    """Place a whole gang, opening nodes for it, or leave the plan as it was."""
    gang, number = world.jobs.gang, plan.number
    cluster, classes, policy = world.cluster, world.classes, world.policy
    cls, last, replicas = np.int64(gang[job, REQUEST]), np.int64(gang[job, LAST]), np.int64(gang[job, REPLICAS])
    before = plan.cursor[cls], plan.beyond[cls], plan.cursor[last], plan.beyond[last]
    opened = number[OPENED]
    for replica in range(replicas):
        wanted = last if replica == replicas - 1 else cls
        node = _first_fit(world, plan, wanted)
        if node == NO_NODE:
            for i in range(replica - 1, -1, -1):
                give(plan.nodes, cluster, classes, policy, cls, np.int64(plan.node[i]), np.int64(plan.device[i]), job, np.int64(1))
            while number[OPENED] > opened:
                number[OPENED] -= 1
                number[USABLE] -= 1
                plan.opened[plan.usable[number[USABLE]]] = False
            plan.cursor[cls], plan.beyond[cls], plan.cursor[last], plan.beyond[last] = before
            return
        where = choose_device(plan.nodes, cluster, classes, policy, wanted, node, job, replica)
        plan.node[replica] = node
        plan.device[replica] = take(plan.nodes, cluster, classes, policy, wanted, node, where, job, plan.nodes, np.bool_(False))
    for replica in range(replicas):
        plan.needed[plan.node[replica]] = True


@kernel
def _first_fit(world: World, plan: ScaleUp, cls: int) -> int:
    """The first usable node with room, else the first absent one, which is then opened; or NO_NODE.

    Room only gets less (a gang that is taken back sets its classes' places back too), so the search goes on where it has ended.
    """
    number = plan.number
    place = plan.cursor[cls]
    while place < number[USABLE]:
        node = np.int64(plan.usable[place])
        if fits(plan.nodes, world.cluster, world.classes, cls, node):
            plan.cursor[cls] = place
            return node
        place += 1
    plan.cursor[cls] = place
    place = plan.beyond[cls]
    while place < number[SPARE]:
        node = np.int64(plan.absent[place])
        if not plan.opened[node] and fits(plan.nodes, world.cluster, world.classes, cls, node):
            plan.beyond[cls] = place
            plan.opened[node] = True
            plan.usable[number[USABLE]] = node
            number[USABLE] += 1
            number[OPENED] += 1
            return node
        place += 1
    plan.beyond[cls] = place
    return NO_NODE


@entry
def next_instant(address: int) -> float:
    """When the next thing happens on the compiled clock, infinite for never. Entries of the heap that no longer hold are dropped."""
    world = world_at(address)
    completions, due, count = world.completions, world.progress.due, world.count
    while count[HEAP] > 0 and due[completions.job[0]] != completions.time[0]:
        pop(completions.time, completions.job, count[HEAP])
        count[HEAP] -= 1
    now = completions.time[0] if count[HEAP] > 0 else np.inf
    if count[NEXT_ARRIVAL] < len(world.jobs.submit):
        now = min(now, world.jobs.submit[count[NEXT_ARRIVAL]])
    if count[NEXT_INCIDENT] < len(world.hardware.time):
        now = min(now, world.hardware.time[count[NEXT_INCIDENT]])
    return now
