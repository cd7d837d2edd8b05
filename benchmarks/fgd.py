"""The published experiments on fragmentation (Weng et al., USENIX ATC 2023): policies under an arrival stream that nothing departs from.

    python -m benchmarks.fgd --nodes openb_node_list_gpu_node.csv --jobs openb_pod_list_default.csv --seeds 42-51 --json

Prints for each policy and seed the allocated part of the devices and the fragmented part of the idle ones, in percent, averaged over the
arrivals at a load of 100 % and 130 % of the devices. With `--orders DIR` the published random draws are used, and each deterministic
policy is checked against the published cells in `--expected CSV` (its minimum, maximum and mean over the seeds); without, the mean over
the seeds is checked to lie within 0.3 points (Random: 0.5). Exit status 1 when a published value is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mlplat.errors import InputError, MlplatError, UnknownNameError
from mlplat.hardware import ClusterSpec
from mlplat.infra.placement import BestFit, DotProduct, Fgd, PlacementPolicy
from mlplat.runs.fragmentation import fragmentation
from mlplat.streams import stream
from mlplat.traces import inflate, read_openb_pods, reorder
from mlplat.workload import JobTrace

RATIO = 1.3
LOADS = (100, 130)
TOLERANCE = {"random": 0.5}
METRICS = {"alloc": "alloc_ratio_pct", "frag": "frag_ratio_pct"}
PUBLISHED = {
    "random": "Random",
    "dot-product": "DotProd",
    "gpu-clustering": "GpuClustering",
    "gpu-packing": "GpuPacking",
    "best-fit": "BestFit",
    "fgd": "FGD",
}


def variant(policy: str, originals: JobTrace) -> str | PlacementPolicy:
    """The policy as the published experiments define it. `originals`: the trace whose requests are typical."""
    if policy == "best-fit":
        return BestFit(dimensions=("cpu", "gpu"), norm="cluster", levels=100)
    if policy == "dot-product":
        return DotProduct(dimensions=("cpu", "gpu"), norm="cluster", levels=100)
    return Fgd(typical=originals) if policy == "fgd" else policy


def arrivals(originals: JobTrace, nodes: int, gpus: int, seed: int, workload: str, orders: Path | None) -> tuple[JobTrace, Any]:
    """The arrival stream of a seed and the rank of each node in the order that breaks ties."""
    if orders is None:
        return inflate(originals, ratio=RATIO, capacity_gpus=gpus, seed=seed), stream(seed, "fgd/nodes").permutation(nodes)
    rows, ranks = (_numbers(orders / f"{workload}_{seed}_{what}.txt") for what in ("pods", "nodes"))
    if len(ranks) != nodes or rows.max(initial=0) >= len(originals):
        raise InputError("does not fit these node and job lists", path=orders / f"{workload}_{seed}_pods.txt")
    return reorder(originals, rows), ranks


def _numbers(path: Path) -> Any:
    try:
        return np.array([int(line) for line in path.read_text().split()], dtype=np.int64)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    except ValueError:
        raise InputError("holds something that is no number", path=path, expected="a row number on each line") from None


def binned(frame: pl.DataFrame, trace: JobTrace, gpus: int) -> dict[str, float]:
    """The published columns at each load: means over all arrivals whose cumulative demand rounds to that percentage of the devices."""
    demanded = np.cumsum(trace.gpu_milli)[frame["arrived"].to_numpy() - 1]
    load = np.round(demanded / (gpus * 10))
    used, fragment = frame["allocated_milli"].to_numpy(), frame["fragment_milli"].to_numpy()
    allocated = np.round(used / (gpus * 10), 2)
    fragmented = np.round(100 * np.round(fragment, 2) / (gpus * 1000 - used), 2)
    row = {}
    for at in LOADS:
        inside = load == at
        if not inside.any():
            inside = np.abs(load - at) <= 1
        row[f"alloc_{at}"] = round(float(allocated[inside].mean()), 2)
        row[f"frag_{at}"] = float(fragmented[inside].mean())
    return row


def measure(nodes: Path, jobs: Path, policies: list[str], seeds: list[int], workload: str, orders: Path | None) -> list[dict[str, Any]]:
    """One row a policy and seed."""
    spec, originals = ClusterSpec.from_openb(nodes), read_openb_pods(jobs)
    gpus = int(spec.capacity()["gpus"])
    rows = []
    for policy in policies:
        for seed in seeds:
            trace, ranks = arrivals(originals, len(spec.nodes()), gpus, seed, workload, orders)
            started = time.perf_counter()
            frame = fragmentation(
                spec,
                trace,
                queue="loss",
                placement=variant(policy, originals),
                ties=ranks.tolist(),
                seed=seed,
                measure=Fgd(typical=originals),
            )
            seconds = time.perf_counter() - started
            rows.append({"policy": policy, "seed": seed} | binned(frame, trace, gpus) | {"seconds": round(seconds, 3)})
    return rows


def missed(rows: list[dict[str, Any]], expected: Path, workload: str, published_draws: bool) -> list[str]:
    """The published values that the rows do not meet, in words."""
    table = pl.read_csv(expected).filter(pl.col("workload") == workload)
    problems = []
    for policy in dict.fromkeys(row["policy"] for row in rows):
        mine = [row for row in rows if row["policy"] == policy]
        for short, metric in METRICS.items():
            for at in LOADS:
                cell = table.filter(
                    (pl.col("policy") == PUBLISHED[policy]) & (pl.col("metric") == metric) & (pl.col("arrived_load_pct") == at)
                )
                if not len(cell):
                    continue
                values = np.array([row[f"{short}_{at}"] for row in mine])
                if published_draws and policy != "random":
                    low, high = cell["min"][0] - 0.01, cell["max"][0] + 0.01
                    wrong = [
                        f"seed {row['seed']}: {value:.3f}" for row, value in zip(mine, values, strict=True) if not low <= value <= high
                    ]
                    wrong += (
                        [f"mean {values.mean():.3f}"]
                        if len(mine) == cell["n_seeds"][0] and abs(values.mean() - cell["mean"][0]) > 0.01
                        else []
                    )
                    problems += [
                        f"{policy} {short}_{at}: {w}; published {low:.3f} to {high:.3f}, mean {cell['mean'][0]:.3f}" for w in wrong
                    ]
                elif len(mine) >= 10 and abs(values.mean() - cell["mean"][0]) > TOLERANCE.get(policy, 0.3):
                    problems.append(f"{policy} {short}_{at}: mean {values.mean():.3f}; published {cell['mean'][0]:.3f}")
    return problems


def seed_list(text: str) -> list[int]:
    """The seeds of `42-51` or `42,47`."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise argparse.ArgumentTypeError(f"{text!r}: expected seeds such as 42-51 or 42,47")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fgd", description=__doc__.split("\n")[0])
    parser.add_argument("--nodes", type=Path, required=True, help="openb node list")
    parser.add_argument("--jobs", type=Path, required=True, help="openb pod list")
    parser.add_argument("--policies", default=",".join(PUBLISHED), help="names joined by commas")
    parser.add_argument("--seeds", "--seed", type=seed_list, default=seed_list("42-51"), help="such as 42-51 or 42,47")
    parser.add_argument("--orders", type=Path, help="folder of the published draws")
    parser.add_argument("--workload", help="its name in the published tables; default: from the name of the job list")
    parser.add_argument(
        "--expected", type=Path, help="CSV of published cells; default: expected_default.csv beside the job list, where it is"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    policies = options.policies.split(",")
    workload = options.workload or options.jobs.stem.removeprefix("openb_pod_list_")
    expected = options.expected or options.jobs.with_name("expected_default.csv")
    try:
        for policy in policies:
            if policy not in PUBLISHED:
                raise UnknownNameError("policy", policy, PUBLISHED)
        rows = measure(options.nodes, options.jobs, policies, options.seeds, workload, options.orders)
    except MlplatError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    problems = missed(rows, expected, workload, options.orders is not None) if expected.is_file() else []
    if options.json:
        print(json.dumps({"rows": rows, "missed": problems}))
    else:
        with pl.Config(tbl_rows=-1, tbl_hide_dataframe_shape=True):
            print(pl.DataFrame(rows))
        print("\n".join(problems) or ("every published value met" if expected.is_file() else "no published values to compare with"))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
