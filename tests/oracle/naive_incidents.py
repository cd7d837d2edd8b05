"""The naive oracle's incidents: what each of them does to nodes, devices and attempts. From docs/interruptions.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .naive_run import NaiveRun
from .naive_state import break_device, mend_device

NODE_UP, DEVICE_UP, UNCORDON, CRASH, PARTITION, LOST, DEVICE_DOWN, CORDON, DRAIN = range(9)


class NaiveIncident(NamedTuple):
    """One incident; sorted as tuples they are in the order in which they happen."""

    time: float
    code: int
    node: int
    device: int = -1
    grace: float = 0.0


def happen(run: NaiveRun, incident: NaiveIncident) -> None:
    """One incident."""
    was_closed, was_lost = run.state[incident.node].closed, incident.node in run.lost
    EFFECTS[incident.code](run, incident)
    closed = run.state[incident.node].closed = incident.node in run.lost | run.cordoned
    if run.quotas:
        found = incident.code == DEVICE_UP or (was_lost and incident.node not in run.lost)
        run.quotas.happened(incident.node, opened=was_closed and not closed, found=found)


def node_up(run: NaiveRun, incident: NaiveIncident) -> None:
    """The node is whole and reachable again."""
    run.truth[incident.node] = "up"
    run.lost.discard(incident.node)
    for attempt in run.on_node(incident.node):
        if attempt.unseen:
            run.complete(attempt)
        elif attempt.cause:
            run.finish(attempt, attempt.cause)


def device_up(run: NaiveRun, incident: NaiveIncident) -> None:
    """The device can be used again."""
    mend_device(run.state[incident.node], incident.device)


def uncordon(run: NaiveRun, incident: NaiveIncident) -> None:
    """The node takes new work again."""
    run.cordoned.discard(incident.node)


def crash(run: NaiveRun, incident: NaiveIncident) -> None:
    """Work on the node stops, unnoticed."""
    for attempt in run.on_node(incident.node):
        run.halt(attempt, "node")
    run.truth[incident.node] = "crashed"


def partition(run: NaiveRun, incident: NaiveIncident) -> None:
    """The node is cut off: gangs that need another node too stop."""
    run.truth[incident.node] = "partitioned"
    for attempt in run.on_node(incident.node):
        if len(attempt.nodes()) > 1:
            run.halt(attempt, "fenced")


def lost(run: NaiveRun, incident: NaiveIncident) -> None:
    """The watcher gives the node up."""
    run.lost.add(incident.node)
    by_node = {"crashed": "node", "partitioned": "fenced"}
    for attempt in run.on_node(incident.node):
        run.interrupt(attempt, by_node[run.truth[incident.node]])


def device_down(run: NaiveRun, incident: NaiveIncident) -> None:
    """Jobs that use the device are interrupted, and it is taken out of the node."""
    for attempt in run.on_node(incident.node):
        if any(r.node == incident.node and incident.device in r.devices for r in attempt.replicas):
            run.interrupt(attempt, "device")
    break_device(run.state[incident.node], incident.device)


def cordon(run: NaiveRun, incident: NaiveIncident) -> None:
    """The node takes no new work."""
    run.cordoned.add(incident.node)


def drain(run: NaiveRun, incident: NaiveIncident) -> None:
    """Every job on the node is stopped as in a preemption."""
    for attempt in run.on_node(incident.node):
        run.ask_to_stop(attempt, "drained", incident.grace)


EFFECTS: dict[int, Callable[[NaiveRun, NaiveIncident], None]] = {
    NODE_UP: node_up,
    DEVICE_UP: device_up,
    UNCORDON: uncordon,
    CRASH: crash,
    PARTITION: partition,
    LOST: lost,
    DEVICE_DOWN: device_down,
    CORDON: cordon,
    DRAIN: drain,
}
