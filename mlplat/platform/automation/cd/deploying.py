"""Deployment: versions go into zones without a gate, and back again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ....errors import OptionError, UnknownNameError, printable
from ...component import call, principal_of
from ...identity.authorization import Actor
from ...identity.principals import PrincipalKind
from ...identity.rights import Right
from ...references import check_project
from .calls import PRODUCTION
from .changes import Change, Mode, Service, State
from .errors import DeploymentError, GateError
from .evidence import Evidence
from .rollouts.states import Reason
from .rollouts.strategies import Strategy
from .specs import Desired, parse_what

if TYPE_CHECKING:
    import simpy

    from .correcting import Corrector
    from .running import Runs
    from .tracking import Tracker


class Deploying(Evidence):
    """Continuous deployment."""

    _runs: Runs
    _tracker: Tracker
    _corrector: Corrector

    @call(Right.DEPLOY)
    def deploy(
        self,
        name: str,
        what: str,
        *,
        zone: str | None = None,
        replicas: int | None = None,
        strategy: Strategy | str | Mapping[str, Any] | None = None,
        alias: str | None = PRODUCTION,
        options: Mapping[str, Any] | None = None,
        triggers: Iterable[str] | None = None,
        tests: Iterable[Mapping[str, Any]] = (),
        actor: Actor,
    ) -> Change:
        """Deploy a version of a model or pipeline into a zone as `name` (`project/name`); after what is under way there already.

        `what`: such as `shop/churn@3`, by digest or alias too, or `pipeline:shop/train@v1`; what it means is settled here. `zone`: may be
        left out for a deployment that is there; in a development zone the deployment is called `name.zone`. `replicas`, `strategy`,
        `options` (for serving), `triggers` (of a pipeline): as deployed unless said (where nothing is, `replicas` and `strategy` as were
        said last). `alias`: of the model, that moves when the version
        has taken over; in a development zone that of the zone's name; None for none. `tests`: see `deliver`.

        Takes `deploy` on the deployment, the zone and the model, in the zone, and `write` on the model for the alias; in the developer's
        own zone `read` on the model. It goes on in the name of the service account of the project (`act_as`), or of the caller.

        Raises GateError where the zone asks for an approval, a test has failed or the alias could not move; UnknownNameError,
        DeploymentError, OptionError. Nothing has been changed then.
        """
        said: dict[str, Any] = {"replicas": replicas, "strategy": strategy, "alias": alias, "options": options, "triggers": triggers}
        desired = self._desired(name, what, zone, actor, call="cd.deploy", **said)
        if self._gate(desired.zone).required:
            raise GateError(desired.resource, desired.zone, "the zone takes what is approved only; expected `deliver`")
        self._check_evidence(desired, self._evidence(desired, actor, tests))
        self._check_alias(desired, actor, "cd.deploy")
        self._fetch(desired, actor)
        commit = self._tracker.write(desired, self._acting(desired, actor), f"Deploy {desired.what} to {desired.name}")
        return self._ask(desired, Mode.DEPLOY, actor, commit=commit)

    @call(Right.DEPLOY)
    def rollback(self, name: str, to: str | None = None, *, actor: Actor) -> Change:
        """Go back: of a change that is under way at once, and of all that wait; else to the version before, or to an earlier one, `to`
        (`shop/churn@2`), that was all of the deployment once.

        No gate and no rule of promotion stands in the way of what was there already. A rollback is a change like others, and can itself be
        rolled back. Event `service.rolledback`. Raises DeploymentError where there is nothing to go back to, and for a version that never
        took over, UnknownNameError. Nothing has been changed then.
        """
        service = self._service(name, actor)
        if to is None and self._catalogue.under_way(service.name):
            return self._call_off(service, actor)
        there, current = self._catalogue.versions_of(service.name), service.current
        if to is None:
            others = [each for each in there if current is None or each.what != current.what]
            if not others:
                raise DeploymentError(service.name, "there is no version before")
            return self._back_to(others[-1], actor)
        wanted = str(parse_what(to)[1])
        found = [each for each in there if each.is_called(wanted)]
        if not found:
            known = ", ".join(dict.fromkeys(each.what for each in there))
            if not known:
                raise DeploymentError(service.name, "there is no version to go back to: none has ever been all of it")
            if any(self._catalogue.changes[number].desired.is_called(wanted) for number in service.changes):
                raise DeploymentError(service.name, f"{printable(wanted)} has never been all of it; expected {known}")
            raise UnknownNameError("version", wanted, {each.what for each in there})
        return self._back_to(found[-1], actor)

    @call(Right.DEPLOY)
    def remove(self, name: str, *, actor: Actor) -> None:
        """Let a deployment be no more. Event `service.removed`. Raises DeploymentError while a change of it is under way."""
        service = self._service(name, actor)
        if self._catalogue.under_way(service.name):
            raise DeploymentError(service.name, "a change of it is under way; expected its end, or `rollback`")
        self._tracker.erase(service.name, service.zone, principal_of(actor), f"Remove {service.name}")
        self._remove(service.name, actor)

    @call(Right.ADMIN)
    def act_as(self, project: str, account: str | None, *, actor: Actor) -> None:
        """Let deployments of a project go on in the name of one of its service accounts; None for whoever asks. Raises OptionError."""
        check_project(project)
        self._check_project(project, actor)
        number = ""
        if account is not None:
            found = self._authorization.directory.find(account)
            if found.kind is not PrincipalKind.SERVICE_ACCOUNT or found.project != project:
                raise OptionError(f"{found.id}: expected a service account of {project}")
            number = found.id
        self._keep(self._record("account", actor, project=project, account=number))

    @call(Right.READ)
    def ended(self, change: int, *, actor: Actor) -> simpy.Event:
        """An event that happens when a change has ended, with its outcome: to be waited for, as by `sim.run(until=…)`."""
        return self._runs.ended(change)

    # -- inside

    def _ask(self, desired: Desired, mode: Mode, actor: Actor, *, approval: int = 0, commit: str = "") -> Change:
        record = self._asked(desired, mode, actor, approval=approval, commit=commit)
        self._keep(record)
        self._begin_soon(record["id"], self._sim.env.cause)
        return self._catalogue.changes[record["id"]]

    def _asked(self, desired: Desired, mode: Mode, actor: Actor, *, approval: int, commit: str) -> dict[str, Any]:
        acting = self._acting(desired, actor).id
        said = {"id": len(self._catalogue.changes) + 1, "desired": desired.to_dict(), "mode": mode.value}
        return self._record("asked", actor, **said, acting=acting, approval=approval, commit=commit)

    def _begin_soon(self, change: int, cause: int | None) -> None:
        """Begin a change in this instant, or after those before it."""
        self._runs.causes[change] = cause
        self._corrector.begin()
        self._sim.at(self._sim.now, self._runs.next, self._catalogue.changes[change].name, turn="settle")

    def _call_off(self, service: Service, actor: Actor) -> Change:
        """Let what is under way go back, and end what waits. Raises DeploymentError where it is too late for that."""
        first, *waiting = self._catalogue.under_way(service.name)
        if first.state is State.WAITING:
            waiting = [first, *waiting]
        elif not self._runs.stoppable(service.name):
            raise DeploymentError(service.name, "what is under way has taken over in this instant; ask again")
        ends = [self._record("ended", actor, id=each.id, outcome="cancelled", reason=Reason.ASKED.value) for each in waiting]
        if ends:
            self._keep(*ends)
        if first.state is State.RUNNING:
            self._runs.stop(service.name, Reason.ASKED)
        for each in waiting:
            self._runs.called_off(each.id)
        if waiting:
            last = self._catalogue.changes[waiting[-1].id]
            self._tracker.went_back(last, self._principal(last.acting) or principal_of(actor), self._sim.env.cause)
        return self._catalogue.changes[first.id]

    def _back_to(self, desired: Desired, actor: Actor) -> Change:
        commit = self._tracker.write(desired, self._acting(desired, actor), f"Roll {desired.name} back to {desired.what}")
        return self._ask(desired, Mode.ROLLBACK, actor, commit=commit)

    def _remove(self, name: str, actor: Actor) -> None:
        service = self._catalogue.services[name]
        if service.current is None:
            return
        gone = service.current
        self._keep(self._record("removed", actor, name=name))
        self._corrector.soon(name)
        data = {"zone": service.zone, "kind": gone.kind, gone.kind: gone.resource, "digest": gone.digest}
        self._emit(f"service:{name}", "service.removed", actor, data)
