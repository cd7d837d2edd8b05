"""How many requests a second the request engine plays, and how that compares with SimPy.

    python -m benchmarks.serving --json

Cases: a plain M/M/c server; all that a server can do at once (two versions, batches, time-outs, retries, errors, autoscaling, replicas
lost); a large one (1,000 replicas). Best of several runs by processor time, from arrays to what became of each request. The same
functions on SimPy's event queue must give the same fingerprint, and a plain SimPy model with a process a request the same ends. Exit
status 1 when they do not, when a request is not accounted for, or when the required figure is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

import numpy as np

from mlplat.platform.serving import Concurrency, Crash, Requests, ServingResult, Silence, Version, Weights, serve
from mlplat.platform.serving.live_server import LiveServer

from . import simpy_serving

REQUIRED_PER_SECOND = 2_000_000
TOGETHER = ("answered", "timed_out", "rejected", "failed", "unfinished")


def cases(count: int, seed: int) -> dict[str, tuple[list[Version], Requests, dict[str, Any]]]:
    """What is measured, by name."""
    plain = Requests.poisson(8.0, count=count, service="exponential", mean="1s", seed=seed)
    rate = 160.0
    everything = Requests.poisson(rate, count=count, service="lognormal", mean="200ms", scv=1.0, seed=seed)
    end = count / rate
    old = Version(
        "old",
        weight=95,
        replicas=3,
        slots=4,
        queue=200,
        timeout="3s",
        batch=4,
        batch_wait="20ms",
        base="50ms",
        each="5ms",
        error_rate=0.01,
        start="30s",
        limit=12,
        scale=Concurrency(target=12, least=2),
    )
    new = Version(
        "new", weight=5, replicas=1, slots=4, queue=50, timeout="3s", error_rate=0.03, start="30s", limit=12, scale=Concurrency(target=3)
    )
    changes: list[Any] = [Weights(end * 0.4, {"old": 75, "new": 25}), Weights(end * 0.6, {"old": 100})]
    changes += [(Crash if i % 2 else Silence)(end * (i + 0.5) / 20, "old", i % 3) for i in range(20)]
    large = Requests.poisson(850.0, count=count, service="exponential", mean="1s", seed=seed)
    return {
        "mmc": ([Version("v1", replicas=10)], plain, {}),
        "everything": ([old, new], everything, {"changes": changes, "retries": 2, "backoff": "500ms", "seed": seed}),
        "thousand_replicas": ([Version("v1", replicas=1000)], large, {}),
    }


def unaccounted(result: ServingResult) -> str:
    """Why the attempts of a run are not all accounted for, by version."""
    for row in result.versions.iter_rows(named=True):
        if row["sent"] != sum(row[name] for name in TOGETHER):
            return f"version {row['version']}: {row['sent']} sent, {sum(row[name] for name in TOGETHER)} accounted for"
    return ""


def measure(made: list[Version], requests: Requests, options: dict[str, Any], repeats: int) -> tuple[float, ServingResult]:
    """Requests a second, and the result."""
    best, result = 0.0, serve(made, requests, **options)
    for _ in range(repeats):
        begun = time.process_time()
        result = serve(made, requests, **options)
        best = max(best, len(requests) / (time.process_time() - begun))
    return best, result


def in_strides(requests: Requests, stride: float = 10.0) -> tuple[float, str]:
    """Requests a second of a server of ten replicas whose time is caught up every ten seconds, as on a platform; and what is wrong."""
    expected = (
        serve(Version("v1", replicas=10, timeout="5s"), requests, until=float(requests.sent[-1]) + 100.0).requests["end_s"].to_numpy()
    )
    server = LiveServer((1, 2))
    v = server.add_version(Version("v1", replicas=0, limit=10, timeout="5s"), 0.0)
    for _ in range(10):
        server.up(v, 0.0)
    server.attach(requests)
    ends, begun = np.zeros(len(requests)), time.process_time()
    for now in np.arange(stride, requests.sent[-1] + 100.0 + stride, stride).tolist():
        done = server.advance(now)
        ends[done.row] = done.end
    rate = len(requests) / (time.process_time() - begun)
    return rate, "" if (ends == expected).all() else "strides: other ends than all at once"


def first(requests: Requests, count: int) -> Requests:
    """The first requests of a stream."""
    return Requests.build(requests.sent[:count], requests.service[:count], requests.key[:count])


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__.split("\n")[0])
    parser.add_argument("--requests", type=int, default=2_000_000, help="in one run")
    parser.add_argument("--compared", type=int, default=50_000, help="of them on SimPy")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="a small part of it, in seconds; required values are not checked")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    count, compared, repeats = (2_000, 2_000, 1) if options.smoke else (options.requests, options.compared, options.repeats)
    serve(Version("v1"), Requests.build([0.0], 1.0))  # compiles
    found: dict[str, dict[str, float]] = {}
    problems = []
    for name, (made, requests, others) in cases(count, options.seed).items():
        rate, result = measure(made, requests, others, repeats)
        if why := unaccounted(result):
            problems.append(f"{name}: {why}")
        few, horizon = first(requests, compared), {"until": float(requests.sent[min(compared, count) - 1])}
        here = serve(made, few, **others, **horizon)
        begun = time.process_time()
        there = serve(made, few, clock="simpy", **others, **horizon)
        on_simpy = len(few) / (time.process_time() - begun)
        if here.fingerprint != there.fingerprint:
            problems.append(f"{name}: the two clocks do not agree")
        found[name] = {"requests_per_second": rate, "over_same_functions_on_simpy": rate / on_simpy}
        if not others:
            slots = sum(version.replicas * version.slots for version in made)
            begun = time.process_time()
            ends = simpy_serving.run(few.sent, few.service, slots)
            found[name]["over_plain_simpy"] = rate / (len(few) / (time.process_time() - begun))
            if not np.allclose(ends, serve(made, few).requests["end_s"].to_numpy(), rtol=1e-9):
                problems.append(f"{name}: a plain SimPy model gives other ends")
    rate, why = in_strides(cases(count, options.seed)["mmc"][1])
    problems += [why] if why else []
    if not options.smoke and found["mmc"]["requests_per_second"] < REQUIRED_PER_SECOND:
        problems.append(f"{found['mmc']['requests_per_second']:,.0f} requests a second; required at least {REQUIRED_PER_SECOND:,}")
    shown = {
        "seed": options.seed,
        "requests": count,
        "compared": compared,
        "cases": found,
        "in_strides_per_second": rate,
        "missed": problems,
    }
    print(json.dumps(shown) if options.json else json.dumps(shown, indent=2))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
