"""The profile of free room over time: its steps, what is free throughout a span, and taking reservations out of it."""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .devices import give, take
from .fragmentation import fragment
from .gangs import records_end
from .plan_state import (
    EPOCH,
    FLEETING,
    FOUND,
    FREE_RECORD,
    FREE_STEP,
    HEAD_STEP,
    NO_STEP,
    PLANNED,
    TOP_RECORD,
    TOP_STEP,
)
from .running import children, next_end
from .state import (
    COUNT,
    CPU,
    DEVICE,
    DISK,
    FRAGMENT,
    GPU,
    HELD,
    LAST,
    MEMORY,
    NODE,
    PROFILE,
    RANKED,
    REPLICAS,
    REQUEST,
    SHARE,
    TYPE,
    WHOLE,
    Nodes,
    Placement,
    World,
)

FGD = int(Placement.FGD)


@kernel
def copy_free(world: World, source: Nodes, i: int, target: Nodes, j: int) -> None:
    """Make row `j` of one state equal to row `i` of another."""
    for column in range(TYPE + 1):
        target.free[j, column] = source.free[i, column]
    for device in range(world.cluster.capacity[source.free[i, TYPE], WHOLE]):
        target.device[j, device] = source.device[i, device]
        target.owner[j, device] = source.owner[i, device]
        if len(source.slices) > 0:
            target.slices[j, device] = source.slices[i, device]


@kernel
def lay_out(world: World, now: float) -> None:
    """Make the profile of what runs, without any reservation."""
    plan, rows, reservation, log, gang = world.plan, world.rows, world.reservation, world.log, world.jobs.gang
    number = plan.number
    n = len(world.nodes.free)
    for node in range(n):
        copy_free(world, world.nodes, node, rows, node)
        plan.time[node], plan.node[node], plan.after[node], plan.at[node] = -np.inf, node, NO_STEP, node
    number[HEAD_STEP] = number[FREE_STEP] = number[FREE_RECORD] = NO_STEP
    number[TOP_STEP], number[TOP_RECORD], number[PLANNED], number[FLEETING] = n, 0, 0, 0
    number[EPOCH] += 1
    latest = np.int64(NO_STEP)
    size = 1 if world.count[RANKED] > 0 else 0
    reservation.frontier[0] = 0
    while size > 0:
        position = next_end(world, size)
        size += children(world, position) - 1
        job, end = np.int64(reservation.job[position]), reservation.end[position]
        plan.end[job] = end if end > now else np.inf
        if end <= now or end == np.inf:
            continue
        left = np.int64(gang[job, REPLICAS])
        for record in range(log.first[job], records_end(world, job)):
            node, held = np.int64(log.records[record, NODE]), np.int64(log.records[record, HELD])
            left -= held
            cls = np.int64(gang[job, LAST]) if left == 0 else np.int64(gang[job, REQUEST])
            step = np.int64(plan.at[node])
            if plan.time[step] != end:
                step = _new_step(world, step, end)
                if latest < 0:
                    number[HEAD_STEP] = step
                else:
                    plan.later[latest] = step
                plan.later[step] = NO_STEP
                latest = step
                plan.at[node] = step
            give(rows, world.cluster, world.classes, world.policy, cls, step, np.int64(log.records[record, DEVICE]), job, held)


@kernel
def _new_step(world: World, before: int, time: float) -> int:
    """A step of the node behind `before`, with its row. It is not yet among the later ones."""
    plan = world.plan
    step = plan.number[FREE_STEP]
    if step >= 0:
        plan.number[FREE_STEP] = plan.after[step]
    else:
        step = plan.number[TOP_STEP]
        plan.number[TOP_STEP] = step + 1
    plan.time[step], plan.node[step], plan.after[step] = time, plan.node[before], plan.after[before]
    plan.after[before] = step
    copy_free(world, world.rows, before, world.rows, step)
    return step  # type: ignore[no-any-return]


@kernel
def step_of(world: World, node: int, time: float) -> int:
    """The last step of a node that is not after `time`."""
    plan = world.plan
    step = node
    while plan.after[step] >= 0 and plan.time[plan.after[step]] <= time:
        step = np.int64(plan.after[step])
    return step


