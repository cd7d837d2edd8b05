"""A service as continuous delivery moves it: versions by the references of their models (`automation.cd.rollouts.Target`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..automation.cd.judging.observations import Observations
from ..automation.cd.rollouts.target import VersionState
from .columns import OUTCOMES

if TYPE_CHECKING:
    from ..identity.authorization import Actor
    from .component import Serving

ANSWERED, TIMED_OUT = OUTCOMES.index("answered"), OUTCOMES.index("timed_out")


class ServiceTarget:
    """A service in a zone. `acting`: gives in whose name it is moved now."""

    def __init__(self, serving: Serving, name: str, acting: Callable[[str], Actor]) -> None:
        self._serving, self._name, self._acting = serving, name, acting

    @property
    def _actor(self) -> Actor:
        return self._acting(self._name)

    def versions(self) -> Mapping[str, VersionState]:
        """See `Target`."""
        if self._name not in self._serving._catalogue.services:
            return {}
        there = self._serving._standing(self._name, self._actor)
        return {model: VersionState(*state) for model, state in there.items()}

    def add_version(self, version: str, replicas: int) -> None:
        """See `Target`."""
        self._serving.add_version(self._name, version, replicas=replicas, actor=self._actor)

    def scale(self, version: str, replicas: int) -> None:
        """See `Target`."""
        self._serving.scale(self._name, version, replicas, actor=self._actor)

    def set_weights(self, weights: Mapping[str, float]) -> None:
        """See `Target`."""
        self._serving.set_weights(self._name, weights, actor=self._actor)

    def remove_version(self, version: str) -> None:
        """See `Target`. What traffic it still has goes to the others."""
        there = self.versions()
        others = {name: state.weight for name, state in there.items() if name != version}
        if others and version in there and there[version].weight > 0:
            self.set_weights(others if any(others.values()) else dict.fromkeys(others, 1.0))
        self._serving.remove_version(self._name, version, actor=self._actor)

    def statistics(self, since_s: float, until_s: float) -> Mapping[str, Observations]:
        """See `Target`. A request that timed out has an infinite latency, one that was rejected or lost has none."""
        columns, models = self._serving._measured(self._name, since_s, until_s, self._actor)
        found: dict[str, Any] = {}
        for number, model in models.items():
            mine = columns["version"] == number
            outcome = columns["outcome"][mine]
            latency = np.where(outcome == TIMED_OUT, np.inf, columns["latency_s"][mine])
            found[model] = Observations.of(columns["sent_s"][mine], outcome != ANSWERED, latency)
        return found


class ServingFor:
    """Gives services to continuous delivery (`automation.cd.ports.Serving`). `actor`: as whom it acts, or what says that of a service."""

    def __init__(self, serving: Serving, actor: Actor | Callable[[str], Actor]) -> None:
        self._serving = serving
        self._acting: Callable[[str], Actor] = actor if callable(actor) else lambda service: actor
        self._known: dict[tuple[str, str], ServiceTarget] = {}

    def target(self, service: str, zone: str, options: Mapping[str, Any]) -> ServiceTarget:
        """A service in a zone: the same one each time, made where options come first. `options`: for versions added from now on."""
        if options:
            self._serving.ensure(service, zone=zone, actor=self._acting(service), **options)
        return self._known.setdefault((service, zone), ServiceTarget(self._serving, service, self._acting))
