"""Letting a run happen, on either clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..infra.world import Run

CALL_SECONDS = 0.1
"""About how long the compiled clock runs before Python looks at progress, at a user's interrupt and at the errors of a user's policy."""


def drive(run: Run, until: float = np.inf, clock: str = "replay", advanced: Callable[[int], None] | None = None, probe: int = -1) -> None:
    """Let the run happen, up to the horizon or until job `probe` has started. `advanced` is told the number of jobs that have arrived.

    Raises what a user's policy raises.
    """
    from ..infra.kernels.state import FULL, NEXT_ARRIVAL, PROBE

    run.world.count[PROBE] = probe
    if clock == "simpy":
        _on_simpy(run, until)
    else:
        advance = _compiled_clock(run)
        instants, begun = 1000, time.perf_counter()
        while (status := advance(run.address, until, instants)) in (0, FULL):
            if status == FULL:
                run.grow()
            ended = time.perf_counter()
            instants = 2 * instants if ended - begun < CALL_SECONDS else max(1, instants // 2)
            begun = ended
            run.check()
            if advanced is not None:
                advanced(int(run.world.count[NEXT_ARRIVAL]))
    run.check()
    if advanced is not None:
        advanced(int(run.world.count[NEXT_ARRIVAL]))


def _on_simpy(run: Run, until: float) -> None:
    if run.world.interruptible:
        from .simpy_interruptible import play

        play(run, until)
    else:
        from .simpy_clock import drive_simpy

        drive_simpy(run, until)


def _compiled_clock(run: Run) -> Callable[[int, float, int], int]:
    if run.world.interruptible:
        from ..infra.kernels.interruptible_loop import run_interruptible

        return run_interruptible
    from ..infra.kernels.replay_loop import run as run_to_the_end

    return run_to_the_end
