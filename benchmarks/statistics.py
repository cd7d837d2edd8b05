"""Whether the statistics of planning do what they promise: coverage of intervals, bias after the warm-up, common random numbers, selection.

    python -m benchmarks.statistics --json

Of 1,000 experiments each with M/M/c queues whose waits are known, how many nominal 95 % intervals hold the true value: over replications
(by replays, and by a recursion that must give the same waits), by batch means and for the 95th percentile. What MSER-5 leaves of the bias
of queues that start empty or with a backlog. How much narrower common random numbers make a difference, against runs that have numbers of
their own. How often KN selects the best of systems in the slippage configuration. Exit status 1 when coverage is outside of 93 to 97 %
(with fewer experiments, beyond what chance allows at that), a bias is left, an interval is narrowed less than 3 times, or KN is right in
fewer than 95 %. Intervals of biases and of shares
(Clopper-Pearson) are at 99 %.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import mlplat as mp
from benchmarks.queue_recursion import Floats, fcfs_waits, mmc_waits
from mlplat.planning.fleets import erlang_c
from mlplat.planning.statistics import (
    Interval,
    batch_means,
    batch_quantile,
    mean_interval,
    mser5,
    paired,
    quantile_interval,
    select_best,
    until_narrow,
)
from mlplat.streams import stream

QUEUES = ((1, 0.7), (2, 1.6), (8, 6.0))
"""Servers and load; the mean service is 1 s."""

REPLICATIONS, JOBS, LEFT_OUT = 10, 11_000, 1_000
BATCHED_JOBS, BATCHED_LEFT_OUT = 305_000, 5_000
INDEPENDENT, REACHED = 200, 500
"""Independent runs for a quantile, and the job of each whose wait is taken."""

COVERAGE, CORRECT, NARROWING = (0.93, 0.97), 0.95, 3.0


def true_mean(servers: int, load: float) -> float:
    return erlang_c(servers, load) / (servers - load)


def true_quantile(servers: int, load: float, q: float) -> float:
    """Those who wait, wait exponentially at rate c - a."""
    return max(0.0, math.log(erlang_c(servers, load) / (1 - q)) / (servers - load))


def share(hits: int, of: int) -> dict[str, Any]:
    """A share with its interval."""
    from scipy.stats import beta

    low = float(beta.ppf(0.005, hits, of - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.995, hits + 1, of - hits)) if hits < of else 1.0
    return {"hits": hits, "of": of, "share": round(hits / of, 4), "low": round(low, 4), "high": round(high, 4)}


def counted(method: str, queue: tuple[int, float], truth: float, intervals: list[Interval]) -> dict[str, Any]:
    covered = sum(truth in interval for interval in intervals)
    finite = [interval.half_width for interval in intervals if math.isfinite(interval.half_width)]
    middle = float(np.mean([interval.estimate for interval in intervals]))
    row = {"method": method, "servers": queue[0], "load": queue[1], "truth": round(truth, 5), "mean_estimate": round(middle, 5)}
    return row | share(covered, len(intervals)) | {"mean_half_width": round(float(np.mean(finite)), 5) if finite else None}


def replayed(queue: tuple[int, float], replications: int, jobs: int, seed: int, experiment: int) -> tuple[Floats, float]:
    """Waits [replications, jobs] by replays, and how far the recursion's are from them at most."""
    spec, rows, furthest = mp.ClusterSpec.parse(f"pool:{queue[0]}cpu"), [], 0.0
    for replication in range(replications):
        drawn = int(stream(seed, f"benchmark/statistics/{experiment}/{replication}").integers(2**62))
        trace = mp.traces.queueing(jobs, queue[1], seed=drawn)
        rows.append(mp.replay(spec, trace).jobs["wait_s"].to_numpy())
        if experiment < 20:
            again = fcfs_waits(trace.submit[None, :], trace.duration[None, :], queue[0], 0.0)[0]
            furthest = max(furthest, float(np.abs(again - rows[-1]).max()))
    return np.array(rows), furthest


