"""Flows on links that they share max-min fairly: what `kernels.flows` compiles, for arrays and for flows that come one by one.

Rates and capacities are in Mbit/s, amounts in Mbit, times in seconds.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...errors import OptionError
from ..kernels.flow_state import (
    CAPACITY,
    FIRST,
    LEFT,
    LENGTH,
    LINK,
    NOTHING,
    RATE,
    SINCE,
    UNDERWAY,
    Flows,
    Links,
    Network,
)
from ..kernels.flows import begin_flow, end_due_flows, end_flow, play_flows, set_capacity, solve_flows
from ..kernels.structs import Packed, pack
from ..queue_arrays import longer
from .flow_input import Floats, is_number, read_amounts, read_capacity, read_path, read_paths

Paths = Sequence[Sequence[int]]
NUMBERS = 8
ROOM = 64
"""Flows for which there is room at first; then twice as many, and so on."""
UNLIMITED = 2**62
MOST = sys.float_info.max


def finish_times(
    capacity: npt.ArrayLike, paths: Paths, amount: npt.ArrayLike, start: npt.ArrayLike | None = None, *, at_once: int | None = None
) -> Floats:
    """When each of F flows is done, infinite where it never is.

    `capacity`: float[L], Mbit/s of each directed link. `paths`: of each flow the links it crosses, none twice; a flow without any is done
    at once. `amount`: float[F], Mbit. `start`: float[F], s, default 0. `at_once`: flows that may be underway at a time; the others wait in
    order of `start`. Raises OptionError.

    >>> finish_times([10.0], [[0], [0]], [10.0, 20.0]).tolist()
    [2.0, 3.0]
    """
    return FlowList(capacity, paths, amount, start, at_once=at_once).play()


class FlowList:
    """The flows that `finish_times` plays, read and checked."""

    def __init__(
        self,
        capacity: npt.ArrayLike,
        paths: Paths,
        amount: npt.ArrayLike,
        start: npt.ArrayLike | None = None,
        *,
        at_once: int | None = None,
    ) -> None:
        if at_once is not None and (isinstance(at_once, bool) or not isinstance(at_once, int) or at_once < 1):
            raise OptionError(f"at_once={ascii(at_once)[:40]}: expected a number of flows above 0, or None")
        links = read_capacity(capacity)
        ways = read_paths(paths, len(links))
        amounts = read_amounts("amount", amount, len(ways))
        starts = np.zeros(len(ways)) if start is None else read_amounts("start", start, len(ways))
        self._order = np.argsort(starts, kind="stable")
        ordered = [ways[i] for i in self._order.tolist()]
        self._at_once = UNLIMITED if at_once is None else min(at_once, UNLIMITED)
        self._network = _network(links, ordered, amounts[self._order], starts[self._order])

    def play(self) -> Floats:
        """Let all of them happen, once. Returns when each is done (s)."""
        packed = pack(self._network)
        play_flows(packed.address, math.inf, self._at_once)
        found = np.empty(len(self._order))
        found[self._order] = self._network.flows.finish
        return found


def max_min_rates(capacity: npt.ArrayLike, paths: Paths) -> Floats:
    """float[F]: the max-min fair rates (Mbit/s) of flows on the links they cross; infinite for a flow that crosses none.

    The parking lot: one flow over three links of 1 Mbit/s, and one over each.

    >>> max_min_rates([1.0, 1.0, 1.0], [[0, 1, 2], [0], [1], [2]]).tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    links = read_capacity(capacity)
    network = _network(links, read_paths(paths, len(links)), np.ones(len(paths)), np.zeros(0))
    packed = pack(network)
    for flow in range(len(paths)):
        begin_flow(packed.address, flow, 0.0)
    solve_flows(packed.address, 0.0)
    found: Floats = network.flows.row[:, RATE].copy()
    found[[len(path) == 0 for path in paths]] = np.inf
    return found


