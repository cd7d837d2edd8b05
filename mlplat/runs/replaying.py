"""`Replaying`: a replay in progress, for who lets it happen bit by bit and looks at it in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..infra.kernels.state import HEAP, NEXT_ARRIVAL
from .driving import drive
from .scaled import compiled_peek

if TYPE_CHECKING:
    from ..hardware.cluster_spec import ClusterSpec
    from ..infra.world import Run
    from .failing import Failing
    from .scaled import Scaled


class Replaying:
    """A run of a trace that happens as far as `advance` lets it, on the compiled clock, with the same result as at once.

    `run`: its state, to be read only; what it holds is replaced as it grows. `spec`: the cluster. `horizon`: seconds, infinite without one.
    """

    def __init__(self, run: Run, spec: ClusterSpec, horizon: float, failing: Failing | None, scaled: Scaled | None) -> None:
        self.run, self.spec, self.horizon = run, spec, horizon
        self._failing, self._scaled = failing, scaled
        self.now = 0.0
        """The time up to which everything has happened (s)."""

    def advance(self, until: float, told: Callable[[], object] | None = None) -> None:
        """Let everything up to a time (s) happen, that instant included. `told`: called between instants, some times a second; what it
        raises comes out, and the run can go on.
        """
        end = min(until, self.horizon)
        drive(self.run, end, advanced=None if told is None else lambda _: told(), failing=self._failing, scaled=self._scaled)
        self.now = max(self.now, end)

    def peek(self) -> float:
        """When the next thing happens that is known of (s), infinite for never. Incidents that are not drawn yet may come before it."""
        if self.over:
            return np.inf
        world = self.run.world
        if world.interruptible:
            return float(compiled_peek(self.run)())
        time = float(world.completions.time[0]) if world.count[HEAP] > 0 else np.inf
        arrival = int(world.count[NEXT_ARRIVAL])
        return min(time, float(world.jobs.submit[arrival])) if arrival < len(world.jobs.submit) else time

    @property
    def over(self) -> bool:
        """Whether every job has come to its end."""
        return self.run.is_over()
