"""`Corrector`: lets what runs be what was deployed, whoever has changed it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from .changes import Change, Service
from .ports import Bound
from .rollouts.replicas import GONE, moves
from .rollouts.states import AddVersion, Reason, RemoveVersion, Scale
from .specs import PIPELINE, Desired

if TYPE_CHECKING:
    from ....context import Simulation
    from .cd import CD

PERIOD_S = 60.0
SOON_S = 1.0
PATIENCE = 3600
"""How often in a row a service is looked at each second after a change, until it is as it shall be."""


class Corrector:
    """Looks at all services each minute, and at those that were changed each second until they are as they shall be."""

    def __init__(self, sim: Simulation, cd: CD) -> None:
        self._sim, self._cd = sim, cd
        self._looking = False
        self._unsettled: dict[str, int] = {}

    def begin(self) -> None:
        """Look from now on, once there is a service."""
        if not self._looking and self._cd._catalogue.services:
            self._looking = True
            self._sim.every(PERIOD_S, self._look)

    def soon(self, name: str) -> None:
        """A service was changed: what is left to do there is no drift."""
        self.begin()
        if name not in self._unsettled:
            self._sim.at(self._sim.now, self._settle, name, turn="settle")
        self._unsettled[name] = PATIENCE

    def _look(self) -> None:
        for name in list(self._cd._catalogue.services):
            if name not in self._unsettled:
                self._correct(name)

    def _settle(self, name: str) -> None:
        left = self._unsettled.get(name, 0)
        if self._correct(name) and left > 1:
            self._unsettled[name] = left - 1
            self._sim.at(self._sim.now + SOON_S, self._settle, name, turn="settle")
        else:
            self._unsettled.pop(name, None)

    def _correct(self, name: str) -> bool:
        """Ask for what a service shall be. Returns whether something was to be asked for."""
        service = self._cd._catalogue.services[name]
        if name in self._cd._runs.running:
            return False
        if service.kept is not None and self._sim.now >= service.kept_until_s:
            self._cd._keep(self._cd._record("dropped", "system", name=name))
            self.soon(name)
        try:
            kinds = {self._cd._change_of(number).desired.kind for number in service.changes}
            asked = self._bind(service) if PIPELINE in kinds else self._serve(service)
        except Exception:  # the service cannot be reached: at the next look
            return True
        if asked and name not in self._unsettled:
            data = {"zone": service.zone, "corrected": asked}
            with suppress(Exception):
                self._cd._emit(f"service:{name}", "service.reconciled", "system", data)
        return bool(asked)

    def _bind(self, service: Service) -> list[str]:
        pipelines = self._cd._pipelines
        if pipelines is None:
            return []
        target = pipelines.target(service.name, service.zone)
        wanted = None if service.current is None else Bound(service.current.what, service.current.triggers)
        if target.current == wanted:
            return []
        target.bind(*((None, ()) if wanted is None else wanted))
        return ["bound"]

    def _serve(self, service: Service) -> list[str]:
        serving, current, kept = self._cd._serving, service.current, service.kept
        if serving is None:
            return []
        if current is None and not any(_touched(self._cd._change_of(number)) for number in service.changes):
            return []
        target = serving.target(service.name, service.zone, {} if current is None else current.options)
        versions = dict(target.versions())
        if current is None:
            for version in sorted(versions):
                target.remove_version(version)
            return [f"{version} removed" for version in sorted(versions)]
        done = []
        state = versions.get(current.what, GONE)
        if state.ready and (state.weight != 1.0 or any(each.weight for name, each in versions.items() if name != current.what)):
            target.set_weights({current.what: 1.0})
            versions = dict(target.versions())
            done.append("weights")
        wanted = {current.what: current.replicas}
        if kept is not None:
            wanted[kept.what] = min(kept.replicas, max(0, _most(current, kept) - current.replicas))
        wanted |= {version: 0 for version in sorted(versions) if version not in wanted}
        wanted = {version: count for version, count in wanted.items() if count or version in versions}
        for move in moves(
            versions, wanted, max(_most(current, kept), sum(wanted.values())), current.replicas - current.strategy.unavailable
        ):
            match move:
                case AddVersion(version, replicas):
                    target.add_version(version, replicas)
                case Scale(version, replicas):
                    target.scale(version, replicas)
                case RemoveVersion(version):
                    target.remove_version(version)
            done.append(f"{move.version}: {getattr(move, 'replicas', 0)} replicas")
        return done


def _touched(change: Change) -> bool:
    """Whether a change may have left something at serving."""
    return change.begun_s is not None and change.reason != Reason.DENIED


def _most(current: Desired, kept: Desired | None) -> int:
    surge = current.strategy.surge
    return current.replicas + (surge if surge is not None else current.replicas if kept is None else kept.replicas)
