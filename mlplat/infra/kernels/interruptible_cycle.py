"""The scheduling cycle where jobs can be interrupted: every queue policy."""

from __future__ import annotations

from .compilation import kernel
from .conservative import conservative_cycle
from .cycle import cycle, start_overdue
from .drf import fair_cycle
from .ordered import preemptive_cycle
from .quota_cycle import quota_cycle
from .state import WAITING, Queue, World

LOSS, DRF, CONSERVATIVE = int(Queue.LOSS), int(Queue.DRF), int(Queue.CONSERVATIVE)


@kernel
def every_cycle(world: World, now: float) -> None:
    """Start what may start at `now`."""
    if world.count[WAITING] == 0:
        return
    if len(world.quotas.of) > 0:
        quota_cycle(world, now)
    elif world.queue <= LOSS:
        cycle(world, now)
    elif world.queue == DRF:
        if start_overdue(world, now):
            fair_cycle(world, now)
    elif world.queue == CONSERVATIVE:
        conservative_cycle(world, now)
    else:
        preemptive_cycle(world, now)
