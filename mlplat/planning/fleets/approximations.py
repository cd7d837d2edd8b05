"""Waits and latencies of M/G/c and GI/G/c by formula: exact for exponential services, approximations for others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from ...errors import OptionError, UnknownNameError
from ...units import Duration, seconds
from ..statistics.samples import between
from .erlang import erlang_c

Distribution = Literal["exponential", "deterministic", "lognormal", "hyperexponential"]
POINTS = 20_000
"""Points of the service distribution in a latency."""
_STEPS = 80


@dataclass(frozen=True, slots=True)
class ServiceTime:
    """A distribution of service times: its name, its mean (s), its squared coefficient of variation."""

    distribution: Distribution
    mean: float
    scv: float

    def quantiles(self, probability: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Quantiles (s)."""
        if self.distribution == "deterministic":
            return np.full(len(probability), self.mean)
        if self.distribution == "exponential":
            return -self.mean * np.log1p(-probability)
        if self.distribution == "lognormal":
            from scipy.special import ndtri

            spread = math.sqrt(math.log1p(self.scv))
            logs: npt.NDArray[np.float64] = spread * ndtri(probability)
            return self.mean * np.exp(logs - spread**2 / 2)
        often = (1 + math.sqrt((self.scv - 1) / (self.scv + 1))) / 2
        rates = 2 * often / self.mean, 2 * (1 - often) / self.mean
        low, high = np.zeros(len(probability)), np.full(len(probability), 80.0 / rates[1])
        for _ in range(_STEPS):
            middle = (low + high) / 2
            above = often * np.exp(-rates[0] * middle) + (1 - often) * np.exp(-rates[1] * middle) > 1 - probability
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return high


def service_time(mean: Duration, distribution: str = "exponential", scv: float | None = None) -> ServiceTime:
    """A checked distribution; `scv` for lognormal (above 0) and hyperexponential (above 1) ones, 4 if not given. Raises OptionError.

    >>> service_time("80ms", "deterministic")
    ServiceTime(distribution='deterministic', mean=0.08, scv=0.0)
    """
    if distribution not in get_args(Distribution):
        raise UnknownNameError("distribution of service times", distribution, get_args(Distribution))
    middle = seconds(mean)
    if middle == 0:
        raise OptionError("service=0: expected more than 0 s")
    if distribution in ("exponential", "deterministic"):
        if scv is not None:
            raise OptionError(f"scv={scv!r}: the variation of {distribution} service is fixed; leave scv out")
        return ServiceTime(distribution, middle, 1.0 if distribution == "exponential" else 0.0)  # type: ignore[arg-type]
    least = 0.0 if distribution == "lognormal" else 1.0
    variation = between("scv", 4.0 if scv is None else scv, 0.0, math.inf)
    if not least < variation <= 1e6:
        raise OptionError(f"scv={scv!r}: expected more than {least:g} for {distribution} service")
    return ServiceTime(distribution, middle, variation)  # type: ignore[arg-type]


def mean_wait(servers: int, rate: float, service: ServiceTime, *, arrival_scv: float = 1.0) -> float:
    """Mean wait (s), infinite where the load is no less than the servers.

    The wait in M/M/c times (ca² + cs²) / 2 (Allen and Cunneen; Allen 1990), for Poisson arrivals that of Lee and Longton (1959), exact
    for exponential services and for one server (Pollaczek and Khinchine). An approximation otherwise: for deterministic services it is
    low where many servers wait little.

    >>> round(mean_wait(1, 0.5, service_time(1.0)), 6), round(mean_wait(1, 0.5, service_time(1.0, "deterministic")), 6)
    (1.0, 0.5)
    """
    offered = rate * service.mean
    if offered >= servers:
        return math.inf
    return erlang_c(servers, offered) * service.mean / (servers - offered) * (arrival_scv + service.scv) / 2


