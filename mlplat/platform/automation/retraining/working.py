"""Triggers followed: a deployed pipeline is run again, its model judged, and brought on where it is good enough."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ....errors import AccessDenied, MlplatError, UnknownNameError, printable
from ...references import Reference
from .hearing import AGAIN, Hearing
from .journal import trigger_json
from .judging import Judgement, judge
from .specs import INCIDENTS
from .state import Deployed, RetrainingReason
from .triggers import SuppressedReason, Trigger, decide, next_of

if TYPE_CHECKING:
    from ....events import Event
    from ...identity.principals import Principal
    from ...pipelines.handles import PipelineRun

_REASONS = {True: RetrainingReason.ACCEPTED, False: RetrainingReason.WORSE, None: RetrainingReason.NOT_JUDGED}


class Working(Hearing):
    """Retraining without its calls. See `Retrainer`."""

    def _meet(self, name: str, trigger: Trigger, event: Event | None) -> None:
        """A trigger leads to a run, waits, or is suppressed."""
        one = self._state.of(name)
        if one.spec is None or (trigger.kind != "request" and not one.bound):
            self._suppress(name, trigger, SuppressedReason.NOT_DEPLOYED)
            return
        decision = decide(one.spec.policy, one.state, trigger, self._sim.now)
        if decision.superseded is not None:
            self._suppress(name, decision.superseded, SuppressedReason.SUPERSEDED)
        if decision.reason is not None:
            self._suppress(name, trigger, decision.reason)
        elif decision.go:
            self._go(name, trigger)
        else:
            self._keep(self._record("deferred", self.SOURCE, name=name, trigger=trigger_json(trigger)))
            self._wait(name)

    def _suppress(self, name: str, trigger: Trigger, reason: SuppressedReason) -> None:
        self._keep(self._record("suppressed", self.SOURCE, name=name, trigger=trigger_json(trigger), reason=reason.value))
        data = {"trigger": trigger.kind, "key": trigger.key, "reason": reason.value}
        self._emit(f"deployment:{name}", "retraining.suppressed", self.SOURCE, data, trigger.event)

    def _wait(self, name: str) -> None:
        """Look again when the cool-down is over."""
        one = self._state.of(name)
        if name in self._timers:
            self._timers.pop(name).cancel()
        if one.spec is None or not one.state.waiting or one.state.in_flight:
            return
        found = next_of(one.spec.policy, one.state)
        if found is not None:
            with self._sim.caused_by(None):
                self._timers[name] = self._sim.at(max(self._sim.now, found[0]), self._turn, name)

    def _turn(self, name: str) -> None:
        """Of what waits the first goes, unless it has passed meanwhile."""
        self._timers.pop(name, None)
        one = self._state.of(name)
        found = None if one.spec is None or one.state.in_flight else next_of(one.spec.policy, one.state)
        if found is None:
            return
        at, trigger = found
        if at > self._sim.now:
            self._wait(name)
            return
        if trigger.kind in INCIDENTS and self._has_passed(trigger):
            self._suppress(name, trigger, SuppressedReason.RESOLVED)
            self._wait(name)
        elif trigger.kind != "request" and one.state.given_up:
            self._suppress(name, trigger, SuppressedReason.GIVEN_UP)
            self._wait(name)
        else:
            self._go(name, trigger)

    def _has_passed(self, trigger: Trigger) -> bool:
        """Whether an incident was resolved since."""
        return any(self._sim.log.select(subject=trigger.key.partition(AGAIN)[0], predicate="incident.resolved"))

    def _go(self, name: str, trigger: Trigger) -> None:
        """Run the deployed pipeline."""
        one = self._state.of(name)
        assert one.spec is not None
        if trigger.kind in INCIDENTS and one.state.failures >= one.spec.policy.give_up_after:
            self._give_up(name, trigger)
            return
        self._keep(self._record("requested", self.SOURCE, name=name, trigger=trigger_json(trigger)))
        account = one.spec.account
        data = {"trigger": trigger.kind, "key": trigger.key, "on_behalf_of": f"project:{name.partition('/')[0]}"}
        requested = self._emit(f"deployment:{name}", "retraining.requested", account, data, trigger.event)
        with self._sim.caused_by(requested):
            try:
                run = self._start(name, one, trigger, requested)
            except MlplatError as error:
                self._refuse(name, error, requested)
                return
        run.then(partial(self._ran, name))

    def _start(self, name: str, one: Deployed, trigger: Trigger, requested: Event) -> PipelineRun:
        spec, account = self._known(name)
        bound = next(iter(one.bound.values()), None)
        if bound is None:
            raise UnknownNameError("deployed pipeline", name, [each for each, other in self._state.deployed.items() if other.bound])
        alarm = self._window_of(trigger)
        data = {input: alarm if alarm and Reference.parse(ref) == Reference.parse(alarm)._replace(version="") else ref
                for input, ref in spec.data.items()}  # fmt: skip
        project = name.partition("/")[0]
        return self._orchestrator.run(
            bound.pipeline, spec.parameters, spec.seed, zone=bound.zone, data=data, project=project, cause=requested, actor=account
        )

    def _window_of(self, trigger: Trigger) -> str:
        """The dataset version that has the window of an alarm; empty where there is none."""
        if trigger.kind not in INCIDENTS or trigger.event is None:
            return ""
        for cause in self._sim.log.causes(trigger.event):
            if cause.predicate == "window.evaluated":
                return str(cause.data.get("dataset") or "")
        return ""

    def _give_up(self, name: str, trigger: Trigger) -> None:
        self._keep(self._record("given_up", self.SOURCE, name=name))
        self._suppress(name, trigger, SuppressedReason.GIVEN_UP)
        text = f"{name}: {self._state.of(name).state.failures} retrainings in a row have not helped; somebody has to look"
        self._alarm(name, "retraining", text, trigger.event)
        self._wait(name)

    def _alarm(self, name: str, kind: str, text: str, cause: Any) -> None:
        """An incident for people."""
        self._emit(f"deployment:{name}", "incident.detected", self.SOURCE, {"kind": kind, "reason": text[:500]}, cause)
        if self._inbox is not None:
            self._inbox._tell(name.partition("/")[0], f"deployment:{name}", text, self.SOURCE)

    def _refuse(self, name: str, error: MlplatError, cause: Event) -> None:
        text = printable(f"{type(error).__name__}: {error}")[:500]
        self._finish(name, RetrainingReason.REFUSED, outcome="error", text=text)
        self._alarm(name, "access" if isinstance(error, AccessDenied) else "retraining", f"{name} was not trained again: {text}", cause)

    def _ran(self, name: str, run: PipelineRun) -> None:
        """The pipeline has come to its end."""
        if run.outcome != "success":
            text = f"{run.reason}{f': {run.error}' if run.error else ''}"
            self._finish(name, RetrainingReason.RUN_FAILED, run=run.name, outcome=run.outcome, text=text)
            self._tell(name, f"{name}: the run {run.name} ended with {run.outcome}, {text}")
            return
        spec, account = self._known(name)
        candidate = run.outputs.get(spec.output, "")
        if not candidate.startswith("model:"):
            said = {"run": run.name, "outcome": run.outcome, "text": f"it has no model called {spec.output!r}"}
            self._finish(name, RetrainingReason.NO_MODEL, **said)
            return
        reference = candidate.partition(":")[2]
        found = self._judged(name, reference)
        self._finish(name, _REASONS[found.accepted], run=run.name, outcome=run.outcome, candidate=reference, text=found.text)
        published = self._sim.log.select(subject=candidate, predicate="artifact.published")
        self._conclude(name, reference, found, published[-1] if published else None, account)

    def _take_offer(self, name: str, candidate: str, actor: Principal) -> None:
        """Judge a candidate made elsewhere, and go on as with one of its own."""
        _, account = self._known(name)
        found = self._judged(name, candidate)
        reason = _REASONS[found.accepted].value
        self._keep(self._record("offered", actor, name=name, candidate=candidate, reason=reason, text=found.text[:500]))
        data = {"kind": "candidate", "candidate": f"model:{candidate}", "reason": reason}
        offered = self._emit(f"deployment:{name}", "metadata.recorded", actor, data)
        self._conclude(name, candidate, found, offered, account)

    def _judged(self, name: str, candidate: str) -> Judgement:
        """Whether a candidate is good enough, as its account may see it."""
        spec, account = self._known(name)
        try:
            return judge(spec, candidate, self._models, self._data, account, self._sim.seed)
        except MlplatError as error:
            found = Judgement(None, printable(f"{type(error).__name__}: {error}")[:500])
            self._alarm(name, "access" if isinstance(error, AccessDenied) else "retraining", f"{name}: {found.text}", None)
            return found

    def _conclude(self, name: str, candidate: str, found: Judgement, cause: Event | None, account: Principal) -> None:
        """What becomes of a candidate. `cause`: of its deployment; where there is none, it waits."""
        spec, _ = self._known(name)
        if not found.accepted:
            if found.accepted is False:
                self._fail(candidate, account)
            self._tell(name, f"{name}: {candidate} is not taken: {found.text}")
        elif spec.deploy and self._deploy is not None and cause is not None:
            try:
                with self._sim.caused_by(cause):
                    self._deploy(spec.deploy, candidate, account, cause)
            except MlplatError as error:
                text = f"{name}: {candidate} is good enough, and was not deployed: {printable(str(error))[:400]}"
                self._alarm(name, "access" if isinstance(error, AccessDenied) else "retraining", text, cause)
        else:
            self._tell(name, f"{name}: {candidate} is good enough, and waits to be deployed: {found.text}")

    def _fail(self, candidate: str, account: Principal) -> None:
        """The candidate is kept, marked."""
        try:
            self._models.set_stage(candidate, "failed", actor=account)
        except MlplatError as error:
            self._alarm(candidate, "access", f"{candidate} could not be marked as failed: {printable(str(error))[:400]}", None)

    def _tell(self, name: str, text: str) -> None:
        if self._inbox is not None:
            self._inbox._tell(name.partition("/")[0], f"deployment:{name}", text, self.SOURCE)

    def _finish(
        self, name: str, reason: RetrainingReason, *, run: str = "", outcome: str = "", candidate: str = "", text: str = ""
    ) -> None:
        one = self._state.of(name)
        assert one.going is not None
        trigger = one.going[0]
        helped = reason is RetrainingReason.ACCEPTED and trigger.kind not in INCIDENTS
        said = {"run": run, "outcome": outcome, "reason": reason.value, "candidate": candidate, "text": text[:500], "helped": helped}
        self._keep(self._record("finished", self.SOURCE, name=name, **said))
        self._wait(name)
