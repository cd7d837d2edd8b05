"""Whether a plan is right, and how few runs it takes.

    python -m benchmarks.planning --json

Random small scenarios (one to three node groups, a generated workload, queue policies with and without backfilling, bounds on waits and
slowdowns, for some on utilization or the budget too) are planned, and every choice of counts in their ranges is run and judged by plain
code: both must name the same cluster. And M/M/c: the planned c must be that of Erlang's formula, for bounds that are the geometric mean
of the waits of c and of c - 1. Exit status 1 where fewer than 99 of 100 are the same, where all plans together make more than a fifth of
the runs of all exhaustive searches, or where a c is another.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from mlplat.planning.fleets import mean_wait
from mlplat.planning.fleets.approximations import service_time
from mlplat.planning.scenario import Objective, Scenario
from mlplat.planning.search.plan import Plan, planned
from mlplat.planning.search.playing import Playing
from mlplat.streams import stream

LEAST_SAME, MOST_RUNS = 0.99, 0.20

SPANS = {1: (30, 80), 2: (8, 13), 3: (5, 7)}
"""Counts in the range of each group, by the number of groups."""


def scenario(seed: int, number: int) -> Scenario:
    """A random small scenario."""
    rng = stream(seed, f"planning/{number}")
    groups = int(rng.integers(1, 4))
    kinds = [(8, "V100", 64), (4, "T4", 32), (2, "A10", 16)]
    chosen = [kinds[i] for i in rng.permutation(3)[:groups]]
    described, ranges, devices = [], {}, 0.0
    for i, (gpus, model, cores) in enumerate(chosen):
        span = int(rng.integers(*SPANS[groups]))
        least = int(rng.integers(1 if i == 0 else 0, 3))
        name, price = f"group-{i}", round(float(gpus * rng.uniform(0.7, 1.4)), 2)
        described.append(
            {"name": name, "count": 2, "cpus": cores, "memory_gib": 8 * cores, "gpus": gpus, "gpu_model": model, "price_per_hour": price}
        )
        ranges[name] = {"least": least, "most": least + span - 1}
        devices += gpus * (least + span)
    made = Scenario.from_dict(
        {
            "name": f"case {number}",
            "cluster": {"groups": described},
            "workload": {
                "synthetic": {
                    "jobs": int(rng.integers(100, 300)),
                    "gpus": max(4, round(devices * float(rng.uniform(0.15, 0.6)))),
                    "load": float(rng.uniform(0.5, 1.0)),
                    "longest": "8h",
                    "widths": {1: 0.6, 2: 0.2, 4: 0.2} if rng.random() < 0.5 else {1: 0.75, 2: 0.1, 4: 0.08, 8: 0.07},
                }
            },
            "policies": {"queue": str(rng.choice(["fifo", "best-effort-fifo", "easy", "sjf"]))},
            "search": {"groups": ranges, "most_runs": 1_000_000},
            "replications": int(rng.integers(2, 6)),
            "seed": int(rng.integers(0, 2**31)),
        }
    )
    return made.with_fields({"objectives": _objectives(made, rng)})


def _objectives(made: Scenario, rng: np.random.Generator) -> dict[str, str]:
    """Bounds near what a choice in the middle of the ranges gives."""
    names = list(made.search.groups)
    counts = tuple(int(rng.integers(b.least, b.most + 1)) for b in made.search.groups.values())
    there = Playing(made, names).play(counts if any(counts) else (1,) * len(counts), 0)
    assert not isinstance(there, str), there
    measure = str(rng.choice(["p95_wait", "mean_wait", "p95_slowdown"]))
    value = there[measure]
    assert value is not None
    least = 1.2 if measure == "p95_slowdown" else 120.0
    wanted = {measure: f"<= {max(least, value * rng.uniform(0.7, 1.4))!r}"}
    also = rng.random()
    if also < 0.15:
        wanted["gpu_utilization"] = f">= {min(0.9, (there['gpu_utilization'] or 0.5) * rng.uniform(0.6, 0.95))!r}"
    elif also < 0.3:
        wanted["budget_per_month"] = f"<= {(there['cost_per_month'] or 1.0) * rng.uniform(0.9, 1.5)!r}"
    return wanted


def exhaustive(made: Scenario) -> tuple[tuple[int, ...] | None, int]:
    """The cheapest choice that meets all, by running every one; and the runs."""
    names, playing = list(made.search.groups), Playing(made, list(made.search.groups))
    ranges = [range(b.least, b.most + 1) for b in made.search.groups.values()]
    prices = [float(group.price_per_hour or 0.0) for group in made.cluster.groups]
    figures = {c: [playing.play(c, r) for r in range(made.replications)] for c in itertools.product(*ranges)}
    largest = figures[tuple(r[-1] for r in ranges)]
    best: tuple[float, int, tuple[int, ...]] | None = None
    for counts, runs in figures.items():
        if any(isinstance(run, str) for run in runs):
            continue
        if any(run["rejected"] > top["rejected"] for run, top in zip(runs, largest, strict=True)):
            continue
        if all(
            _shown(objective, [run[objective.measure] for run in runs], made.search.confidence) for objective in made.objectives.values()
        ):
            rank = (round(math.fsum(n * p for n, p in zip(counts, prices, strict=True)), 6), sum(counts), counts)
            best = rank if best is None else min(best, rank)
    assert len(names) == len(prices)
    return (None if best is None else best[2]), len(figures) * made.replications


def _shown(objective: Objective, values: Sequence[float | None], confidence: float) -> bool:
    """Whether the one-sided bound of the mean (Student) is on the right side."""
    from scipy import stats

    if any(value is None for value in values):
        return False
    row = np.array(values, float)
    spread = float(row.std(ddof=1)) if len(row) > 1 else 0.0
    half = float(stats.t.ppf(confidence, len(row) - 1)) * spread / len(row) ** 0.5 if spread else 0.0
    return bool(row.mean() + half <= objective.bound if objective.relation == "<=" else row.mean() - half >= objective.bound)


def random_cases(seed: int, first: int, cases: int) -> tuple[dict[str, Any], list[str]]:
    """Figures of all cases together, and what was another cluster."""
    shares, others = [], []
    made_runs = with_intervals = all_runs = unreachable = uneven = 0
    for number in range(first, first + cases):
        made = scenario(seed, number)
        found = planned(made, intervals=False)
        wanted, runs = exhaustive(made)
        got = None if found.verdict is None else found.verdict.counts
        if got != wanted:
            others.append(f"case {number}: planned {got}, exhaustive {wanted}")
        shares.append(found.runs / runs)
        made_runs, all_runs = made_runs + found.runs, all_runs + runs
        with_intervals += planned(made).runs
        unreachable += wanted is None
        uneven += bool(found.disorder)
    return {
        "cases": cases,
        "same": cases - len(others),
        "unreachable": unreachable,
        "not_monotone": uneven,
        "runs": made_runs,
        "runs_with_intervals": with_intervals,
        "runs_of_exhaustive": all_runs,
        "share_of_runs": made_runs / all_runs,
        "share_with_intervals": with_intervals / all_runs,
        "share_median": float(np.median(shares)),
        "share_most": max(shares),
    }, others


def queueing_plan(seed: int, number: int, jobs: int) -> tuple[Plan, int]:
    """The plan of a random M/M/c, and the c of the formula."""
    rng = stream(seed, f"planning/queue/{number}")
    load = float(rng.uniform(1.5, 25.0))
    servers = math.ceil(load + 1) + int(rng.integers(0, 4))
    more, few = (mean_wait(c, load, service_time(1.0)) for c in (servers, servers - 1))
    bound = math.sqrt(more * few)
    made = Scenario.from_dict(
        {
            "name": f"M/M/c {number}",
            "cluster": "pool:4cpu",
            "workload": {"queueing": {"jobs": jobs, "arrival_rate": load, "mean_service": 1.0}},
            "objectives": {"mean_wait": f"<= {bound!r}s"},
            "warm_up": 0.1 * jobs / load,
            "search": {"groups": {"pool": {"least": 1, "most": 100}}, "width": 0.001, "most_runs": 2000},
            "replications": 8,
            "seed": int(rng.integers(0, 2**31)),
        }
    )
    return planned(made), servers


def queues(seed: int, count: int, jobs: int) -> tuple[dict[str, Any], list[str]]:
    """Figures of M/M/c, and what was another c."""
    others, widths, runs = [], [], 0
    for number in range(count):
        found, servers = queueing_plan(seed, number, jobs)
        if found.verdict is None or found.counts["pool"] != servers:
            others.append(f"M/M/c {number}: planned {found.counts}, Erlang {servers}")
        interval = found.interval
        widths.append(math.inf if interval is None else interval.high - interval.low)
        runs += found.runs
    return {"cases": count, "same": count - len(others), "intervals_of_one_count": sum(w == 0 for w in widths), "runs": runs}, others


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planning", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=100, help="random scenarios")
    parser.add_argument("--first", type=int, default=0, help="the number of the first of them, to go on where another run ended")
    parser.add_argument("--queues", type=int, default=20, help="random M/M/c")
    parser.add_argument("--jobs", type=int, default=20_000, help="of a replication of M/M/c")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    begun = time.process_time()
    shown: dict[str, Any] = {"seed": options.seed, "first": options.first}
    missed: list[str] = []
    if options.cases:
        figures, others = random_cases(options.seed, options.first, options.cases)
        shown |= {"random": figures, "others": others}
        if figures["same"] < LEAST_SAME * options.cases:
            missed.append(f"{figures['same']} of {options.cases} the same; required {LEAST_SAME:.0%}")
        if figures["share_of_runs"] > MOST_RUNS:
            missed.append(f"{figures['share_of_runs']:.1%} of the runs; required at most {MOST_RUNS:.0%}")
    if options.queues:
        figures, others = queues(options.seed, options.queues, options.jobs)
        shown["queues"] = figures
        missed += others
    shown |= {"processor_seconds": time.process_time() - begun, "missed": missed}
    if options.json:
        print(json.dumps(shown))
    else:
        for name, value in shown.items():
            print(f"{name}: {value}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
