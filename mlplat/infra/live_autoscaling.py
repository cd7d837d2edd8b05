"""The autoscaler of a live cluster: it makes its scans on the simulation's clock, and nodes join and leave there (docs/autoscaling.md)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ..clock import SETTLE
from .autoscaling import Autoscaler, Autoscaling, Stay, absent_at_first
from .node_membership import join, leave

if TYPE_CHECKING:
    from ..clock import Call
    from ..events import Event
    from .cluster import Cluster

SOURCE = "autoscaler"
SPOT_TOKEN = 0
"""Why the watcher keeps a node closed: neither a call, nor a hold, nor an outage, which have the other numbers."""
SPOT = "spot"


class LiveAutoscaling:
    """Lets the nodes of scaled groups come and go as in a replay.

    Scans that can decide nothing are left out, so that a cluster in which nothing happens has nothing to do.

    Events: `node.requested` {joins_s}, `node.joined`, caused by it, and `node.left` {reason: idle | spot}. A spot machine that is about
    to end is cordoned and drained by the watcher.
    """

    def __init__(self, cluster: Cluster, options: Autoscaling) -> None:
        self.cluster, self.sim = cluster, cluster.sim
        run = cluster.scheduler.run
        run.begin_without(absent_at_first(cluster.spec), options.scan)
        self.autoscaler = Autoscaler(cluster.spec, run, options, cluster.sim.seed, start=cluster.sim.now)
        self._calls: dict[int, list[Call]] = {}
        """What is going to happen to a node."""
        self._requested: dict[int, Event] = {}
        self._next: Call | None = None
        self._next_turn: int | None = None
        settling = cluster.scheduler.settling
        settling.settled = partial(self._settled, settling.settled)
        with self.sim.caused_by(None):
            for stay in self.autoscaler.initial:
                self._expect(stay)
        self._await(self.sim.now)

    # -- scans

    def _settled(self, told: Any, closed: int, started: int) -> None:
        """An instant is over: something may have changed for the next scan."""
        if told is not None:
            told(closed, started)
        self._await(self.sim.now)

    def _await(self, changed: float) -> None:
        turn = self.autoscaler.next_scan(changed)
        if turn is None or (self._next_turn is not None and self._next_turn <= turn):
            return
        if self._next is not None:
            self._next.cancel()
        self._next_turn = turn
        with self.sim.caused_by(None):
            self._next = self.sim.env.call_at(turn * self.autoscaler.period, self._arrive)

    def _arrive(self) -> None:
        """Let all else happen that is scheduled for this instant, its cycle too."""
        self._next = None
        self.sim.env.call_at(self.sim.env.now, self._scan, priority=SETTLE)

    def _scan(self) -> None:
        turn = self._next_turn
        if turn is None:
            return
        if self.cluster.scheduler.settling.pending:
            self._arrive()
            return
        self._next_turn = None
        decision = self.autoscaler.scan(turn)
        names = self.cluster.nodes.names
        for stay in decision.asked:
            event = self.sim.emit(f"node:{names[stay.node]}", "node.requested", source=SOURCE, actor=SOURCE, data={"joins_s": stay.joins})
            self._requested[stay.node] = event
            self._expect(stay, joins=True)
        for node in decision.leaving:
            for call in self._calls.pop(node, ()):
                call.cancel()
            self._leave(node, "idle")
        self._await(float("inf"))

    # -- nodes that come and go

    def _expect(self, stay: Stay, *, joins: bool = False) -> None:
        call_at, node = self.sim.env.call_at, stay.node
        calls = self._calls[node] = [call_at(stay.joins, self._join, node)] if joins else []
        if stay.leaves < float("inf"):
            calls.append(call_at(stay.warned, self._warn, node, stay.grace))
            calls.append(call_at(stay.leaves, self._end, node))

    def _join(self, node: int) -> None:
        join(self.cluster, node, source=SOURCE, actor=SOURCE, cause=self._requested.pop(node, None))

    def _warn(self, node: int, grace: float) -> None:
        """The machine is about to be taken back."""
        self.cluster.watcher.close(node, SPOT_TOKEN, SPOT, SOURCE)
        self.cluster.watcher.order_drain(node, grace, SOURCE)

    def _end(self, node: int) -> None:
        self.cluster.watcher.reopen(node, SPOT_TOKEN)
        self._leave(node, SPOT)

    def _leave(self, node: int, reason: str) -> None:
        leave(self.cluster, node, reason, source=SOURCE, actor=SOURCE)

    # -- nodes that administrators add and remove

    def is_coming(self, node: int) -> bool:
        """Whether an absent node was asked for and boots."""
        return self.autoscaler.is_coming(node, self.sim.now)

    def joins_by_hand(self, node: int) -> None:
        """An absent node joins now; from then on it is one like the others."""
        with self.sim.caused_by(None):
            self._expect(self.autoscaler.add(node, self.sim.now))

    def leaves_by_hand(self, node: int) -> None:
        """A node leaves now, whatever was planned for it."""
        for call in self._calls.pop(node, ()):
            call.cancel()
        self.cluster.watcher.reopen(node, SPOT_TOKEN)
        self.autoscaler.remove(node)
