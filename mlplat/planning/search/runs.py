"""Every run that a search makes, each once, and a limit to how many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ...errors import OptionError
from .goals import Values
from .space import Counts

Evaluate = Callable[[Sequence[tuple[Counts, int]]], Iterable[Values | str]]
"""Plays runs, each of a choice and a replication: the figures of each in the order asked for, or why it cannot be run.

A replication has the same seed for every choice: common random numbers."""

Progress = Callable[[int, int], None]
"""Told the runs made, and about how many there will be."""


class Exhausted(Exception):
    """A search has made as many runs as it may."""


class Runs:
    """The runs of a search. `most`: how many it may make, None for any number. `progress`: told after each choice that was run.

    >>> runs = Runs(lambda wanted: [{"wait": 10.0 / counts[0] + replication} for counts, replication in wanted])
    >>> runs.of((2,), 2), runs.of((2,), 1), runs.made
    (({'wait': 5.0}, {'wait': 6.0}), ({'wait': 5.0},), 2)
    """

    def __init__(self, evaluate: Evaluate, *, most: int | None = None, progress: Progress | None = None) -> None:
        if most is not None and most < 1:
            raise OptionError(f"most_runs={most}: expected at least 1")
        self._evaluate, self._most, self._progress = evaluate, most, progress
        self._made: dict[Counts, list[Values]] = {}
        self._refused: dict[Counts, str] = {}
        self.made = 0

    def of(self, counts: Counts, replications: int, *, expected: int = 0) -> tuple[Values, ...]:
        """The figures of the first replications of a choice. `expected`: how many runs are thought to follow.

        Raises Exhausted, and makes none, where what is missing is more than may still be made.
        """
        done = self._made.setdefault(counts, [])
        if counts in self._refused:
            return ()
        wanted = [(counts, replication) for replication in range(len(done), replications)]
        if wanted:
            if self._most is not None and self.made + len(wanted) > self._most:
                raise Exhausted
            for found in self._evaluate(wanted):
                self.made += 1
                if isinstance(found, str):
                    self._refused[counts] = found
                    return ()
                done.append(found)
            if self._progress is not None:
                self._progress(self.made, self.made + expected)
        return tuple(done[:replications])

    def has(self, counts: Counts, replications: int) -> bool:
        """Whether as many replications of a choice have been made."""
        return counts in self._refused or len(self._made.get(counts, ())) >= replications

    def refusal(self, counts: Counts) -> str:
        """Why the choice cannot be run; empty where it can, or has not been tried."""
        return self._refused.get(counts, "")

    def tried(self) -> dict[Counts, tuple[Values, ...]]:
        """All that was run, in the order of first trial."""
        return {counts: tuple(values) for counts, values in self._made.items() if values or counts in self._refused}
