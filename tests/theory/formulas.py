"""Textbook results of queueing theory (Kleinrock 1975), for jobs of one core.

Rates per second; a load is arrival rate times mean service.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np


def erlang_b(servers: int, load: float) -> float:
    """The part of the jobs that M/G/c/c clears: the recursion B(k) = aB(k-1) / (k + aB(k-1)), B(0) = 1."""
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = load * blocked / (k + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """The part of the jobs that wait in M/M/c."""
    blocked = erlang_b(servers, load)
    return servers * blocked / (servers - load * (1 - blocked))


def mmc_wait(servers: int, arrival_rate: float, mean_service: float) -> float:
    """Mean wait in M/M/c."""
    load = arrival_rate * mean_service
    return erlang_c(servers, load) * mean_service / (servers - load)


def pollaczek_khinchine(arrival_rate: float, mean_service: float, scv: float) -> float:
    """Mean wait in M/G/1, first come, first served: half of rate times second moment, over the idle part."""
    return arrival_rate * mean_service**2 * (1 + scv) / 2 / (1 - arrival_rate * mean_service)


def shortest_first_wait(arrival_rate: float, density: Callable[[float], float], longest: float, second_moment: float) -> float:
    """Mean wait in M/G/1 where the shortest waiting job is next and no job is interrupted (Conway, Maxwell and Miller 1967).

    The mean over sizes x of W0 / (1 - r(x))^2, where W0 is half of rate times second moment and r(x) the load of the jobs shorter than x.
    """
    edges = np.linspace(0.0, longest, 200_001)
    middle, step = (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
    weight = np.array([density(x) for x in middle]) * step
    load = arrival_rate * (np.cumsum(weight * middle) - weight * middle / 2)
    return float((weight / (1 - load) ** 2).sum() * arrival_rate * second_moment / 2)


def exponential_density(mean: float) -> Callable[[float], float]:
    """The density of an exponential distribution."""
    return lambda x: math.exp(-x / mean) / mean
