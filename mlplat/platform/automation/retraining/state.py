"""The state of retraining: what is configured and bound, and how each deployed pipeline stands, folded from the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from ....errors import printable
from ...record_shapes import ensure
from .journal import trigger_of
from .specs import Retrained, TriggerSpec
from .triggers import Trigger, TriggerState


class RetrainingReason(StrEnum):
    """How a retraining ended."""

    ACCEPTED = "ACCEPTED"
    """The candidate is good enough."""
    WORSE = "WORSE"
    """The candidate is not."""
    NOT_JUDGED = "NOT_JUDGED"
    """The candidate could not be compared."""
    RUN_FAILED = "RUN_FAILED"
    """The pipeline did not end well."""
    REFUSED = "REFUSED"
    """The run, or what it needed, was refused."""
    NO_MODEL = "NO_MODEL"
    """The pipeline has made no model."""
    INTERRUPTED = "INTERRUPTED"
    """The platform was closed meanwhile."""


class Retraining(NamedTuple):
    """A retraining that is over. `requested_s`, `ended_s`: s. `trigger`: what led to it. `run`: of the pipeline, empty without.
    `outcome`: success, failure, error or cancelled, of the run. `candidate`: the model version, empty without. `text`: the verdict.
    Of a candidate made elsewhere the trigger is called `offer`, and there is no run.
    """

    requested_s: float
    ended_s: float
    trigger: Trigger
    run: str
    outcome: str
    reason: RetrainingReason
    candidate: str
    text: str

    @property
    def accepted(self) -> bool:
        """Whether the candidate is good enough."""
        return self.reason is RetrainingReason.ACCEPTED

    def __str__(self) -> str:
        of = f" {self.candidate}" if self.candidate else ""
        why = f": {printable(self.text)}" if self.text else ""
        return f"{self.ended_s:g} s, for {self.trigger.kind} {printable(self.trigger.key)}: {self.reason}{of}{why}"


@dataclass(slots=True)
class Bound:
    """A pipeline that is bound in a zone, and its triggers."""

    zone: str
    pipeline: str
    triggers: tuple[TriggerSpec, ...]


@dataclass(slots=True)
class Deployed:
    """One deployed pipeline. `bound`: by zone. `going`: the trigger of the run in flight, and since when (s)."""

    spec: Retrained | None = None
    bound: dict[str, Bound] = field(default_factory=dict)
    state: TriggerState = field(default_factory=TriggerState)
    going: tuple[Trigger, float] | None = None
    past: list[Retraining] = field(default_factory=list)
    suppressed: list[tuple[float, Trigger, str]] = field(default_factory=list)


class RetrainingState:
    """All deployed pipelines by the name of their deployment."""

    def __init__(self) -> None:
        self.deployed: dict[str, Deployed] = {}

    def of(self, name: str) -> Deployed:
        """The one of a name; one that is nothing yet where it is not known."""
        return self.deployed.get(name) or Deployed()

    def apply(self, record: Mapping[str, Any]) -> None:
        """Change as a record says."""
        one = self.deployed.setdefault(record["name"], Deployed())
        getattr(self, f"_{record['what']}")(one, record)

    def _configured(self, one: Deployed, record: Mapping[str, Any]) -> None:
        one.spec = Retrained.from_json(record["spec"])

    def _bound(self, one: Deployed, record: Mapping[str, Any]) -> None:
        if record["pipeline"]:
            triggers = tuple(map(TriggerSpec.parse, record["triggers"]))
            one.bound[record["zone"]] = Bound(record["zone"], record["pipeline"], triggers)
        else:
            one.bound.pop(record["zone"], None)

    def _deferred(self, one: Deployed, record: Mapping[str, Any]) -> None:
        trigger = trigger_of(record["trigger"])
        one.state.waiting[trigger.kind] = trigger

    def _suppressed(self, one: Deployed, record: Mapping[str, Any]) -> None:
        trigger = trigger_of(record["trigger"])
        if one.state.waiting.get(trigger.kind) == trigger:
            del one.state.waiting[trigger.kind]
        one.suppressed.append((record["time"], trigger, record["reason"]))

    def _requested(self, one: Deployed, record: Mapping[str, Any]) -> None:
        ensure(one.going is None, "requested while a run is in flight")
        trigger, state = trigger_of(record["trigger"]), one.state
        if state.waiting.get(trigger.kind) == trigger:
            del state.waiting[trigger.kind]
        state.began_s, state.in_flight = record["time"], True
        state.done.add(trigger.key)
        state.digest = trigger.digest or state.digest
        one.going = trigger, record["time"]

    def _finished(self, one: Deployed, record: Mapping[str, Any]) -> None:
        ensure(one.going is not None, "finished without a run in flight")
        assert one.going is not None
        trigger, since = one.going
        names = ("run", "outcome", "reason", "candidate", "text")
        run, outcome, reason, candidate, text = (record[name] for name in names)
        one.past.append(Retraining(since, record["time"], trigger, run, outcome, RetrainingReason(reason), candidate, text))
        one.going, one.state.in_flight = None, False
        one.state.failures = 0 if record["helped"] else one.state.failures + 1

    def _offered(self, one: Deployed, record: Mapping[str, Any]) -> None:
        time, candidate, reason = record["time"], record["candidate"], RetrainingReason(record["reason"])
        trigger = Trigger("offer", f"model:{candidate}", time=time)
        one.past.append(Retraining(time, time, trigger, "", "", reason, candidate, record["text"]))
        if reason is RetrainingReason.ACCEPTED:
            one.state.failures = 0

    def _given_up(self, one: Deployed, record: Mapping[str, Any]) -> None:
        one.state.given_up = True

    def _recovered(self, one: Deployed, record: Mapping[str, Any]) -> None:
        one.state.given_up, one.state.failures = False, 0
