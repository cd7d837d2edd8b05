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
    from ..infra.kernels.state import NEXT_ARRIVAL, PROBE

    run.world.count[PROBE] = probe
    if clock == "simpy":
        from .simpy_clock import drive_simpy

        drive_simpy(run, until)
    else:
        from ..infra.kernels.replay_loop import run as advance

        instants, begun = 1000, time.perf_counter()
        while advance(run.address, until, instants) == 0:
            ended = time.perf_counter()
            instants = 2 * instants if ended - begun < CALL_SECONDS else max(1, instants // 2)
            begun = ended
            run.check()
            if advanced is not None:
                advanced(int(run.world.count[NEXT_ARRIVAL]))
    run.check()
    if advanced is not None:
        advanced(int(run.world.count[NEXT_ARRIVAL]))
