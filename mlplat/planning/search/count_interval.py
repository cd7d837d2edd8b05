"""Between which counts the smallest that meets the goals lies, with a confidence."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..statistics import Interval
from .goals import Verdict
from .space import Counts, Space
from .verdicts import Judging


def count_interval(space: Space, judging: Judging, best: Counts, axis: int) -> Interval:
    """The interval of the smallest count of one group, the other counts as in `best`, by inverting the test of the goals.

    `low`: the smallest count that is not shown to miss a goal. `high`: the smallest, from `best` on, that is shown to meet all, infinite
    where none within the range is. Each may err half as often as the confidence allows; so, as far as waits fall with nodes, the smallest
    count with which the goals are met in the mean lies between them with the confidence. Only goals that more nodes help count.
    Raises Exhausted.
    """

    def at(count: int) -> Verdict:
        return judging.verdict((*best[:axis], count, *best[axis + 1 :]), edge=True)

    def shown_to_meet(count: int) -> bool:
        verdict = at(count)
        return not verdict.error and all(f.status == "met" for f in verdict.findings if not f.goal.fewer_helps)

    def shown_to_miss(count: int) -> bool:
        verdict = at(count)
        return bool(verdict.error) or any(f.status == "missed" for f in verdict.findings if not f.goal.fewer_helps)

    count = best[axis]
    high = _first(shown_to_meet, count, space.most[axis], 1)
    missed = _first(shown_to_miss, count - 1, space.least[axis], -1) if count > space.least[axis] else None
    low = space.least[axis] if missed is None else missed + 1
    return Interval(count, low, math.inf if high is None else high, judging.confidence, judging.depth)


def _first(holds: Callable[[int], bool], begin: int, end: int, direction: int) -> int | None:
    """The first count from `begin` towards `end` for which `holds`, by doubling steps and bisection; None where it does not at `end`."""
    without, at, step = begin - direction, begin, 1
    while not holds(at):
        if at == end:
            return None
        without, at, step = at, at + direction * step, step * 2
        if (at - end) * direction > 0:
            at = end
    while abs(at - without) > 1:
        middle = (at + without) // 2
        without, at = (without, middle) if holds(middle) else (middle, at)
    return at
