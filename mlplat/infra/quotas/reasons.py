"""Why a job waits under its quota, in one word of `WaitReason` with the numbers, and whom it has had stopped (docs/quotas.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...errors import printable
from ...units import format_seconds
from ..attempt_arrays import NO_LIMIT
from ..kernels.inspect_quotas import COULD_FIT, ENTITLED, FITS, WEIGHED, WITHIN_LIMIT, weigh
from ..kernels.state import SHAPE, STARTED, STOPPING, JobState
from .amounts import dimension_names, spoken_amounts

if TYPE_CHECKING:
    from ..world import Run

Array = np.ndarray[Any, Any]
WAITING = (JobState.WAITING, JobState.HELD)
NAMED = 5
"""Jobs that a sentence names."""


class WaitReason(StrEnum):
    """Why a job waits: the first of these that is so."""

    CLAIMS = "CLAIMS"
    SUSPENDED = "SUSPENDED"
    ZONE_LIMIT = "ZONE_LIMIT"
    BEHIND = "BEHIND"
    NO_CAPACITY = "NO_CAPACITY"
    FRAGMENTED = "FRAGMENTED"
    NO_ROOM = "NO_ROOM"

    @property
    def sentence(self) -> str:
        """What it means."""
        return SENTENCES[self]


SENTENCES = {
    WaitReason.CLAIMS: "it has a claim: others are leaving, and their room is kept for it",
    WaitReason.SUSPENDED: "its quota is suspended",
    WaitReason.ZONE_LIMIT: "a limit of its own quota leaves no room",
    WaitReason.BEHIND: "another job of its lane comes first",
    WaitReason.NO_CAPACITY: "it asks for more than is available to its quota, and may not, or cannot usefully, have others stopped",
    WaitReason.FRAGMENTED: "it fits on no nodes, and would not if all left whom it may have stopped, so nobody is",
    WaitReason.NO_ROOM: "what it asks for is available to its quota, but on no nodes that have room for it",
}


class Shortage(NamedTuple):
    """A dimension in which a job asks for too much; units of `Quota`. `available`: to its quota (under a limit: what the limit leaves);
    `use`: what its quota uses, claims included; `limit`: None for none.
    """

    dimension: str
    asked: float
    available: float
    use: float
    limit: float | None


@dataclass(frozen=True, slots=True)
class UnderQuota:
    """What is known of one job under its quota at the instant `at_s`, in seconds.

    `reason`: why it waits, None if it does not. `entitled`: whether it asks for no more than is left of the guarantee. `short`: the
    dimensions that are too little, under ZONE_LIMIT and NO_CAPACITY, and those in which a rejected job asks for more than its quota could
    ever have. `behind`: the job that comes first, under BEHIND. `leaving`,
    `until_s`: under CLAIMS, whose room it waits for, and when the last of them has left at the latest. `stopped`: jobs that have been
    stopped for it so far; `stopped_for`: jobs for which it has been stopped.
    """

    quota: str
    at_s: float
    reason: WaitReason | None
    entitled: bool
    short: tuple[Shortage, ...] = ()
    behind: str | None = None
    leaving: tuple[str, ...] = ()
    until_s: float | None = None
    stopped: tuple[str, ...] = ()
    stopped_for: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "; ".join(part for part in (self.waits_because, self.history) if part)

    @property
    def waits_because(self) -> str:
        """The reason with its numbers, and whether the job is entitled; empty for one that does not wait."""
        if self.reason is None:
            return ""
        name = f"quota {printable(self.quota)!r}"
        said = SENTENCES[self.reason]
        if self.reason == WaitReason.ZONE_LIMIT:
            said = " and ".join(
                f"{name} uses {s.use:,.10g} of {s.limit:,.10g} {s.dimension}, {s.asked:,.10g} more are asked for" for s in self.short
            )
        elif self.reason == WaitReason.NO_CAPACITY:
            said = " and ".join(
                f"{s.available:,.10g} {s.dimension} are available to {name}, {s.asked:,.10g} are asked for" for s in self.short
            )
        elif self.reason == WaitReason.BEHIND:
            said = f"job {printable(self.behind or '')} comes first in its lane"
        elif self.reason == WaitReason.SUSPENDED:
            said = f"{name} is suspended"
        elif self.reason == WaitReason.CLAIMS:
            said = f"room is kept for it that {_listed(self.leaving)} will leave"
            said += f" within {format_seconds(self.until_s - self.at_s)}" if self.until_s is not None else ""
        return f"{self.reason.value}: {said}; {'entitled' if self.entitled else 'not entitled'}"

    @property
    def never_because(self) -> str:
        """Why a job was rejected for its quota."""
        short = " and ".join(f"{s.asked:,.10g} {s.dimension} of {s.available:,.10g}" for s in self.short)
        return (
            f"it asks for more than its quota could ever have, {short} (QUOTA)"
            if short
            else "no node that is open to its quota could hold it (QUOTA)"
        )

    @property
    def had_stopped(self) -> str:
        """Who was stopped for it; empty where nobody was."""
        return f"had {_listed(self.stopped)} stopped" if self.stopped else ""

    @property
    def history(self) -> str:
        """For whom it was stopped, and who was for it; empty where nobody was."""
        mine = f"was stopped for {_listed(self.stopped_for)}" if self.stopped_for else ""
        return "; ".join(part for part in (mine, self.had_stopped) if part)


def under_quota(run: Run, job: int, now: float, quota: str, flavors: Sequence[str], name_of: Callable[[int], str]) -> UnderQuota:
    """Of a job in a run under quotas, as it is at `now`. `quota`: the name of its own; `flavors`: those of the cluster's quotas."""
    world = run.world
    quotas, state = world.quotas, JobState(int(world.log.state[job]))

    def names(jobs: Sequence[int]) -> tuple[str, ...]:
        return tuple(name_of(each) for each in dict.fromkeys(jobs))

    stopped, stopped_for = _stopped(run, job)
    said, asked, room = _weigh(run, job)
    entitled = bool(said[:, ENTITLED].any())
    found: dict[str, Any] = {"stopped": names(stopped), "stopped_for": names(stopped_for)}
    if state == JobState.REJECTED:
        most = np.repeat(quotas.potential[quotas.of[job]][None], len(asked), axis=0)
        return UnderQuota(quota, now, None, False, _short(run, job, asked, most, flavors))
    if state not in WAITING:
        return UnderQuota(quota, now, None, entitled, **found)
    reason, first = WaitReason.NO_ROOM, _first_of_lane(run, job)
    if quotas.charged[job]:
        reason = WaitReason.CLAIMS
        leaving, until = _leaving(run, job)
        found |= {"leaving": names(leaving), "until_s": until}
    elif quotas.suspended[quotas.of[job]]:
        reason = WaitReason.SUSPENDED
    elif not said[:, WITHIN_LIMIT].any():
        reason = WaitReason.ZONE_LIMIT
        of = quotas.of[job]
        left = np.maximum(0, quotas.limit[of] - quotas.use[of])
        found["short"] = _short(run, job, asked, np.repeat(left[None], len(asked), axis=0), flavors)
    elif first != job:
        reason = WaitReason.BEHIND
        found["behind"] = name_of(first)
    elif (said[:, ENTITLED] & said[:, COULD_FIT]).any():
        reason = WaitReason.FRAGMENTED
    elif not said[:, FITS].any():
        reason = WaitReason.NO_CAPACITY
        found["short"] = _short(run, job, asked, room, flavors)
    return UnderQuota(quota, now, reason, entitled, **found)


