"""Waits of many M/M/c queues at once, by the recursion of Kiefer and Wolfowitz (Transactions of the AMS 78, 1955).

A cross-check of replays that is fast enough for hundreds of millions of jobs.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from mlplat.streams import stream

Floats = npt.NDArray[np.float64]


@numba.njit(cache=True)
def fcfs_waits(submit: Floats, duration: Floats, servers: int, backlog: float) -> Floats:
    """Waits [runs, jobs] of jobs served first come, first served; every server is busy for `backlog` s at first."""
    wait = np.empty_like(submit)
    free = np.empty(servers)
    for run in range(submit.shape[0]):
        free[:] = backlog
        for job in range(submit.shape[1]):
            server = 0
            for other in range(1, servers):
                if free[other] < free[server]:
                    server = other
            start = max(submit[run, job], free[server])
            wait[run, job] = start - submit[run, job]
            free[server] = start + duration[run, job]
    return wait


def mmc_waits(servers: int, load: float, runs: int, jobs: int, seed: int, name: str, backlog: float = 0.0) -> Floats:
    """Waits [runs, jobs] of M/M/c with a mean service of 1 s; `name`: of the random streams."""
    submit = stream(seed, f"{name}/arrivals").exponential(1 / load, (runs, jobs)).cumsum(axis=1)
    return fcfs_waits(submit, stream(seed, f"{name}/service").exponential(1.0, (runs, jobs)), servers, backlog)
