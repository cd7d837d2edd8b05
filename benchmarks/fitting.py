"""How long it takes to fit a generator to a trace and to generate a million jobs, and how well what is generated waits as the trace does.

    python -m benchmarks.fitting --data ../shared/data --json

Processor time. For each trace the checks of the fit that are not met, and the waits of trace and generated traces on one cluster that the
trace's offered load keeps busy by `--busy`: the ultimate measure. Without the traces (`--data`, or the environment variable MLPLAT_DATA) a
synthetic trace of 100,000 jobs stands in. Exit status 1 when a required time is missed, when a model is not read back equal or when equal
seeds give other traces; that waits differ is told, not judged.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from mlplat.hardware import ClusterSpec
from mlplat.runs.replay import replay
from mlplat.traces import read_trace, synthetic
from mlplat.traces.fitting import FittedWorkload, fit
from mlplat.traces.fitting.goodness import _load
from mlplat.workload import JobTrace

REQUIRED_FIT_S, REQUIRED_MILLION_S = 5.0, 2.0
FILES = {
    "philly": "philly/philly.csv",
    "lcg": "swf/LCG.swf.gz",
    "nasa": "swf/NASA-iPSC-1993-3.1-cln.swf.zip",
    "openb": "openb/openb_pod_list_default.csv",
}
GENERATED = 5


def cluster_for(trace: JobTrace, busy: float) -> ClusterSpec:
    """Nodes of 8 devices, or of 8 cores, as many as the offered load keeps busy by this part."""
    width = trace.width("cpu_milli") / 1000
    widest = int(np.ceil(max(width.max(), (trace.gpu_milli / 1000).max())))
    if trace.gpu_milli.any():
        nodes = max(int(np.ceil(_load(trace) / busy / 8)), -(-widest // 8))
        return ClusterSpec.uniform(nodes=nodes, cpus=960, memory_gib=8192, gpus=8, gpu_model="V100")
    return ClusterSpec.uniform(nodes=max(int(np.ceil(_load(trace) / busy / 8)), -(-widest // 8)), cpus=8, memory_gib=1024)


def waits(trace: JobTrace, cluster: ClusterSpec) -> dict[str, float]:
    """Waits (s) under FIFO with backfilling."""
    figures = replay(cluster, trace, queue="easy").summary()
    return {name: float(figures[f"wait_{name}_s"] or 0.0) for name in ("mean", "p50", "p95", "p99")}


def measure(trace: JobTrace, seed: int, busy: float, million: int) -> dict[str, Any]:
    """The figures of one trace, and what is wrong."""
    begun = time.process_time()
    model = fit(trace, seed=seed)
    fitting = time.process_time() - begun
    begun = time.process_time()
    drawn = model.generate(million, seed=seed)
    generating = time.process_time() - begun
    problems = [] if FittedWorkload.from_text(model.to_text()) == model else ["the model is not read back equal"]
    again = model.generate(min(million, 10_000), seed=seed)
    if not np.array_equal(again.submit, drawn.submit[: len(again)]) or not np.array_equal(again.duration, drawn.duration[: len(again)]):
        problems.append("equal seeds give other traces")
    report = model.goodness(trace, seed=seed)
    cluster = cluster_for(trace, busy)
    theirs = [waits(model.generate(seed=seed + i), cluster) for i in range(GENERATED)]
    return {
        "jobs": len(trace),
        "fit_s": fitting,
        "generate_s": generating,
        "generated": million,
        "misfits": [f"{check.what}: {check.figure}" for check in report.misfits],
        "checks": len(report.checks),
        "nodes": sum(group.count for group in cluster.groups),
        "waits_trace": waits(trace, cluster),
        "waits_generated": {name: [round(found[name], 1) for found in theirs] for name in theirs[0]},
        "problems": problems,
    }


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fitting", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("MLPLAT_DATA"), help="folder with philly/philly.csv")
    parser.add_argument("--busy", type=float, default=0.7, help="part of the cluster that the load of the trace takes")
    parser.add_argument("--only", choices=list(FILES), help="one of the traces")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="a small part of it, in seconds; required values are not checked")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    if options.smoke or options.data is None:
        traces = {"synthetic": synthetic(2_000 if options.smoke else 100_000, gpus=64, seed=options.seed)}
    else:
        traces = {name: read_trace(options.data / file) for name, file in FILES.items() if (options.data / file).is_file()}
        traces = {name: trace for name, trace in traces.items() if options.only in (None, name)}
    million = 5_000 if options.smoke else 1_000_000
    found = {name: measure(trace, options.seed, options.busy, million) for name, trace in traces.items()}
    missed = [f"{name}: {problem}" for name, figures in found.items() for problem in figures["problems"]]
    judged = found.get("philly", found.get("synthetic"))
    if not options.smoke and judged is not None:
        for key, most in (("fit_s", REQUIRED_FIT_S), ("generate_s", REQUIRED_MILLION_S)):
            if judged[key] > most:
                missed.append(f"{key} {judged[key]:.2f} s; required at most {most:g} s")
    shown = {"seed": options.seed, "busy": options.busy, "traces": found, "missed": missed}
    print(json.dumps(shown) if options.json else json.dumps(shown, indent=2))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
