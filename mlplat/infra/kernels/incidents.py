"""What happens to hardware, and what becomes of the jobs on it (docs/interruptions.md, Incidents)."""

from __future__ import annotations

import numpy as np

from .attempt_state import ABSENT, CORDONED, CRASHED, CUT, GIVEN_UP, OFFLINE, SHUT, Incident, Outcome
from .attempts import complete_attempt, dismiss, end_attempt, spoil, stop_work
from .compilation import kernel
from .fragmentation import fragment
from .gangs import watch_after, watch_before
from .quota_tree import count_capacity
from .residents import is_on_one_node
from .state import (
    CPU,
    DEVICE,
    EXPELLED,
    FRAGMENT,
    GPU,
    JOB,
    KIND,
    MIG_SHIFT,
    NODE,
    RELEASES,
    REQUEST,
    TYPE,
    WHOLE,
    World,
)
from .tree import note_change

NODE_UP, DEVICE_UP, UNCORDON, CRASH, PARTITION, LOST, DEVICE_DOWN, CORDON, DRAIN, JOIN, LEAVE, EXPEL = (int(code) for code in Incident)
DRAINED, BY_NODE, BY_DEVICE, FENCED = int(Outcome.DRAINED), int(Outcome.NODE), int(Outcome.DEVICE), int(Outcome.FENCED)
EVERY_POSITION = 255


@kernel
def happen(world: World, code: int, node: int, device: int, grace: float, now: float) -> None:
    """Let one incident happen."""
    if code == NODE_UP:
        _node_up(world, node, now)
    elif code == DEVICE_UP:
        _device_up(world, node, device)
    elif code == UNCORDON:
        set_health(world, node, np.int64(0), np.int64(CORDONED))
    elif code == CRASH:
        _crash(world, node, now)
    elif code == PARTITION:
        _partition(world, node, now)
    elif code == LOST:
        _give_up(world, node, now)
    elif code == DEVICE_DOWN:
        _device_down(world, node, device, now)
    elif code == CORDON:
        set_health(world, node, np.int64(CORDONED), np.int64(0))
    elif code == DRAIN:
        _drain(world, node, grace, now, np.bool_(False))
    elif code == JOIN:
        set_health(world, node, np.int64(0), np.int64(ABSENT))
    elif code == LEAVE:
        _leave(world, node, now)
    elif code == EXPEL:
        _drain(world, node, grace, now, np.bool_(True))


@kernel
def set_health(world: World, node: int, add: int, remove: int) -> None:
    """Change a node's health, and with it whether anything fits there."""
    nodes, hardware = world.nodes, world.hardware
    before = np.int64(hardware.health[node])
    after = (before | add) & ~remove
    hardware.health[node] = after
    if len(world.quotas.of) > 0 and (before ^ after) & GIVEN_UP:
        count_capacity(world, node, np.int64(-1 if after & GIVEN_UP else 1))
        if before & GIVEN_UP:
            world.count[RELEASES] += 1  # a lane may have been blocked for want of what counts again
    was_off, is_off = before & SHUT != 0, after & SHUT != 0
    if was_off == is_off:
        return
    watch_before(world, node)
    nodes.free[node, CPU] += OFFLINE if was_off else -OFFLINE
    _changed(world, node)
    watch_after(world, node)
    if was_off:
        world.count[RELEASES] += 1


@kernel
def set_type(world: World, node: int, row: int) -> None:
    """Change a node's kind, and with it what may come there: `row` is that of its capacity and new kind."""
    watch_before(world, node)
    world.nodes.free[node, TYPE] = row
    _changed(world, node)
    watch_after(world, node)
    world.count[RELEASES] += 1


@kernel
def _changed(world: World, node: int) -> None:
    if len(world.policy.typical) > 0:
        world.nodes.free[node, FRAGMENT] = fragment(world.nodes, world.cluster, world.policy, node)
    note_change(world.nodes, world.trees, node)


@kernel
def _crash(world: World, node: int, now: float) -> None:
    """Work on the node stops, and nobody has noticed."""
    hardware = world.hardware
    record = hardware.resident[node]
    while record >= 0:
        job = np.int64(world.log.records[record, JOB])
        if np.isnan(world.progress.stop[job]):
            stop_work(world, job, now, np.int64(BY_NODE))
        else:
            spoil(world, job)
        record = hardware.next[record]
    hardware.health[node] |= CRASHED


@kernel
def _partition(world: World, node: int, now: float) -> None:
    """The node runs on, cut off: gangs that reach beyond it stop."""
    hardware = world.hardware
    record = hardware.resident[node]
    while record >= 0:
        job = np.int64(world.log.records[record, JOB])
        if not is_on_one_node(world, job):
            if np.isnan(world.progress.stop[job]):
                stop_work(world, job, now, np.int64(FENCED))
            else:
                spoil(world, job)
        record = hardware.next[record]
    hardware.health[node] |= CUT