def coverage(experiments: int, seed: int) -> tuple[list[dict[str, Any]], float]:
    """A row for each method and queue."""
    found, furthest, queue = [], 0.0, (2, 1.6)
    means: list[Interval] = []
    for experiment in range(experiments):
        waits, apart = replayed(queue, REPLICATIONS, JOBS, seed, experiment)
        furthest = max(furthest, apart)
        means.append(mean_interval(waits[:, LEFT_OUT:].mean(axis=1)))
    found.append(counted("replications of replays, mean", queue, true_mean(*queue), means))
    for queue in QUEUES:
        name = f"benchmark/statistics/{queue[0]}"
        groups = [mmc_waits(*queue, REPLICATIONS, JOBS, seed, f"{name}/replications/{at}")[:, LEFT_OUT:] for at in range(experiments)]
        found.append(counted("replications, mean", queue, true_mean(*queue), [mean_interval(waits.mean(axis=1)) for waits in groups]))
        p95 = [mean_interval(np.quantile(waits, 0.95, axis=1)) for waits in groups]
        found.append(counted("replications, mean of their 95th percentiles", queue, true_quantile(*queue, 0.95), p95))
        means, quantiles = [], []
        for at in range(experiments):
            series = mmc_waits(*queue, 1, BATCHED_JOBS, seed, f"{name}/batches/{at}")[0, BATCHED_LEFT_OUT:]
            means.append(batch_means(series))
            quantiles.append(batch_quantile(series, 0.95))
        found.append(counted("20 batches of a run, mean", queue, true_mean(*queue), means))
        found.append(counted("20 batches of a run, 95th percentile", queue, true_quantile(*queue, 0.95), quantiles))
        orders = [
            quantile_interval(mmc_waits(*queue, INDEPENDENT, REACHED, seed, f"{name}/orders/{at}")[:, -1], 0.95)
            for at in range(experiments)
        ]
        found.append(counted("order statistics of independent waits, 95th percentile", queue, true_quantile(*queue, 0.95), orders))
    return found, furthest


