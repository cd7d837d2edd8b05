"""Whether something that happened leads to a retraining: the decision alone, over a small state, without a clock of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from .policy import RetrainingPolicy


class SuppressedReason(StrEnum):
    """Why a trigger did not lead to a retraining."""

    NOT_SUBSCRIBED = "NOT_SUBSCRIBED"
    """The policy does not name its kind."""
    SAME_CONTENT = "SAME_CONTENT"
    """What changed has the content that the latest run was made with."""
    SAME_CAUSE = "SAME_CAUSE"
    """It has led to a run before."""
    TOO_FEW_ROWS = "TOO_FEW_ROWS"
    """A dataset has fewer new rows than the policy asks for."""
    SUPERSEDED = "SUPERSEDED"
    """A later one of its kind came while it waited for the end of the cool-down, or of the run in flight."""
    RESOLVED = "RESOLVED"
    """What it was about had passed when its turn came."""
    GIVEN_UP = "GIVEN_UP"
    """Runs did not help; people have been asked."""
    NOT_DEPLOYED = "NOT_DEPLOYED"
    """No pipeline is deployed there any more."""


class Trigger(NamedTuple):
    """Something that may ask for a retraining.

    `kind`: a word of `policy.KINDS`. `key`: what it is about, such as a dataset version or an incident; two of the same key have the same
    cause. `event`: the id of the event that says so. `rows`: of new data. `digest`: of the new content. `time`: s.
    """

    kind: str
    key: str
    event: int | None = None
    rows: int = 0
    digest: str = ""
    time: float = 0.0


@dataclass(slots=True)
class TriggerState:
    """What is remembered of one deployed pipeline.

    `began_s`: when its latest run began. `in_flight`: whether it goes on. `failures`: runs in a row that did not help. `waiting`: by kind
    the trigger that waits. `done`: keys that have led to a run. `digest`: of the content that the latest run by a change of data read.
    """

    began_s: float = -math.inf
    in_flight: bool = False
    failures: int = 0
    given_up: bool = False
    waiting: dict[str, Trigger] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    digest: str = ""

    def quiet_until(self, policy: RetrainingPolicy) -> float:
        """Until when (s) no run begins."""
        return self.began_s + policy.cooldown_after(self.failures)


class Decision(NamedTuple):
    """What becomes of a trigger: a run now (`go`), or waiting until a time (`until_s`, infinite for the end of the run in flight), or
    nothing, for a `reason`. `superseded`: the one that waited in its place before.
    """

    go: bool = False
    until_s: float = math.nan
    reason: SuppressedReason | None = None
    superseded: Trigger | None = None


def decide(policy: RetrainingPolicy, state: TriggerState, trigger: Trigger, now: float) -> Decision:
    """What becomes of a trigger at `now` (s). Changes `state.waiting` only.

    A request by hand is always heard, waits for nobody's cool-down, and only for a run in flight.

    >>> state = TriggerState(began_s=0.0)
    >>> policy = RetrainingPolicy(cooldown="1h")
    >>> decide(policy, state, Trigger("dataset", "dataset:shop/clicks@2"), now=600.0).until_s
    3600.0
    >>> decide(policy, state, Trigger("dataset", "dataset:shop/clicks@3"), now=700.0).superseded.key
    'dataset:shop/clicks@2'
    """
    by_hand = trigger.kind == "request"
    refused = None if by_hand else _refusal(policy, state, trigger)
    if refused is not None:
        back = refused is SuppressedReason.SAME_CONTENT and trigger.kind in state.waiting
        return Decision(reason=refused, superseded=state.waiting.pop(trigger.kind) if back else None)
    until = math.inf if state.in_flight else now if by_hand else max(now, state.quiet_until(policy), policy.ripe_at(trigger.kind, now))
    if until > now:
        superseded, state.waiting[trigger.kind] = state.waiting.get(trigger.kind), trigger
        return Decision(until_s=until, superseded=superseded)
    return Decision(go=True)


def _refusal(policy: RetrainingPolicy, state: TriggerState, trigger: Trigger) -> SuppressedReason | None:
    if trigger.kind not in policy.on:
        return SuppressedReason.NOT_SUBSCRIBED
    if state.given_up:
        return SuppressedReason.GIVEN_UP
    if trigger.key in state.done:
        return SuppressedReason.SAME_CAUSE
    if trigger.digest and trigger.digest == state.digest:
        return SuppressedReason.SAME_CONTENT
    if trigger.kind == "dataset" and trigger.rows < policy.min_rows:
        return SuppressedReason.TOO_FEW_ROWS
    return None


def next_of(policy: RetrainingPolicy, state: TriggerState) -> tuple[float, Trigger] | None:
    """When (s) a trigger that waits may go, and which: a request before others, then the one that is ripe first."""
    if not state.waiting:
        return None
    quiet = state.quiet_until(policy)
    due = [
        (each.time if each.kind == "request" else max(quiet, policy.ripe_at(each.kind, each.time)), each) for each in state.waiting.values()
    ]
    return min(due, key=lambda one: (one[1].kind != "request", one[0], one[1].key))
