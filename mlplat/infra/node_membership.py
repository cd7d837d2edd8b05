"""Machines that join a live cluster and leave it: what that means for scheduler and environments, and who orders it by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..clock import SETTLE
from ..errors import OptionError, UnknownNameError
from .kernels.attempt_state import ABSENT, Incident
from .kernels.state import JOB

if TYPE_CHECKING:
    from ..events import Event
    from .cluster import Cluster

SOURCE = "endpoint"
REMOVAL_TOKEN = -(2**62)
"""Why the watcher keeps a node closed: a number that no call, hold or outage has."""
REMOVED = "removed"


def join(cluster: Cluster, node: int, *, source: str, actor: str, cause: Event | int | None = None) -> None:
    """A machine is there from now on, at the latest in the cycle of this instant."""
    event = cluster.hardware.say(node, "node.joined", source=source, actor=actor, cause=cause)
    with cluster.sim.caused_by(event):
        cluster.scheduler.strike(Incident.JOIN, node)
        if cluster.hardware.reachable(node):
            cluster.virtualization.restore(node, cause=event)


def leave(cluster: Cluster, node: int, reason: str, *, source: str, actor: str, cause: Event | int | None = None) -> None:
    """A machine is there no more; what still runs on it is run elsewhere. It need not be removed any longer."""
    cluster.watcher.reopen(node, REMOVAL_TOKEN)
    event = cluster.hardware.say(node, "node.left", source=source, actor=actor, cause=cause, data={"reason": reason})
    with cluster.sim.caused_by(event):
        cluster.scheduler.strike(Incident.LEAVE, node)
        if cluster.hardware.reachable(node):
            cluster.hardware.let_complete(node)
            cluster.virtualization.crash(node, cause=event)


class _Removal(NamedTuple):
    """A node that is being drained in order to leave: until when at the latest (s), who says so, and what led to it."""

    until: float
    actor: str
    cause: int | None


class NodeMembership:
    """Lets machines of node groups join and leave on an administrator's word. A group has no more of them than its count.

    Events: `node.joined`; `node.cordoned`, `node.drained` by the watcher, and `node.left` {reason: removed}.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._removals: dict[int, _Removal] = {}

    def add(self, group: str, actor: str) -> int:
        """The first absent machine of a group joins now. Returns its row. Raises UnknownNameError, and OptionError where there is none."""
        cluster = self.cluster
        names = cluster.nodes.groups
        if not isinstance(group, str) or group not in names:
            raise UnknownNameError("node group", str(group)[:80], names)
        rows = np.flatnonzero(cluster.nodes.group == names.index(group)).tolist()
        autoscaling = cluster.autoscaling
        absent = [row for row in rows if self.is_absent(row)]
        free = [row for row in absent if autoscaling is None or not autoscaling.is_coming(row)]
        if not free:
            coming = f", {len(absent)} of them on their way" if absent else ""
            raise OptionError(f"group {group!r} has all of its machines{coming}: its count, the most it can have, is {len(rows):,}")
        row = int(free[0])
        if autoscaling is not None:
            autoscaling.joins_by_hand(row)
        join(cluster, row, source=SOURCE, actor=actor)
        return row

    def remove(self, row: int, grace: float, actor: str) -> None:
        """Drain a node, which then leaves: once nothing holds room there, or when the grace is over. Raises OptionError if it is not there,
        or is leaving already.
        """
        cluster = self.cluster
        name = cluster.nodes.names[row]
        if self.is_absent(row):
            raise OptionError(f"node {name!r} is not there")
        if row in self._removals and cluster.watcher.is_closed_by(row, REMOVAL_TOKEN):
            raise OptionError(f"node {name!r} is being removed already")
        now = cluster.sim.now
        self._removals[row] = _Removal(now + grace, actor, cluster.sim.env.cause)
        cluster.watcher.close(row, REMOVAL_TOKEN, REMOVED, actor)
        cluster.watcher.order_drain(row, grace, actor)
        self._look_after(row, now)

    def is_absent(self, row: int) -> bool:
        """Whether a machine is not there, nor joins at this instant."""
        scheduler = self.cluster.scheduler
        return bool(scheduler.health(row) & ABSENT) and not scheduler.is_struck(Incident.JOIN, row)

    # -- leaving

    def _look_after(self, row: int, time: float) -> None:
        self.cluster.sim.env.call_at(time, self._settled, row)

    def _settled(self, row: int) -> None:
        """Let everything else happen that is scheduled for this instant."""
        self.cluster.sim.env.call_at(self.cluster.sim.env.now, self._look, row, priority=SETTLE)

    def _look(self, row: int) -> None:
        cluster, removal = self.cluster, self._removals.get(row)
        if removal is None:
            return
        if cluster.scheduler.settling.pending:
            self._settled(row)
            return
        if not cluster.watcher.is_closed_by(row, REMOVAL_TOKEN):
            del self._removals[row]  # somebody has opened the node again, or the autoscaler was faster
            return
        dues = self._dues(row)
        if dues and cluster.sim.now < removal.until:
            self._look_after(row, min(removal.until, max(dues)))
            return
        del self._removals[row]
        if cluster.autoscaling is not None:
            cluster.autoscaling.leaves_by_hand(row)
        leave(cluster, row, REMOVED, source=SOURCE, actor=removal.actor, cause=cluster.hardware.last_event(row))

    def _dues(self, row: int) -> list[float]:
        """When the jobs that hold room on a node have their next event; infinite for none."""
        world = self.cluster.scheduler.run.world
        record = int(world.hardware.resident[self.cluster.scheduler.number_of(row)])
        dues = []
        while record >= 0:
            dues.append(float(world.progress.due[world.log.records[record, JOB]]))
            record = int(world.hardware.next[record])
        return dues
