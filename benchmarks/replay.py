"""How fast a trace is replayed, as ratios measured in one run on one machine.

    python -m benchmarks.replay --data DIR --json

* `philly`: strict FIFO, best-fit, on `96x8xV100`. `simpy_ratio`: jobs a second of `mlplat.replay`, frames included, over the same model
  written as one SimPy process a job. `heap_ratio`: the engine's seconds over a bare compiled loop that pushes and pops the same times on
  a heap. Without the Philly trace (`--data`, or the environment variable MLPLAT_DATA) a synthetic trace of the same size stands in.
* `growth`: 10 M synthetic jobs on 100,000 nodes against 1 M on 10,000, each in a process of its own, under best-fit and FGD: time ratio,
  and bytes of peak memory a job beyond the trace.
* `start`: seconds of `import mlplat`, of a first run that compiles, and of the next process's first result, less the bare interpreter's
  start where a check says so.

`--smoke` measures a small part of it. Exit status 1 when a required value is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import heap_baseline, simpy_baseline
from mlplat.hardware import ClusterSpec
from mlplat.runs.replay import replay
from mlplat.runs.result import Result
from mlplat.traces import read_trace, synthetic

CLUSTER = "96x8xV100"
REQUIRED = {
    "simpy_ratio": (20.0, None),
    "heap_ratio": (None, 4.0),
    "time_ratio": (None, 15.0),
    "bytes_a_job": (None, 300.0),
    "import_s": (None, 0.25),
    "cold_s": (None, 12.0),
    "second_s": (None, 1.5),
}
"""Figure -> (at least, at most)."""


def median_seconds(action: Callable[[], Any], repeats: int) -> float:
    """The median wall-clock time of `repeats` calls."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def philly(folder: Path | None, jobs: int, repeats: int, seed: int) -> dict[str, Any]:
    """The ratios to the SimPy model and to the bare heap."""
    file = None if folder is None else folder / "philly" / "philly.csv"
    real = file is not None and file.is_file()
    trace = (
        read_trace(file, format="philly")
        if real and file is not None
        else synthetic(jobs, gpus=768, load=0.6, shared=0.0, cpu_only=0.0, seed=seed)
    )
    trace = trace.take(np.arange(min(jobs, len(trace))))
    spec = ClusterSpec.parse(CLUSTER)
    gpus = trace.per_request("gpus")[trace.request]

    def with_frames() -> Result:
        result = replay(spec, trace, seed=seed)
        _ = result.jobs, result.attempts
        return result

    result = with_frames()
    theirs = simpy_baseline.run(trace.submit, trace.duration, gpus)
    same = bool(np.array_equal(result.jobs["start_s"].to_numpy(), theirs))
    started = result.jobs["start_s"].to_numpy()
    order = np.argsort(started, kind="stable")
    starts, ends = started[order], (started + trace.duration)[order]
    heap_baseline.run(trace.submit, starts, ends)
    heap_baseline.run_merged(starts, ends)
    ours_s, engine, heap, merged = [], [], [], []
    for _ in range(repeats):  # in turn, so that a slow spell of the machine meets all
        begun = time.perf_counter()
        engine.append(with_frames().engine_seconds)
        ours_s.append(time.perf_counter() - begun)
        heap.append(median_seconds(lambda: heap_baseline.run(trace.submit, starts, ends), 5))
        merged.append(median_seconds(lambda: heap_baseline.run_merged(starts, ends), 5))
    simpy_s = median_seconds(lambda: simpy_baseline.run(trace.submit, trace.duration, gpus), max(1, repeats // 3))
    mine = statistics.median(ours_s)
    return {
        "trace": "philly" if real else "synthetic",
        "jobs": len(trace),
        "same_starts_as_simpy": same,
        "jobs_per_second": len(trace) / mine,
        "engine_us_per_job": 1e6 * statistics.median(engine) / len(trace),
        "simpy_us_per_job": 1e6 * simpy_s / len(trace),
        "simpy_ratio": simpy_s / mine,
        "heap_ratio": statistics.median(e / h for e, h in zip(engine, heap, strict=True)),
        "merged_heap_ratio": statistics.median(e / h for e, h in zip(engine, merged, strict=True)),
    }


def large_run(jobs: int, nodes: int, placement: str, seed: int) -> dict[str, Any]:
    """One synthetic run in this process: its seconds and its peak memory. Run it in a process of its own."""
    spec = ClusterSpec.parse(f"{nodes}x8xA100-80")
    trace = synthetic(jobs, gpus=nodes * 8, load=0.8, seed=seed)
    replay(spec, trace.take(np.arange(100)), placement=placement, seed=seed)
    before = _peak_bytes()
    begun = time.perf_counter()
    result = replay(spec, trace, placement=placement, seed=seed)
    _ = result.jobs
    seconds = time.perf_counter() - begun
    return {
        "seconds": seconds,
        "engine_seconds": result.engine_seconds,
        "bytes_a_job": (_peak_bytes() - before) / jobs,
        "classes": len(trace.requests),
    }


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def growth(small: tuple[int, int], large: tuple[int, int], seed: int) -> list[dict[str, Any]]:
    """Each placement policy at both sizes."""
    rows = []
    for placement in ("best-fit", "fgd"):
        runs = [_in_a_process("--large-run", str(jobs), str(nodes), placement, "--seed", str(seed)) for jobs, nodes in (small, large)]
        rows.append(
            {"placement": placement, "sizes": [small, large], "seconds": [run["seconds"] for run in runs]}
            | {"time_ratio": runs[1]["seconds"] / runs[0]["seconds"], "bytes_a_job": runs[1]["bytes_a_job"]}
        )
    return rows


def _in_a_process(*arguments: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", "benchmarks.replay", *arguments], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


FIRST_RESULT = (
    "import mlplat as mp; spec = mp.ClusterSpec.parse('4x8xV100');"
    "trace = mp.JobTrace.build(submit=[0, 1], duration=[5, 5], request=[0, 0], requests=[mp.ResourceRequest(gpus=1)]);"
    "assert mp.replay(spec, trace).summary()['completed'] == 2"
)


def start(repeats: int) -> dict[str, float]:
    """Seconds of a fresh process: importing, compiling, and with the compiled code at hand."""

    def process(code: str, cache: str) -> float:
        environment = dict(os.environ, NUMBA_CACHE_DIR=cache)
        return median_seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True, env=environment), 1)

    with tempfile.TemporaryDirectory() as cache:
        bare = statistics.median(process("pass", cache) for _ in range(repeats))
        imported = statistics.median(process("import mlplat", cache) for _ in range(repeats))
        cold = process(FIRST_RESULT, cache)
        second = statistics.median(process(FIRST_RESULT, cache) for _ in range(repeats))
    return {"interpreter_s": bare, "import_s": imported - bare, "cold_s": cold - bare, "second_s": second}


def missed(figures: dict[str, Any]) -> list[str]:
    """The required values that are not met, in words."""
    problems = []
    parts = [figures.get("philly", {}), *figures.get("growth", []), figures.get("start", {})]
    for part in parts:
        for name, (least, most) in REQUIRED.items():
            value = part.get(name)
            if value is not None and least is not None and value < least:
                problems.append(f"{name} {value:.3g}; required at least {least:g}")
            if value is not None and most is not None and value > most:
                problems.append(f"{name} {value:.3g}; required at most {most:g}")
        if part.get("same_starts_as_simpy") is False:
            problems.append("the SimPy model starts jobs at other times")
    return problems


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("MLPLAT_DATA"), help="folder with philly/philly.csv")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--parts", default="philly,growth,start", help="which parts, joined by commas")
    parser.add_argument("--smoke", action="store_true", help="a small part of it, in seconds; required values are not checked")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--large-run", nargs=3, metavar=("JOBS", "NODES", "PLACEMENT"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.large_run:
        jobs, nodes, placement = options.large_run
        print(json.dumps(large_run(int(jobs), int(nodes), placement, options.seed)))
        return 0
    parts = ["philly", "growth"] if options.smoke else options.parts.split(",")
    figures: dict[str, Any] = {"seed": options.seed}
    if "philly" in parts:
        figures["philly"] = philly(options.data, 5_000 if options.smoke else 82_248, 3 if options.smoke else options.repeats, options.seed)
    if "growth" in parts:
        sizes = ((2_000, 20), (20_000, 200)) if options.smoke else ((1_000_000, 10_000), (10_000_000, 100_000))
        figures["growth"] = growth(*sizes, options.seed)
    if "start" in parts:
        figures["start"] = start(3)
    problems = [] if options.smoke else missed(figures)
    figures["missed"] = problems
    print(json.dumps(figures) if options.json else json.dumps(figures, indent=2))
    same = figures.get("philly", {}).get("same_starts_as_simpy", True)
    return 1 if problems or not same else 0


if __name__ == "__main__":
    sys.exit(main())
