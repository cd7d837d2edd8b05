"""First come, first served on a pool, in a few lines that share nothing with the library:

a heap of what runs and a count of what is free.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable


def start_times(jobs: Iterable[tuple[float, float, int]], processors: int) -> list[float]:
    """The start of each (submit, duration, width), in order of submission.

    Nobody starts before those ahead; no width is above `processors`.
    """
    running: list[tuple[float, int]] = []
    free, now, starts = processors, 0.0, []
    for submit, duration, width in jobs:
        now = max(now, submit)
        while running and (running[0][0] <= now or free < width):
            end, freed = heapq.heappop(running)
            now, free = max(now, end), free + freed
        starts.append(now)
        free -= width
        heapq.heappush(running, (now + duration, width))
    return starts
