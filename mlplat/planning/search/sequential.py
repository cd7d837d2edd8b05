"""The whole search: the cheapest choice, the intervals of its counts, and more replications until those are as narrow as wanted."""

from __future__ import annotations

from dataclasses import dataclass

from ..statistics import Interval
from .cheapest import Found, cheapest
from .count_interval import count_interval
from .goals import Verdict
from .runs import Exhausted
from .space import Counts, Space
from .verdicts import Judging


@dataclass(slots=True)
class Searched:
    """What was found at the last look that was completed, and the intervals of its counts by group; none where replications do not differ.

    `edges`: choices that were run for the intervals alone.
    `stopped`: why no further look was taken: `once` (one look was asked for), `narrow`, `limit` (of runs), or `unreachable`.
    """

    found: Found
    intervals: dict[str, Interval]
    stopped: str
    edges: dict[Counts, Verdict]
    replications: int
    looks: int


def search(
    space: Space,
    judging: Judging,
    *,
    start: Counts | None = None,
    ceiling: float | None = None,
    width: float | None = None,
    random: bool = True,
    intervals: bool = True,
) -> Searched:
    """Searches once, or with `width` again with twice the replications until every interval is so narrow: half its width over the count.

    `random`: whether replications differ at all; where they do not there are no intervals, and one look is all there is to see.
    `intervals`: whether the counts get intervals.
    """
    judging.sequential = width is not None and random
    last: Searched | None = None
    while True:
        found = cheapest(space, judging, start=start, ceiling=ceiling)
        if not found.proven:
            if last is None:
                return Searched(found, {}, "limit", {}, judging.depth, judging.look)
            last.stopped = "limit"
            return last
        of_counts: dict[str, Interval] = {}
        stopped = "once" if found.best is not None else "unreachable"
        try:
            if intervals and found.best is not None and random and judging.depth > 1:
                for axis, name in enumerate(space.names):
                    of_counts[name] = count_interval(space, judging, found.best.counts, axis)
        except Exhausted:
            stopped = "limit"
        edges = {c: judging.verdict(c) for c in judging.runs.tried() if c not in found.verdicts and judging.runs.has(c, judging.depth)}
        last = Searched(found, of_counts, stopped, edges, judging.depth, judging.look)
        if not judging.sequential or stopped == "limit":
            return last
        if width is not None and of_counts and all(i.relative <= width for i in of_counts.values()):
            last.stopped = "narrow"
            return last
        if found.best is None and not any(v.status == "undecided" for verdict in found.verdicts.values() for v in verdict.findings):
            return last
        judging.look += 1
        start = found.best.counts if found.best is not None else start
