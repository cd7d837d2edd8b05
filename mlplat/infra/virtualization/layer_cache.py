"""The image layers on one node: what is on its disk, what is being pulled, and what is thrown away when the disk allotment is full."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import NamedTuple

from ...units import MBIT_PER_MIB
from .images import Layer


class Pull(NamedTuple):
    """What an image needs from the network.

    `ready`: the time (s) at which all its layers are on the node, infinite while the network is gone. `layers`, `size_mib`: how many of
    them it has to wait for, and their size. `asked_mib`: what of this nobody had asked for before, so that it is sent for this image.
    """

    ready: float
    layers: int
    size_mib: int
    asked_mib: int


class LayerCache:
    """The layers of one node.

    Missing layers are pulled one after the other in the order they are asked for, at `mbps` Mbit/s, each once: who needs a layer that
    is on its way waits for that. A layer that was asked for is pulled to its end, whatever becomes of who asked. Layers some environment
    holds stay; the others stay too while all fit in `limit_mib`, and go least recently used first when they do not.

    Every method takes the time `now` (s), which must not go back. Ready times are known when a pull is asked for, so nothing has to
    happen in between; what has arrived meanwhile is entered at the next call.

    >>> cache = LayerCache(mbps=1000)
    >>> layer = Layer.of("base", size_mib=500)
    >>> cache.hold([layer], now=0.0).ready
    4.194304
    >>> cache.hold([layer], now=10.0).ready
    10.0
    """

    def __init__(self, mbps: float, limit_mib: float = math.inf) -> None:
        self.mbps, self.limit_mib = mbps, limit_mib
        self._stored: OrderedDict[str, int] = OrderedDict()  # digest -> MiB, least recently used first
        self._coming: dict[str, float] = {}  # digest -> when it will be here
        self._queue: deque[tuple[float, Layer]] = deque()
        self._holders: dict[str, int] = {}
        self._stored_mib = 0
        self._line_free = 0.0  # when the last pull asked for ends
        self._paused: float | None = None

    def seconds(self, size_mib: float) -> float:
        """How long that much takes over the network."""
        return size_mib * MBIT_PER_MIB / self.mbps

    def hold(self, layers: Sequence[Layer], now: float) -> Pull:
        """Hold an image's layers for an environment; pull those that are missing. Each `hold` wants one `release` of the same layers."""
        self._enter_arrivals(now)
        clock = now if self._paused is None else self._paused
        ready, waiting, size, asked = now, 0, 0, 0
        for digest, layer in {layer.digest: layer for layer in layers}.items():
            self._holders[digest] = self._holders.get(digest, 0) + 1
            if digest in self._stored:
                self._stored.move_to_end(digest)
                continue
            if digest not in self._coming:
                self._coming[digest] = self._ask_for(layer, clock)
                asked += layer.size_mib
            ready, waiting, size = max(ready, self._coming[digest]), waiting + 1, size + layer.size_mib
        self._enter_arrivals(now)  # what has no size is here at once
        return Pull(math.inf if waiting and self._paused is not None else ready, waiting, size, asked)

    def ready(self, layers: Sequence[Layer], now: float) -> float:
        """When held layers are all here: `now`, or the last arrival."""
        self._enter_arrivals(now)
        return max((self._coming.get(layer.digest, now) for layer in layers), default=now)

    def release(self, layers: Sequence[Layer], now: float) -> None:
        """An environment no longer needs these layers."""
        self._enter_arrivals(now)
        for digest in {layer.digest: None for layer in layers}:
            holders = self._holders[digest] - 1
            if holders:
                self._holders[digest] = holders
                continue
            del self._holders[digest]
            if digest in self._stored:
                self._stored.move_to_end(digest)
        self._make_room()

    def crash(self, now: float) -> None:
        """The node lost power: what is on disk stays, every pull that had not ended is lost."""
        self._enter_arrivals(now)
        self._queue.clear()
        self._coming.clear()
        self._line_free, self._paused = now, None

    def pause(self, now: float) -> None:
        """The network is gone: pulls stand still."""
        self._enter_arrivals(now)
        self._paused = now

    def resume(self, now: float) -> None:
        """The network is back: pulls go on where they stood."""
        if self._paused is None:
            return
        gap = now - self._paused
        self._paused = None
        self._queue = deque((arrival + gap, layer) for arrival, layer in self._queue)
        self._coming = {layer.digest: arrival for arrival, layer in self._queue}
        self._line_free += gap

    def stored(self, now: float) -> dict[str, int]:
        """The layers on disk, digest to MiB, least recently used first."""
        self._enter_arrivals(now)
        return dict(self._stored)

    def stored_mib(self, now: float) -> int:
        """MiB of layers on disk."""
        self._enter_arrivals(now)
        return self._stored_mib

    def _ask_for(self, layer: Layer, now: float) -> float:
        """Pull a layer after those that were asked for before. Returns when it will be here."""
        self._line_free = max(now, self._line_free) + self.seconds(layer.size_mib)
        self._queue.append((self._line_free, layer))
        return self._line_free

    def _enter_arrivals(self, now: float) -> None:
        if self._paused is not None:
            return
        while self._queue and self._queue[0][0] <= now:
            _, layer = self._queue.popleft()
            del self._coming[layer.digest]
            self._stored[layer.digest] = layer.size_mib
            self._stored_mib += layer.size_mib
            self._make_room()

    def _make_room(self) -> None:
        if self._stored_mib <= self.limit_mib:
            return
        for digest in [d for d in self._stored if d not in self._holders]:
            self._stored_mib -= self._stored.pop(digest)
            if self._stored_mib <= self.limit_mib:
                return
