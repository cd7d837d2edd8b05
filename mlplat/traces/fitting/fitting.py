"""`fit`: a workload's numbers from a trace."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import InputError, printable
from ...streams import check_seed
from ...workload import JobTrace
from .bursts import find_bursts, size_table
from .classes import distinct_shapes, job_classes
from .counts import HOUR, Floats, Ints, hourly, week_second
from .durations import Mixture, fit_mixture
from .groups import fit_groups
from .model import RATIOS, Arrivals, Bursts, FittedWorkload, JobClass, Kind, Request, Shape
from .modulation import fit_modulation
from .week_cycle import fit_week_cycle

FEWEST_JOBS = 100
LIMITS = 60
"""Estimates of which nine tenths are at most so many values are limits that users choose from."""


def fit(trace: JobTrace, *, seed: int = 0) -> FittedWorkload:
    """The workload of a trace: arrivals by the hour of the week with bursts and slow ups and downs, classes by width with mixtures of
    lognormal durations, estimates, groups. docs/planning/fitting.md says how each is chosen. Nothing is drawn at random; `seed` is
    checked only.

    Raises InputError for a trace of fewer than 100 jobs, or in which all are submitted within an hour.

    >>> from mlplat.traces import queueing
    >>> model = fit(queueing(20_000, arrival_rate=0.02, mean_service=300.0))
    >>> model.arrivals.cycle, model.bursts.within_s, model.arrivals.variance
    ('constant', 0.0, 0.0)
    """
    check_seed(seed)
    if len(trace) < FEWEST_JOBS or trace.span < HOUR:
        found = f"{len(trace):,} jobs in {trace.span:.4g} s"
        raise InputError(f"too little to fit: {found}", path=printable(trace.source) or None, expected=f"{FEWEST_JOBS} jobs over an hour")
    times = trace.submit + week_second(trace)
    bursts = find_bursts(times, trace.group.astype(np.int64))
    order, first = bursts.order, bursts.first
    starts = np.sort(times[order][first])
    arrivals = _arrivals(starts, float(times[0]), float(times[-1]))
    burst = np.cumsum(first) - 1
    sizes = np.bincount(burst)

    shapes = distinct_shapes(trace)
    of_class, names = job_classes(trace)
    kinds, shares, kind = _kinds(trace, of_class, len(names))
    gaps = np.diff(times[order])[~first[1:]]
    stay, alike = _likeness(trace, order, first, kind, shapes.of_job, kinds)
    groups, tail, members = fit_groups(trace, order[first], shares)
    tables = [sizes[members[order[first]] == table] for table in range(int(members.max()) + 1)]
    return FittedWorkload(
        source=printable(trace.source)[-200:],
        jobs=len(trace),
        days=_short(trace.span / (24 * HOUR)),
        resolution_s=_resolution(trace),
        split=trace.split,
        arrivals=arrivals,
        bursts=Bursts(
            within_s=bursts.within,
            gaps_s=_quantiles(gaps) if len(gaps) else (),
            stay=stay,
            alike=alike,
            tables=tuple(_table(part) for part in tables),
        ),
        requests=tuple(Request.of(request) for request in trace.requests),
        classes=tuple(_class(name, shapes.rows, shapes.of_job[of_class == i]) for i, name in enumerate(names)),
        kinds=tuple(kinds),
        groups=groups,
        tail=tail,
        limits_s=_limits(trace),
    )


def _arrivals(starts: Floats, begin: float, end: float) -> Arrivals:
    counts, hour = hourly(starts, begin, end)
    cycle = fit_week_cycle(counts, hour)
    span = end - begin
    expected = cycle.hours[hour]
    # the cycle is of mean 1 over a week; the trace may hold more of its busy hours than of its quiet ones
    per_hour = counts.sum() / expected.sum() if len(counts) and counts.sum() and expected.sum() > 0 else len(starts) / span * HOUR
    slow = fit_modulation(counts, per_hour * expected, cycle.parameters)
    hours = np.array([_short(rate) for rate in cycle.hours])
    return Arrivals(
        per_hour=_short(per_hour),
        cycle=cycle.name,
        hours=tuple(hours.tolist()),
        variance=_short(slow.variance),
        fast=_short(slow.fast),
        fast_h=slow.fast_h,
        slow_h=slow.slow_h,
    )


def _kinds(trace: JobTrace, of_class: Ints, classes: int) -> tuple[list[Kind], Floats, Ints]:
    """The kinds, how much each job belongs to each (float64[N, kinds]), and the one it belongs to most."""
    parts: list[tuple[Ints, Floats]] = []
    kinds: list[Kind] = []
    exact = np.array_equal(trace.estimate, trace.duration)
    for i in range(classes):
        inside = np.flatnonzero(of_class == i)
        duration = trace.duration[inside]
        for form, where in (("zero", duration == 0), ("endless", np.isinf(duration))):
            if where.any():
                rows = inside[where]
                kinds.append(Kind(job_class=i, form=form, ratios=() if exact else _ratios(trace, rows)))  # type: ignore[arg-type]
                parts.append((rows, np.ones((len(rows), 1))))
        rows = inside[(duration > 0) & np.isfinite(duration)]
        if not len(rows):
            continue
        mixture: Mixture = fit_mixture(trace.duration[rows])
        belongs = mixture.shares(np.log(trace.duration[rows]))
        most = belongs.argmax(1)
        longest = float(trace.duration[rows].max())
        for k in range(len(mixture.mu)):
            own = rows[most == k]
            kinds.append(
                Kind(
                    job_class=i,
                    form="lognormal",
                    mu=_short(mixture.mu[k]),
                    sigma=_short(mixture.sigma[k]),
                    longest_s=longest,
                    ratios=() if exact else _ratios(trace, own if len(own) else rows),
                )
            )
        parts.append((rows, belongs))
    shares = np.zeros((len(trace), len(kinds)))
    column = 0
    for rows, belongs in parts:
        shares[rows, column : column + belongs.shape[1]] = belongs
        column += belongs.shape[1]
    return kinds, shares, shares.argmax(1)


def _likeness(trace: JobTrace, order: Ints, first: Any, kind: Ints, shape: Ints, kinds: list[Kind]) -> tuple[float, float]:
    """How often a job in a burst is of the kind and shape of the one before, beyond chance; and the correlation of their durations."""
    follows = np.flatnonzero(~first)
    if len(follows) < 2:
        return 0.0, 0.0
    now, before = order[follows], order[follows - 1]
    same = (kind[now] == kind[before]) & (shape[now] == shape[before])
    both = kind * (int(shape.max()) + 1) + shape
    chance = _chance(trace.group[now].astype(np.int64), both[now])
    stay = float(np.clip((same.mean() - chance) / (1 - chance), 0, 1)) if chance < 1 else 0.0
    mu, sigma = (np.array([getattr(k, name) for k in kinds]) for name in ("mu", "sigma"))
    usable = same & np.isin(kind[now], [i for i, k in enumerate(kinds) if k.form == "lognormal" and k.sigma > 0])
    if usable.sum() < 50:
        return _short(stay), 0.0
    score = (np.log(trace.duration[rows[usable]]) for rows in (now, before))
    a, b = ((logs - mu[kind[now[usable]]]) / sigma[kind[now[usable]]] for logs in score)
    spread = float(a.std() * b.std())
    alike = float(((a - a.mean()) * (b - b.mean())).mean()) / spread if spread > 0 else 0.0
    staying = stay / max(float(same.mean()), 1e-9)  # of equal neighbours the others are equal by chance
    return _short(stay), _short(float(np.clip(alike / staying, 0, 1))) if staying > 0 else 0.0


def _chance(group: Ints, what: Ints) -> float:
    """How often two jobs of one group, drawn at random, are the same."""
    pairs = group * (int(what.max()) + 1) + what
    _, inverse, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    size = np.bincount(group)[group]
    return float((counts[inverse.reshape(-1)] / size).mean())


def _class(name: str, rows: Ints, own: Ints) -> JobClass:
    found, counts = np.unique(own, return_counts=True)
    shapes = [
        Shape(request=int(r[0]), last_request=int(r[1]), replicas=int(r[2]), priority=int(r[3]), weight=float(n))
        for r, n in zip(rows[found], counts, strict=True)
    ]
    return JobClass(name=name, shapes=tuple(shapes))


def _table(sizes: Ints) -> Any:
    from .model import SizeTable

    values, counts = size_table(sizes) if len(sizes) else ((1,), (1,))
    return SizeTable(sizes=values, weights=tuple(float(count) for count in counts))


def _ratios(trace: JobTrace, rows: Ints) -> tuple[float, ...]:
    finite = rows[np.isfinite(trace.estimate[rows])]
    if not len(finite):
        return (1.0,) * RATIOS
    ratio = trace.estimate[finite] / np.maximum(trace.duration[finite], _resolution(trace))
    return _quantiles(np.maximum(ratio, 1.0))


def _limits(trace: JobTrace) -> tuple[float, ...]:
    estimate = trace.estimate[np.isfinite(trace.estimate) & (trace.estimate > trace.duration) & (trace.estimate > 0)]
    if len(estimate) < FEWEST_JOBS:
        return ()
    values, counts = np.unique(estimate, return_counts=True)
    largest = np.argsort(-counts, kind="stable")[:LIMITS]
    return tuple(np.sort(values[largest]).tolist()) if counts[largest].sum() >= 0.9 * len(estimate) else ()


def _resolution(trace: JobTrace) -> float:
    finite = trace.duration[np.isfinite(trace.duration)]
    return 1.0 if bool((finite == np.rint(finite)).all() and (trace.submit == np.rint(trace.submit)).all()) else 0.001


def _quantiles(values: Floats) -> tuple[float, ...]:
    return tuple(_short(value) for value in np.quantile(values, np.linspace(0, 1, RATIOS)))


def _short(value: Any) -> float:
    """To eight digits: libraries of linear algebra differ in the last bits."""
    return float(f"{float(value):.8g}")
