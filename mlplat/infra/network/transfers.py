"""Transfers on the simulation's clock: so many MiB from here to there, as a flow on the links in between."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
import simpy

from ...clock import SETTLE, Call
from ...errors import OptionError, printable
from ...units import MBIT_PER_MIB
from .flow_input import is_number, read_mib, read_path
from .flows import FlowNetwork
from .routing import NoRouteError

if TYPE_CHECKING:
    from ...context import Simulation
    from ...events import Event
    from .routing import Routing
    from .topology import Topology

SOURCE = "network"


class Transfer:
    """Something on its way. `Transfers.send` makes it; nobody else changes it.

    `source`, `target`: vertices of the topology. `mib`: its size, infinite for a stream that ends when it is cancelled. `done`: an event
    that happens when the last byte is there. `began_s`, `ended_s` (NaN before the end). `stalled`: whether there is no way now. `held`:
    whether it was told to stand still.
    """

    __slots__ = (
        "_flow",
        "_left",
        "_limits",
        "_links",
        "_on_done",
        "_transfers",
        "began_s",
        "cause",
        "done",
        "ended_s",
        "held",
        "key",
        "mib",
        "source",
        "stalled",
        "subject",
        "target",
    )

    def __init__(self, transfers: Transfers, source: int, target: int, mib: float, limits: tuple[int, ...], key: int, subject: str) -> None:
        self._transfers, self.source, self.target, self.mib, self._limits, self.key = transfers, source, target, mib, limits, key
        self.subject = subject
        self.began_s, self.ended_s = transfers.sim.now, math.nan
        self.cause: Event | int | None = None
        self.stalled = self.held = False
        self.done: simpy.Event = transfers.sim.event()
        self._flow: int | None = None
        self._links: tuple[int, ...] = ()
        self._left = mib * MBIT_PER_MIB
        self._on_done: Callable[[Transfer], object] | None = None

    @property
    def rate_mbps(self) -> float:
        """Mbit/s at which it moves now."""
        return 0.0 if self._flow is None else self._transfers.flows.rate(self._flow)

    @property
    def left_mib(self) -> float:
        """What has still to leave."""
        left = self._left if self._flow is None else self._transfers.flows.left(self._flow, self._transfers.sim.now)
        return left / MBIT_PER_MIB

    @property
    def over(self) -> bool:
        """Whether it has arrived or was cancelled."""
        return not math.isnan(self.ended_s)

    def cancel(self) -> None:
        """Let the rest not be sent; `done` then never happens. Nothing happens to one that is over."""
        self._transfers._cancel(self)

    def __repr__(self) -> str:
        names = self._transfers.names
        state = "over" if self.over else "stalled" if self.stalled else f"{self.rate_mbps:g} Mbit/s"
        return f"Transfer({self.mib:g} MiB from {printable(names[self.source])} to {printable(names[self.target])}: {state})"


class Transfers:
    """All that moves on a topology. Without one, `names` are the places, and only limits count: everything is sent from a place to itself.

    A transfer takes the path that the routing gives it when it begins. Where a link on its path fails it goes on by another one, or stands
    still until there is one. It arrives the latency of that path after its last byte has left, whatever fails behind that byte. On one
    vertex nothing has to be moved.

    Events, of the transfer's subject: `transfer.started` {source, target, mib}, `transfer.rerouted`, `transfer.stalled`,
    `transfer.finished` {seconds}, `transfer.cancelled` {left_mib}.
    """

    def __init__(
        self, sim: Simulation, topology: Topology | None = None, routing: Routing | None = None, *, names: Sequence[str] = ()
    ) -> None:
        self.sim, self.topology, self.routing = sim, topology, routing
        self.names = names if topology is None else topology.names
        self._latency: list[float] = [] if topology is None else topology.link_latency.tolist()
        self._capacity: list[float] = [] if topology is None else topology.link_mbps.tolist()
        self.flows = FlowNetwork(self._capacity)
        self.active: dict[Transfer, None] = {}
        """Transfers that are under way or stalled, in order of their beginning."""
        self.moved_mib = 0.0
        self._by_flow: dict[int, Transfer] = {}
        self._serial = 0
        self._turn = Call(sim.env, self._settle, ())
        self._pending = False
        self._due: Call | None = None

    def add_limit(self, mbps: float) -> int:
        """A further limit that transfers may be told to share, such as the bandwidth of a disk. Returns its number for `limits`."""
        return self.flows.add_link(mbps)

    def add_limits(self, mbps: npt.ArrayLike) -> int:
        """Many limits, numbered one after the other. Returns the number of the first."""
        return self.flows.add_links(mbps)

    def send(
        self,
        source: int,
        target: int,
        mib: float,
        *,
        limits: Sequence[int] = (),
        key: int | None = None,
        subject: str = "",
        ends: tuple[str, str] | None = None,
        on_done: Callable[[Transfer], object] | None = None,
        cause: Any = None,
    ) -> Transfer:
        """Move `mib` MiB from vertex to vertex, beginning now.

        `limits`: what it shares besides links. `key`: what a choice among equal paths is drawn from, default a number of its own.
        `subject`: what its events are about, default `transfer:N`. `ends`: what its events call source and target, default the vertices.

        Where there is no way now it stands still until there is one. Raises OptionError for a size that is none.
        """
        size = read_mib(mib)
        shared = tuple(read_path(limits, len(self.flows), "limits")) if limits != () else ()
        for vertex in (source, target):
            if not is_number(vertex, 0, len(self.names)) or vertex != int(vertex):
                raise OptionError(f"vertex {ascii(vertex)[:40]}: expected one from 0 to {len(self.names) - 1}")
        number, self._serial = self._serial, self._serial + 1
        transfer = Transfer(self, source, target, size, shared, number if key is None else key, subject or f"transfer:{number}")
        transfer._on_done = on_done
        from_, to = ends or (self.names[source], self.names[target])
        data = {"source": from_, "target": to, "mib": None if size == math.inf else size}
        transfer.cause = self._emit(transfer, "transfer.started", data, cause)
        self.active[transfer] = None
        self._set_out(transfer)
        return transfer

    # -- links that fail

    def fail_edge(self, edge: int, *, cause: Any = None) -> None:
        """An edge carries nothing, in either direction, until `repair_edge`. Transfers on it go another way, or stand still."""
        self._routing.fail(edge)
        for link in (2 * edge, 2 * edge + 1):
            self.flows.set_capacity(link, 0.0)
        with self.sim.caused_by(cause):
            for transfer in list(self.active):
                if 2 * edge in transfer._links or 2 * edge + 1 in transfer._links:
                    self._leave(transfer)
                    self._set_out(transfer, again="transfer.rerouted")
        self._later()

    def repair_edge(self, edge: int, *, cause: Any = None) -> None:
        """An edge carries what it did. Transfers that stood still go on where there is a way now; others keep theirs."""
        self._routing.repair(edge)
        for link in (2 * edge, 2 * edge + 1):
            self.flows.set_capacity(link, self._capacity[link])
        with self.sim.caused_by(cause):
            for transfer in list(self.active):
                if transfer.stalled:
                    self._set_out(transfer, again="transfer.rerouted")
        self._later()

    def set_bandwidth(self, link: int, mbps: float) -> None:
        """A directed link, or a limit, carries other Mbit/s from now on."""
        self.flows.set_capacity(link, mbps)
        self._later()

    @property
    def _routing(self) -> Routing:
        if self.routing is None:
            raise OptionError("there is no topology: expected transfers from a place to itself")
        return self.routing

    # -- one transfer

    def hold(self, transfer: Transfer, *, cause: Any = None) -> None:
        """Let a transfer stand still until `let_go`."""
        if transfer in self.active and not transfer.held:
            self._leave(transfer)
            transfer.held = True
            with self.sim.caused_by(cause):
                self._set_out(transfer)

    def let_go(self, transfer: Transfer, *, cause: Any = None) -> None:
        """Let a transfer that was held go on."""
        if transfer in self.active and transfer.held:
            transfer.held = False
            with self.sim.caused_by(cause):
                self._set_out(transfer, again="transfer.rerouted")

    def cancel(self, transfer: Transfer, *, error: Exception | None = None, cause: Any = None) -> None:
        """Let the rest not be sent. With `error`, its `done` fails with that: whoever waits for it gets it raised, else nobody does."""
        if transfer in self.active:
            self._cancel(transfer, cause)
            if error is not None:
                transfer.done.defused = True
                transfer.done.fail(error)

    def _set_out(self, transfer: Transfer, again: str = "") -> None:
        """Let what is left of a transfer flow along a path, if there is one."""
        path: Sequence[int] | None = ()
        if transfer.held:
            path = None
        elif transfer.source != transfer.target:
            try:
                path = self._routing.path(transfer.source, transfer.target, transfer.key)
            except NoRouteError:
                path = None
        if path is None:
            if not transfer.stalled:
                transfer.stalled = True
                self._emit(transfer, "transfer.stalled", {}, None)
            return
        transfer.stalled = False
        if again:
            self._emit(transfer, again, {}, None)
        transfer._links = (*path, *transfer._limits)
        if not transfer._links or transfer._left == 0:
            self._arrive(transfer)
            return
        flow = transfer._flow = self.flows.begin(transfer._links, transfer._left, now=self.sim.env._now)
        self._by_flow[flow] = transfer
        self._later()

    def _leave(self, transfer: Transfer) -> None:
        """Take a transfer off its path; what is left is kept."""
        flow = transfer._flow
        if flow is not None:
            transfer._left = self.flows.end(flow, now=self.sim.env._now)
            transfer._flow, transfer._links = None, ()
            del self._by_flow[flow]
            self._later()

    def _cancel(self, transfer: Transfer, cause: Any = None) -> None:
        if transfer not in self.active:
            return
        self._leave(transfer)
        del self.active[transfer]
        transfer.ended_s = self.sim.now
        self._emit(
            transfer, "transfer.cancelled", {"left_mib": None if transfer._left == math.inf else transfer._left / MBIT_PER_MIB}, cause
        )

    def _arrive(self, transfer: Transfer) -> None:
        """Its last byte has left."""
        latency = sum(self._latency[link] for link in transfer._links if link < len(self._latency))
        del self.active[transfer]
        self.sim.env.call_at(self.sim.env._now + latency, self._arrived, transfer)

    def _arrived(self, transfer: Transfer) -> None:
        transfer.ended_s = self.sim.now
        self.moved_mib += transfer.mib
        event = self._emit(transfer, "transfer.finished", {"seconds": transfer.ended_s - transfer.began_s}, None)
        with self.sim.caused_by(event):
            if transfer._on_done is not None:
                transfer._on_done(transfer)
            transfer.done.succeed(transfer)

    def _emit(self, transfer: Transfer, predicate: str, data: dict[str, Any], cause: Any) -> Event:
        because = transfer.cause if cause is None else cause
        return self.sim.emit(transfer.subject, predicate, source=SOURCE, cause=because, data=data)

    # -- time

    def _later(self) -> None:
        """Find the rates once everything at this instant has happened."""
        if not self._pending:
            self._pending = True
            self.sim.env.call_again(self._turn, SETTLE)

    def _settle(self) -> None:
        self._pending = False
        due = self.flows.settle(self.sim.env._now)
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if due < math.inf:
            with self.sim.caused_by(None):
                self._due = self.sim.env.call_at(due, self._fall_due)

    def _fall_due(self) -> None:
        self._due = None
        for flow in self.flows.take_done(self.sim.env._now):
            transfer = self._by_flow.pop(flow)
            transfer._flow, transfer._left = None, 0.0
            self._arrive(transfer)
        self._later()
