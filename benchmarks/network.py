"""How many flows a second the network model completes, and how that falls as more of them share the network.

    python -m benchmarks.network --json

Flows between random hosts of a fat-tree (1,024 hosts for k = 16), of exponential size, routed by ECMP: as soon as one is done the next
begins, so that as many are underway all the time. Best and median by processor time, without reading the flows in. Exit status 1 when
rates are not max-min fair, or the required figure is missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from typing import Any

import numpy as np

from mlplat.hardware import ClusterSpec
from mlplat.infra.network.flows import FlowList, finish_times, max_min_rates
from mlplat.infra.network.routing import Routing
from mlplat.infra.network.topology import Topology
from mlplat.streams import stream

ACTIVE = (125, 500, 1000, 2000, 4000)
REQUIRED_AT, REQUIRED_PER_SECOND = 2000, 100_000
CLOSE = 1e-9


def flows_of(k: int, count: int, seed: int) -> tuple[Any, list[tuple[int, ...]], Any]:
    """Capacities of the directed links of a fat-tree, paths between random hosts, and amounts."""
    hosts = k**3 // 4
    spec = ClusterSpec.model_validate(
        {
            "groups": [{"name": "n", "count": hosts, "cpus": 1, "nic_mbps": 1000}],
            "network": {"topology": "fat-tree", "k": k, "uplink": 1000},
        }
    )
    topology = Topology.of(spec)
    routing, draw = Routing(topology), stream(seed, "benchmark/network")
    source = draw.integers(0, hosts, count)
    target = (source + draw.integers(1, hosts, count)) % hosts
    paths = [routing.path(a, b, key) for key, (a, b) in enumerate(zip(source.tolist(), target.tolist(), strict=True))]
    return topology.link_mbps, paths, draw.exponential(1000.0, count)


def unfair(capacity: Any, paths: list[tuple[int, ...]]) -> str:
    """Why the rates of these flows are not max-min fair: a link above its capacity, or a flow without a bottleneck."""
    rates = max_min_rates(capacity, paths)
    load, fastest = np.zeros(len(capacity)), np.zeros(len(capacity))
    for path, rate in zip(paths, rates.tolist(), strict=True):
        load[list(path)] += rate
        fastest[list(path)] = np.maximum(fastest[list(path)], rate)
    if (load > capacity * (1 + CLOSE)).any():
        return "a link is above its capacity"
    full = load >= capacity * (1 - CLOSE)
    for flow, (path, rate) in enumerate(zip(paths, rates.tolist(), strict=True)):
        if not any(full[link] and rate >= fastest[link] * (1 - CLOSE) for link in path):
            return f"flow {flow} has no bottleneck"
    return ""


def measure(k: int, active: int, completions: int, repeats: int, seed: int) -> dict[str, float]:
    """Completions a second of processor time."""
    capacity, paths, amount = flows_of(k, completions, seed)
    finish_times(capacity, paths[:10], amount[:10])  # compiles
    rates = []
    for _ in range(repeats):
        flows = FlowList(capacity, paths, amount, at_once=active)
        begun = time.process_time()
        flows.play()
        rates.append(completions / (time.process_time() - begun))
    return {"best_per_second": max(rates), "median_per_second": statistics.median(rates)}


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.network", description=__doc__.split("\n")[0])
    parser.add_argument("--completions", type=int, default=40_000, help="in one run")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--k", type=int, default=16, help="ports of a switch")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="a small part of it, in seconds; required values are not checked")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    k, completions, repeats = (4, 500, 1) if options.smoke else (options.k, options.completions, options.repeats)
    found = {}
    problems = []
    for active in (20, 100) if options.smoke else ACTIVE:
        found[active] = measure(k, active, completions, repeats, options.seed)
        capacity, paths, _ = flows_of(k, active, options.seed)
        if why := unfair(capacity, paths):
            problems.append(f"{active} flows: {why}")
    best = found.get(REQUIRED_AT, {}).get("best_per_second", np.inf)
    if not options.smoke and best < REQUIRED_PER_SECOND:
        problems.append(f"{best:,.0f} completions a second with {REQUIRED_AT:,} flows; required at least {REQUIRED_PER_SECOND:,}")
    shown = {"seed": options.seed, "k": k, "hosts": k**3 // 4, "completions": completions, "active": found, "missed": problems}
    print(json.dumps(shown) if options.json else json.dumps(shown, indent=2))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
