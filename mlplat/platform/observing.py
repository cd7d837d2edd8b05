"""Between serving and monitoring: what a service answers goes to who watches it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..errors import MlplatError
from .automation.monitoring.watches import Prediction

if TYPE_CHECKING:
    from ..context import Simulation
    from ..events import Event
    from .automation.monitoring.component import Monitoring
    from .serving.answers import Observed
    from .serving.component import Serving


class Observing:
    """Lets each watch of the Monitoring System collect from the service of its name, as the watch's account, whichever is there first."""

    def __init__(self, sim: Simulation, serving: Serving, monitoring: Monitoring) -> None:
        self._serving, self._monitoring = serving, monitoring
        self._joined: set[str] = set()
        sim.log.subscribe("watch.set", lambda event: self._join(event.name))
        sim.log.subscribe("service.deployed", lambda event: self._join(event.name))
        sim.log.subscribe("service.removed", self._leave)
        sim.log.subscribe("access.denied", self._refused)
        sim.at(sim.now, self._join_all)

    def _join_all(self) -> None:
        for name in list(self._serving._catalogue.services):
            self._join(name)

    def _leave(self, event: Event) -> None:
        self._joined.discard(event.name)

    def _refused(self, event: Event) -> None:
        """A watch whose account may not look at its service any more is told nothing: an incident, and not silence."""
        name = str(event.data["resource"]).partition(":")[2]
        if event.source != self._serving.SOURCE or name not in self._joined or event.data["action"] != f"{self._serving.SOURCE}.collect":
            return
        state, service = self._monitoring._state.watches.get(name), self._serving._catalogue.services.get(name)
        if state is None or service is None or f"principal:{state.watch.account}" != event.subject:
            return
        self._joined.discard(name)
        for version in service.versions.values():
            self._monitoring._cut_off(state, version.model, f"the account of the watch may not read service:{name}", event)

    def _join(self, name: str) -> None:
        """Let a watch hear of a service, where both are there."""
        state = self._monitoring._state.watches.get(name)
        if name in self._joined or state is None or not state.active or name not in self._serving._catalogue.services:
            return
        account = self._monitoring._authorization.directory.get(state.watch.account)
        if account is None:
            return
        try:
            self._serving.collect(name, self._collect, actor=account)
        except MlplatError:  # it was refused, and that was told
            return
        self._joined.add(name)

    def _collect(self, observed: Observed) -> None:
        state = self._monitoring._state.watches.get(observed.service)
        if state is None or not state.active:
            return
        account = self._monitoring._authorization.directory.get(state.watch.account)
        try:
            if observed.lost:
                self._monitoring.lost(observed.service, observed.model, observed.lost, actor=account)
            predictions = list(predictions_of(observed))
            if predictions:
                self._monitoring.collect(observed.service, predictions, actor=account)
        except MlplatError:  # it was refused, and that was told
            return


def predictions_of(observed: Observed) -> Iterator[Prediction]:
    """The sampled answers of a version, as the Monitoring System takes them; the id of a request is `service/number`."""
    if observed.inputs is None or observed.predictions is None:
        return
    rows = observed.inputs.to_dicts()
    for row, place, answer in zip(rows, observed.sampled.tolist(), list(observed.predictions), strict=True):
        latency = float(observed.latency_s[place])
        yield Prediction(
            request_id(observed.service, int(observed.request[place])),
            observed.model,
            row,
            _plain(answer),
            latency if latency == latency else None,
            float(observed.end_s[place]),
        )


def request_id(service: str, request: int) -> str:
    """What a request of a service is called when its label comes later.

    >>> request_id("shop/churn", 17)
    'shop/churn/17'
    """
    return f"{service}/{request}"


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
