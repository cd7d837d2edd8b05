"""What failing hardware, preemption and fairness cost a replay, measured in one run on one machine.

    python -m benchmarks.failures --data DIR --json

* `failures`: strict FIFO, best-fit, on `96x8xV100`, with nodes and devices that fail and jobs that write checkpoints, over the same replay
  without: seconds of the engine, and of the whole call with its frames, in interleaved pairs (median of the ratios; the ratio of the best
  of each is shown beside it). `interruptible_ratio`: the engine with checkpoints and nothing that fails, which is what the machinery of
  attempts costs by itself. Nodes fail every 180 days and devices every 1,000, which is more often than published for a large training run
  (`hardware/published_rates.py`).
* `policies`: jobs a second of the engine under the policies that preempt or share, in the median and at best.

Without the Philly trace (`--data`, or the environment variable MLPLAT_DATA) a synthetic trace of the same size stands in. Exit status 1
when a required figure is missed.
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

from mlplat.hardware import ClusterSpec, Reliability
from mlplat.infra.checkpoints import CheckpointPolicy
from mlplat.runs.replay import replay
from mlplat.runs.result import Result
from mlplat.streams import stream
from mlplat.traces import read_trace, synthetic
from mlplat.workload import JobTrace

CLUSTER, DEVICES, JOBS = "96x8xV100", 768, 82_248
FAILURES = Reliability(node={"mtbf": "180d", "mttr": "4h"}, device={"mtbf": "1000d", "mttr": "1d"})
CHECKPOINT = CheckpointPolicy(interval=1800.0, write_s=30.0, restart_s=120.0)
POLICIES = ("priority", "srtf", "las", "drf")
PRIORITIES = 3
MOST_TIMES = 2.0
LEAST_JOBS_PER_SECOND = 200_000


def load(folder: Path | None, jobs: int, seed: int) -> tuple[JobTrace, bool]:
    """The trace with priorities drawn for its jobs, and whether it is the real one."""
    file = None if folder is None else folder / "philly" / "philly.csv"
    real = file is not None and file.is_file()
    if real and file is not None:
        trace = read_trace(file, format="philly")
    else:
        trace = synthetic(jobs, gpus=DEVICES, load=0.6, shared=0.0, cpu_only=0.0, seed=seed)
    trace = trace.take(np.arange(min(jobs, len(trace))))
    return trace.with_columns(priority=stream(seed, "benchmark/priority").integers(0, PRIORITIES, len(trace))), real


def timed(spec: ClusterSpec, trace: JobTrace, **options: Any) -> tuple[Result, float]:
    """A replay with its frames, and its wall-clock seconds."""
    begun = time.perf_counter()
    result = replay(spec, trace, **options)
    _ = result.jobs, result.attempts
    return result, time.perf_counter() - begun


def failures(spec: ClusterSpec, trace: JobTrace, repeats: int, seed: int) -> dict[str, Any]:
    """With failures over without, in pairs."""
    failing: dict[str, Any] = {"failures": FAILURES, "checkpoint": CHECKPOINT, "seed": seed}
    timed(spec, trace, seed=seed), timed(spec, trace, **failing)
    pairs = []
    for _ in range(repeats):  # in turn, so that a slow spell of the machine meets all
        plain, plain_s = timed(spec, trace, seed=seed)
        saving, _ = timed(spec, trace, checkpoint=CHECKPOINT, seed=seed)
        failed, failed_s = timed(spec, trace, **failing)
        pairs.append((plain.engine_seconds, saving.engine_seconds, failed.engine_seconds, plain_s, failed_s))
    best = [min(times) for times in zip(*pairs, strict=True)]
    summary = failed.summary()
    return {
        "engine_ratio": statistics.median(pair[2] / pair[0] for pair in pairs),
        "whole_ratio": statistics.median(pair[4] / pair[3] for pair in pairs),
        "engine_ratio_of_best": best[2] / best[0],
        "whole_ratio_of_best": best[4] / best[3],
        "interruptible_ratio": statistics.median(pair[1] / pair[0] for pair in pairs),
        "engine_seconds_without": statistics.median(pair[0] for pair in pairs),
        **{name: summary[name] for name in ("completed", "restarts", "lost_gpu_hours", "goodput")},
    }


def policies(spec: ClusterSpec, trace: JobTrace, repeats: int, seed: int) -> list[dict[str, Any]]:
    """Jobs a second under each policy."""
    rows = []
    for queue in POLICIES:
        replay(spec, trace.take(np.arange(100)), queue=queue, seed=seed)
        results = [replay(spec, trace, queue=queue, seed=seed) for _ in range(repeats)]
        rates = [len(trace) / result.engine_seconds for result in results]
        summary = results[0].summary()
        rows.append(
            {"queue": queue, "jobs_per_second": statistics.median(rates), "best_jobs_per_second": max(rates)}
            | {name: summary[name] for name in ("completed", "preemptions")}
        )
    return rows


def missed(figures: dict[str, Any]) -> list[str]:
    """The required values that are not met, in words."""
    problems = [
        f"{name} {figures['failures'][name]:.3g}; required at most {MOST_TIMES:g}"
        for name in ("engine_ratio", "whole_ratio")
        if figures["failures"][name] > MOST_TIMES
    ]
    return problems + [
        f"{row['queue']}: {row['jobs_per_second']:,.0f} jobs a second; required at least {LEAST_JOBS_PER_SECOND:,}"
        for row in figures["policies"]
        if row["jobs_per_second"] < LEAST_JOBS_PER_SECOND
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.failures", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("MLPLAT_DATA"), help="folder with philly/philly.csv")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--smoke", action="store_true", help="a small part of it, in seconds; required values are not checked")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    jobs, repeats = (2_000, 1) if options.smoke else (JOBS, options.repeats)
    trace, real = load(options.data, jobs, options.seed)
    spec = ClusterSpec.parse(CLUSTER)
    figures: dict[str, Any] = {"seed": options.seed, "trace": "philly" if real else "synthetic", "jobs": len(trace)}
    figures["failures"] = failures(spec, trace, repeats, options.seed)
    figures["policies"] = policies(spec, trace, repeats, options.seed)
    figures["missed"] = [] if options.smoke else missed(figures)
    print(json.dumps(figures) if options.json else json.dumps(figures, indent=2))
    return 1 if figures["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
