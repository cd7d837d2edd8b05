"""The runs still to make, handed out in tasks that are long enough to be worth sending and short enough to end together."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Sequence

from .planned import Run

TASK_S = 1.0
"""Seconds that a task should take: sending one takes about a thousandth."""
MOST_DEATHS = 4
"""Workers that may die of a run before it is given up; after two of them, it runs while nothing else does."""


class Pending:
    """Runs to make. Runs that share a trace are handed out together, so that a worker has it mapped already."""

    def __init__(self, runs: Iterable[Run], workers: int, most: int = 64) -> None:
        self._runs = deque(sorted(runs, key=lambda run: (run.trace or "", run.point, run.replication)))
        self._alone: deque[Run] = deque()
        self._workers, self._most = workers, most
        self._deaths: Counter[tuple[str, int]] = Counter()
        self._count, self._seconds = 0.0, 0.0

    def __bool__(self) -> bool:
        return bool(self._runs or self._alone)

    def take(self, in_flight: int) -> tuple[Run, ...]:
        """The runs of the next task; none where those in flight have to end first."""
        if self._runs:
            return tuple(self._runs.popleft() for _ in range(self._size()))
        if self._alone and not in_flight:
            return (self._alone.popleft(),)
        return ()

    def took(self, count: int, seconds: float) -> None:
        """So many runs took so long together; the latest count most."""
        self._count, self._seconds = self._count / 2 + count, self._seconds / 2 + seconds

    def give_back(self, runs: Sequence[Run], began: Sequence[Run]) -> list[Run]:
        """Runs of tasks whose worker died, which `began` when it did. Returns those that are given up."""
        given_up = []
        for run in runs:
            if run not in began:
                self._runs.append(run)
                continue
            self._deaths[run.key] += 1
            if self._deaths[run.key] >= MOST_DEATHS:
                given_up.append(run)
            elif self._deaths[run.key] >= MOST_DEATHS // 2:
                self._alone.append(run)
            else:
                self._runs.append(run)
        return given_up

    def _size(self) -> int:
        """As many as take about a second, and no more than leave something for everybody at the end."""
        if not self._count:
            return 1
        wanted = math.ceil(TASK_S * self._count / max(self._seconds, 1e-9))
        fair = math.ceil(len(self._runs) / (2 * self._workers))
        return max(1, min(wanted, fair, self._most, len(self._runs)))
