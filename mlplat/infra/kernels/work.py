"""The arithmetic of work and checkpoints: docs/interruptions.md, Attempts."""

from __future__ import annotations

import math

import numpy as np

from .compilation import kernel
from .state import World


@kernel
def checkpoints_in(work: float, interval: float) -> float:
    """How many checkpoints are written during `work`: one after each full interval, none at the end."""
    if interval == np.inf:
        return 0.0
    return max(0.0, math.ceil(work / interval) - 1.0) if work < np.inf else np.inf


@kernel
def time_of(work: float, interval: float, write: float) -> float:
    """Seconds that work takes with its checkpoints, without the lead."""
    if work == np.inf:
        return work
    return work + checkpoints_in(work, interval) * write


@kernel
def expected_span(world: World, job: int) -> float:
    """Seconds that the next attempt of a waiting job is expected to take."""
    progress = world.progress
    lead = progress.restart[job] if progress.attempts[job] > 0 else 0.0
    return lead + time_of(progress.estimated[job], progress.interval[job], progress.write[job])  # type: ignore[no-any-return]


@kernel
def reckon(world: World, job: int, ran: float) -> None:
    """Write down what the current attempt has done and saved after running for `ran` seconds."""
    progress = world.progress
    left, interval, write = progress.left[job], progress.interval[job], progress.write[job]
    worked = (ran - progress.lead[job]) * progress.pace[job]
    done, saved = 0.0, 0.0
    if interval == np.inf:
        saved = progress.written[job]
        done = min(saved + (worked if worked > 0 else 0.0), left, progress.until[job])
    elif worked > 0:
        most = checkpoints_in(left, interval)
        complete = math.floor(worked / (interval + write))
        rest = min(worked - complete * (interval + write), interval)
        if complete >= most:
            complete = most
            rest = worked - complete * (interval + write)
        done = min(complete * interval + rest, left)
        saved = min(complete * interval, left)
    progress.done[job], progress.saved[job], progress.kept[job] = done, saved, saved