@kernel
def _node_up(world: World, node: int, now: float) -> None:
    """The node is whole and reachable: what has stopped there is run again, what had ended unseen completes."""
    hardware, progress = world.hardware, world.progress
    set_health(world, node, np.int64(0), np.int64(CRASHED | CUT | GIVEN_UP))
    record = hardware.resident[node]
    while record >= 0:
        job = np.int64(world.log.records[record, JOB])
        record = hardware.next[record]
        if not np.isnan(progress.stop[job]) and progress.due[job] == np.inf:
            if progress.unseen[job]:
                progress.unseen[job] = False
                complete_attempt(world, job, now)
            else:
                end_attempt(world, job, now)
            record = hardware.resident[node]


@kernel
def _give_up(world: World, node: int, now: float) -> None:
    """The watcher has missed the node's heartbeats for too long: all its jobs are run elsewhere."""
    hardware = world.hardware
    cause = np.int64(BY_NODE) if hardware.health[node] & CRASHED else np.int64(FENCED)
    while hardware.resident[node] >= 0:
        job = np.int64(world.log.records[hardware.resident[node], JOB])
        _interrupt(world, job, now, cause)
    set_health(world, node, np.int64(GIVEN_UP), np.int64(0))


@kernel
def _leave(world: World, node: int, now: float) -> None:
    """The node is there no more: what still runs on it is run elsewhere."""
    hardware = world.hardware
    while hardware.resident[node] >= 0:
        _interrupt(world, np.int64(world.log.records[hardware.resident[node], JOB]), now, np.int64(BY_NODE))
    set_health(world, node, np.int64(ABSENT), np.int64(0))


@kernel
def _interrupt(world: World, job: int, now: float, cause: int) -> None:
    """End an attempt without any writing, whatever state it is in."""
    if np.isnan(world.progress.stop[job]):
        stop_work(world, job, now, cause)
    else:
        spoil(world, job)
    world.progress.unseen[job] = False
    end_attempt(world, job, now)


@kernel
def _uses(world: World, record: int, device: int) -> bool:
    """Whether the job of a record uses the device of the record's node."""
    log = world.log
    node, job, where = log.records[record, NODE], log.records[record, JOB], np.int64(log.records[record, DEVICE])
    if where < 0:
        return False
    return world.nodes.owner[node, device] == job or where & ((1 << MIG_SHIFT) - 1) == device  # type: ignore[no-any-return]


@kernel
def _device_down(world: World, node: int, device: int, now: float) -> None:
    """The device's jobs are interrupted, and the node is smaller by it."""
    hardware, nodes = world.hardware, world.nodes
    if hardware.down[node, device]:
        return
    record = hardware.resident[node]
    while record >= 0:
        if _uses(world, record, device):
            _interrupt(world, np.int64(world.log.records[record, JOB]), now, np.int64(BY_DEVICE))
            record = hardware.resident[node]
        else:
            record = hardware.next[record]
    hardware.down[node, device] = True
    watch_before(world, node)
    nodes.device[node, device] = 0
    if len(nodes.slices) > 0:
        nodes.slices[node, device] = EVERY_POSITION
    nodes.free[node, GPU] -= 1000
    nodes.free[node, WHOLE] -= 1
    _changed(world, node)
    watch_after(world, node)


@kernel
def _device_up(world: World, node: int, device: int) -> None:
    hardware, nodes = world.hardware, world.nodes
    if not hardware.down[node, device]:
        return
    hardware.down[node, device] = False
    watch_before(world, node)
    nodes.device[node, device] = 1000
    if len(nodes.slices) > 0:
        nodes.slices[node, device] = 0
    nodes.free[node, GPU] += 1000
    nodes.free[node, WHOLE] += 1
    _changed(world, node)
    watch_after(world, node)
    world.count[RELEASES] += 1


@kernel
def _drain(world: World, node: int, grace: float, now: float, expelled: bool) -> None:
    """Every job on the node, or every one that may not stay there, is stopped and may write a checkpoint within the grace."""
    hardware, progress, barred = world.hardware, world.progress, world.classes.barred
    kind = world.cluster.capacity[world.nodes.free[node, TYPE], KIND]
    record = hardware.resident[node]
    while record >= 0:
        job = np.int64(world.log.records[record, JOB])
        record = hardware.next[record]
        if expelled and not barred[world.jobs.gang[job, REQUEST], kind] & EXPELLED:
            continue
        stalled = not np.isnan(progress.stop[job]) and progress.due[job] == np.inf
        if np.isnan(progress.stop[job]) or stalled:
            progress.unseen[job] = False
            dismiss(world, job, now, np.int64(DRAINED), grace)
            record = hardware.resident[node]
