"""How fast policies of a user's own run, as ratios to built-in ones that decide the same, measured in one process.

    python -m benchmarks.extensions --data DIR --json

Each pair replays the same trace under a built-in policy and under a function, compiled by numba, that says the same; the fingerprints
must be equal. `engine_ratio`: processor time of the compiled loop, built-in over own. `replay_ratio`: that of the whole call of `replay`,
with the keys of all jobs and the frame of jobs. Both are medians over pairs taken in turn, so that a slow spell of the machine
meets both; 1 is as fast. `compile_s`: processor seconds of the first use of the function, which the ratios leave out.

The trace is Philly's under `--data` (or MLPLAT_DATA), three times as dense, so that jobs wait; else a synthetic one of its size.
Exit status 1 when a ratio is below 0.5 or results differ.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import mlplat as mp
from mlplat.infra.placement import placement_policy
from mlplat.infra.queueing import queue_policy
from mlplat.infra.world import build_run
from mlplat.runs.driving import drive

CLUSTER = "96x8xV100"
REQUIRED = 0.5


def least_left_over(node: Any, request: Any) -> Any:
    """Best fit on nodes of which only devices are asked for."""
    return -(node.free_gpu_milli - request.gpus * 1000 - request.gpu_milli) / (node.devices * 1000)


def estimate(job: Any) -> Any:
    """Shortest first."""
    return job.estimate_s


def submission(job: Any) -> Any:
    """First come, first served."""
    return job.submit_s


PAIRS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "placement": ({"placement": "best-fit"}, {"placement": mp.CompiledPlacement(least_left_over)}),
    "queue": ({"queue": "sjf"}, {"queue": mp.CompiledQueue(estimate)}),
    "queue, best effort": (
        {"queue": queue_policy("best-effort-fifo", patience=float("inf"))},
        {"queue": mp.CompiledQueue(submission, blocks=False)},
    ),
}
"""Name -> (the built-in policy, the one that imitates it)."""


def processor_seconds(action: Callable[[], Any]) -> float:
    begun = time.process_time()
    action()
    return time.process_time() - begun


def jobs_of(data: Path | None, jobs: int, seed: int) -> tuple[mp.JobTrace, str]:
    """A trace in which jobs wait, and where it is from."""
    file = None if data is None else data / "philly" / "philly.csv"
    if file is not None and file.is_file():
        trace = mp.read_trace(file, format="philly")
        return mp.traces.scale_load(trace.take(np.arange(min(jobs, len(trace)))), 3.0), "philly, load x 3"
    trace = mp.traces.synthetic(jobs, gpus=768, load=1.1, shared=0.0, cpu_only=0.0, seed=seed)
    gpus, kind = np.unique([request.gpus for request in trace.requests], return_inverse=True)  # of devices alone, as the policy is told
    requests = tuple(mp.ResourceRequest(gpus=int(count)) for count in gpus)
    changed = {name: kind.astype(np.int32)[getattr(trace, name)] for name in ("request", "last_request")}
    return replace(trace, requests=requests, **changed), "synthetic"


def measured(spec: mp.ClusterSpec, trace: mp.JobTrace, pairs: int, both: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    """The ratios of one pair of policies."""

    def engine(policies: dict[str, Any]) -> float:
        queue, placement = queue_policy(policies.get("queue", "fifo")), placement_policy(policies.get("placement", "best-fit"))
        run = build_run(spec.nodes(), trace, queue, placement)
        drive(run, -np.inf)
        return processor_seconds(lambda: drive(run, np.inf))

    built_in, own = both
    few = trace.take(np.arange(10))
    mp.replay(spec, few, **built_in)
    compile_s = processor_seconds(lambda: mp.replay(spec, few, **own)) - processor_seconds(lambda: mp.replay(spec, few, **own))
    prints = [mp.replay(spec, trace, **policies).fingerprint for policies in both]
    engines, replays, seconds = [], [], []
    for _ in range(pairs):
        engines.append(engine(built_in) / (mine := engine(own)))
        seconds.append(mine)
        replays.append(processor_seconds(lambda: mp.replay(spec, trace, **built_in).jobs))
        replays[-1] /= processor_seconds(lambda: mp.replay(spec, trace, **own).jobs)
    return {
        "engine_ratio": statistics.median(engines),
        "replay_ratio": statistics.median(replays),
        "engine_us_per_job": 1e6 * statistics.median(seconds) / len(trace),
        "compile_s": compile_s,
        "same_result": prints[0] == prints[1],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MLPLAT_DATA"))
    parser.add_argument("--jobs", type=int, default=117_325)
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    spec = mp.ClusterSpec.parse(CLUSTER)
    trace, source = jobs_of(None if given.data is None else Path(given.data), given.jobs, given.seed)
    found = {name: measured(spec, trace, given.pairs, both) for name, both in PAIRS.items()}
    failed = [name for name, row in found.items() if not row["same_result"] or min(row["engine_ratio"], row["replay_ratio"]) < REQUIRED]
    if given.json:
        print(json.dumps({"trace": source, "jobs": len(trace), "pairs": given.pairs, "policies": found, "failed": failed}))
    else:
        for name, row in found.items():
            print(
                f"{name}: "
                + ", ".join(f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}" for key, value in row.items())
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
