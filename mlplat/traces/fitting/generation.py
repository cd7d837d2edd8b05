"""Traces drawn from a fitted workload. Each column has a random stream of its own, and a longer trace begins with the shorter one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import OptionError
from ...streams import check_seed, stream
from ...workload import JobTrace
from .counts import HOUR, HOURS, Floats, Ints
from .model import RATIOS, FittedWorkload, Group, Tail
from .modulation import Modulation, gamma_factors

MOST_JOBS = 2**31 - 1
_MOST_YEARS = 1000
_MOST_HOURS = _MOST_YEARS * 366 * 24


def generate(model: FittedWorkload, jobs: int | None, days: float | None, load_factor: float, seed: int) -> JobTrace:
    """See `FittedWorkload.generate`."""
    if jobs is not None and days is not None:
        raise OptionError("give jobs= or days=, not both")
    if jobs is not None and (isinstance(jobs, bool) or not hasattr(jobs, "__index__") or not 1 <= jobs.__index__() <= MOST_JOBS):
        raise OptionError(f"jobs={ascii(jobs)[:40]}: expected a whole number from 1 to {MOST_JOBS}")
    factor = _above("load_factor", load_factor)
    end = math.inf if jobs is not None else (model.days if days is None else _above("days", days)) * 24 * HOUR
    seed = check_seed(seed)
    owners: list[Group | Tail] = [*model.groups]
    owners += [] if model.tail is None else [model.tail]
    mean = np.array([np.average(t.sizes, weights=t.weights) for t in model.bursts.tables])
    weights = np.array([owner.weight for owner in owners])
    per_burst = float((weights * mean[[owner.table for owner in owners]]).sum() / weights.sum())
    expected = model.arrivals.per_hour * factor * per_burst * end / HOUR if jobs is None else float(jobs)
    if not expected <= MOST_JOBS or (jobs is None and end > _MOST_HOURS * HOUR):
        raise OptionError(f"days={days!r}: {expected:.3g} jobs; expected at most {MOST_JOBS}, in at most {_MOST_YEARS} years")

    wanted = None if jobs is None else int(jobs)
    bursts = math.ceil(expected / per_burst * 1.2) + 10
    while True:
        start, known = _starts(model, factor, seed, bursts, end)
        owner, burst, submit = _expand(model, owners, start, seed)
        last = min(end, known)
        order = np.argsort(submit, kind="stable")
        order = order[: np.searchsorted(submit[order], last)]
        if wanted is None or len(order) >= wanted:
            break
        bursts *= 2
    order = order[:wanted]
    kind, shape, duration = _durations(model, owners, owner, burst, seed)
    columns: dict[str, Any] = {"duration": duration, "estimate": _estimates(model, kind, duration, seed)}
    table = [(s.request, s.last_request, s.replicas, s.priority) for job_class in model.classes for s in job_class.shapes]
    for name, values in zip(("request", "last_request", "replicas", "priority"), zip(*table, strict=True), strict=True):
        columns[name] = np.array(values, dtype=np.int32)[shape]
    group, names = _groups(model, owner, burst, seed)
    columns["group"] = group
    return JobTrace.build(
        submit=submit[order],
        **{name: column[order] for name, column in columns.items()},
        requests=[request.made() for request in model.requests],
        groups=names,
        source=f"fitted({model.source}, seed={seed})",
        split=model.split,
    )


def _starts(model: FittedWorkload, factor: float, seed: int, bursts: int, end: float) -> tuple[Floats, float]:
    """Starts of bursts (s), in order, and the time up to which they are all there: unit-rate arrivals through the cumulative rate."""
    arrivals = model.arrivals
    modulation = Modulation(arrivals.variance, arrivals.fast, arrivals.fast_h, arrivals.slow_h)
    per_hour = arrivals.per_hour * factor * np.array(arrivals.hours)
    hours = math.ceil(end / HOUR) if end < math.inf else max(HOURS, math.ceil(1.5 * bursts / (arrivals.per_hour * factor)))
    if hours > _MOST_HOURS:
        raise OptionError(f"jobs: they would take {hours / 24 / 366:.3g} years at this rate; expected at most {_MOST_YEARS}")
    rate = per_hour[np.arange(hours) % HOURS] * gamma_factors(modulation, hours, stream(seed, "fitted/modulation"))
    cumulative = np.concatenate(([0.0], np.cumsum(rate)))
    if end < math.inf:
        bursts = math.ceil(cumulative[-1] + 6 * math.sqrt(cumulative[-1]) + 10)
    if bursts > MOST_JOBS:
        raise OptionError(f"{bursts:.3g} bursts of jobs in that time; expected at most {MOST_JOBS}")
    draws = stream(seed, "fitted/arrivals")
    unit = np.cumsum(draws.standard_exponential(bursts))
    while end < math.inf and unit[-1] < cumulative[-1]:
        unit = np.concatenate((unit, unit[-1] + np.cumsum(draws.standard_exponential(bursts))))
    unit = unit[: np.searchsorted(unit, cumulative[-1])]
    start = np.interp(unit, cumulative, np.arange(hours + 1) * HOUR)
    known = end if end < math.inf else float(start[-1]) if len(unit) == bursts else hours * HOUR
    return start, known


def _expand(model: FittedWorkload, owners: list[Any], start: Floats, seed: int) -> tuple[Ints, Ints, Floats]:
    """For each job in order of bursts: the owner of its burst, the burst, and when it is submitted (s)."""
    n = len(start)
    whose = _choose(np.array([owner.weight for owner in owners]), stream(seed, "fitted/groups").random(n))
    tables = model.bursts.tables
    flat = np.array([size for table in tables for size in table.sizes], dtype=np.int64)
    picks = np.array([owner.table for owner in owners], dtype=np.int64)[whose]
    size = flat[_choose_rows([table.weights for table in tables], picks, stream(seed, "fitted/sizes").random(n))]
    if int(size.sum()) > MOST_JOBS:
        raise OptionError(f"{int(size.sum()):.3g} jobs; expected at most {MOST_JOBS}")
    burst = np.repeat(np.arange(n), size)
    first = np.concatenate(([0], np.cumsum(size)))[:-1]
    submit = start[burst]
    if len(burst) > n:
        gap = _from_quantiles(np.array(model.bursts.gaps_s), stream(seed, "fitted/gaps").random(len(burst)))
        gap[first] = 0
        total = np.cumsum(gap)
        submit = submit + (total - total[first][burst])
    return whose[burst], burst, _rounded(submit, model.resolution_s)


def _durations(model: FittedWorkload, owners: list[Any], owner: Ints, burst: Ints, seed: int) -> tuple[Ints, Ints, Floats]:
    """Kind, shape (an index over the shapes of all classes) and duration of each job."""
    n = len(owner)
    leads = np.ones(n, dtype=np.bool_)
    if model.bursts.within_s:
        leads[1:] = (np.diff(burst) != 0) | (stream(seed, "fitted/stay").random(n)[1:] >= model.bursts.stay)
    leader = np.maximum.accumulate(np.where(leads, np.arange(n), 0))
    kinds = len(model.kinds)
    kind = (_choose_rows([o.kinds for o in owners], owner, stream(seed, "fitted/kinds").random(n)) % kinds)[leader]
    job_class = np.array([k.job_class for k in model.kinds], dtype=np.int64)[kind]
    shape = _choose_rows([[s.weight for s in c.shapes] for c in model.classes], job_class, stream(seed, "fitted/shapes").random(n)[leader])
    score = stream(seed, "fitted/durations").standard_normal(n)
    alike = model.bursts.alike
    if alike and model.bursts.within_s:
        score = np.where(leader == np.arange(n), score, math.sqrt(alike) * score[leader] + math.sqrt(1 - alike) * score)
    mu, sigma, longest = (np.array([getattr(k, name) for k in model.kinds])[kind] for name in ("mu", "sigma", "longest_s"))
    score *= sigma
    score += mu
    with np.errstate(over="ignore"):
        np.exp(score, out=score)
    duration = _rounded(np.minimum(score, longest, out=score), model.resolution_s)
    forms = np.array([{"lognormal": 0, "zero": 1, "endless": 2}[k.form] for k in model.kinds])[kind]
    lowest = model.resolution_s
    np.copyto(duration, np.maximum(duration, lowest), where=forms == 0)
    duration[forms == 1] = 0
    duration[forms == 2] = np.inf
    return kind, shape, duration


def _estimates(model: FittedWorkload, kind: Ints, duration: Floats, seed: int) -> Floats | None:
    if not any(k.ratios for k in model.kinds):
        return duration.copy()
    uniform = stream(seed, "fitted/estimates").random(len(duration))
    table = np.array([k.ratios or (1.0,) * RATIOS for k in model.kinds])
    at = uniform * (RATIOS - 1)
    cell = np.minimum(at.astype(np.int64), RATIOS - 2)
    low, high = np.log(table[kind, cell]), np.log(table[kind, cell + 1])
    estimate = np.maximum(duration, model.resolution_s) * np.exp(low + (at - cell) * (high - low))
    if model.limits_s:
        limits = np.array(model.limits_s)
        nearest = np.searchsorted(np.sqrt(limits[1:] * limits[:-1]), estimate)  # the ratios are of limits already: up would be up twice
        estimate = limits[np.minimum(np.maximum(nearest, np.searchsorted(limits, duration)), len(limits) - 1)]
    finite = np.isfinite(estimate)
    estimate[finite] = _rounded(np.minimum(estimate[finite], 1e15), model.resolution_s)
    found: Floats = np.maximum(estimate, duration)
    return found


def _groups(model: FittedWorkload, owner: Ints, burst: Ints, seed: int) -> tuple[npt.NDArray[np.int32], list[str]]:
    names, tail = [group.name for group in model.groups], model.tail
    if tail is None:
        return owner.astype(np.int32), names
    uniform = stream(seed, "fitted/tail").random(int(burst[-1]) + 1 if len(burst) else 0)[burst]
    picked = _choose(np.arange(tail.rank, tail.rank + tail.count, dtype=np.float64) ** -tail.exponent, uniform)
    known = set(names)
    others = [f"other-{i + 1}" for i in range(tail.count)]
    names += [name if name not in known else f"{name}'" for name in others]
    return np.where(owner == len(model.groups), len(model.groups) + picked, owner).astype(np.int32), names


def _choose(weights: Floats, uniform: Floats) -> Ints:
    edges = np.cumsum(weights)
    return np.searchsorted(edges[:-1] / edges[-1], uniform, side="right")


def _choose_rows(rows: Any, row: Ints, uniform: Floats) -> Ints:
    """For each element a choice by the weights of its row, as an index over all rows put one after the other."""
    lengths = np.array([len(weights) for weights in rows])
    edges = np.concatenate([i + np.cumsum(weights) / np.sum(weights) for i, weights in enumerate(rows)])
    last = np.cumsum(lengths) - 1
    ends = last.copy()
    for i, weights in enumerate(rows):
        ends[i] += int(np.flatnonzero(np.asarray(weights) > 0)[-1]) + 1 - lengths[i]
        edges[ends[i] : last[i] + 1] = i + 1
    found: Ints = np.minimum(np.searchsorted(edges, row + uniform, side="right"), ends[row])  # a sum may be rounded up to the next row
    return found


def _from_quantiles(table: Floats, uniform: Floats) -> Floats:
    return np.expm1(np.interp(uniform, np.linspace(0, 1, len(table)), np.log1p(table)))


def _rounded(times: Floats, resolution: float) -> Floats:
    """To multiples of the resolution: exp and log may differ in the last bit between processors."""
    return np.rint(times * 1000) / 1000 if resolution == 0.001 else np.rint(times / resolution) * resolution


def _above(name: str, value: object) -> float:
    good = not isinstance(value, (bool, str)) and hasattr(value, "__float__")
    if not good or not 0 < float(value) < math.inf:  # type: ignore[arg-type]
        raise OptionError(f"{name}={ascii(value)[:40]}: expected a number above 0")
    return float(value)  # type: ignore[arg-type]
