"""What continuous delivery does by itself while time passes: it carries changes out, one at a time for each service, and tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ....errors import MlplatError, printable
from ...identity.principals import Principal
from ...identity.rights import Right
from ...zones.journal import DEVELOPMENT
from .binding import Binding, TookOver
from .changes import Change, Mode
from .judging import Reference
from .ports import Bound
from .rollouts.advancing import begin
from .rollouts.driving import Drive
from .rollouts.states import INFRASTRUCTURE, Judged, Promoted, Reason, RolledBack, Rollout, Signal, Started, Stepped
from .rollouts.strategies import BlueGreen, Canary, Strategy
from .specs import MODEL, PIPELINE, Desired

if TYPE_CHECKING:
    import simpy

    from ....context import Simulation
    from ....events import Event
    from .cd import CD

UNCHANGED = "UNCHANGED"


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


class Runs:
    """The changes that are under way."""

    def __init__(self, sim: Simulation, cd: CD) -> None:
        self._sim, self._cd = sim, cd
        self.running: dict[str, Run] = {}
        self.causes: dict[int, int | None] = {}
        """By change, what led to it."""
        self._ends: dict[int, simpy.Event] = {}

    # -- beginning and ending

    def ended(self, change: int) -> simpy.Event:
        """An event that happens when a change has ended; its value is the outcome."""
        found = self._ends.get(change)
        if found is None:
            found = self._ends[change] = self._sim.event()
            known = self._cd._catalogue.changes[change]
            if known.over:
                found.succeed(known.outcome)
        return found

    def next(self, name: str) -> None:
        """Begin the change of a service whose turn it is, if none is under way."""
        if name in self.running:
            return
        waiting = self._cd._catalogue.under_way(name)
        if waiting:
            change = waiting[0]
            with self._sim.caused_by(self.causes.get(change.id)):
                self._start(change)

    def _start(self, change: Change) -> None:
        cd, desired = self._cd, change.desired
        service = cd._catalogue.services[change.name]
        old = service.current
        acting = cd._principal(change.acting)
        strategy = desired.strategy
        if change.mode is Mode.ROLLBACK or desired.kind == PIPELINE:
            strategy = BlueGreen(pending=strategy.pending, keep=strategy.keep)
        assert acting is not None
        run = self.running[change.name] = Run(change.id, acting, strategy, cause=self.causes.pop(change.id, None))
        records = [cd._record("dropped", acting, name=service.name)] if service.kept and service.kept.what != desired.what else []
        cd._keep(*records, cd._record("begun", acting, id=change.id, old=None if old is None else old.to_dict()))
        if old is not None and old.seal == desired.seal:
            self._end(run, "success", UNCHANGED)
            return
        hindrance = self._hindrance(run)
        if hindrance is not None:
            self._refuse(run, hindrance, "")
            return
        if old is not None and old.what == desired.what:
            self._took_over(run, False)
            self._finish(run)
            return
        try:
            run.carrier = self._carrier(run, desired, old)
        except MlplatError as error:
            self._refuse(run, Reason.TARGET_ERROR, str(error))
            return
        run.carrier.start()

    def _carrier(self, run: Run, desired: Desired, old: Desired | None) -> Drive | Binding:
        cd = self._cd
        if desired.kind == PIPELINE:
            assert cd._pipelines is not None
            before = None if old is None else Bound(old.what, old.triggers)
            return Binding(
                self._sim,
                cd._pipelines.target(desired.name, desired.zone),
                Bound(desired.what, desired.triggers),
                before,
                lambda signal: self._tell(run, None, signal),
                done=lambda: self._finish(run),
                cause=lambda: run.cause,
            )
        assert cd._serving is not None
        target = cd._serving.target(desired.name, desired.zone, desired.options)
        with suppress(Exception):  # what is left of earlier ones goes, so that there is room
            for version in sorted(set(target.versions()) - {desired.what, *([] if old is None else [old.what])}):
                target.remove_version(version)
        replicas = 0 if old is None else old.replicas
        rollout = begin(desired.what, None if old is None else old.what, desired.replicas, replicas, run.strategy, self._sim.now)
        reference = self._reference(run, desired) if old is None and run.judged else None
        return Drive(
            self._sim,
            target,
            rollout,
            lambda state, signal: self._tell(run, state, signal),
            reference=reference,
            hindered=lambda: self._hindrance(run),
            done=lambda: self._finish(run),
        )

    def _hindrance(self, run: Run) -> Reason | None:
        """Why a change does not go on; None where it does. Going back needs no right."""
        change = self._cd._change_of(run.change)
        if change.taken_over or change.mode is Mode.ROLLBACK:
            return None
        if not change.shifted and not self._may_deploy(run, change.desired):
            return Reason.DENIED
        return self._cd._alias_hindrance(change.desired, run.acting) if change.desired.kind == MODEL else None

    def _may_deploy(self, run: Run, desired: Desired) -> bool:
        entry = self._cd._zones._catalogue.zones.get(desired.zone)
        return entry is not None and self._cd._authorization.may(run.acting, Right.DEPLOY, entry.resource, entry.name)

    def _reference(self, run: Run, desired: Desired) -> Reference:
        """What a first version is compared with: its baseline, where there is one."""
        assert isinstance(run.strategy, (Canary, BlueGreen)) and run.strategy.policy is not None
        policy = run.strategy.policy
        try:
            baseline = self._cd._metadata.baseline(desired.resource, actor=run.acting)
        except MlplatError:
            self._event(run, "incident.detected", {"kind": "baseline_missing"})
            return Reference(policy.error_rate)
        quality = next((found for name, found in sorted(baseline.quality.items()) if name == "score" or len(baseline.quality) == 1), None)
        score = quality.get("low", quality.get("value")) if isinstance(quality, Mapping) else quality
        latency = baseline.latency.get(f"p{100 * policy.quantile:g}")
        errors = baseline.quality.get("error_rate", policy.error_rate)
        numbers = [each if isinstance(each, (int, float)) and not isinstance(each, bool) else None for each in (errors, latency, score)]
        return Reference(*numbers)

    def stop(self, name: str, reason: Reason) -> bool:
        """Let the change of a service that is under way go back. Returns whether one is."""
        run = self.running.get(name)
        if run is None or run.carrier is None or self._cd._change_of(run.change).taken_over:
            return False
        run.carrier.stop(reason)
        return True

    def _refuse(self, run: Run, reason: Reason, why: str) -> None:
        """A change that never had traffic ends."""
        self._gone_back(run, reason, why)
        self._finish(run)

    def _finish(self, run: Run) -> None:
        """A change is over: the next one of its service begins."""
        change = self._cd._change_of(run.change)
        if not change.over:  # its end was not kept when it was told
            if change.taken_over:
                self._settle(run)
                self._finish(run)
            else:
                self._end(run, "error", Reason.TARGET_ERROR.value)
            return
        if self.running.get(change.name) is run:
            del self.running[change.name]
        self._cd._corrector.soon(change.name)
        self._sim.at(self._sim.now, self.next, change.name, turn="settle")
        end = self._ends.get(change.id)
        if end is not None and not end.triggered:
            end.succeed(change.outcome)

    def _end(self, run: Run, outcome: str, reason: str) -> None:
        self._cd._keep(self._cd._record("ended", run.acting, id=run.change, outcome=outcome, reason=reason))
        self._finish(run)

    # -- telling

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
        outcome = "cancelled" if reason is Reason.ASKED else "error" if reason in INFRASTRUCTURE or reason is Reason.DENIED else "failure"
        cd._keep(cd._record("ended", run.acting, id=run.change, outcome=outcome, reason=reason.value))
        told: dict[str, Any] = {"reason": reason.value} | ({"problem": printable(why)[:300]} if why else {})
        if change.shifted:
            self._event(run, "service.rolledback", told, back=True)
        after = run.cause
        if reason is not Reason.ASKED:
            self._event(run, "incident.detected", {"kind": "deployment", **told})
        run.cause = after
        if run.judged:
            self._event(run, "canary.finished", {"outcome": outcome, **told})
        cd._tracker.went_back(cd._change_of(run.change), run.acting, run.cause)

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

    # -- opening again

    def resume(self) -> None:
        """Go on where the store stands: what has taken over is told to the registries again, what was on its way has gone back, what was
        waiting has its turn."""
        cd = self._cd
        for change in list(cd._catalogue.changes.values()):
            acting = cd._principal(change.acting)
            if change.over or change.begun_s is None or acting is None:
                continue
            run = Run(change.id, acting, change.desired.strategy)
            if change.taken_over:
                self._settle(run)
            else:
                self._gone_back(run, Reason.INTERRUPTED, "")
        for service in cd._catalogue.services.values():
            self._remember(service.name, service.current)
            last = cd._catalogue.changes[service.changes[-1]]
            acting = cd._principal(last.acting)
            if acting is not None and last.over and not last.taken_over:
                cd._tracker.went_back(last, acting, None)
            self.next(service.name)

    def _remember(self, name: str, current: Desired | None) -> None:
        """Let the Metadata Store know what a service is, where a process has ended before it was told."""
        known = self._cd._metadata._state.deployed.get(f"deployment:{name}")
        resource = current.resource if current is not None and current.kind == MODEL else None
        if (None if known is None else known[1]) != resource:
            changes = self._cd._catalogue.services[name].changes
            by = self._cd._principal(self._cd._change_of(changes[-1]).acting) if changes else None
            if by is not None:
                with suppress(MlplatError):
                    self._cd._metadata.record_deployment(name, resource, actor=by)
