"""Letting a run happen, on either clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..infra.world import Run
    from .failing import Failing
    from .scaled import Scaled

CALL_SECONDS = 0.1
"""About how long the compiled clock runs before Python looks at progress, at a user's interrupt and at the errors of a user's policy."""


def drive(
    run: Run,
    until: float = np.inf,
    clock: str = "replay",
    advanced: Callable[[int], object] | None = None,
    probe: int = -1,
    failing: Failing | None = None,
    scaled: Scaled | None = None,
) -> None:
    """Let the run happen, up to the horizon or until job `probe` has started. `advanced` is told the number of jobs that have arrived.

    `failing`: where further incidents come from, once those that the run has are over. `scaled`: the autoscaler.
    Raises what a user's policy raises.
    """
    from ..infra.kernels.state import PROBE, STATUS

    run.world.count[PROBE] = probe
    go_on = _scanning(run, clock, advanced, scaled) if scaled else _on_simpy(run) if clock == "simpy" else _compiled(run, advanced)
    known = until if failing is None else failing.known_until
    while True:
        go_on(min(until, known))
        run.check()
        if failing is None or known >= until or run.is_over() or run.world.count[STATUS] != 0:
            break
        found = failing.extend()
        if scaled is None:
            run.meet(found)
        else:
            scaled.meet(found, known)
        known = failing.known_until
    if advanced is not None:
        advanced(_arrived(run))


def _arrived(run: Run) -> int:
    from ..infra.kernels.state import NEXT_ARRIVAL

    return int(run.world.count[NEXT_ARRIVAL])


def _compiled(run: Run, advanced: Callable[[int], object] | None) -> Callable[[float], None]:
    """The compiled clock."""
    from ..infra.kernels.state import FULL, NEW_ATTEMPTS

    if run.world.interruptible:
        from ..infra.kernels.interruptible_loop import run_interruptible as advance
        from ..infra.kernels.interruptible_loop import set_pace
    else:
        from ..infra.kernels.replay_loop import run as advance

    def go_on(until: float) -> None:
        instants, begun = 1000, time.perf_counter()
        while (status := advance(run.address, until, instants)) in (0, FULL, NEW_ATTEMPTS):
            if status == NEW_ATTEMPTS:
                run.tell_paces(lambda job, pace: set_pace(run.address, job, pace))
                continue
            if status == FULL:
                run.grow()
            ended = time.perf_counter()
            instants = 2 * instants if ended - begun < CALL_SECONDS else max(1, instants // 2)
            begun = ended
            run.check()
            if advanced is not None:
                advanced(_arrived(run))

    return go_on


def _on_simpy(run: Run) -> Callable[[float], None]:
    """The live clock."""
    if run.world.interruptible:
        from .simpy_interruptible import TracePlayer

        return TracePlayer(run).play
    from .simpy_clock import drive_simpy

    return lambda until: drive_simpy(run, until)


def _scanning(run: Run, clock: str, advanced: Callable[[int], object] | None, scaled: Scaled) -> Callable[[float], None]:
    """Either clock, with the scans of the autoscaler in between."""
    from .scaled import ScaledPlayer, compiled_peek

    if clock == "simpy":
        player = ScaledPlayer(run)
        return scaled.scanning(player.play, player.peek)
    return scaled.scanning(_compiled(run, advanced), compiled_peek(run))
