"""`smallest_fleet`: the fewest replicas that keep an objective; a formula brackets, simulation decides."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ...errors import OptionError
from ...platform.serving import Requests, Version
from ...streams import check_seed
from ...units import Duration, seconds
from ..statistics.samples import between, level
from .approximations import ServiceTime, fleet_by_formula, service_time
from .fleet_plan import FleetPlan
from .objective import TimeObjective, time_objective
from .trials import Simulator, Trial, quantile

if TYPE_CHECKING:
    from .approximations import Distribution

DAY = 86400.0
MOST_REQUESTS = 5_000_000
"""Requests of one replication."""
FEWEST_REQUESTS, LONG_REQUESTS, RELAXATIONS = 100_000, 1_000_000, 50
MOST_REPLICAS = 100_000
KEPT_REQUESTS = 8_000_000
"""Requests that are kept from fleet to fleet; others are drawn again."""


def smallest_fleet(
    rate: float,
    service: Duration,
    *,
    bound: Duration,
    objective: str = "p99_latency",
    distribution: Distribution = "exponential",
    scv: float | None = None,
    version: Version | None = None,
    swing: float = 0.0,
    until: Duration | None = None,
    requests: int | None = None,
    replications: int = 5,
    most_replications: int = 20,
    confidence: float = 0.95,
    price_per_hour: float = 0.0,
    most: int = 10_000,
    seed: int = 0,
) -> FleetPlan:
    """The fewest replicas for which the `objective` (`p99_latency`, `p95_wait`, …) is at most `bound` at `rate` requests a second.

    `service`, `distribution`, `scv`: the own service times of requests, as in `Requests.poisson`. `version`: what a replica is (slots,
    batches, queue, timeout, cold start, an autoscaler of which the fleet is the most); its number of replicas is what is looked for.
    `swing`: the rate goes up and down with the hour of the day by this part of it, over one day or `until`; the objective is that of
    all requests of the day. Otherwise a replication is `requests` long, its first tenth left out; by default 100,000, or what comes in
    fifty relaxation times of the fleet below that by formula, up to a million. A request that is not answered counts as later than any.
    `replications`, up to `most_replications` while the bound is inside the interval of level `confidence`; streams are the same for all
    fleets (common random numbers). `price_per_hour`: of one replica.

    A formula (docs/planning/fleets.md) says where to begin; steps that double find a fleet that keeps the objective and one that does not;
    bisection finds the border. Raises OptionError, UnknownNameError.

    >>> plan = smallest_fleet(20.0, "100ms", bound="600ms", requests=20_000, price_per_hour=2.5)
    >>> plan.replicas, plan.met, plan.by_formula
    (3, True, 3)
    """
    goal, limit, per_second = time_objective(objective), seconds(bound), between("rate", rate, 0.0, math.inf)
    if limit == 0:
        raise OptionError("bound=0: expected more than 0 s")
    own = service_time(service, distribution, scv)
    made = Version("fleet") if version is None else version
    if not isinstance(made, Version):
        raise OptionError(f"version={ascii(made)[:40]}: expected Version(…)")
    price = 0.0 if price_per_hour == 0 else between("price_per_hour", price_per_hour, 0.0, math.inf)
    top = _whole("most", most, 1, MOST_REPLICAS)
    formula = _by_formula(per_second, own, made, goal, limit)
    requests = _enough(per_second, own, made, formula) if requests is None else requests
    draw, warm = _streams(per_second, own, _part("swing", swing), until, requests, check_seed(seed))
    least = _whole("replications", replications, 2, 10_000)
    sure = level(confidence)
    simulator = Simulator(
        version=made,
        objective=goal,
        bound=limit,
        draw=draw,
        least=least,
        most=_whole("most_replications", most_replications, least, 10_000),
        confidence=sure,
        warm=warm,
        seed=seed,
    )
    hopeless = _unreachable(draw(0), made, goal, limit)
    tried: dict[int, Trial] = {}
    if hopeless is None:
        found = _search(simulator, tried, min(formula or _stable(per_second, own, made), top), top)
    else:
        found = None
        formula = None
    return FleetPlan(
        rate=per_second,
        service=own,
        objective=goal,
        bound_s=limit,
        version=made,
        replicas=found,
        by_formula=formula,
        trials=tuple(tried[c] for c in sorted(tried)),
        unreachable=hopeless,
        most=top,
        confidence=sure,
        price_per_hour=price,
        seed=seed,
    )


def _search(simulator: Simulator, tried: dict[int, Trial], begin: int, most: int) -> int | None:
    """The border between fleets that do not keep the objective and fleets that do."""

    def meets(replicas: int) -> bool:
        if replicas not in tried:
            tried[replicas] = simulator.try_out(replicas)
        return tried[replicas].meets(simulator.bound)

    step = 1
    if meets(begin):
        low, high = 0, begin
        while high > 1:
            down = max(1, high - step)
            if not meets(down):
                low = down
                break
            high, step = down, 2 * step
    else:
        low, high = begin, begin
        while not meets(high):
            if high >= most:
                return None
            low, high, step = high, min(most, high + step), 2 * step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if meets(middle) else (middle, high)
    return high


def _streams(
    rate: float, own: ServiceTime, swing: float, until: Duration | None, requests: int, seed: int
) -> tuple[Callable[[int], Requests], bool]:
    """The stream of each replication, and whether its beginning is left out."""
    count = _whole("requests", requests, 100, MOST_REQUESTS)
    end = DAY if until is None else seconds(until)
    expected = rate * end if swing or until is not None else float(count)
    if expected > MOST_REQUESTS:
        advice = f"; plan for the busiest hour (rate={rate * (1 + swing):g} without swing=) or a shorter until=" if swing else ""
        raise OptionError(f"until={end:g} s: {expected:.3g} requests a replication; expected at most {MOST_REQUESTS:,}{advice}")
    if expected < 100:
        raise OptionError(f"until={end:g} s: {expected:.3g} requests a replication; expected at least 100")
    options = {"service": own.distribution, "mean": own.mean, "seed": seed}
    if own.distribution in ("lognormal", "hyperexponential"):
        options["scv"] = own.scv

    @lru_cache(maxsize=max(1, int(KEPT_REQUESTS / expected)))
    def draw(replication: int) -> Requests:
        name = f"fleet/{replication}"
        if swing:
            return Requests.diurnal(rate, until=end, swing=swing, name=name, **options)  # type: ignore[arg-type]
        if until is not None:
            return Requests.poisson(rate, until=end, name=name, **options)  # type: ignore[arg-type]
        return Requests.poisson(rate, count=count, name=name, **options)  # type: ignore[arg-type]

    return draw, not swing


def _enough(rate: float, own: ServiceTime, version: Version, formula: int | None) -> int:
    """Requests of a replication: fifty relaxation times of M/M/c, mean service / (√c - √a)² (Abate and Whitt 1987), within limits.

    A fleet near saturation takes so long to fill its queue that a shorter run, which begins idle, would flatter it.
    """
    if formula is None:
        return FEWEST_REQUESTS
    slot = _slot_time(own, version)
    fewer = (formula - 1) * version.slots  # the fleet that must be told from the answer
    servers = fewer if fewer > rate * slot.mean else formula * version.slots
    away = math.sqrt(servers) - math.sqrt(rate * slot.mean)
    needed = RELAXATIONS * rate * slot.mean * max(1.0, (1 + own.scv) / 2) / max(away, 1e-6) ** 2
    return int(min(max(FEWEST_REQUESTS, needed), LONG_REQUESTS))


def _slot_time(own: ServiceTime, version: Version) -> ServiceTime:
    """What one request takes of a slot where batches are full: the batch's base and each, and the mean of the services' maximum."""
    if version.batch == 1 and not version.base and not version.each:
        return replace(own, mean=own.mean * version.pace)
    points = own.quantiles((np.arange(2000) + 0.5) / 2000)
    longest = float(np.diff(np.append(0.0, (np.arange(1, 2001) / 2000) ** version.batch)) @ points)
    whole = (float(version.base) + float(version.each) * version.batch + longest) * version.pace  # type: ignore[arg-type]
    return ServiceTime("deterministic", whole / version.batch, 0.0)


def _stable(rate: float, own: ServiceTime, version: Version) -> int:
    """The fewest replicas that can do the work at all, with full batches."""
    return max(1, math.floor(rate * _slot_time(own, version).mean / version.slots) + 1)


def _by_formula(rate: float, own: ServiceTime, version: Version, goal: TimeObjective, bound: float) -> int | None:
    """Replicas by formula: of M/G/c, with every slot a server. None where it says nothing: batches, queues with a limit, autoscaling."""
    plain = version.batch == 1 and version.queue is None and version.timeout is None and version.scale is None
    if not plain or version.base or version.each:
        return None
    servers = fleet_by_formula(rate, _slot_time(own, version), goal.q, bound, of=goal.of)
    return None if servers is None else -(-servers // version.slots)


def _unreachable(requests: Requests, version: Version, goal: TimeObjective, bound: float) -> float | None:
    """The quantile of what a request takes that never waits, if that alone is beyond the bound."""
    if goal.of != "latency":
        return None
    alone = (requests.service + float(version.base) + float(version.each)) * version.pace  # type: ignore[arg-type]
    least = quantile(alone, goal.q)
    return least if least > bound * 1.1 else None


def _whole(name: str, value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or not least <= value.__index__() <= most:
        raise OptionError(f"{name}={ascii(value)[:40]}: expected a whole number from {least:,} to {most:,}")
    return int(value.__index__())


def _part(name: str, value: object) -> float:
    good = not isinstance(value, (bool, str)) and hasattr(value, "__float__")
    if not good or not 0 <= float(value) <= 1:  # type: ignore[arg-type]
        raise OptionError(f"{name}={ascii(value)[:40]}: expected a number from 0 to 1")
    return float(value)  # type: ignore[arg-type]
