"""The image layers of a node that pulls them over the network, beside whatever else moves there."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..virtualization.layer_cache import LayerCache

if TYPE_CHECKING:
    from ..virtualization.images import Layer
    from .transfers import Transfer

Send = Callable[["Layer", Callable[["Transfer"], object]], "Transfer"]


class NetworkLayerCache(LayerCache):
    """A layer cache whose pulls are transfers: one layer after the other, in the order they are asked for, each as fast as its path allows.

    `send(layer, on_done)` begins the transfer of a layer to the node. `arrived()` is called when a layer is here. When that will be is not
    known before, so `ready` is infinite until then.
    """

    def __init__(self, send: Send, arrived: Callable[[], object], limit_mib: float = math.inf) -> None:
        super().__init__(math.inf, limit_mib)
        self._send, self._arrived = send, arrived
        self._transfer: Transfer | None = None

    def crash(self, now: float) -> None:
        """The node lost power: what is on disk stays, every pull that had not ended is lost."""
        if self._transfer is not None:
            self._transfer.cancel()
            self._transfer = None
        super().crash(now)

    def pause(self, now: float) -> None:
        """The network is gone: transfers stand still by themselves."""

    def resume(self, now: float) -> None:
        """The network is back: transfers go on by themselves."""

    def _ask_for(self, layer: Layer, now: float) -> float:
        self._queue.append((math.inf, layer))
        if self._transfer is None:
            self._pull(layer)
        return math.inf

    def _pull(self, layer: Layer) -> None:
        self._transfer = self._send(layer, self._came)

    def _came(self, transfer: Transfer) -> None:
        if transfer is not self._transfer:
            return  # it was under way when the node lost power
        self._transfer = None
        _, layer = self._queue[0]
        self._queue[0] = transfer.ended_s, layer
        self._enter_arrivals(transfer.ended_s)
        if self._queue:
            self._pull(self._queue[0][1])
        self._arrived()
