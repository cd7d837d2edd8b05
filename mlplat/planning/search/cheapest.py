"""The search for the cheapest choice that meets every goal: bracketing, then the choice that closes the most, until nothing is open."""

from __future__ import annotations

from dataclasses import dataclass, field

from .goals import Verdict
from .open_choices import OpenChoices
from .runs import Exhausted
from .space import Counts, Space
from .verdicts import Judging

TOLERANCE = 0.25
"""A goal that is missed by less than this part of its bound is missed narrowly: what lies just below such a choice is run, not inferred.
Waits need not fall with each node where gangs and fragments are, and near the bound that matters. As narrow is a miss that would be so
without the worst replication: one unlucky replication of a larger cluster says little of a smaller one."""


@dataclass(frozen=True, slots=True)
class Closing:
    """Choices that were not run, and why: `reason` in words, the choice whose verdict closed them, and how many they are."""

    reason: str
    witness: Counts | None
    choices: int


@dataclass(slots=True)
class Found:
    """What a search found.

    `best`: the verdict on the cheapest choice that meets every goal, None where none does. `proven`: every choice was run or is closed by
    one that was. `verdicts`: of all that were run, in order, and `why` each was. `closings`: of the others.
    """

    best: Verdict | None = None
    proven: bool = False
    verdicts: dict[Counts, Verdict] = field(default_factory=dict)
    why: dict[Counts, str] = field(default_factory=dict)
    closings: list[Closing] = field(default_factory=list)

    def best_reachable(self, space: Space) -> Verdict | None:
        """Of those that were run the one whose worst goal is missed by least, the cheapest of equals."""
        able = [v for v in self.verdicts.values() if not v.error]
        return min(able, key=lambda v: (tuple(-m for m in v.shortfall()), space.rank(v.counts)), default=None)

    def disorder(self) -> list[tuple[Counts, Counts]]:
        """Pairs of choices that show that more nodes are not always better: the first, with no more of any group, misses nothing that more
        nodes help, the second does."""
        good = [c for c, v in self.verdicts.items() if not v.asks_for_more]
        bad = [c for c, v in self.verdicts.items() if v.asks_for_more]
        return sorted((a, b) for a in good for b in bad if all(x <= y for x, y in zip(a, b, strict=True)))


def cheapest(space: Space, judging: Judging, *, start: Counts | None = None, ceiling: float | None = None) -> Found:
    """The cheapest choice of a space that meets every goal.

    `start`: where the bracketing begins, by default the least of each group; from there each group is doubled until the goals are met.
    `ceiling`: a cost that no choice may exceed. Then the space is closed, always by running the choice that closes the most in the worse
    case:

    - a choice that meets all closes what ranks behind it (dearer, or as dear with more nodes);
    - one that misses a goal that more nodes help closes what has no more of any group; if it misses narrowly (`TOLERANCE`), those with one
      node less stay open and are run; if it keeps to the goal in the mean, and only its replications differ too much to show it, it closes
      nothing but itself;
    - one that misses a goal that fewer nodes help closes likewise what has no fewer of any group.
    """
    search = _Search(space, judging, ceiling)
    try:
        search.bracket(space.clamped(start if start is not None else space.least))
        search.close_all()
        search.found.proven = True
    except Exhausted:
        pass
    return search.found


class _Search:
    def __init__(self, space: Space, judging: Judging, ceiling: float | None) -> None:
        self.space, self.judging, self.ceiling = space, judging, ceiling
        self.found = Found()
        self.fewer_may_help = any(goal.fewer_helps for goal in judging.goals)

    def _run(self, counts: Counts, why: str, still_open: int = 0) -> Verdict:
        verdict = self.judging.verdict(counts, expected=_expected(still_open, len(counts)))
        self.found.verdicts[counts] = verdict
        self.found.why.setdefault(counts, why)
        best = self.found.best
        if verdict.met and (best is None or self.space.rank(counts) < self.space.rank(best.counts)):
            self.found.best = verdict
        return verdict

    def _dear(self, counts: Counts) -> bool:
        return self.ceiling is not None and self.space.cost(counts) > self.ceiling

    def bracket(self, point: Counts) -> None:
        """Doubles until the goals are met, or no more may be had."""
        while self._dear(point) and point != self.space.least:
            point = self.space.clamped([c // 2 for c in point])
        why = "where the search began"
        while not self._dear(point):
            verdict = self._run(point, why)
            more = self.space.doubled(point)
            if verdict.met or verdict.asks_for_fewer or more == point:
                return
            point, why = more, f"twice {point}" if len(point) > 1 else f"twice {point[0]}"

    def close_all(self) -> None:
        """Runs what is open until nothing is."""
        limit = self.ceiling if self.found.best is None else self.space.cost(self.found.best.counts)
        box = self.space if limit is None else self.space.below(self.space.affordable(limit))
        if outside := self.space.size - box.size:
            self._note("costs more than the cheapest that meets all" if self.found.best else "costs more than the budget", None, outside)
        choices = OpenChoices(box)
        if self.ceiling is not None:
            self._note("costs more than the budget", None, choices.close_dearer(self.ceiling))
        for verdict in list(self.found.verdicts.values()):
            self._close(choices, verdict)
        while (point := choices.next(fewer_helps=self.fewer_may_help)) is not None:
            self._close(choices, self._run(point, self._reason(point), len(choices)))

    def _reason(self, point: Counts) -> str:
        for counts, verdict in self.found.verdicts.items():
            if verdict.asks_for_more and sum(counts) - sum(point) == 1 and all(a <= b for a, b in zip(point, counts, strict=True)):
                return "one node below a choice that misses narrowly" if _spared(verdict, fewer=False) == 1 else "splits what is open"
        return "splits what is open"

    def _close(self, choices: OpenChoices, verdict: Verdict) -> None:
        counts = verdict.counts
        choices.close(counts)
        if verdict.met:
            self._note("costs no less than one that meets all", counts, choices.close_from(counts))
            return
        if (spare := _spared(verdict, fewer=False)) is not None:
            closed = choices.close_below(counts, spare=spare)
            self._note("has no more of any group than one that misses a goal", counts, closed)
        if (spare := _spared(verdict, fewer=True)) is not None:
            closed = choices.close_above(counts, spare=spare)
            self._note("has no fewer of any group than one that misses a goal which fewer nodes help", counts, closed)

    def _note(self, reason: str, witness: Counts | None, choices: int) -> None:
        if choices:
            self.found.closings.append(Closing(reason, witness, choices))


def _spared(verdict: Verdict, *, fewer: bool) -> int | None:
    """By how many nodes what stays open differs from a choice that does not meet goals that fewer nodes, or more, help.

    0 where one is missed by so much that what lies beyond misses it too, 1 where it is missed narrowly, None where all stays open.
    """
    if verdict.error:
        return None if fewer else 0
    unmet = [f for f in verdict.findings if f.status != "met" and f.goal.fewer_helps == fewer]
    if any(max(f.margin, f.margin_without_worst) <= -TOLERANCE for f in unmet):
        return 0
    return 1 if any(f.margin < 0 for f in unmet) else None


def _expected(still_open: int, groups: int) -> int:
    """About how many choices are yet to be run: halving with one group, a staircase with more."""
    if still_open <= 1:
        return still_open
    return still_open.bit_length() if groups == 1 else still_open.bit_length() + round(still_open ** ((groups - 1) / groups))
