"""How fast a trace is replayed under zones, with what zones promise checked at every event.

    python -m benchmarks.zones --data DIR --json

Philly on `96x8xV100`, best-fit, its 15 virtual clusters as 15 zones: guarantees in proportion to their work, 90 % of the cluster together;
every third lends a half of its guarantee, every third nothing, every fourth has a limit of three times its guarantee.

* `policies`: of each queue policy jobs a second of the engine's processor time in the median, required from some, and its seconds with
  zones over those without, in interleaved pairs; how often others were stopped for a guarantee.
* the same replay on both clocks, for the first few thousand jobs, and what zones promise (`zone_invariants`), on all of it.

Without the Philly trace (`--data`, or the environment variable MLPLAT_DATA) a synthetic trace of the same size stands in. `--smoke`
measures a small part of it. Exit status 1 when a required figure is missed, the clocks differ or a promise is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.failures import CLUSTER, DEVICES, JOBS, load
from benchmarks.zone_invariants import Told, ZoneLog
from benchmarks.zone_tree import Tree
from mlplat.hardware import ClusterSpec
from mlplat.infra.kernels.interruptible_loop import run_interruptible
from mlplat.infra.kernels.quota_state import CLAIMS
from mlplat.infra.kernels.state import DONE, FULL
from mlplat.infra.quotas import Quota, with_the_rest
from mlplat.runs.driving import drive
from mlplat.runs.replay import replay
from mlplat.runs.result import Result
from mlplat.streams import stream
from mlplat.workload import JobTrace

POLICIES = ("fifo", "best-effort-fifo", "sjf", "priority", "drf")
REQUIRED = ("fifo", "best-effort-fifo", "sjf", "priority")
LEAST_JOBS_PER_SECOND = 500_000
PROMISED, ZONES, BOTH_CLOCKS = 0.9, 15, 4_000


def zones_of(trace: JobTrace) -> list[Quota]:
    """A zone for each group, by its share of the device seconds."""
    work = trace.per_request("gpus")[trace.request] * trace.replicas * np.where(np.isfinite(trace.duration), trace.duration, 0.0)
    share = np.bincount(trace.group, weights=work, minlength=len(trace.groups))
    gpus = np.floor(PROMISED * DEVICES * share / share.sum()).astype(np.int64).tolist()
    zones = []
    for i, (group, devices) in enumerate(zip(trace.groups, gpus, strict=True)):
        lend = {0: {}, 1: {"gpus": devices // 2}, 2: {"gpus": 0}}[i % 3]
        limit = {"gpus": max(64, 3 * devices)} if i % 4 == 3 else {}
        zones.append(Quota(group or "others", guarantee={"gpus": devices}, lend=lend, limit=limit, groups=(group,)))
    return zones


def with_groups(trace: JobTrace, seed: int) -> JobTrace:
    """The trace, with as many groups as Philly has where it has one only."""
    if len(trace.groups) > 1:
        return trace
    group = stream(seed, "benchmark/zones").integers(0, ZONES, len(trace))
    return trace.with_columns(group=group, groups=tuple(f"vc{i}" for i in range(ZONES)))


def broken_promise(result: Result, zones: list[Quota]) -> str | None:
    """What zones promise and do not keep, in words."""
    run = result.rebuilt()
    told = Told([], [])
    while (status := run_interruptible(run.address, np.inf, 1)) != DONE:
        if status == FULL:
            run.grow()
            continue
        quotas = run.world.quotas
        told.note(float(run.world.clock[0]), tuple(quotas.claims[: quotas.number[CLAIMS]].tolist()))
    wrong = ZoneLog(run, Tree(with_the_rest(zones), run.nodes), told=told).wrong()
    return None if wrong is None else f"{wrong.rule} at {wrong.time:g} s: {wrong.detail}"


def engine_seconds(result: Result) -> float:
    """Processor time of the event loop alone, of the same replay again."""
    run = result.rebuilt()
    drive(run, -np.inf)
    begun = time.process_time()
    drive(run)
    return time.process_time() - begun


def policies(spec: ClusterSpec, trace: JobTrace, repeats: int, prefix: int, seed: int) -> list[dict[str, Any]]:
    """Each queue policy with zones and without."""
    zones, rows = zones_of(trace), []
    first = trace.take(np.arange(min(prefix, len(trace))))
    for queue in POLICIES:
        plain, result = replay(spec, trace, queue=queue, seed=seed), replay(spec, trace, queue=queue, zones=zones, seed=seed)
        # in turn, so that a slow spell of the machine meets both
        pairs = [(engine_seconds(plain), engine_seconds(result)) for _ in range(repeats)]
        rates = [len(trace) / zoned for _, zoned in pairs]
        clocks = [replay(spec, first, queue=queue, zones=zones, seed=seed, clock=clock).fingerprint for clock in ("replay", "simpy")]
        totals = result.zones
        rows.append(
            {
                "queue": queue,
                "jobs_per_second": statistics.median(rates),
                "best_jobs_per_second": max(rates),
                "seconds_over_those_without_zones": statistics.median(zoned / plain for plain, zoned in pairs),
                "completed": result.summary()["completed"],
                "reclaimed": int(totals["reclaimed"].sum()),
                "claims": int(totals["claims"].sum()),
                "longest_reclaim_s": totals["reclaim_wait_max_s"].max(),
                "same_on_both_clocks": clocks[0] == clocks[1],
                "broken_promise": broken_promise(result, zones),
            }
        )
    return rows


def missed(rows: list[dict[str, Any]], *, speed: bool = True) -> list[str]:
    """What is not as it must be, in words."""
    problems = []
    for row in rows:
        if speed and row["queue"] in REQUIRED and row["jobs_per_second"] < LEAST_JOBS_PER_SECOND:
            problems.append(f"{row['queue']}: {row['jobs_per_second']:,.0f} jobs/s; required at least {LEAST_JOBS_PER_SECOND:,}")
        if not row["same_on_both_clocks"]:
            problems.append(f"{row['queue']}: the clocks give different results")
        if row["broken_promise"] is not None:
            problems.append(f"{row['queue']}: {row['broken_promise']}")
    return problems


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.zones", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("MLPLAT_DATA"), help="folder with philly/philly.csv")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--smoke", action="store_true", help="a small part of it, in seconds; speed is not required")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    jobs, repeats, prefix = (3_000, 1, 1_000) if options.smoke else (JOBS, options.repeats, BOTH_CLOCKS)
    trace, real = load(options.data, jobs, options.seed)
    trace = with_groups(trace, options.seed)
    rows = policies(ClusterSpec.parse(CLUSTER), trace, repeats, prefix, options.seed)
    problems = missed(rows, speed=not options.smoke)
    figures = {
        "seed": options.seed,
        "trace": "philly" if real else "synthetic",
        "jobs": len(trace),
        "zones": len(trace.groups),
        "policies": rows,
        "missed": problems,
    }
    print(json.dumps(figures) if options.json else json.dumps(figures, indent=2))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
