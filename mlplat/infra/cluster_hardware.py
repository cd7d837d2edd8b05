"""`Hardware`: what is physically so. Which nodes are off or cut off and which devices are broken, by call or by a schedule of outages.

Nobody knows of a node that is gone until the watcher misses it (`watcher`); docs/monitoring.md says how the two work together.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, UnknownNameError
from ..hardware.outages import KIND_NAMES, MS, OutageKind, announced_ms
from .hardware_turns import HardwareTurns, Step
from .kernels.attempt_state import Incident
from .virtualization.states import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..context import Simulation
    from ..events import Event
    from ..hardware.node_table import NodeTable
    from ..hardware.outages import Outages
    from .resource_scheduler import ResourceScheduler
    from .virtualization import Virtualization
    from .watcher import Watcher

SOURCE = "hardware"
INJECTED = "injected"
"""The kind of what a call has broken."""
SUGGESTED = 8
"""Names of nodes that an error lists."""

Token = int
NodeName = int | str


class Trouble(NamedTuple):
    """One thing that is wrong with a node or device: the kind of the outage (or INJECTED), and the id of the event that led to it."""

    kind: str
    cause: int | None


@dataclass(slots=True)
class Absence:
    """A time during which a node is off or cut off. Outages that overlap or touch make one.

    `since`: when it began (s). `crashed`: whether it was off at any time. `last`: what the log last said of it. `incident`: whether it
    was reported as one.
    """

    since: float
    crashed: bool = False
    last: Event | None = None
    incident: bool = False


class Hardware:
    """The hardware of a cluster, as it is.

    A node is given by its name or its row of `spec.nodes()`. Calls take effect at the present instant, when everything else that was
    scheduled for it has happened, and together: what is broken and mended at one instant was never broken. Each returns whether it
    changed anything: nothing more happens to a node that is off when it crashes. Raises UnknownNameError for a node, OptionError for a
    device that is not there.

    Events: `node.failed` {kind}, `node.partitioned` {kind}, `device.failed` {kind}, `device.recovered`. Their cause is the one in force
    where they were called for; those of a schedule come from outside.
    """

    def __init__(self, sim: Simulation, nodes: NodeTable, scheduler: ResourceScheduler, virtualization: Virtualization) -> None:
        self.sim, self.nodes, self.scheduler, self.virtualization = sim, nodes, scheduler, virtualization
        self.turns = HardwareTurns(sim, self._compare, lambda: scheduler.settlements)
        self.watcher: Watcher | None = None
        self._rows = {name: row for row, name in enumerate(nodes.names)}
        self._tokens = 0
        self._off: dict[int, dict[Token, Trouble]] = {}
        self._cut: dict[int, dict[Token, Trouble]] = {}
        self._broken: dict[int, dict[int, dict[Token, Trouble]]] = {}
        self._absent: dict[int, Absence] = {}
        self._failed: dict[int, set[int]] = {}
        """The broken devices of a node as of the last turn."""
        self._said: dict[int, Event] = {}
        self._said_of_device: dict[tuple[int, int], Event] = {}
        self._touched: set[int] = set()

    # -- what is so

    def row(self, node: NodeName) -> int:
        """The row of a node. Raises UnknownNameError."""
        if isinstance(node, str) and node in self._rows:
            return self._rows[node]
        if isinstance(node, (int, np.integer)) and not isinstance(node, bool) and 0 <= node < len(self.nodes):
            return int(node)
        names = self.nodes.names
        close = difflib.get_close_matches(str(node), names, n=SUGGESTED)
        raise UnknownNameError("node", str(node)[:80], close or [*names[:SUGGESTED], *(["…"] if len(names) > SUGGESTED else [])])

    def alive(self, node: NodeName) -> bool:
        """Whether the node is powered and works."""
        return not self._off.get(self.row(node))

    def reachable(self, node: NodeName) -> bool:
        """Whether the node's heartbeats arrive: it is alive, and the network reaches it."""
        row = self.row(node)
        return not self._off.get(row) and not self._cut.get(row)

    def in_maintenance(self, node: NodeName) -> bool:
        """Whether the node is off as planned."""
        return any(trouble.kind == KIND_NAMES[OutageKind.MAINTENANCE] for trouble in self._off.get(self.row(node), {}).values())

    def absence(self, node: NodeName) -> Absence | None:
        """Since when the node is away, and what the log says of that; None if it is whole and reachable. As of the last turn."""
        return self._absent.get(self.row(node))

    def broken_devices(self, node: NodeName) -> tuple[int, ...]:
        """The devices of a node that do not work."""
        return tuple(sorted(device for device, troubles in self._broken.get(self.row(node), {}).items() if troubles))

    def last_event(self, node: NodeName) -> Event | None:
        """What was last said of a node, by the hardware or the watcher: the cause of what becomes of the work there."""
        return self._said.get(self.row(node))

    def last_device_event(self, node: int, device: int) -> Event | None:
        """What was last said of a device."""
        return self._said_of_device.get((node, device))

    # -- calls

    def crash(self, node: NodeName) -> bool:
        """A node dies: everything on it ends. It comes back by `restore`."""
        row = self.row(node)
        return self.alive(row) and self._begin(self._off, row, self._injected())

    def cut_off(self, node: NodeName) -> bool:
        """A node can no longer be reached, and works on. It comes back by `restore`."""
        row = self.row(node)
        return not self._cut.get(row) and self._begin(self._cut, row, self._injected())

    def restore(self, node: NodeName) -> bool:
        """A node is powered and reachable again, whatever was wrong with it; a maintenance in progress is over."""
        row = self.row(node)
        off, cut = self._off.pop(row, {}), self._cut.pop(row, {})
        for token in off:
            self._reopen(row, token)
        return bool(off or cut) and self.touch(row)

    def fail_device(self, node: NodeName, device: int) -> bool:
        """A device breaks; what runs on it is interrupted, and the node works on without it until `repair_device`."""
        row, which = self._device(node, device)
        return not self._troubles(row, which) and self._break(row, which, self._next_token(), self._injected())

    def repair_device(self, node: NodeName, device: int) -> bool:
        """A device works again, whatever was wrong with it."""
        row, which = self._device(node, device)
        troubles = self._troubles(row, which)
        changed = bool(troubles)
        troubles.clear()
        return changed and self.touch(row)

    def follow(self, outages: Outages) -> None:
        """Let a schedule of outages happen, from now on; what had begun before begins now. Its nodes are cordoned and drained before
        maintenances. Raises InputError for a node or device that is not there.
        """
        outages.check(self.nodes)
        planned = outages.kind == OutageKind.MAINTENANCE
        lead = np.where(planned, announced_ms(np.rint(outages.notice * MS), np.rint(outages.grace * MS)), 0)
        first = np.minimum((np.rint(outages.start * MS) - lead) / MS, outages.start)
        coming = np.flatnonzero(outages.end > self.sim.now)
        if len(coming):
            order = coming[np.argsort(first[coming], kind="stable")]
            self._await(_Schedule(outages, order, first[order]))

    # -- a schedule

    def _await(self, schedule: _Schedule) -> None:
        """Come back when the next outages of a schedule have their first effect."""
        if schedule.next < len(schedule.order):
            self.turns.at(max(self.sim.now, float(schedule.first[schedule.next])), self._take_up, schedule)

    def _take_up(self, schedule: _Schedule) -> None:
        outages, now = schedule.outages, self.sim.now
        while schedule.next < len(schedule.order) and schedule.first[schedule.next] <= now:
            row = int(schedule.order[schedule.next])
            schedule.next += 1
            kind, node, device = int(outages.kind[row]), int(outages.node[row]), int(outages.device[row])
            start, end, token = float(outages.start[row]), float(outages.end[row]), self._next_token()
            trouble = Trouble(KIND_NAMES[kind], None)
            if kind == OutageKind.DEVICE:
                self.turns.at(max(start, now), self._break, node, device, token, trouble)
                if end < np.inf:
                    self.turns.at(end, self._mend, node, device, token)
                continue
            where = self._cut if kind == OutageKind.PARTITION else self._off
            if kind == OutageKind.MAINTENANCE:
                self._announce(node, token, start, float(outages.notice[row]), float(outages.grace[row]))
            self.turns.at(max(start, now), self._begin, where, node, trouble, token)
            if end < np.inf:
                self.turns.at(end, self._end, where, node, token)
        self._await(schedule)

    def _announce(self, node: int, token: Token, start: float, notice: float, grace: float) -> None:
        """Cordon in time, and drain so early that the grace ends when the power goes."""
        watcher, now = self.watcher, self.sim.now
        if watcher is None:
            return
        begins, warned, given = (round(time * MS) for time in (start, notice, grace))
        drain = max((begins - max(given, 1)) / MS, now)
        cordon = max(min((begins - warned) / MS, drain), now)
        self.turns.at(cordon, watcher.close, node, token, KIND_NAMES[OutageKind.MAINTENANCE])
        if drain < start:
            self.turns.at(drain, watcher.order_drain, node, grace)

    def _reopen(self, node: int, token: Token) -> None:
        if self.watcher is not None:
            self.watcher.reopen(node, token)

    # -- changes

    def _next_token(self) -> Token:
        self._tokens += 1
        return self._tokens

    def _injected(self) -> Trouble:
        return Trouble(INJECTED, self.sim.env.cause)

    def _device(self, node: NodeName, device: int) -> tuple[int, int]:
        row = self.row(node)
        count = int(self.nodes.gpus[row])
        if isinstance(device, bool) or not isinstance(device, (int, np.integer)) or not 0 <= device < count:
            raise OptionError(f"device {str(device)[:40]} of {self.nodes.names[row]}: expected a device of the node, which has {count}")
        return row, int(device)

    def _troubles(self, node: int, device: int) -> dict[Token, Trouble]:
        return self._broken.setdefault(node, {}).setdefault(device, {})

    def _begin(self, where: dict[int, dict[Token, Trouble]], node: int, trouble: Trouble, token: Token | None = None) -> bool:
        where.setdefault(node, {})[self._next_token() if token is None else token] = trouble
        return self.touch(node)

    def _end(self, where: dict[int, dict[Token, Trouble]], node: int, token: Token) -> None:
        self._reopen(node, token)
        if where.get(node, {}).pop(token, None) is not None:
            self.touch(node)

    def _break(self, node: int, device: int, token: Token, trouble: Trouble) -> bool:
        self._troubles(node, device)[token] = trouble
        return self.touch(node)

    def _mend(self, node: int, device: int, token: Token) -> None:
        if self._troubles(node, device).pop(token, None) is not None:
            self.touch(node)

    # -- turns

    def touch(self, node: int) -> bool:
        """Have a turn at this instant, and look at a node at its end. Returns True."""
        self._touched.add(node)
        self.turns.soon()
        return True

    def _compare(self) -> list[Step]:
        """What the nodes that were touched have come to."""
        steps: list[Step] = []
        for node in sorted(self._touched):
            steps += self._changes(node)
            if self.watcher is not None:
                steps += self.watcher.changes(node)
        self._touched.clear()
        return steps

    def _changes(self, node: int) -> list[Step]:
        steps = []
        off, cut, absence = self._off.get(node), self._cut.get(node), self._absent.get(node)
        if not off and not cut:
            self._absent.pop(node, None)
        elif absence is None:
            self._absent[node] = Absence(self.sim.now, crashed=bool(off))
            steps.append(
                Step(Incident.CRASH, node, -1, 0.0, self._crash) if off else Step(Incident.PARTITION, node, -1, 0.0, self._cut_off)
            )
        elif off and not absence.crashed:
            absence.crashed = True
            steps.append(Step(Incident.CRASH, node, -1, 0.0, self._crash))
        broken, failed = set(self.broken_devices(node)), self._failed.get(node, set())
        steps += [Step(Incident.DEVICE_UP, node, device, 0.0, self._device_works) for device in failed - broken]
        steps += [Step(Incident.DEVICE_DOWN, node, device, 0.0, self._device_fails) for device in broken - failed]
        self._failed[node] = broken
        return steps

    # -- telling

    def say(
        self,
        node: int,
        predicate: str,
        *,
        source: str = SOURCE,
        actor: str = "system",
        cause: Event | int | None,
        data: Mapping[str, Any] | None = None,
    ) -> Event:
        """Write down what happened to a node, and remember it as the cause of what follows."""
        event = self.sim.emit(f"node:{self.nodes.names[node]}", predicate, source=source, actor=actor, cause=cause, data=data)
        self._said[node] = event
        absence = self._absent.get(node)
        if absence is not None:
            absence.last = event
        return event

    def remember(self, node: int, event: Event) -> None:
        """An event about a part of a node is the cause of what becomes of the work there."""
        self._said[node] = event

    def _crash(self, step: Step) -> None:
        trouble = next(iter(self._off[step.node].values()))
        event = self.say(step.node, "node.failed", cause=trouble.cause, data={"kind": trouble.kind})
        with self.sim.caused_by(event):
            self.scheduler.strike(Incident.CRASH, step.node)
            self.let_complete(step.node)
            self.virtualization.crash(step.node, cause=event)

    def let_complete(self, node: int) -> None:
        """What completes at the very instant of a failure has completed: the scheduler takes what is due before incidents."""
        for environment in self.virtualization.running_on(node):
            if environment.owner is not None and self.scheduler.completes_now(environment.owner.job):
                self.virtualization.stop(environment, Reason.COMPLETED)

    def _cut_off(self, step: Step) -> None:
        trouble = next(iter(self._cut[step.node].values()))
        event = self.say(step.node, "node.partitioned", cause=trouble.cause, data={"kind": trouble.kind})
        with self.sim.caused_by(event):
            self.scheduler.strike(Incident.PARTITION, step.node)
            self.virtualization.cut_off(step.node)

    def _device_fails(self, step: Step) -> None:
        trouble = next(iter(self._troubles(step.node, step.device).values()))
        self._say_of_device(step, "device.failed", trouble.cause, {"kind": trouble.kind})

    def _device_works(self, step: Step) -> None:
        self._say_of_device(step, "device.recovered", self._said_of_device[step.node, step.device], None)

    def _say_of_device(self, step: Step, predicate: str, cause: Event | int | None, data: dict[str, Any] | None) -> None:
        subject = f"device:{self.nodes.names[step.node]}/{step.device}"
        event = self.sim.emit(subject, predicate, source=SOURCE, cause=cause, data=data)
        self._said_of_device[step.node, step.device] = event


@dataclass(slots=True, eq=False)
class _Schedule:
    """Outages that are followed: their rows in order of first effect, when that is, and the place of the next one."""

    outages: Outages
    order: npt.NDArray[np.int64]
    first: npt.NDArray[np.float64]
    next: int = 0
