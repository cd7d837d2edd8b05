"""Which absent nodes the waiting jobs need: their gangs are placed first-fit on a copy of the state (docs/autoscaling.md, Scale up)."""

from __future__ import annotations

import numpy as np

from .compilation import entry, kernel
from .devices import choose_device, give, take
from .heaps import pop
from .quota_tree import fits_quota, load_ask
from .quota_waiting import is_open
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
SJF, CUSTOM, PRIORITY, SRTF, LAS = int(Queue.SJF), int(Queue.CUSTOM), int(Queue.PRIORITY), int(Queue.SRTF), int(Queue.LAS)
DONE, REFUSED, LOST, FAILED, DELETED = (
    int(JobState.COMPLETED),
    int(JobState.REJECTED),
    int(JobState.LOST),
    int(JobState.FAILED),
    int(JobState.CANCELLED),
)


@entry
def plan_scale_up(address: int, plan_address: int, most: int) -> int:
    """Place `most` waiting jobs: the head of the queue (there is none under quotas), then by order of submission. Returns how many nodes
    are opened, the last ones in `plan.usable`.
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
    head, quoted = np.int64(-1), len(world.quotas.of) > 0
    queue = world.queue
    if left > 0 and not quoted and (queue == SJF or queue == CUSTOM or queue == PRIORITY or queue == SRTF or queue == LAS):
        head = np.int64(world.waiting.job[0])
        left -= 1
        _place(world, plan, head, np.int64(world.jobs.gang[head, REQUEST]), np.int64(world.jobs.gang[head, LAST]))
    while job < len(state) and left > 0:
        if state[job] == IN_QUEUE and job != head:
            left -= 1
            if quoted:
                _place_under_quotas(world, plan, job)
            else:
                _place(world, plan, job, np.int64(world.jobs.gang[job, REQUEST]), np.int64(world.jobs.gang[job, LAST]))
        job += 1
    return plan.number[OPENED]  # type: ignore[no-any-return]


@kernel
def _has_ended(state: int) -> bool:
    return state == DONE or state == REFUSED or state == LOST or state == FAILED or state == DELETED


@kernel
def _place_under_quotas(world: World, plan: ScaleUp, job: int) -> None:
    """Place a gang in the first flavor of its quota in which it fits the quota and can be placed. One that has a claim has its nodes."""
    quotas = world.quotas
    quota = np.int64(quotas.of[job])
    if quotas.charged[job] or quotas.suspended[quota]:
        return
    for turn in range(quotas.tries[quota]):
        if not is_open(world, job, np.int64(turn)):
            continue
        load_ask(world, job, np.int64(quotas.flavors[quota, turn]))
        if not fits_quota(quotas, quota):
            continue
        cls, last, row = np.int64(quotas.base[job, 0]), np.int64(quotas.base[job, 1]), np.int64(quotas.variant_row[quota, turn])
        if row >= 0:
            cls, last = np.int64(quotas.variant[row, cls]), np.int64(quotas.variant[row, last])
        if _place(world, plan, job, cls, last):
            return


@kernel
def _place(world: World, plan: ScaleUp, job: int, cls: int, last: int) -> bool:
    """Place a whole gang of two classes, opening nodes for it, or leave the plan as it was."""
    number = plan.number
    cluster, classes, policy = world.cluster, world.classes, world.policy
    replicas = np.int64(world.jobs.gang[job, REPLICAS])
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
            return False
        where = choose_device(plan.nodes, cluster, classes, policy, wanted, node, job, replica)
        plan.node[replica] = node
        plan.device[replica] = take(plan.nodes, cluster, classes, policy, wanted, node, where, job, plan.nodes, np.bool_(False))
    for replica in range(replicas):
        plan.needed[plan.node[replica]] = True
    return True


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
