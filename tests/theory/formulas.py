"""Textbook results of queueing theory (Kleinrock 1975, 1976), for jobs of one core.

Rates per second; a load is arrival rate times mean service.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

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


def non_preemptive_wait(arrival_rates: Sequence[float], mean_services: Sequence[float], second_moments: Sequence[float]) -> list[float]:
    """Mean wait of each class in M/G/1 with priorities, the first class the highest, no job interrupted (Cobham 1954).

    W0 / ((1 - s[k-1]) (1 - s[k])), where W0 is half of the sum of rate times second moment over all classes, and s[k] the load of class
    k and those above.
    """
    residual = sum(rate * moment for rate, moment in zip(arrival_rates, second_moments, strict=True)) / 2
    loads = _loads_above(arrival_rates, mean_services)
    return [residual / ((1 - above) * (1 - own)) for above, own in itertools.pairwise(loads)]


def preemptive_sojourn(arrival_rates: Sequence[float], mean_services: Sequence[float], second_moments: Sequence[float]) -> list[float]:
    """Mean time from arrival to end of each class in M/G/1 with priorities, where the higher class interrupts and work is resumed.

    E[S] / (1 - s[k-1]) + W0[k] / ((1 - s[k-1]) (1 - s[k])), where W0[k] counts only the classes up to k: for it the lower ones
    are not there.
    """
    loads, residual, sojourns = _loads_above(arrival_rates, mean_services), 0.0, []
    for k, (rate, mean, moment) in enumerate(zip(arrival_rates, mean_services, second_moments, strict=True)):
        residual += rate * moment / 2
        sojourns.append(mean / (1 - loads[k]) + residual / ((1 - loads[k]) * (1 - loads[k + 1])))
    return sojourns


def _loads_above(arrival_rates: Sequence[float], mean_services: Sequence[float]) -> list[float]:
    """0, then the load of the first class, of the first two, …"""
    return list(itertools.accumulate((rate * mean for rate, mean in zip(arrival_rates, mean_services, strict=True)), initial=0.0))


def shortest_remaining_sojourn(arrival_rate: float, density: Callable[[float], float], longest: float) -> float:
    """Mean time from arrival to end in M/G/1 where the shortest remaining time runs (Schrage and Miller 1966).

    A job of size x waits rate * (second moment of the jobs up to x, and of x for the longer ones) / (2 (1 - r(x))^2) until it first runs,
    and then takes the integral of 1 / (1 - r(t)) over t from 0 to x, where r(x) is the load of the jobs up to x.
    """
    edges = np.linspace(0.0, longest, 200_001)
    middle, step = (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
    weight = np.array([density(x) for x in middle]) * step
    load = arrival_rate * (np.cumsum(weight * middle) - weight * middle / 2)
    moment = np.cumsum(weight * middle**2) - weight * middle**2 / 2 + middle**2 * (1 - np.cumsum(weight) + weight / 2)
    running = np.cumsum(step / (1 - load)) - step / (1 - load) / 2
    return float((weight * (arrival_rate * moment / (2 * (1 - load) ** 2) + running)).sum())