class FlowNetwork:
    """L directed links, and flows that come and go while time passes.

    `capacity`: float[L], Mbit/s. Calls say that something happens `now`, which never goes back; rates are up to date after `settle`, which
    is to be called once an instant. A flow is a number, free again once the flow has ended.

    >>> network = FlowNetwork([100.0])
    >>> first, second = network.begin([0], 300.0, now=0.0), network.begin([0], 100.0, now=0.0)
    >>> network.settle(0.0), network.rate(first)
    (2.0, 50.0)
    >>> network.take_done(2.0), network.settle(2.0)
    ([1], 4.0)
    """

    def __init__(self, capacity: npt.ArrayLike) -> None:
        self._network = _network(read_capacity(capacity), [], np.zeros(0), np.zeros(0))
        self._packed: Packed = pack(self._network)
        self._free: list[int] = []
        self._used = 0
        self._grow(ROOM, 3)

    @property
    def underway(self) -> int:
        """Flows that have begun and not ended."""
        return int(self._network.number[UNDERWAY])

    def begin(self, links: Sequence[int], amount: float, *, now: float) -> int:
        """A flow of `amount` Mbit, infinite for one that ends only when it is told to, crosses `links`: at least one, none twice.

        Raises OptionError.
        """
        count = len(self._network.links.row)
        path = read_path(links, count)
        if not path or not (type(amount) is float or is_number(amount, 0, MOST)) or not amount > 0:
            raise OptionError(f"a flow of {ascii(amount)[:40]} Mbit over {len(path)} links; expected an amount above 0 over at least one")
        if len(path) > 1 << self._network.shift:
            self._grow(len(self._network.flows.row), (len(path) - 1).bit_length())
        if not self._free and self._used == len(self._network.flows.row):
            self._grow(2 * self._used, self._network.shift)
        if self._free:
            flow = self._free.pop()
        else:
            flow, self._used = self._used, self._used + 1
        _write(self._network, flow, path, amount)
        begin_flow(self._packed.address, flow, now)
        return flow

    def end(self, flow: int, *, now: float) -> float:
        """A flow goes before it is done. Returns what is left of it (Mbit)."""
        end_flow(self._packed.address, flow, now)
        self._free.append(flow)
        return float(self._network.flows.row[flow, LEFT])

    def set_capacity(self, link: int, capacity: float) -> None:
        """A link carries `capacity` Mbit/s from now on; 0 where it is down, which stalls its flows. Raises OptionError."""
        if not is_number(capacity, 0, MOST) or not is_number(link, 0, len(self)) or link != int(link):
            said = f"link {ascii(link)[:40]} with {ascii(capacity)[:40]} Mbit/s"
            raise OptionError(f"{said}; expected one of {len(self)} with at least 0")
        set_capacity(self._packed.address, int(link), float(capacity))

    def __len__(self) -> int:
        """How many links there are."""
        return len(self._network.links.row)

    def add_link(self, capacity: float) -> int:
        """One more link of `capacity` Mbit/s. Returns its number. Raises OptionError."""
        return self.add_links([capacity])

    def add_links(self, capacity: npt.ArrayLike) -> int:
        """More links, numbered one after the other. Returns the number of the first. Raises OptionError."""
        mbps = read_capacity(capacity)
        links, number = self._network.links, len(self._network.links.row)
        count = number + len(mbps)
        row = np.zeros((count, 8))
        row[:number] = links.row
        row[number:, CAPACITY], row[number:, FIRST] = mbps, NOTHING
        place = np.full(count, NOTHING, dtype=np.int32)
        place[:number] = links.place
        changed = Links(row, longer(links.key, count), longer(links.item, count), place)
        self._network = self._network._replace(links=changed)
        self._packed = pack(self._network)
        return number

    def settle(self, now: float) -> float:
        """Bring the rates up to date. Returns when the next flow will be done (s), infinite for never."""
        return float(solve_flows(self._packed.address, now))

    def take_done(self, now: float) -> list[int]:
        """End the flows that are done by now, and name them in the order in which they were."""
        count = int(end_due_flows(self._packed.address, now))
        done: list[int] = self._network.flows.done[:count].tolist()
        self._free += done
        return done

    def rate(self, flow: int) -> float:
        """Mbit/s of a flow as of the last `settle`."""
        return float(self._network.flows.row[flow, RATE])

    def left(self, flow: int, now: float) -> float:
        """Mbit that a flow has still to carry."""
        row = self._network.flows.row[flow]
        return max(0.0, float(row[LEFT] - row[RATE] * (now - row[SINCE])))

    def capacity(self) -> Floats:
        """float[L]: Mbit/s that each link can carry."""
        found: Floats = self._network.links.row[:, CAPACITY].copy()
        return found

    def load(self) -> Floats:
        """float[L]: Mbit/s that each link carries."""
        flows, width = self._network.flows, 1 << self._network.shift
        active = np.flatnonzero(flows.place >= 0)
        entries = active[:, None] * width + np.arange(width)
        links = flows.entry[entries, LINK]
        on = np.arange(width) < flows.row[active, LENGTH][:, None]
        rates = np.broadcast_to(flows.row[active, RATE][:, None], on.shape)
        found: Floats = np.bincount(links[on], weights=rates[on], minlength=len(self._network.links.row)).astype(np.float64)
        return found

    def _grow(self, room: int, shift: int) -> None:
        """Room for more flows, or for longer paths."""
        old = self._network
        flows = old.flows
        width, wider = 1 << old.shift, 1 << shift
        count = len(flows.row)
        entry = np.full((room * wider, 4), NOTHING, dtype=np.int32)
        of_flow = entry.reshape(room, wider, 4)
        of_flow[:count, :width] = flows.entry.reshape(count, width, 4)
        if wider != width:  # entries have other numbers now
            for column in (1, 2):
                numbers = entry[:, column]
                known = numbers >= 0
                numbers[known] = numbers[known] // width * wider + numbers[known] % width
            first = old.links.row[:, FIRST]
            known = first >= 0
            first[known] = first[known] // width * wider + first[known] % width
        place = np.full(room, NOTHING, dtype=np.int32)
        place[:count] = flows.place
        finish = np.full(room, np.inf)
        finish[:count] = flows.finish
        changed = Flows(
            row=longer(flows.row, room),
            entry=entry,
            finish=finish,
            key=longer(flows.key, room),
            item=longer(flows.item, room),
            place=place,
            done=longer(flows.done, room),
            start=flows.start,
        )
        self._network = old._replace(flows=changed, shift=shift)
        self._packed = pack(self._network)


