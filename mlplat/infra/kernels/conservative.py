"""Conservative backfilling (Mu'alem and Feitelson 2001): every waiting job has a reservation that no later one disturbs.

By definition the plan is made anew in every cycle. It is the plan of the last cycle again where nothing has happened since but arrivals
and completions at the very times expected, if scores depend on free amounts alone and no gang fits worse where there is more room: what is
free from now on is as it was, and a time between two steps is no better for any job than the step before. Only a job that has started and
overtaken others is taken out before them now, which must make no difference to where they are. Then only the jobs that are new among the
first `depth` are planned.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .devices import give
from .earliest import earliest, is_steady
from .gangs import occupy, place
from .plan_state import (
    ENDED,
    FREE_RECORD,
    HEAD_STEP,
    KNOWN,
    LOGGED_UP_TO,
    MET,
    PLANNED,
    RAN,
    TOP_RECORD,
    VALID,
    WORD,
)
from .profile import advance, copy_free, lay_out, take_out
from .queues import remove
from .starting import mark_started
from .state import (
    CLOSED,
    LAST,
    PROFILE,
    RANKED,
    RECORDS,
    REPLICAS,
    REQUEST,
    RUNNING,
    SHARE,
    STATUS,
    TYPE,
    WAITING,
    WHOLE,
    Placement,
    Queue,
    World,
)

CONSERVATIVE, CUSTOM, CLUSTERING = int(Queue.CONSERVATIVE), int(Placement.CUSTOM), int(Placement.GPU_CLUSTERING)


@kernel
def has_room_to_plan(world: World) -> bool:
    """Whether the plan of the next cycle surely fits into its arrays."""
    if world.queue != CONSERVATIVE:
        return True
    plan, count = world.plan, world.count
    n = len(world.nodes.free)
    jobs = min(count[WAITING], world.options.depth)
    steps = 2 * n + (count[RUNNING] + 2 * jobs) * min(n, world.widest)
    enough = len(plan.time) >= steps and len(plan.job) >= jobs and len(plan.on) >= jobs * world.widest
    return enough and len(plan.end) >= len(world.jobs.submit)  # type: ignore[no-any-return]


@kernel
def conservative_cycle(world: World, now: float) -> None:
    """Plan the waiting jobs in order of submission; start those whose reservation begins now."""
    plan, waiting, jobs = world.plan, world.waiting, world.jobs
    number = plan.number
    kept, planned, looked_at = np.int64(0), np.int64(0), np.int64(0)
    if _is_as_planned(world, now):
        kept = number[PLANNED]
    else:
        looked_at = _start_first(world, now)
        if waiting.first[0] >= 0 and looked_at < world.options.depth and world.count[STATUS] == 0:
            lay_out(world, now)
    number[VALID] = 0
    if world.count[STATUS] != 0:
        return
    again = world.policy.code != CUSTOM and world.policy.code != CLUSTERING
    job, before = np.int64(waiting.first[0]), np.int64(-1)
    while job >= 0 and looked_at < world.options.depth:
        after = np.int64(waiting.next[job])
        span = jobs.estimate[job]
        first = np.int64(-1)
        if looked_at < kept:
            begin, first = plan.begin[looked_at], np.int64(plan.first[looked_at])
        else:
            begin = earliest(world, job, now)
            if begin < np.inf:
                take_out(world, job, begin, now)
            if begin > now and begin < np.inf:
                first = _write_down(world, job)
            _promise(world, job, begin)
        if begin == now:
            if first >= 0:
                _recall(world, job, first)
            _occupy_placed(world, job)
            _start(world, job, before, now)
            if world.count[STATUS] != 0:
                return
            end = now + span
            plan.end[job] = end if end > now else np.inf
            again = again and end > now and _is_beside(world, job, end, planned)
        else:
            if looked_at >= kept:
                _note_choice(world, job, begin, planned)
            elif looked_at > planned:
                plan.sole[planned] = plan.sole[looked_at]
                plan.slot[planned], plan.slot[looked_at] = plan.slot[looked_at], plan.slot[planned]
            plan.job[planned], plan.begin[planned], plan.span[planned], plan.first[planned] = job, begin, span, first
            planned += 1
            before = job
            again &= is_steady(world, job)
        looked_at += 1
        job = after
    number[PLANNED], number[RAN], number[ENDED] = planned, world.count[RANKED], world.count[CLOSED]
    number[LOGGED_UP_TO], number[KNOWN] = world.trees.clock[0], len(world.classes.ask)
    number[VALID] = 1 if again and planned > 0 else 0


@kernel
def _start_first(world: World, now: float) -> int:
    """Start the first of the queue while it fits: before there is a reservation, what is free only grows. Returns how many have started."""
    waiting, jobs = world.waiting, world.jobs
    started = np.int64(0)
    while waiting.first[0] >= 0 and started < world.options.depth and world.count[STATUS] == 0:
        job = np.int64(waiting.first[0])
        if now + jobs.estimate[job] <= now or place(world, job) < jobs.gang[job, REPLICAS]:
            break
        _promise(world, job, now)
        _start(world, job, np.int64(-1), now)
        started += 1
    return started  # type: ignore[no-any-return]


@kernel
def _start(world: World, job: int, before: int, now: float) -> None:
    """A job that is placed starts; `before` is the one in front of it in the queue, or -1."""
    remove(world, np.int64(0), job, before)
    mark_started(world, job, now)


@kernel
def _promise(world: World, job: int, begin: float) -> None:
    if np.isnan(world.reservation.first_promise[job]):
        world.reservation.first_promise[job] = begin


@kernel
def _write_down(world: World, job: int) -> int:
    """Keep where the gang is placed. Returns its first record."""
    plan, reservation, number = world.plan, world.reservation, world.plan.number
    first = np.int64(-1)
    for replica in range(world.jobs.gang[job, REPLICAS] - 1, -1, -1):
        record = number[FREE_RECORD]
        if record >= 0:
            number[FREE_RECORD] = plan.next[record]
        else:
            record = number[TOP_RECORD]
            number[TOP_RECORD] = record + 1
        plan.on[record], plan.where[record], plan.next[record] = reservation.placed_node[replica], reservation.placed_device[replica], first
        first = np.int64(record)
    return first  # type: ignore[no-any-return]


@kernel
def _recall(world: World, job: int, first: int) -> None:
    """Undo `_write_down`: the gang is placed on `both` as it was, where the rows of this instant have its devices."""
    plan, reservation, number = world.plan, world.reservation, world.plan.number
    record = first
    for replica in range(world.jobs.gang[job, REPLICAS]):
        node = np.int64(plan.on[record])
        reservation.placed_node[replica], reservation.placed_device[replica] = node, plan.where[record]
        copy_free(world, world.rows, node, reservation.both, node)
        following = np.int64(plan.next[record])
        plan.next[record] = number[FREE_RECORD]
        number[FREE_RECORD] = record
        record = following


@kernel
def _note_choice(world: World, job: int, begin: float, place: int) -> None:
    """Keep the nodes that the reservation just made could have been on."""
    plan, gang, ask = world.plan, world.jobs.gang, world.classes.ask
    words = len(plan.stamp) // WORD + 1
    first = plan.slot[place] * words
    last = np.int64(gang[job, LAST])
    alone = gang[job, REPLICAS] == 1
    counted = alone or last == gang[job, REQUEST]
    for word in range(words):
        plan.holds[first + word] = 0 if counted else -1
    holding = 0
    for i in range(plan.number[MET] if begin < np.inf else 0):
        node = np.int64(plan.met[i])
        if plan.count[node] > 0:
            holding += 1
            plan.holds[first + node // WORD] |= 1 << (node % WORD)
    plan.sole[place] = alone and holding == 1 and ask[last, SHARE] == 0 and ask[last, PROFILE] < 0


@kernel
def _is_beside(world: World, job: int, end: float, planned: int) -> bool:
    """Whether a job that starts, and ends then, is on no node that an earlier job's reservation could have been on at that time.

    In the next cycle its room is taken before theirs. Then they begin when they did; but where they could have been elsewhere too, the
    placement policy may choose another node, or another device of the node.
    """
    plan, reservation = world.plan, world.reservation
    words = len(plan.stamp) // WORD + 1
    for i in range(planned):
        if plan.begin[i] >= end or plan.sole[i]:
            continue
        first = plan.slot[i] * words
        for replica in range(world.jobs.gang[job, REPLICAS]):
            node = np.int64(reservation.placed_node[replica])
            if (plan.holds[first + node // WORD] >> (node % WORD)) & 1:
                return False
    return True


@kernel
def _occupy_placed(world: World, job: int) -> None:
    """Take the gang that is placed on `both` on the current state."""
    reservation, gang = world.reservation, world.jobs.gang
    first = world.count[RECORDS]
    replicas = np.int64(gang[job, REPLICAS])
    for replica in range(replicas):
        cls = np.int64(gang[job, LAST]) if replica == replicas - 1 else np.int64(gang[job, REQUEST])
        node, where = np.int64(reservation.placed_node[replica]), np.int64(reservation.placed_device[replica])
        occupy(world, cls, node, where, job, first, reservation.both, np.bool_(True))
    world.log.first[job] = first


@kernel
def _is_as_planned(world: World, now: float) -> bool:
    """Whether the plan of the last cycle is the one that would be made now. If so, its profile begins now; if not, it is of no more use."""
    plan, reservation, trees, count = world.plan, world.reservation, world.trees, world.count
    number = plan.number
    ended, logged = count[CLOSED] - number[ENDED], trees.clock[0] - number[LOGGED_UP_TO]
    if number[VALID] == 0 or number[KNOWN] != len(world.classes.ask) or not 0 <= logged <= len(trees.log):
        return False
    if count[RANKED] != number[RAN] - ended:
        return False
    for i in range(number[ENDED], count[CLOSED]):
        if plan.end[world.log.order[world.attempts.closed[i]]] != now:
            return False
    for i in range(count[RANKED]):
        end = reservation.end[i]
        if plan.end[reservation.job[i]] != (end if end > now else np.inf):
            return False
    if number[HEAD_STEP] >= 0 and plan.time[number[HEAD_STEP]] < now:
        return False
    job = np.int64(world.waiting.first[0])
    for i in range(number[PLANNED]):
        if job < 0 or plan.job[i] != job or plan.span[i] != world.jobs.estimate[job] or plan.begin[i] < now:
            return False
        if now + plan.span[i] <= now and (plan.span[i] > 0 or plan.begin[i] == now):
            return False
        job = np.int64(world.waiting.next[job])
    advance(world, now)
    return _is_free_as_planned(world, now)


@kernel
def _is_free_as_planned(world: World, now: float) -> bool:
    """Whether the nodes that have changed since the last cycle are as the plan has them now, before the jobs that begin now have begun."""
    plan, reservation, trees, gang = world.plan, world.reservation, world.trees, world.jobs.gang
    shadow, nodes, stamp = reservation.shadow, world.nodes, reservation.shadow_stamp
    reservation.epoch[0] += 1
    epoch = reservation.epoch[0]
    for i in range(plan.number[LOGGED_UP_TO], trees.clock[0]):
        node = np.int64(trees.log[i & (len(trees.log) - 1)])
        stamp[node] = epoch
        copy_free(world, world.rows, node, shadow, node)
    for i in range(plan.number[PLANNED]):
        if plan.begin[i] != now:
            continue
        job, record = np.int64(plan.job[i]), np.int64(plan.first[i])
        while record >= 0:
            node, where = np.int64(plan.on[record]), np.int64(plan.where[record])
            record = np.int64(plan.next[record])
            cls = np.int64(gang[job, LAST]) if record < 0 else np.int64(gang[job, REQUEST])
            if stamp[node] == epoch:
                give(shadow, world.cluster, world.classes, world.policy, cls, node, where, job, np.int64(1))
    for i in range(plan.number[LOGGED_UP_TO], trees.clock[0]):
        node = np.int64(trees.log[i & (len(trees.log) - 1)])
        if shadow.free[node, TYPE] != nodes.free[node, TYPE]:  # its labels or taints are others
            return False
        for column in range(WHOLE + 1):
            if shadow.free[node, column] != nodes.free[node, column]:
                return False
        for device in range(world.cluster.capacity[nodes.free[node, TYPE], WHOLE]):
            if shadow.device[node, device] != nodes.device[node, device]:
                return False
            if len(nodes.slices) > 0 and shadow.slices[node, device] != nodes.slices[node, device]:
                return False
    return True
