"""What retraining is told: which pipelines are bound where, and which events are triggers of theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from ....errors import MlplatError, UnknownNameError
from ...component import Component
from ...record_shapes import Shape
from .binding import Pipelines
from .journal import RECORDS
from .specs import INCIDENTS
from .state import Bound, RetrainingReason, RetrainingState
from .triggers import Trigger

if TYPE_CHECKING:
    from ....clock import Call
    from ....context import Simulation
    from ....events import Event
    from ...artifacts.data import DataStore
    from ...artifacts.models import ModelRegistry
    from ...identity.authorization import Actor
    from ...identity.principals import Principal
    from ...identity.provider import IdentityProvider
    from ...pipelines.orchestrator import Orchestrator
    from ...storage.store import Store
    from ..inbox import Inbox
    from .specs import Retrained

AGAIN = "#"
"""In the key of a trigger, between an incident and after how many further windows it was told again: that is another cause."""
Deploy = Callable[[str, str, "Principal", "Event"], object]
"""Brings a model version into a deployment, in the name of a principal, because of an event. It may raise MlplatError."""


class Hearing(Component):
    """Retraining without its calls and its runs. See `Retrainer`."""

    KIND: ClassVar[str] = "deployment"
    SOURCE: ClassVar[str] = "retraining"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = RECORDS

    def __init__(
        self,
        sim: Simulation,
        identity: IdentityProvider,
        store: Store | None = None,
        *,
        orchestrator: Orchestrator,
        data: DataStore,
        models: ModelRegistry,
        inbox: Inbox | None = None,
        deploy: Deploy | None = None,
        automatic: bool = True,
    ) -> None:
        self._orchestrator, self._data, self._models, self._inbox = orchestrator, data, models, inbox
        self._deploy, self._automatic = deploy, automatic
        self._timers: dict[str, Call] = {}
        self._clocks: dict[tuple[str, str], list[Callable[[], object]]] = {}
        self._pipelines = Pipelines(self)
        super().__init__(sim, identity, store)
        log = sim.log
        log.subscribe("dataset.changed", self._data_changed)
        log.subscribe("incident.detected", self._incident)
        log.subscribe("window.evaluated", self._window)
        for name, one in self._state.deployed.items():
            if one.going is not None:
                self._finish(name, RetrainingReason.INTERRUPTED, outcome="error")
            for zone in one.bound:
                self._arm(name, zone)
            self._wait(name)

    def _begin(self) -> None:
        self._state = RetrainingState()
        self._open: dict[str, bool] = {}
        """By incident whether it is open, of those that were heard of."""

    def _apply(self, record: Mapping[str, Any]) -> None:
        self._state.apply(record)

    def _contents(self) -> tuple[str, ...]:
        return ()

    # -- what is bound

    def _bind(self, name: str, zone: str, pipeline: str, triggers: tuple[str, ...]) -> None:
        self._keep(self._record("bound", self.SOURCE, name=name, zone=zone, pipeline=pipeline, triggers=list(triggers)))
        for end in self._clocks.pop((name, zone), []):
            end()
        if pipeline:
            self._arm(name, zone)
        data = {"zone": zone, "pipeline": pipeline, "triggers": triggers}
        self._emit(f"deployment:{name}", "metadata.recorded", self.SOURCE, {"kind": "binding", **data})

    def _arm(self, name: str, zone: str) -> None:
        """Let the schedules of a bound pipeline fire."""
        periods = [each.what for each in self._state.of(name).bound[zone].triggers if each.kind == "schedule"]
        repeating = [self._sim.every(float(period), partial(self._fire, name, period)) for period in periods]
        self._clocks[name, zone] = [each.cancel for each in repeating]

    def _smoke(self, name: str, bound: Bound) -> Any:
        spec, account = self._known(name)
        said: dict[str, Any] = {"data": dict(spec.smoke.get("data", {})), "publish": False, "cache": False, "zone": bound.zone}
        parameters = dict(spec.parameters) | dict(spec.smoke.get("parameters", {}))
        run = self._orchestrator.run(bound.pipeline, parameters, spec.seed, project=name.partition("/")[0], actor=account, **said)
        return run.wait()

    def _known(self, name: str, actor: Actor = None) -> tuple[Retrained, Principal]:
        """What is configured, and who acts. Raises UnknownNameError, which names those that `actor` may read."""
        spec = self._state.of(name).spec
        if spec is None:
            there = [each for each, one in self._state.deployed.items() if one.spec is not None]
            raise UnknownNameError("retraining", name, [each for each in there if self._may_read(actor, f"deployment:{each}")])
        return spec, self._authorization.directory.find(spec.account)

    # -- what is heard

    def _listeners(self, kind: str, what: str) -> list[str]:
        """Deployments of which a bound pipeline has such a trigger."""
        if not self._automatic:
            return []
        return [
            name
            for name, one in self._state.deployed.items()
            if any(each.kind == kind and each.what == what for bound in one.bound.values() for each in bound.triggers)
        ]

    def _data_changed(self, event: Event) -> None:
        if event.source != self._data.SOURCE:
            return
        for name in self._listeners("dataset", event.name):
            version = f"{event.name}@{event.data['version']}"
            trigger = Trigger("dataset", f"dataset:{version}", _id(event), self._new_rows(name, version), event.data["new"], event.time)
            self._later(name, trigger, event)

    def _new_rows(self, name: str, version: str) -> int:
        """Rows that a version has more than the one before; 0 where the account may not look."""
        try:
            _, account = self._known(name)
            path, _, number = version.partition("@")
            rows = [self._data.resolve(f"{path}@{each}", actor=account).rows or 0 for each in (int(number), int(number) - 1) if each > 0]
        except MlplatError:
            return 0
        return max(0, rows[0] - sum(rows[1:]))

    def _incident(self, event: Event) -> None:
        kind = event.data.get("kind")
        if kind not in INCIDENTS or event.source != "monitoring":
            return
        for name in self._listeners(kind, event.data["watch"]):
            further = event.data.get("further", 0)
            key = f"{event.subject}{AGAIN}{further}" if further else event.subject
            self._later(name, Trigger(kind, key, _id(event), time=event.time), event)

    def _window(self, event: Event) -> None:
        """A window in which nothing is wrong: what was done has helped."""
        if event.source != "monitoring" or event.data.get("outcome") not in ("steady", "good"):
            return
        watch = event.subject.partition(":")[2].partition("@")[0]
        for kind in INCIDENTS:
            for name in self._listeners(kind, watch):
                if self._state.of(name).state.failures and not self._state.of(name).state.given_up:
                    self._keep(self._record("recovered", self.SOURCE, name=name))

    def _fire(self, name: str, period: str) -> None:
        if self._automatic:
            event = self._emit(f"schedule:{name}", "schedule.fired", self.SOURCE, {"period_s": float(period)})
            self._meet(name, Trigger("schedule", f"schedule:{name}@{self._sim.now:g}", _id(event), time=event.time), event)

    def _later(self, name: str, trigger: Trigger, event: Event) -> None:
        """Follow a trigger in this instant, once whoever tells of it has done."""
        with self._sim.caused_by(event):
            self._sim.after(0.0, self._meet, name, trigger, event)

    # -- what follows from it

    def _meet(self, name: str, trigger: Trigger, event: Event | None) -> None:
        raise NotImplementedError

    def _wait(self, name: str) -> None:
        raise NotImplementedError

    def _finish(
        self, name: str, reason: RetrainingReason, *, run: str = "", outcome: str = "", candidate: str = "", text: str = ""
    ) -> None:
        raise NotImplementedError


def _id(event: Event) -> int | None:
    return event.id if event.id >= 0 else None
