"""The state of a rollout, what it is told, and what it asks for: plain values, so that it can be followed step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ..judging import Judgement
from .strategies import Strategy
from .target import VersionState


class Phase(StrEnum):
    """Where a rollout is."""

    PREPARING = "preparing"
    """Replicas are made ready for the next share of traffic."""
    BAKING = "baking"
    """A step has its share and is watched."""
    ROLLING = "rolling"
    """Replicas are being replaced."""
    ROLLING_BACK = "rolling_back"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"


OVER = frozenset({Phase.PROMOTED, Phase.ROLLED_BACK})


class Reason(StrEnum):
    """Why a rollout was rolled back."""

    WORSE = "WORSE"
    """A step was judged so."""
    INCONCLUSIVE = "INCONCLUSIVE"
    """A step could not be judged until its deadline."""
    TIMEOUT_PENDING = "TIMEOUT_PENDING"
    """Replicas did not become ready in time."""
    TARGET_ERROR = "TARGET_ERROR"
    """The service could not be changed."""
    ASKED = "ASKED"
    """Somebody asked for it."""
    ALIAS_REFUSED = "ALIAS_REFUSED"
    """The Model Registry did not let the alias move."""
    INTERRUPTED = "INTERRUPTED"
    """The process ended on the way."""
    SMOKE_FAILED = "SMOKE_FAILED"
    """The smoke run of a pipeline failed."""
    DENIED = "DENIED"
    """A right that it needs is gone."""


INFRASTRUCTURE = frozenset({Reason.TIMEOUT_PENDING, Reason.TARGET_ERROR, Reason.INTERRUPTED, Reason.INCONCLUSIVE})
"""Reasons that say nothing of the version."""


class Facts(NamedTuple):
    """What is so now. `judgement`: the answer to the look that was asked for. `failures`: how often in a row what was asked of the service
    could not be done. `stop`: a reason to roll back from outside."""

    now: float
    versions: Mapping[str, VersionState]
    judgement: Judgement | None = None
    failures: int = 0
    stop: Reason | None = None


@dataclass(frozen=True, slots=True)
class Rollout:
    """From `old` (None for a service that is not there yet) to `new`; `replicas` and `old_replicas` are those wanted of each.

    `step`: from 0. `begun_s`: when the phase, or of a step all its attempts, began. `since_s`: from when requests of the step count.
    `look`: the next, from 1; `look_s`: when. `before`: the period of the step before. `lost`: replicas lost when the step began. `told`:
    whether what the phase is to tell was told. `shifted`: whether the new version has had traffic.
    """

    new: str
    old: str | None
    replicas: int
    old_replicas: int
    strategy: Strategy
    phase: Phase = Phase.PREPARING
    step: int = 0
    begun_s: float = 0.0
    since_s: float = 0.0
    look: int = 1
    look_s: float = 0.0
    before: tuple[float, float] | None = None
    lost: int = 0
    told: bool = False
    shifted: bool = False
    reason: Reason | None = None

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.phase in OVER


class AddVersion(NamedTuple):
    """Ask for a version."""

    version: str
    replicas: int


class Scale(NamedTuple):
    """Ask for other replicas."""

    version: str
    replicas: int


class SetWeights(NamedTuple):
    """Ask for other shares."""

    weights: Mapping[str, float]


class RemoveVersion(NamedTuple):
    """Ask for a version to go."""

    version: str


class Look(NamedTuple):
    """Ask for a judgement of a step, at a look from 1."""

    step: int
    look: int


Action = AddVersion | Scale | SetWeights | RemoveVersion | Look


class Started(NamedTuple):
    """The new version is ready, and gets traffic next."""


class Stepped(NamedTuple):
    """A step has its share. `again`: after replicas were lost."""

    step: int
    share: float
    again: bool


class Judged(NamedTuple):
    """A judgement that decides."""

    judgement: Judgement


class Promoted(NamedTuple):
    """The new version has taken over."""


class RolledBack(NamedTuple):
    """All traffic is on the old version."""

    reason: Reason


Signal = Started | Stepped | Judged | Promoted | RolledBack


class Advance(NamedTuple):
    """The state from now on, what is asked for, in this order, what is to be told, and when to look again at the latest (s)."""

    rollout: Rollout
    actions: tuple[Action, ...] = ()
    signals: tuple[Signal, ...] = ()
    again_s: float = 0.0
