"""The comparison: a model server as a SimPy user would write it, one process for each request, on SimPy's own store and timeouts.

The model is that of `mlplat.platform.serving.serve` with one version, no batches and no timeouts: requests wait in one queue, first come,
first served, for one of the slots of all replicas; the slot given is on the replica with the fewest busy ones.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import numpy.typing as npt
import simpy


def run(sent: npt.NDArray[np.float64], service: npt.NDArray[np.float64], slots: int) -> npt.NDArray[np.float64]:
    """When each of N requests is answered (s), float64[N].

    >>> run(np.array([0.0, 0.0, 1.0]), np.array([2.0, 3.0, 1.0]), slots=2).tolist()
    [2.0, 3.0, 3.0]
    """
    env = simpy.Environment()
    server = simpy.Resource(env, slots)
    end = np.full(len(sent), np.nan)

    def request(i: int, lasts: float) -> Generator[simpy.Event, None, None]:
        with server.request() as slot:
            yield slot
            yield env.timeout(lasts)
        end[i] = env.now

    def source() -> Generator[simpy.Event, None, None]:
        for i, (time, lasts) in enumerate(zip(sent.tolist(), service.tolist(), strict=True)):
            if time > env.now:
                yield env.timeout(time - env.now)
            env.process(request(i, lasts))

    env.process(source())
    env.run()
    return end
