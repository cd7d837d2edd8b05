"""`Watcher`, the Cluster State Watcher: it knows of nodes what their heartbeats say, gives up silent ones, and keeps nodes closed.

Heartbeats are regular, so the instant at which silence is noticed follows from the instant at which it began; none is simulated. What
happens is what `incidents.incidents` says of the same outages, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from ..hardware.outages import MS
from ..units import Duration, seconds
from .cluster_hardware import Absence, Hardware, NodeName, Token
from .hardware_turns import Step
from .incidents import Detection
from .kernels.attempt_state import ABSENT, Incident

if TYPE_CHECKING:
    from ..context import Simulation
    from ..events import Event
    from ..hardware.node_table import NodeTable
    from .hardware_turns import Due
    from .resource_scheduler import ResourceScheduler
    from .virtualization import Virtualization

SOURCE = "watcher"
BY_HAND, DAMPING = "administrator", "damping"
"""Why a node is closed; a maintenance is the third reason."""
HAND_TOKEN: Token = -1
HOLD_TOKEN: Token = -2


class NodeHealth(StrEnum):
    """What is known of a node."""

    READY = "ready"
    CORDONED = "cordoned"
    """It takes no new work."""
    DRAINING = "draining"
    """The same, and what still runs there has been told to stop."""
    UNREACHABLE = "unreachable"
    """It did not answer the monitor and was not given up yet."""
    DOWN = "down"
    """It was given up: its heartbeats were missed for too long, or it is off as planned."""


@dataclass(slots=True)
class _Silence:
    """A node from which nothing is heard. `given_up`: when it was (ms), -1 before; `missed`: by its heartbeats, not as planned."""

    absence: Absence
    overdue: bool = False
    given_up: int = -1
    missed: bool = False
    timer: Due | None = None


@dataclass(slots=True)
class _Flapping:
    """How often a node has been missed: the latest losses (ms), the latest hold and its end (ms)."""

    losses: list[int]
    hold: int = 0
    free_at: int = -1


class _Order(NamedTuple):
    """What is to become of a node: why, who says so, the id of the event that led to it, and the seconds that a drain gives."""

    word: str
    actor: str
    cause: int | None
    grace: float = 0.0


class Watcher:
    """Watches the nodes of a cluster and tells the scheduler. `detection`: period and grace of the heartbeats, damping.

    A node is given by its name or its row of `spec.nodes()`. The calls of administrators take effect at the present instant.

    Events, with the event of the hardware as cause: `node.unavailable` {last_heartbeat_s, planned}, `incident.detected` {kind: node},
    `node.recovered` {away_s}, `incident.resolved` {kind: node}, `node.cordoned` {reasons}, `node.uncordoned`, `node.drained` {grace_s}.
    """

    def __init__(
        self,
        sim: Simulation,
        nodes: NodeTable,
        hardware: Hardware,
        scheduler: ResourceScheduler,
        virtualization: Virtualization,
        detection: Detection | None = None,
    ) -> None:
        self.sim, self.nodes, self.hardware = sim, nodes, hardware
        self.scheduler, self.virtualization = scheduler, virtualization
        self.detection = Detection() if detection is None else detection
        self._period, self._grace = round(self.detection.period * MS), round(self.detection.grace * MS)
        self._silent: dict[int, _Silence] = {}
        self._returned: dict[int, float] = {}
        self._flapping: dict[int, _Flapping] = {}
        self._closed: dict[int, dict[Token, _Order]] = {}
        """Why a node takes no work."""
        self._cordoned: dict[int, Event] = {}
        """The nodes that the scheduler was told take no work, each with its `node.cordoned`."""
        self._opened: dict[int, _Order] = {}
        self._drains: dict[int, _Order] = {}
        self._drained: set[int] = set()
        self._seen_broken: dict[int, set[int]] = {}
        hardware.watcher = self

    # -- what is known

    def health(self, node: NodeName) -> NodeHealth:
        """What is known of a node: ready, cordoned, draining or down. What was ordered at this instant counts."""
        row = self.hardware.row(node)
        silence = self._silent.get(row)
        if (silence is not None and silence.given_up >= 0) or self.scheduler.health(row) & ABSENT:
            return NodeHealth.DOWN
        if not self._closed.get(row):
            return NodeHealth.READY
        told_to_stop = row in self._drained or row in self._drains
        return NodeHealth.DRAINING if told_to_stop and self.virtualization.running_on(row) else NodeHealth.CORDONED

    def drained_nodes(self) -> frozenset[int]:
        """The rows of the nodes that were told to stop what runs there, and are still closed."""
        return frozenset(self._drained)

    def last_heartbeat(self, node: NodeName) -> float:
        """When a node last reported (s): at multiples of the period, and when it came back."""
        row = self.hardware.row(node)
        silence = self._silent.get(row)
        return self._last_report(row, self.sim.now if silence is None else silence.absence.since)

    def last_event(self, node: NodeName) -> Event | None:
        """What was last said of a node: the cause of what becomes of the work there."""
        return self.hardware.last_event(node)

    # -- calls of administrators

    def cordon(self, node: NodeName, *, actor: str = "system") -> bool:
        """A node takes no new work, and what runs there runs on. Returns whether an administrator had not closed it before."""
        row = self.hardware.row(node)
        if HAND_TOKEN in self._closed.get(row, {}):
            return False
        return self.close(row, HAND_TOKEN, BY_HAND, actor)

    def drain(self, node: NodeName, grace: Duration = 0.0, *, actor: str = "system") -> None:
        """Cordon a node and stop what runs there; it may write a last checkpoint within `grace`. Raises OptionError for a bad one."""
        row, length = self.hardware.row(node), seconds(grace)
        self.cordon(row, actor=actor)
        self.order_drain(row, length, actor)

    def uncordon(self, node: NodeName, *, actor: str = "system") -> bool:
        """A node takes work again, whatever has closed it; a node that is down does once it is back. Returns whether it was closed."""
        row = self.hardware.row(node)
        self._drains.pop(row, None)
        if not self._closed.pop(row, None):
            return False
        self._opened[row] = _Order(BY_HAND, actor, self.sim.env.cause)
        return self.hardware.touch(row)

    # -- what the hardware's schedule calls

    def close(self, node: int, token: Token, reason: str, actor: str = "system") -> bool:
        """One more reason why a node takes no work. Returns True."""
        self._closed.setdefault(node, {})[token] = _Order(reason, actor, self.sim.env.cause)
        self._opened.pop(node, None)
        return self.hardware.touch(node)

    def reopen(self, node: int, token: Token) -> None:
        """That reason is gone."""
        if self._closed.get(node, {}).pop(token, None) is not None:
            self.hardware.touch(node)

    def is_closed_by(self, node: int, token: Token) -> bool:
        """Whether that is one of the reasons why a node takes no work."""
        return token in self._closed.get(node, {})

    def order_drain(self, node: int, grace: float, actor: str = "system") -> None:
        """Stop what runs on a node in this turn, unless it is off for maintenance; of several graces the longest counts."""
        ordered = self._drains.get(node)
        if ordered is None or ordered.grace < grace:
            self._drains[node] = _Order(BY_HAND, actor, self.sim.env.cause, grace)
        self.hardware.touch(node)

    # -- turns

    def changes(self, node: int) -> list[Step]:
        """What the watcher has to tell of a node at the end of a turn."""
        steps: list[Step] = []
        absence, silence = self.hardware.absence(node), self._silent.get(node)
        if absence is None and silence is not None:
            self._hear_again(node, silence)
            steps.append(Step(Incident.NODE_UP, node, -1, 0.0, partial(self._node_up, absence=silence.absence)))
        elif absence is not None:
            silence = silence or self._fall_silent(node, absence)
            if silence.given_up < 0 and self._gives_up(node, silence):
                steps.append(Step(Incident.LOST, node, -1, 0.0, self._lost))
        if absence is None:
            broken, seen = set(self.hardware.broken_devices(node)), self._seen_broken.get(node, set())
            steps += [Step(Incident.DEVICE_UP, node, device, 0.0, self._device_up) for device in seen - broken]
            steps += [Step(Incident.DEVICE_DOWN, node, device, 0.0, self._device_down) for device in broken - seen]
            self._seen_broken[node] = broken
        if bool(self._closed.get(node)) != (node in self._cordoned):
            closes = node not in self._cordoned
            steps.append(Step(Incident.CORDON if closes else Incident.UNCORDON, node, -1, 0.0, self._cordon if closes else self._uncordon))
        if node in self._drains and not self.hardware.in_maintenance(node):
            steps.append(Step(Incident.DRAIN, node, -1, self._drains[node].grace, self._drain))
        else:
            self._drains.pop(node, None)
        return steps

    def _fall_silent(self, node: int, absence: Absence) -> _Silence:
        silence = self._silent[node] = _Silence(absence)
        notice = self._missed_at(node, absence.since)
        if notice <= self.sim.now:
            silence.overdue = True
        elif notice < inf:
            silence.timer = self.hardware.turns.at(notice, self._miss, node, silence)
        return silence

    def _miss(self, node: int, silence: _Silence) -> None:
        silence.overdue, silence.timer = True, None
        self.hardware.touch(node)

    def _gives_up(self, node: int, silence: _Silence) -> bool:
        """Whether it is now that a silent node is given up."""
        planned = self.hardware.in_maintenance(node)
        if not planned and not silence.overdue:
            return False
        silence.given_up, silence.missed = _ceil_ms(self.sim.now), not planned
        if silence.timer is not None:
            self.hardware.turns.cancel(silence.timer)
        return True

    def _hear_again(self, node: int, silence: _Silence) -> None:
        del self._silent[node]
        self._returned[node] = self.sim.now
        if silence.timer is not None:
            self.hardware.turns.cancel(silence.timer)
        if silence.missed:
            self._damp(node, silence.given_up)

    def _damp(self, node: int, lost: int) -> None:
        """Keep a node that comes and goes closed for a while (docs/failures.md)."""
        damping = self.detection.damping
        if damping is None:
            return
        known = self._flapping.setdefault(node, _Flapping([]))
        known.losses = [*known.losses, lost][-damping.times :]
        window = round(damping.window * MS)
        if len(known.losses) < damping.times or known.losses[-1] - known.losses[0] >= max(window, 1):
            return
        again = known.free_at >= 0 and lost <= known.free_at + window
        known.hold = min(2 * known.hold, round(damping.longest * MS)) if again else round(damping.hold * MS)
        known.free_at = _ceil_ms(self.sim.now) + known.hold
        if known.hold > 0:
            token = HOLD_TOKEN - known.free_at  # one for each hold, since the next may begin before this one has ended
            self._closed.setdefault(node, {})[token] = _Order(DAMPING, "system", None)
            self.hardware.turns.at(known.free_at / MS, self.reopen, node, token)

    # -- heartbeats

    def _last_report(self, node: int, time: float) -> float:
        """The last instant up to `time` at which a node reported that could be reached until then."""
        regular = time if self._period == 0 else _floor_ms(time) // self._period * self._period / MS
        return max(regular, self._returned.get(node, 0.0))

    def _missed_at(self, node: int, since: float) -> float:
        """When the watcher has missed a node for too long that is away since then."""
        if self._period == 0:
            exact = _ceil_ms(since)
            return (exact + self._grace) / MS if exact / MS == since else since + self.detection.grace
        report = _ceil_ms(self._last_report(node, since))
        return -(-(report + self._grace) // self._period) * self._period / MS

    # -- telling

    def _say(self, node: int, predicate: str, cause: Event | int | None, actor: str = "system", **data: object) -> Event:
        return self.hardware.say(node, predicate, source=SOURCE, actor=actor, cause=cause, data=data or None)

    def _lost(self, step: Step) -> None:
        node, silence = step.node, self._silent[step.node]
        planned = not silence.missed
        event = self._say(node, "node.unavailable", silence.absence.last, last_heartbeat_s=self.last_heartbeat(node), planned=planned)
        if not planned:
            self.sim.emit(event.subject, "incident.detected", source=SOURCE, cause=event, data={"kind": "node"})
            silence.absence.incident = True
        with self.sim.caused_by(event):
            self.scheduler.strike(Incident.LOST, node)
            self.virtualization.fence(node, cause=event)

    def _node_up(self, step: Step, absence: Absence) -> None:
        node = step.node
        event = self._say(node, "node.recovered", absence.last, away_s=self.sim.now - absence.since)
        if absence.incident:
            self.sim.emit(event.subject, "incident.resolved", source=SOURCE, cause=event, data={"kind": "node"})
        with self.sim.caused_by(event):
            self.scheduler.strike(Incident.NODE_UP, node)
            self.virtualization.restore(node, cause=event)

    def _device_down(self, step: Step) -> None:
        node, device = step.node, step.device
        event = self.hardware.last_device_event(node, device)
        if event is not None:
            self.hardware.remember(node, event)
        with self.sim.caused_by(event):
            self.scheduler.strike(Incident.DEVICE_DOWN, node, device)
            self.hardware.let_complete(node)
            self.virtualization.fail_device(node, device, cause=event)

    def _device_up(self, step: Step) -> None:
        with self.sim.caused_by(self.hardware.last_device_event(step.node, step.device)):
            self.scheduler.strike(Incident.DEVICE_UP, step.node, step.device)
            self.virtualization.repair_device(step.node, step.device)

    def _cordon(self, step: Step) -> None:
        reasons = list(self._closed[step.node].values())
        first = reasons[0]
        cause = self.hardware.last_event(step.node) if first.word == DAMPING else first.cause  # node.recovered
        event = self._say(step.node, "node.cordoned", cause, first.actor, reasons=[reason.word for reason in reasons])
        self._cordoned[step.node] = event
        with self.sim.caused_by(event):
            self.scheduler.strike(Incident.CORDON, step.node)

    def _uncordon(self, step: Step) -> None:
        cordoned = self._cordoned.pop(step.node)
        self._drained.discard(step.node)
        by = self._opened.pop(step.node, None)
        event = (
            self._say(step.node, "node.uncordoned", cordoned) if by is None else self._say(step.node, "node.uncordoned", by.cause, by.actor)
        )
        with self.sim.caused_by(event):
            self.scheduler.strike(Incident.UNCORDON, step.node)

    def _drain(self, step: Step) -> None:
        order = self._drains.pop(step.node)
        cause = self._cordoned.get(step.node) if order.cause is None else order.cause
        event = self._say(step.node, "node.drained", cause, order.actor, grace_s=order.grace)
        if self._closed.get(step.node):
            self._drained.add(step.node)
        with self.sim.caused_by(event):
            self.scheduler.strike(Incident.DRAIN, step.node, grace=order.grace)


def _floor_ms(time: float) -> int:
    """The last whole millisecond that is not after a time (s)."""
    ms = round(time * MS)
    return ms if ms / MS <= time else ms - 1


def _ceil_ms(time: float) -> int:
    """The first whole millisecond that is not before a time (s)."""
    ms = round(time * MS)
    return ms if ms / MS >= time else ms + 1
