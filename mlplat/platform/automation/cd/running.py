"""What continuous delivery does by itself while time passes: it carries changes out, one at a time for each service, and tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from ....errors import MlplatError
from ...artifacts.metadata.nodes import Artifact
from ...identity.rights import Right
from .binding import Binding
from .changes import Change, Mode
from .judging import Reference
from .ports import Bound
from .rollouts.advancing import begin
from .rollouts.driving import Drive
from .rollouts.states import Reason
from .rollouts.strategies import BlueGreen, Canary
from .specs import MODEL, PIPELINE, Desired
from .telling import Run, Telling

if TYPE_CHECKING:
    import simpy

    from ....context import Simulation
    from .cd import CD

UNCHANGED = "UNCHANGED"


class Runs(Telling):
    """The changes that are under way."""

    def __init__(self, sim: Simulation, cd: CD) -> None:
        super().__init__(sim, cd)
        self.running: dict[str, Run] = {}
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

    def stoppable(self, name: str) -> bool:
        """Whether a change of a service is under way that has not taken over."""
        run = self.running.get(name)
        return run is not None and run.carrier is not None and not self._cd._change_of(run.change).taken_over

    def stop(self, name: str, reason: Reason) -> None:
        """Let the change of a service that is under way go back, where it is `stoppable`."""
        if self.stoppable(name):
            carrier = self.running[name].carrier
            assert carrier is not None
            carrier.stop(reason)

    def called_off(self, change: int) -> None:
        """A change has ended that had not begun."""
        self.causes.pop(change, None)
        self._happened(change)

    def _happened(self, change: int) -> None:
        """Let who waits for the end of a change go on."""
        end = self._ends.get(change)
        if end is not None and not end.triggered:
            end.succeed(self._cd._change_of(change).outcome)

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
        self._happened(change.id)

    def _end(self, run: Run, outcome: str, reason: str) -> None:
        self._cd._keep(self._cd._record("ended", run.acting, id=run.change, outcome=outcome, reason=reason))
        self._finish(run)

    # -- opening again

    def resume(self) -> None:
        """Go on where the store stands: what has taken over is told to the registries again, what was on its way has gone back, what was
        waiting has its turn."""
        cd = self._cd
        # gathered first: what was waiting may begin as soon as one has gone back
        for change in [each for each in cd._catalogue.changes.values() if not each.over and each.begun_s is not None]:
            acting = cd._principal(change.acting)
            if acting is None:
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
        """Let the Metadata Store know what a service is, where a process has ended before it was told. Before a version had taken over, it
        is what others have recorded."""
        cd = self._cd
        if not cd._catalogue.had_any(name):
            return
        known = cd._metadata._state.deployed.get(f"{cd.KIND}:{name}")
        one = Artifact(current.resource, current.digest) if current is not None and current.kind == MODEL else None
        if (None if known is None else known[1]) != (None if one is None else one.resource):
            by = cd._change_of(cd._catalogue.services[name].changes[-1]).acting
            with suppress(MlplatError):
                cd._metadata._deploy(f"{cd.KIND}:{name}", one, by)
