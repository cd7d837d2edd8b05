"""Who submits: the groups of a trace with the mix of each, and the tail of small ones by Zipf's law."""

from __future__ import annotations

import numpy as np

from ...errors import printable
from ...workload import JobTrace
from .counts import Floats, Ints
from .model import Group, Tail

LARGEST = 200
"""Groups that are kept by name."""
WITH_SIZES = 20
"""Groups with sizes of bursts of their own, if they have a hundred bursts."""
FEWEST_BURSTS = 100
PRIOR = 10.0
"""The mix of a group is that of its jobs and of so many jobs of everybody."""


def fit_groups(trace: JobTrace, starts: Ints, shares: Floats) -> tuple[tuple[Group, ...], Tail | None, Ints]:
    """The groups in order of their jobs, the tail, and for each job the table of sizes of its group.

    `starts`: the rows with which bursts begin. `shares`: how much each job belongs to each kind.
    """
    names = len(trace.groups)
    group = trace.group.astype(np.int64)
    jobs = np.bincount(group, minlength=names)
    bursts = np.bincount(group[starts], minlength=names)
    ranked = np.argsort(-jobs, kind="stable")
    ranked = ranked[jobs[ranked] > 0]
    kept, rest = ranked[:LARGEST], ranked[LARGEST:]
    everybody = shares.sum(0) / len(trace)
    mix = np.stack([np.bincount(group, weights=shares[:, k], minlength=names) for k in range(shares.shape[1])], axis=1)
    table = np.zeros(names, dtype=np.int64)
    own = [g for g in kept[:WITH_SIZES].tolist() if bursts[g] >= FEWEST_BURSTS]
    table[own] = np.arange(1, len(own) + 1)
    if own and set(own) == set(ranked.tolist()):
        table -= 1  # nobody is left for the common table
        table = np.maximum(table, 0)
    shared = table == 0
    common = jobs[shared & (jobs > 0)].sum() / max(1, bursts[shared].sum())
    weight = np.where(shared, jobs / max(common, 1e-9), bursts)  # where sizes are common, so that the part in the jobs is right
    groups = tuple(
        Group(
            name=printable(trace.groups[g])[:1000],
            weight=float(f"{weight[g]:.6g}"),
            table=int(table[g]),
            kinds=_short((mix[g] + PRIOR * everybody) / (jobs[g] + PRIOR)),
        )
        for g in kept.tolist()
    )
    if not len(rest):
        return groups, None, table[group]
    counts = jobs[rest]
    tail = Tail(
        count=len(rest),
        rank=LARGEST + 1,
        exponent=zipf_exponent(counts, LARGEST + 1),
        weight=float(f"{weight[rest].sum():.6g}"),
        table=0,
        kinds=_short((mix[rest].sum(0) + PRIOR * everybody) / (counts.sum() + PRIOR)),
    )
    return groups, tail, table[group]


def zipf_exponent(counts: Ints, rank: int) -> float:
    """The most likely exponent s of weights rank^-s, for counts in order of rank from `rank` on; from 0 to 10.

    >>> zipf_exponent(np.array([1000, 500, 333, 250, 200]), 1)
    1.0
    """
    from scipy.optimize import minimize_scalar

    logs = np.log(np.arange(rank, rank + len(counts), dtype=np.float64))
    total = float(counts.sum())

    def unlikely(s: float) -> float:
        return float(s * (counts * logs).sum() + total * np.log(np.exp(-s * (logs - logs[0])).sum()) - total * s * logs[0])

    found = minimize_scalar(unlikely, bounds=(0, 10), method="bounded", options={"xatol": 1e-6})
    return round(float(found.x), 3)


def _short(weights: Floats) -> tuple[float, ...]:
    return tuple(float(f"{weight:.6g}") for weight in weights)