def warm_up(experiments: int, seed: int) -> list[dict[str, Any]]:
    """Bias of the mean wait in M/M/1 at a load of 0.9 without and with MSER-5: on the mean over replications, and on each run by itself."""
    found = []
    for start, jobs, backlog, together in (("empty", 3_000, 0.0, 200), ("100 s of work", 10_000, 100.0, 20)):
        groups = max(4, experiments * 8 // together)
        errors: dict[str, list[float]] = {"without": [], "with": [], "each_by_itself": []}
        left_out = []
        for at in range(groups):
            waits = mmc_waits(1, 0.9, together, jobs, seed, f"benchmark/statistics/warm_up/{start}/{at}", backlog) - true_mean(1, 0.9)
            first = mser5(waits.mean(axis=0))
            left_out.append(first)
            errors["without"].append(float(waits.mean()))
            errors["with"].append(float(waits[:, first:].mean()))
            errors["each_by_itself"].append(float(np.mean([run[mser5(run) :].mean() for run in waits])))
        row = {"start": start, "jobs": jobs, "replications": together, "experiments": groups, "left_out": float(np.mean(left_out))}
        found.append(row | {name: mean_interval(values, 0.99).to_dict() for name, values in errors.items()})
    return found


def seeds(seed: int, name: str, count: int) -> list[int]:
    return [int(stream(seed, f"benchmark/statistics/crn/{name}/{at}").integers(2**62)) for at in range(count)]


def common_random_numbers(replications: int, seed: int) -> list[dict[str, Any]]:
    """Half widths of a difference over runs with random numbers of their own, over that of runs with common ones."""

    def queue(cores: int) -> Callable[[int], float]:
        spec = mp.ClusterSpec.parse(f"pool:{cores}cpu")
        return lambda drawn: float(mp.replay(spec, mp.traces.queueing(20_000, 90.0, seed=drawn)).summary()["wait_mean_s"])

    def gpus(nodes: int, placement: str, figure: str) -> Callable[[int], float]:
        spec = mp.ClusterSpec.parse(f"{nodes}x8xV100")

        def run(drawn: int) -> float:
            trace = mp.traces.synthetic(2_000, gpus=96, load=0.9, seed=drawn)
            return float(mp.replay(spec, trace, placement=placement).summary()[figure])

        return run

    examples = (
        ("mean wait, 100 cores against 101", queue(100), queue(101), True),
        ("GPU utilization, 12 nodes against 13", gpus(12, "best-fit", "gpu_utilization"), gpus(13, "best-fit", "gpu_utilization"), True),
        ("mean wait, best-fit against fgd", gpus(12, "best-fit", "wait_mean_s"), gpus(12, "fgd", "wait_mean_s"), False),
    )
    found = []
    for name, one, other, required in examples:
        common_seeds, own_seeds = seeds(seed, "first", replications), seeds(seed, "second", replications)
        ours, theirs = [one(drawn) for drawn in common_seeds], [other(drawn) for drawn in common_seeds]
        common, own = paired(ours, theirs), paired(ours, [other(drawn) for drawn in own_seeds])
        row = {"example": name, "replications": replications, "common": common.to_dict(), "own": own.to_dict()}
        found.append(row | {"narrowing": round(own.half_width / common.half_width, 2), "required": required})
    return found


def selection(runs: int, seed: int) -> list[dict[str, Any]]:
    """KN at 95 %: how often the best of k systems is selected when all others are worse by just delta, one standard deviation over √10."""
    found = []
    for systems, correlation in ((2, 0.0), (5, 0.0), (5, 0.5), (10, 0.0), (10, 0.5)):
        right, drawn = 0, 0
        for run in range(runs):
            random = stream(seed, f"benchmark/statistics/kn/{systems}/{correlation}/{run}")
            common, own = random.normal(size=2_000), random.normal(size=(systems, 2_000))
            delta, best = 10**-0.5, run % systems
            worse = delta * (np.arange(systems) != best)
            figures = math.sqrt(correlation) * common + math.sqrt(1 - correlation) * own + worse[:, None]
            chosen = select_best(lambda system, at, of=figures: of[system, at], systems, delta=delta, most=2_000)  # type: ignore[misc]
            right += chosen.guaranteed and chosen.best == best
            drawn += sum(chosen.replications)
        row = {"systems": systems, "correlation": correlation, "replications_a_system": round(drawn / runs / systems, 1)}
        found.append(row | share(right, runs))
    return found


def sequential(experiments: int, seed: int) -> list[dict[str, Any]]:
    """Intervals that `until_narrow` stops at, of mean waits in M/M/1 at 0.7, by the least number of replications."""
    figures = mmc_waits(1, 0.7, 400 * experiments // 4, 2_000, seed, "benchmark/statistics/sequential")[:, 500:].mean(axis=1)
    rows = figures.reshape(-1, 100)
    found = []
    for least in (5, 10, 20):
        ended = [until_narrow(lambda at, row=row: row[at], relative=0.1, least=least, most=100) for row in rows]  # type: ignore[misc]
        covered = share(sum(true_mean(1, 0.7) in each.interval for each in ended), len(ended))
        found.append({"least": least, "mean_replications": round(float(np.mean([each.interval.n for each in ended])), 1)} | covered)
    return found


def missed(found: dict[str, Any]) -> list[str]:
    """What does not hold."""
    from scipy.stats import binom

    problems = []
    for row in found["coverage"]:
        of, low, high = row["of"], *COVERAGE
        if of < 1000:
            low, high = binom.ppf(0.005, of, low) / of, binom.ppf(0.995, of, high) / of
        if not low <= row["hits"] / of <= high:
            problems.append(f"{row['method']}, M/M/{row['servers']}: {row['hits']} of {row['of']} cover; required {low:.1%} to {high:.1%}")
    if found["recursion_off_by_s"] > 1e-6:
        problems.append(f"the recursion's waits are up to {found['recursion_off_by_s']} s from those of the replay")
    for row in found["warm_up"]:
        before, after = (Interval(**row[name]) for name in ("without", "with"))
        if 0 in before or 0 not in after or abs(after.estimate) > abs(before.estimate) / 2:
            problems.append(f"warm-up from {row['start']}: bias {before} without and {after} with MSER-5")
    problems += [
        f"{row['example']}: narrowed {row['narrowing']} times; required {NARROWING:g}"
        for row in found["common_random_numbers"]
        if row["required"] and row["narrowing"] < NARROWING
    ]
    problems += [
        f"KN of {row['systems']} systems: right in {row['hits']} of {row['of']}; required {CORRECT:.0%}"
        for row in found["selection"]
        if row["hits"] < (CORRECT * row["of"] if row["of"] >= 500 else binom.ppf(0.005, row["of"], CORRECT))
    ]
    return problems


def measure(experiments: int, seed: int) -> dict[str, Any]:
    """All figures, and what is missed."""
    begun = time.process_time()
    rows, apart = coverage(experiments, seed)
    found: dict[str, Any] = {
        "seed": seed,
        "experiments": experiments,
        "coverage": rows,
        "recursion_off_by_s": apart,
        "warm_up": warm_up(experiments, seed),
        "common_random_numbers": common_random_numbers(max(40, min(100, experiments // 10)), seed),
        "selection": selection(max(10, experiments // 2), seed),
        "sequential": sequential(experiments, seed),
    }
    return found | {"cpu_s": round(time.process_time() - begun, 1), "missed": missed(found)}


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.statistics", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--experiments", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    found = measure(options.experiments, options.seed)
    print(json.dumps(found) if options.json else json.dumps(found, indent=2))
    return 1 if found["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
