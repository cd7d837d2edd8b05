"""What is kept and told of a change on its way: by events, to the Model Registry, and in the branch of the desired state."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ....errors import AccessDenied, MlplatError, printable
from ...identity.principals import Principal
from ...identity.rights import Right
from ...zones.journal import DEVELOPMENT
from .binding import Binding, TookOver
from .changes import Mode
from .rollouts.driving import Drive
from .rollouts.states import INFRASTRUCTURE, Judged, Promoted, Reason, RolledBack, Rollout, Signal, Started, Stepped
from .rollouts.strategies import BlueGreen, Canary, Strategy
from .specs import MODEL, Desired

if TYPE_CHECKING:
    from ....context import Simulation
    from ....events import Event
    from .cd import CD


@dataclass(slots=True, eq=False)
class Run:
    """A change that has begun. `cause`: the event that led to what comes next. `raised`: by who listens to its events."""

    change: int
    acting: Principal
    strategy: Strategy
    carrier: Drive | Binding | None = None
    cause: Event | int | None = None
    raised: Exception | None = None

    @property
    def judged(self) -> bool:
        """Whether it is a canary."""
        return isinstance(self.strategy, (Canary, BlueGreen)) and self.strategy.policy is not None


class Telling:
    """Changes that are under way, as far as they are told of."""

    def __init__(self, sim: Simulation, cd: CD) -> None:
        self._sim, self._cd = sim, cd
        self.causes: dict[int, int | None] = {}
        """By change that waits, what led to it."""

    def _tell(self, run: Run, rollout: Rollout | None, signal: Signal | TookOver) -> None:
        """Keep what a signal says, and tell of it. What listeners raise comes out when all is told."""
        run.raised = None
        match signal:
            case Started():
                self._cd._keep(self._cd._record("shifted", run.acting, id=run.change))
                if run.judged:
                    assert rollout is not None and isinstance(rollout.strategy, (Canary, BlueGreen))
                    steps = () if rollout.strategy.policy is None else rollout.strategy.policy.steps
                    self._event(run, "canary.started", {"steps": steps, "replicas": rollout.replicas})
                elif rollout is None:
                    self._event(run, self._verb(run), {})
            case Stepped(step, share, again):
                assert rollout is not None
                self._event(run, "canary.stepped", {"step": step, "share": share, "again": again})
            case Judged(judgement):
                self._event(run, "canary.judged", judgement.to_dict())
            case Promoted() | TookOver():
                self._took_over(run, rollout is None)
            case RolledBack(reason):
                self._gone_back(run, reason, "" if run.carrier is None else run.carrier.trouble)
        if run.raised is not None:
            raised, run.raised = run.raised, None
            raise raised

    def _verb(self, run: Run) -> str:
        change = self._cd._change_of(run.change)
        if change.mode is Mode.ROLLBACK:
            return "service.rolledback"
        return "service.deployed" if change.old is None else "service.upgraded"

    def _took_over(self, run: Run, told: bool) -> None:
        """The new version has all traffic: from here on that is what the service is."""
        cd, change = self._cd, self._cd._change_of(run.change)
        until = self._sim.now + (change.desired.strategy.keep if change.old is not None else 0.0)
        if not change.taken_over:
            cd._keep(cd._record("taken_over", run.acting, id=run.change, kept_until_s=until))
            if not told:
                self._event(run, self._verb(run), {})
        self._settle(run)

    def _settle(self, run: Run) -> None:
        """Let the alias follow a version that has taken over. Where it may not, because that has changed in this very instant, the service
        goes back, too."""
        cd, change = self._cd, self._cd._change_of(run.change)
        moved = self._move_alias(run)
        back = not moved and change.mode is not Mode.ROLLBACK
        outcome, reason = ("failure", Reason.ALIAS_REFUSED.value) if back else ("success", "")
        if run.judged and run.carrier is not None:
            self._event(run, "canary.finished", {"outcome": outcome} | ({"reason": reason} if reason else {}))
        records = [cd._record("ended", run.acting, id=run.change, outcome=outcome, reason=reason)]
        if back and change.old is not None:
            with suppress(Exception):
                cd._tracker.write(change.old, run.acting, f"Roll back {change.name} from {change.desired.what}: {reason}")
            records.append(cd._asked(change.old, Mode.ROLLBACK, run.acting, approval=0, commit=""))
            self.causes[records[-1]["id"]] = self._sim.log.cause_id(run.cause)
        cd._keep(*records)
        if back and change.old is None:
            with suppress(Exception):
                cd._tracker.erase(change.name, change.desired.zone, run.acting, f"Remove {change.name}: {reason}")
            cd._remove(change.name, run.acting)

    def _move_alias(self, run: Run) -> bool:
        """Let the alias of a model that has taken over point to it. Returns whether it does."""
        desired = self._cd._change_of(run.change).desired
        if not desired.alias:
            return True
        problem: object = None
        try:
            with self._sim.caused_by(run.cause):
                answer = self._cd._models.promote(desired.what, f"@{desired.alias}", zone=desired.zone, actor=run.acting)
                problem = None if answer else str(answer)
        except MlplatError as error:
            problem = error
        except Exception as error:
            run.raised = error
        if problem is not None:
            data = {"kind": "deployment", "reason": Reason.ALIAS_REFUSED.value, "problem": printable(str(problem))[:300]}
            after = run.cause
            self._event(run, "incident.detected", data)
            run.cause = after
        return problem is None

    def _gone_back(self, run: Run, reason: Reason, why: str) -> None:
        """All is as it was before the change."""
        cd, change = self._cd, self._cd._change_of(run.change)
        if reason is Reason.DENIED:
            self._tell_denied(run, change.desired)
        outcome = "cancelled" if reason is Reason.ASKED else "error" if reason in INFRASTRUCTURE or reason is Reason.DENIED else "failure"
        cd._keep(cd._record("ended", run.acting, id=run.change, outcome=outcome, reason=reason.value))
        told: dict[str, Any] = {"reason": reason.value} | ({"problem": printable(why)[:300]} if why else {})
        if change.shifted:
            self._event(run, "service.rolledback", told, back=True)
        after = run.cause
        if reason is not Reason.ASKED:
            self._event(run, "incident.detected", {"kind": "deployment", **told})
        if after is not None:  # else nothing was told of it before, and what follows comes of the incident
            run.cause = after
        if run.judged:
            self._event(run, "canary.finished", {"outcome": outcome, **told})
        cd._tracker.went_back(cd._change_of(run.change), run.acting, run.cause)

    def _tell_denied(self, run: Run, desired: Desired) -> None:
        """A right that is gone is told as any call that is refused: one `access.denied`."""
        entry = self._cd._zones._catalogue.zones.get(desired.zone)
        asked = [] if entry is None else [(Right.DEPLOY, entry.resource, entry.name)]
        if desired.kind == MODEL and desired.alias:
            asked.append((Right.WRITE, f"model:{desired.what.partition('@')[0]}", desired.zone))
        with suppress(AccessDenied), self._sim.caused_by(run.cause):
            for right, resource, zone in asked:
                self._cd._authorization.require(run.acting, right, resource, zone, call="cd.deploy", source=self._cd.SOURCE)

    def _event(self, run: Run, predicate: str, data: Mapping[str, Any], back: bool = False) -> None:
        """Tell of a change, because of what was told of it before. `back`: of the version that it goes back to."""
        change = self._cd._change_of(run.change)
        desired, old = change.desired, change.old
        named = old if back else desired
        said: dict[str, Any] = {"zone": desired.zone, "kind": desired.kind, "deployment": change.id}
        if named is not None:
            said |= {desired.kind: named.resource, "digest": named.digest}
        other = desired if back else old
        said |= {"from": None if other is None else other.what} if predicate.startswith("service.") else {}
        entry = self._cd._zones._catalogue.zones.get(desired.zone)
        if entry is not None and entry.kind == DEVELOPMENT:
            said["test"] = True
        if run.acting.id != change.asked_by:
            said["on_behalf_of"] = change.asked_by
        try:
            with self._sim.caused_by(run.cause):
                run.cause = self._cd._emit(f"service:{change.name}", predicate, run.acting, said | dict(data))
        except Exception as error:
            run.raised = error
