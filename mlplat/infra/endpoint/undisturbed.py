"""Looking at the nodes as they would be without a job, and putting everything back bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels.live import take_back

if TYPE_CHECKING:
    from ..world import Run


@contextmanager
def without_job(run: Run, job: int) -> Iterator[None]:
    """Within the block the nodes are as if a running job gave its room back. Only for looking: no cycle may run, no tree be asked."""
    world = run.world
    written = [*world.nodes, world.policy.tags, world.policy.kinds, world.trees.log, world.trees.clock, world.count]
    kept: list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]] = [(array, array.copy()) for array in written]
    take_back(run.address, job)
    try:
        yield
    finally:
        for array, content in kept:
            array[...] = content