def _network(capacity: Floats, paths: Sequence[list[int]], amount: Floats, start: Floats) -> Network:
    links, count = len(capacity), len(paths)
    shift = max(0, max(map(len, paths), default=1) - 1).bit_length()
    row = np.zeros((links, 8))
    row[:, CAPACITY], row[:, FIRST] = capacity, NOTHING

    def numbers(size: int, value: int = 0) -> npt.NDArray[np.int32]:
        return np.full(size, value, dtype=np.int32)

    network = Network(
        links=Links(row, np.zeros(links), numbers(links), numbers(links, NOTHING)),
        flows=Flows(
            row=np.zeros((count, 8)),
            entry=np.full((count << shift, 4), NOTHING, dtype=np.int32),
            finish=np.full(count, np.inf),
            key=np.zeros(count),
            item=numbers(count),
            place=numbers(count, NOTHING),
            done=numbers(count),
            start=start,
        ),
        shift=shift,
        number=np.zeros(NUMBERS, dtype=np.int64),
    )
    for flow, path in enumerate(paths):
        _write(network, flow, path, float(amount[flow]))
    return network


def _write(network: Network, flow: int, path: list[int], amount: float) -> None:
    first = flow << network.shift
    network.flows.entry[first : first + len(path), LINK] = path
    network.flows.row[flow, LENGTH], network.flows.row[flow, LEFT] = len(path), amount
