"""Cycles in which the queue is a heap and a blocked head may preempt: `priority` (unless told not to), `srtf`, `las`."""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .cycle import start_or_watch
from .heaps import pop
from .preemption import preempt
from .state import STATUS, WAITING, World


@kernel
def preemptive_cycle(world: World, now: float) -> None:
    """Start the first of the queue while it fits or room can be made for it."""
    waiting, count = world.waiting, world.count
    while count[WAITING] > 0 and count[STATUS] == 0:
        size = count[WAITING]
        head = np.int64(waiting.job[0])
        if start_or_watch(world, head, now):
            pop(waiting.key, waiting.job, size)
        elif not (world.options.preempt and preempt(world, head, now)):
            return