def wait_quantile(servers: int, rate: float, service: ServiceTime, q: float, *, arrival_scv: float = 1.0) -> float:
    """The quantile `q` of the wait (s): 0 where fewer wait at all, infinite where the load is no less than the servers.

    Those that wait do so exponentially long (in M/M/c exactly; in heavy traffic in general, Köllerström 1974), and as many wait as in
    M/M/c (Whitt 1993). So P(W > t) = C exp(-C t / E[W]), an approximation where services are not exponential.

    >>> round(wait_quantile(1, 0.5, service_time(1.0), 0.75), 6)
    1.386294
    """
    part = between("q", q, 0.0, 1.0)
    offered = rate * service.mean
    if offered >= servers:
        return math.inf
    waiting = erlang_c(servers, offered)
    if waiting <= 1 - part:
        return 0.0
    return mean_wait(servers, rate, service, arrival_scv=arrival_scv) / waiting * math.log(waiting / (1 - part))


def latency_quantile(servers: int, rate: float, service: ServiceTime, q: float, *, arrival_scv: float = 1.0) -> float:
    """The quantile `q` of wait and service together (s), as `wait_quantile` has the wait, independent of the service.

    Exact for M/M/c: P(T > t) = (1 - C) P(S > t) + C E[min(1, exp(-(t - S) C / E[W]))].

    >>> round(latency_quantile(1, 0.5, service_time(1.0), 0.5), 4)
    1.3863
    """
    part = between("q", q, 0.0, 1.0)
    offered = rate * service.mean
    if offered >= servers:
        return math.inf
    waiting = erlang_c(servers, offered)
    longer = mean_wait(servers, rate, service, arrival_scv=arrival_scv) / max(waiting, 1e-300)
    own = service.quantiles((np.arange(POINTS) + 0.5) / POINTS)
    low = float(service.quantiles(np.array([part]))[0])
    if waiting < 1e-12 or longer == 0:
        return low

    def above(t: float) -> float:
        if service.distribution == "exponential":
            return _exponential_above(t, service.mean, longer, waiting)
        alone = float((own > t).mean()) if service.distribution != "deterministic" else float(service.mean > t)
        return (1 - waiting) * alone + waiting * float(np.exp(-np.maximum(t - own, 0) / longer).mean())

    high = low + longer * math.log(max(waiting / (1 - part), 1.0)) + service.mean
    while above(high) > 1 - part:
        high *= 2
    low = min(low, high) * 0.5 if above(low) <= 1 - part else low
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) > 1 - part else (low, middle)
    return high


def _exponential_above(t: float, service: float, wait: float, waiting: float) -> float:
    """P(W + S > t) of exponentials with these means, where a part waits."""
    if abs(service - wait) < 1e-9 * service:
        both = math.exp(-t / service) * (1 + t / service)
    else:
        both = (wait * math.exp(-t / wait) - service * math.exp(-t / service)) / (wait - service)
    return (1 - waiting) * math.exp(-t / service) + waiting * both


def fleet_by_formula(
    rate: float, service: ServiceTime, q: float, bound: Duration, *, of: str = "latency", most: int = 10_000_000
) -> int | None:
    """The fewest servers whose quantile `q` of `of` (latency or wait) is at most `bound`; None where `most` do not do. Raises OptionError.

    >>> fleet_by_formula(200.0, service_time("80ms"), 0.99, "400ms")
    19
    """
    per_second, limit = between("rate", rate, 0.0, math.inf), seconds(bound)
    quantile: Any = {"latency": latency_quantile, "wait": wait_quantile}.get(of)
    if quantile is None:
        raise UnknownNameError("time", of, ("latency", "wait"))
    if of == "latency" and float(service.quantiles(np.array([between("q", q, 0.0, 1.0)]))[0]) > limit:
        return None
    low = math.floor(per_second * service.mean)  # not stable
    step, high = 1, low + 1
    if high > most:
        return None
    while quantile(high, per_second, service, q) > limit:
        if high >= most:
            return None
        low, step = high, step * 2
        high = min(high + step, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if quantile(middle, per_second, service, q) <= limit else (middle, high)
    return high