@kernel
def _step_at(world: World, node: int, time: float, hint: int) -> int:
    """The step of a node at `time`, a new one if there is none. `hint`: a step of any node not after `time`, or NO_STEP."""
    plan = world.plan
    before = step_of(world, node, time)
    if plan.time[before] == time:
        return before
    step = _new_step(world, before, time)
    here = hint
    if here < 0:
        here = plan.number[HEAD_STEP]
        if here < 0 or plan.time[here] > time:
            plan.later[step] = here
            plan.number[HEAD_STEP] = step
            return step
    while plan.later[here] >= 0 and plan.time[plan.later[here]] <= time:
        here = np.int64(plan.later[here])
    plan.later[step] = plan.later[here]
    plan.later[here] = step
    return step


@kernel
def advance(world: World, now: float) -> None:
    """Let the steps at `now` become the nodes' rows of this instant."""
    plan, number = world.plan, world.plan.number
    step = number[HEAD_STEP]
    while step >= 0 and plan.time[step] <= now:
        node = np.int64(plan.node[step])
        copy_free(world, world.rows, step, world.rows, node)
        plan.after[node] = plan.after[step]
        plan.after[step] = number[FREE_STEP]
        number[FREE_STEP] = step
        step = np.int64(plan.later[step])
    number[HEAD_STEP] = step


@kernel
def lower(world: World, node: int, step: int) -> None:
    """Make the node's row of `both` the element-wise minimum of itself and of the step's."""
    both, rows = world.reservation.both, world.rows
    for d in range(DISK + 1):
        both.free[node, d] = min(both.free[node, d], rows.free[step, d])
    milli = 0
    whole = 0
    for device in range(world.cluster.capacity[rows.free[step, TYPE], WHOLE]):
        both.device[node, device] = min(both.device[node, device], rows.device[step, device])
        if len(both.slices) > 0:
            both.slices[node, device] |= rows.slices[step, device]
        milli += both.device[node, device]
        whole += both.device[node, device] == 1000
    both.free[node, GPU], both.free[node, WHOLE] = milli, whole


@kernel
def free_throughout(world: World, node: int, step: int, end: float) -> None:
    """Make the node's row of `both` what is free from a step on and before `end`, at least at the step."""
    plan = world.plan
    copy_free(world, world.rows, step, world.reservation.both, node)
    step = np.int64(plan.after[step])
    while step >= 0 and plan.time[step] < end:
        lower(world, node, step)
        step = np.int64(plan.after[step])
    if world.policy.code == FGD:
        both = world.reservation.both
        both.free[node, FRAGMENT] = fragment(both, world.cluster, world.policy, node)


@kernel
def take_out(world: World, job: int, begin: float, now: float) -> None:
    """Take a reservation that `place_over` has placed on `both` out of the profile, from `begin` on for the span of the job."""
    plan, reservation, gang = world.plan, world.reservation, world.jobs.gang
    end = begin + world.jobs.estimate[job]
    if end <= begin:
        if begin > now:
            return
        end = np.nextafter(now, np.inf)  # room of this instant alone, which is no time at which others could begin
        plan.number[FLEETING] = 1
    hint = plan.number[FOUND]
    ending = hint
    replicas = np.int64(gang[job, REPLICAS])
    replica = np.int64(0)
    while replica < replicas:
        node, where = np.int64(reservation.placed_node[replica]), np.int64(reservation.placed_device[replica])
        cls = np.int64(gang[job, LAST]) if replica == replicas - 1 else np.int64(gang[job, REQUEST])
        replica += 1
        step = node
        if begin > now:
            step = _step_at(world, node, begin, hint)
        if end < np.inf:
            ending = _step_at(world, node, end, ending)
        while step >= 0 and plan.time[step] < end:
            _take_from(world, step, node, cls, where, job)
            step = np.int64(plan.after[step])


@kernel
def _take_from(world: World, step: int, node: int, cls: int, where: int, job: int) -> None:
    """Take a replica from the row of a step: of whole devices those that the job owns in the node's row of `both`."""
    rows, ask = world.rows, world.classes.ask
    if ask[cls, SHARE] > 0 or ask[cls, PROFILE] >= 0:
        take(rows, world.cluster, world.classes, world.policy, cls, step, where, job, rows, np.bool_(False))
        return
    for d in (CPU, MEMORY, DISK):
        rows.free[step, d] -= ask[cls, d]
    left = ask[cls, COUNT]
    if left == 0:
        return
    rows.free[step, GPU] -= 1000 * left
    rows.free[step, WHOLE] -= left
    device = where
    while left > 0:
        if world.reservation.both.owner[node, device] == job:
            rows.device[step, device] = 0
            rows.owner[step, device] = job
            left -= 1
        device += 1
