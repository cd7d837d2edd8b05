"""The verdicts of a search: each choice judged after so many replications, and again after more only while it is undecided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .goals import Goal, Values, Verdict, judge
from .runs import Runs
from .space import Counts

LOST_WORK = "rejected_beyond_largest"
"""A figure that the search makes itself: the jobs that a choice rejects and the largest choice does not."""


@dataclass(slots=True)
class Judging:
    """Judges choices by their runs.

    The first look is after `replications` of a choice, each later one after twice as many. With one look each goal is held to the whole
    `confidence`; where later looks may follow (`sequential`), look k may err with half the probability of look k - 1, so that all of them
    together err no more often than one would. What a look decides stays. `largest`: the choice that `LOST_WORK` is told by, if a goal asks
    for it.
    """

    runs: Runs
    goals: Sequence[Goal]
    replications: int
    confidence: float
    sequential: bool = False
    largest: Counts | None = None
    look: int = 1
    _decided: dict[tuple[Counts, bool], Verdict] = field(default_factory=dict)

    @property
    def depth(self) -> int:
        """Replications of a choice that is undecided at this look."""
        return self.replications << (self.look - 1)

    def level(self, edge: bool) -> float:
        """The one-sided confidence of this look. `edge`: of an end of a two-sided interval, which may err half as often."""
        error = (1 - self.confidence) / (2 if edge else 1)
        return 1 - (error * 0.5**self.look if self.sequential else error)

    def verdict(self, counts: Counts, *, edge: bool = False, expected: int = 0) -> Verdict:
        """The verdict on a choice. Raises Exhausted where it needs more runs than there may be."""
        if (decided := self._decided.get((counts, edge))) is not None:
            return decided
        values = self.runs.of(counts, self.depth, expected=expected * self.depth)
        if refusal := self.runs.refusal(counts):
            found = Verdict(counts, 0, (), refusal)
        else:
            found = judge(counts, self._with_lost_work(counts, values), self.goals, self.level(edge))
        if found.met or found.missed:
            self._decided[counts, edge] = found
        return found

    def _with_lost_work(self, counts: Counts, values: Sequence[Values]) -> Sequence[Values]:
        if self.largest is None or all(goal.of != LOST_WORK for goal in self.goals):
            return values
        rejected = [run.get("rejected") or 0.0 for run in values]
        anyway = [0.0] * len(values)
        if any(rejected) and counts != self.largest:
            anyway = [run.get("rejected") or 0.0 for run in self.runs.of(self.largest, len(values))] or rejected
        beyond = [0.0] * len(values) if counts == self.largest else [max(0.0, a - b) for a, b in zip(rejected, anyway, strict=True)]
        return [{**run, LOST_WORK: more} for run, more in zip(values, beyond, strict=True)]
