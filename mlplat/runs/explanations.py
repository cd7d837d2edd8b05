"""Many explanations in one run: before each decision that is looked at the state is kept, and put back after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .driving import drive
from .explanation import explain, explain_in

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..infra.world import Run
    from .result import Result

MOST_KEPT = 20_000_000
"""Jobs of a run times explanations, at most: the state that is kept and put back grows with the jobs."""

MOST_REPLAYED = 500_000
"""The same where every explanation needs a run of its own: under zones, and where somebody outside says how fast gangs are."""


def explain_longest(result: Result, most: int) -> dict[int, str]:
    """The texts of the explanations of the jobs that waited longest, by row, the longest first: `most`, and fewer of a large run."""
    log, submit = result._run.world.log, result.trace.submit
    wait = log.start - submit
    rows = np.flatnonzero(wait > 0)  # NaN is not
    alone = bool(result.quotas) or result._run.pace_of is not None
    count = min(most, (MOST_REPLAYED if alone else MOST_KEPT) // max(1, len(submit)))
    longest = rows[np.argsort(-wait[rows], kind="stable")[:count]].tolist()
    if alone:
        return {row: explain(result, row).text for row in longest}
    told = {}
    again = result.rebuilt()
    for row in sorted(longest, key=lambda row: float(log.start[row])):
        drive(again, float(np.nextafter(log.start[row], -np.inf)))
        kept = _Kept(again)
        told[row] = explain_in(result, again, row).text
        if not kept.put_back():
            again = result.rebuilt()
    return {row: told[row] for row in longest}


class _Kept:
    """The state of a run at an instant."""

    def __init__(self, run: Run) -> None:
        self._run, self._world = run, run.world
        self._arrays = [(array, array.copy()) for array in _arrays(run.world)]

    def put_back(self) -> bool:
        """Make the run what it was. False where that cannot be done, since its arrays have become longer meanwhile."""
        if self._run.world is not self._world:
            return False
        for array, copy in self._arrays:
            array[...] = copy
        return True


def _arrays(parts: Any) -> Iterator[npt.NDArray[Any]]:
    """Every array in a named tuple of arrays and of such tuples that can be written to."""
    for part in parts:
        if isinstance(part, np.ndarray):
            if part.flags.writeable:
                yield part
        elif isinstance(part, tuple):
            yield from _arrays(part)
