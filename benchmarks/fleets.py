"""Whether the smallest fleet is that of an exhaustive scan, and for exponential services that of Erlang; and how few runs it takes.

    python -m benchmarks.fleets --json

Random small cases (rates, services, slots, batches, queues, objectives); the scan simulates every fleet from one replica on with the same
streams. Erlang's staffing is compared where the exact quantiles beside the border are 5 % away from the bound. Exit status 1 when fewer
than 99 of 100 cases agree, or one with Erlang does not.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from typing import Any

import numpy as np

from mlplat.planning.fleets import fleet_by_formula, latency_quantile, smallest_fleet
from mlplat.planning.fleets.approximations import service_time
from mlplat.planning.fleets.smallest import _streams
from mlplat.planning.fleets.trials import Simulator
from mlplat.platform.serving import Version
from mlplat.streams import stream

REQUIRED = 0.99
MARGIN = 0.05
MOST = 60


def case(draws: np.random.Generator) -> tuple[float, float, dict[str, Any]]:
    """Rate, mean service and options of a random small case."""
    service = float(np.exp(draws.uniform(np.log(0.01), np.log(1.0))))
    load = float(np.exp(draws.uniform(np.log(0.3), np.log(12.0))))
    distribution = str(draws.choice(["exponential", "deterministic", "lognormal", "hyperexponential"]))
    form = int(draws.integers(4))
    version: dict[str, Any] = {"slots": int(draws.choice([1, 1, 2, 4]))}
    if form == 1:
        version |= {"batch": int(draws.choice([2, 4, 8])), "base": service / 2, "each": service / 10, "batch_wait": service / 4}
    elif form == 2:
        version["queue"] = int(draws.integers(1, 40))
    elif form == 3:
        version["timeout"] = service * float(draws.uniform(6, 20))
    objective = str(draws.choice(["p99_latency", "p95_latency", "p95_wait"]))
    bound = service * float(draws.uniform(0.2, 3)) if objective == "p95_wait" else service * float(draws.uniform(5, 14))
    options: dict[str, Any] = {"bound": bound, "objective": objective, "distribution": distribution, "version": Version("v", **version)}
    if distribution in ("lognormal", "hyperexponential"):
        options["scv"] = 2.0
    return load / service, service, options


def agrees(rate: float, service: float, options: dict[str, Any], requests: int, seed: int) -> tuple[bool, int, int]:
    """Whether plan and scan agree; fleets that the plan simulated, and the scan."""
    size = {"requests": requests, "replications": 3, "most_replications": 6}
    plan = smallest_fleet(rate, service, most=MOST, seed=seed, **size, **options)
    if plan.unreachable is not None:
        return True, 0, 0
    draw, warm = _streams(rate, plan.service, 0.0, None, requests, seed)
    simulator = Simulator(plan.version, plan.objective, plan.bound_s, draw, 3, 6, plan.confidence, warm, seed)
    for replicas in range(1, MOST + 1):
        if simulator.try_out(replicas).meets(plan.bound_s):
            return plan.replicas == replicas, len(plan.trials), replicas
    return plan.replicas is None, len(plan.trials), MOST


def erlang(draws: np.random.Generator, requests: int | None, seed: int) -> bool | None:
    """Whether plan and Erlang agree on an M/M/c fleet; None where the border is too near to the bound."""
    load, bound = float(draws.uniform(0.5, 40)), float(draws.uniform(5, 12))
    service = service_time(1.0)
    expected = fleet_by_formula(load, service, 0.99, bound)
    assert expected is not None
    fewer, enough = (latency_quantile(c, load, service, 0.99) for c in (expected - 1, expected))
    if fewer < bound * (1 + MARGIN) or enough > bound * (1 - MARGIN):
        return None
    return smallest_fleet(load, 1.0, bound=bound, requests=requests, seed=seed).replicas == expected


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleets", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--requests", type=int, default=10_000, help="in one replication of a scanned case")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="a small part of it, in seconds")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    cases, requests = (4, 1_000) if options.smoke else (options.cases, options.requests)
    draws, begun = stream(options.seed, "benchmarks/fleets"), time.process_time()
    good, planned, scanned, wrong, with_erlang = 0, 0, 0, [], []
    for i in range(cases):
        rate, service, what = case(draws)
        same, mine, all_of_them = agrees(rate, service, what, requests, options.seed + i)
        good, planned, scanned = good + same, planned + mine, scanned + all_of_them
        wrong += [] if same else [f"case {i}: rate {rate:.6g}, service {service:.6g}, {what}"]
        found = erlang(draws, requests if options.smoke else None, options.seed + i)
        with_erlang += [] if found is None else [found]
    missed = [] if good >= math.floor(REQUIRED * cases) else [f"{good} of {cases} cases agree with the scan"]
    if not all(with_erlang) and not options.smoke:
        missed.append(f"{sum(with_erlang)} of {len(with_erlang)} fleets are those of Erlang")
    shown = {
        "seed": options.seed,
        "cases": cases,
        "equal_to_scan": good,
        "fleets_simulated": planned,
        "fleets_scanned": scanned,
        "erlang_cases": len(with_erlang),
        "equal_to_erlang": sum(with_erlang),
        "seconds": time.process_time() - begun,
        "wrong": wrong,
        "missed": missed,
    }
    print(json.dumps(shown) if options.json else json.dumps(shown, indent=2))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