class _Weighed(NamedTuple):
    """See `weigh`."""

    said: Array
    asked: Array
    room: Array


def _weigh(run: Run, job: int) -> _Weighed:
    """In the flavors whose nodes could hold the gang."""
    quotas = run.world.quotas
    shape = int(quotas.tries[quotas.of[job]]), len(quotas.ask)
    found = _Weighed(np.zeros((shape[0], WEIGHED), dtype=np.bool_), np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64))
    weigh(run.address, job, *found)
    run.check()
    closed = int(quotas.closed[run.world.jobs.gang[job, SHAPE]])
    turns = [turn for turn in range(shape[0]) if not closed >> turn & 1] or list(range(shape[0]))
    return _Weighed(found.said[turns], found.asked[turns], found.room[turns])


def _short(run: Run, job: int, asked: Array, room: Array, flavors: Sequence[str]) -> tuple[Shortage, ...]:
    """The dimensions that are too little in one of the ways in which the job can be tried. `asked`, `room`: int64[F, R]."""
    quotas, names = run.world.quotas, dimension_names(flavors)
    use, limit = quotas.use[quotas.of[job]], quotas.limit[quotas.of[job]]
    found: dict[int, Shortage] = {}
    for mine, left in zip(asked, room, strict=True):
        for column in np.flatnonzero((mine > 0) & (mine > left)).tolist():
            told = [_amount(row, flavors, column) for row in (mine, left, use)]
            most = _amount(limit, flavors, column) if limit[column] < NO_LIMIT else None
            found[column] = Shortage(names[column], told[0], told[1], told[2], most)
    return tuple(found[column] for column in sorted(found))


def _amount(row: Array, flavors: Sequence[str], column: int) -> float:
    value = next(iter(spoken_amounts(row, flavors, [column]).values()))
    return float(next(iter(value.values())) if isinstance(value, dict) else value)


def _first_of_lane(run: Run, job: int) -> int:
    """The job that comes first of those that wait in the lane of a job."""
    lane = lane_of(run, job)
    return int(lane[0]) if len(lane) else job


def lane_of(run: Run, job: int) -> Array:
    """int64[jobs]: those that wait in the lane of a job, the first first. Claimants are in none."""
    world = run.world
    quotas = world.quotas
    state = world.log.state[: len(quotas.lane)]
    waiting = np.flatnonzero((quotas.lane == quotas.lane[job]) & np.isin(state, WAITING) & ~quotas.charged)
    return waiting[np.argsort(quotas.key[waiting], kind="stable")]


def _leaving(run: Run, job: int) -> tuple[list[int], float | None]:
    """The jobs for whose room a claimant waits, and when the last has left: those stopped for it, else all that have stopped."""
    world = run.world
    stopping = np.sort(world.progress.stopping[: world.count[STOPPING]])
    mine = stopping[world.attempts.by[world.progress.attempt[stopping]] == job]
    left = mine if len(mine) else stopping
    due = world.progress.due[left]
    due = due[np.isfinite(due)]
    return left.tolist(), float(due.max()) if len(due) else None


def _stopped(run: Run, job: int) -> tuple[list[int], list[int]]:
    """The jobs that were stopped for one, and those for which it was, in order of the attempts."""
    world = run.world
    made = int(world.count[STARTED])
    by, of = world.attempts.by[:made], world.log.order[:made]
    return of[by == job].tolist(), by[(of == job) & (by >= 0)].tolist()


def _listed(names: Sequence[str]) -> str:
    """The first few names for a sentence."""
    shown = [printable(name) for name in names[:NAMED]]
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return f"{'job' if len(names) == 1 else 'jobs'} {', '.join(shown)}{more}"
