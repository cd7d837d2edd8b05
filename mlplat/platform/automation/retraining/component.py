"""`Retrainer`: continuous training."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ....errors import OptionError, UnknownNameError, printable
from ...component import call, call_of_anybody, principal_of
from ...identity.authorization import Actor
from ...identity.principals import Principal
from ...identity.rights import Right
from ...references import check_zone, whole_name
from ..builder.image_builder import service_account
from .policy import RetrainingPolicy
from .specs import Retrained, TriggerSpec
from .state import Retraining
from .triggers import Trigger
from .working import Working


class RetrainingStatus(NamedTuple):
    """How a deployed pipeline stands. `pipeline`: what is bound, and in which `zone`; empty for nothing. `triggers`: of it. `running`:
    whether a run is in flight. `quiet_until_s`: until when (s) no other begins. `waiting`: triggers that wait. `failures`: runs in a row
    that have not helped; `given_up`: whether people were asked.
    """

    name: str
    pipeline: str
    zone: str
    triggers: tuple[str, ...]
    running: bool
    quiet_until_s: float
    waiting: tuple[Trigger, ...]
    failures: int
    given_up: bool
    suppressed: tuple[tuple[float, Trigger, str], ...]

    def __str__(self) -> str:
        now = "runs" if self.running else "has given up" if self.given_up else f"is quiet until {self.quiet_until_s:g} s"
        waits = f", {len(self.waiting)} waiting" if self.waiting else ""
        return f"{self.name}: {printable(self.pipeline) or 'no pipeline'} {now}{waits}, {len(self.suppressed)} suppressed"


class Retrainer(Working):
    """Runs deployed pipelines again, when their data or the behaviour of their model changes, by schedule or request.

    What is deployed is what continuous delivery has bound (`_pipelines`), by digest, and nothing newer. A run is made in the zone of the
    deployment, as a service account. Its model is compared with the current one; one that is good enough is deployed, or waits for a call.
    `automatic`: whether triggers are followed at all; requests are, always. `deploy`: what brings a model on, None for nobody.

    Triggers that wait when a platform is closed wait on when it is opened; a run that was under way has ended, INTERRUPTED.
    """

    @call(Right.ADMIN)
    def configure(
        self, name: str, account: Principal | str, *, policy: RetrainingPolicy | None = None, actor: Actor, **spec: Any
    ) -> Retrained:
        """Say how a deployed pipeline (`project/name`, as continuous delivery calls it) is run again. `spec`: see `Retrained`.

        `account`: the service account of the project as which that is done: it needs `deploy` on the zone, `read` on what is read and
        `write` on what is made. To let an account of the project work takes `admin` on that, too.

        Event `metadata.recorded`. Raises UnknownNameError, OptionError.
        """
        path = whole_name(name).path
        project = path.partition("/")[0]
        self._check_project(project, actor)
        self._authorization.require(actor, Right.ADMIN, f"project:{project}", call="retraining.configure", source=self.SOURCE)
        found = service_account(self._authorization.directory.find(account), path)
        known = sorted(set(Retrained.__dataclass_fields__) - {"name", "account"})
        for option in spec:
            if option not in known:
                raise UnknownNameError("option of a retraining", printable(str(option)[:40]), known)
        said = Retrained(path, found.id, RetrainingPolicy() if policy is None else policy, **spec)
        self._keep(self._record("configured", actor, name=path, spec=said.to_json()))
        self._emit(f"deployment:{path}", "metadata.recorded", actor, {"kind": "retraining", "account": found.id})
        return said

    @call(Right.DEPLOY)
    def bind(self, name: str, pipeline: str | None, *, triggers: Iterable[str] = (), zone: str = "", actor: Actor) -> RetrainingStatus:
        """Let triggers lead to a published version of a pipeline in a zone, at once, in place of what is bound there; None for nothing.

        What continuous delivery does once a version has passed its gate; by hand it asks nobody. Takes `read` on the pipeline. Event
        `metadata.recorded` {kind: binding}. Raises UnknownNameError, OptionError.
        """
        path = whole_name(name).path
        self._known(path, actor)
        version = "" if pipeline is None else self._orchestrator.resolve(pipeline, actor=actor).reference
        if isinstance(triggers, str):
            raise OptionError("triggers: expected a list of them, such as ['dataset:shop/clicks']")
        self._bind(path, check_zone(zone), version, tuple(str(TriggerSpec.parse(trigger)) for trigger in triggers))
        return self._status(path)

    @call(Right.WRITE)
    def request(self, name: str, *, actor: Actor) -> RetrainingStatus:
        """Train again now, or after the run in flight, whatever the cool-down. Raises UnknownNameError."""
        path = whole_name(name).path
        self._known(path, actor)
        state = self._state.of(path)
        key = f"request:{path}@{len(state.past) + len(state.suppressed)}/{self._sim.now:g}"
        self._meet(path, Trigger("request", key, time=self._sim.now), None)
        return self._status(path)

    @call(Right.WRITE)
    def offer(self, name: str, candidate: str, *, actor: Actor) -> Retraining:
        """Judge a version of a model that was made elsewhere, and go on with it as with what a run of the deployed pipeline has made.

        It is no run: cool-downs and what waits stay as they are. Takes `read` on the model. Event `metadata.recorded` {kind: candidate}.
        Raises UnknownNameError.
        """
        path = whole_name(name).path
        self._known(path, actor)
        version = self._models.resolve(candidate, actor=actor)
        self._take_offer(path, version.reference, principal_of(actor))
        return self._state.of(path).past[-1]

    @call(Right.WRITE)
    def resume(self, name: str, *, actor: Actor) -> RetrainingStatus:
        """Somebody has looked: triggers are followed again, with the first cool-down. Event `metadata.recorded`.

        Raises UnknownNameError.
        """
        path = whole_name(name).path
        self._known(path, actor)
        self._keep(self._record("recovered", actor, name=path))
        self._emit(f"deployment:{path}", "metadata.recorded", actor, {"kind": "retraining", "resumed": True})
        self._wait(path)
        return self._status(path)

    @call(Right.READ)
    def status(self, name: str, *, actor: Actor) -> RetrainingStatus:
        """How a deployed pipeline stands. Raises UnknownNameError."""
        path = whole_name(name).path
        self._known(path, actor)
        return self._status(path)

    @call(Right.READ)
    def history(self, name: str, *, actor: Actor) -> tuple[Retraining, ...]:
        """What its retrainings came to, the first first."""
        return tuple(self._state.of(whole_name(name).path).past) if whole_name(name).path in self._state.deployed else ()

    @call_of_anybody
    def list(self, project: str | None = None, *, actor: Actor) -> tuple[str, ...]:
        """The names of those that are configured and that the caller may read."""
        if project is not None and not isinstance(project, str):
            raise OptionError("project: expected its name")
        names = [name for name, one in self._state.deployed.items() if one.spec is not None and project in (None, name.partition("/")[0])]
        return tuple(sorted(name for name in names if self._may_read(principal_of(actor), f"deployment:{name}")))

    # -- inside

    def _status(self, name: str) -> RetrainingStatus:
        one = self._state.of(name)
        assert one.spec is not None
        bound = next(iter(one.bound.values()), None)
        pipeline, zone, triggers = ("", "", ()) if bound is None else (bound.pipeline, bound.zone, tuple(map(str, bound.triggers)))
        state = one.state
        quiet, waiting = state.quiet_until(one.spec.policy), tuple(state.waiting.values())
        return RetrainingStatus(
            name, pipeline, zone, triggers, state.in_flight, quiet, waiting, state.failures, state.given_up, tuple(one.suppressed)
        )
