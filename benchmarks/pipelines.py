"""What the orchestrator itself takes: defining a large pipeline, running steps that do nothing, and finding that nothing is to be done.

    python -m benchmarks.pipelines --json

`define_s`: to load a pipeline of `steps` steps from a commit and check its graph. `plain_ms`: of processor time for each step of a run
without a cluster, `placed_ms` on a cluster with an environment for each. `mapped_ms`: for each element that one step is mapped over.
`cached_ms`: for each step of a rerun whose outputs are all there. Each includes recording, lineage and events. Every run must have the same
digests. Exit status 1 when that, or a required figure, is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

import mlplat as mp

ALLOWED_MS = {"plain_ms": 5.0, "placed_ms": 8.0, "mapped_ms": 5.0, "cached_ms": 3.0}


def code(steps: int) -> str:
    """A pipeline of so many steps in chains of ten, and one that maps over a list."""
    lines = [
        "import mlplat as mp",
        "@mp.step",
        "def add(x: int, y: int) -> int:",
        "    return x + y",
        "@mp.pipeline",
        "def chains(x: int = 1):",
    ]
    lines += [f"    v{place} = add({'x' if place % 10 == 0 else f'v{place - 1}'}, {place})" for place in range(steps)]
    return "\n".join([*lines, "@mp.pipeline", "def mapped(xs: list[int]):", "    add.map(xs, y=1)", ""])


class Shop:
    """A platform with that pipeline, on a cluster of so many nodes or without one."""

    def __init__(self, steps: int, seed: int, nodes: int = 0) -> None:
        self.sim = mp.Simulation(seed)
        on: Any = self.sim
        if nodes:
            on = mp.Cluster(self.sim, mp.ClusterSpec.uniform(nodes=nodes, cpus=64, memory_gib=512), scrape_period=None)
        self.platform = mp.Platform(on)
        admin = self.platform.admin
        self.platform.identity.create_project("shop", owner=admin, actor=admin)
        self.zone = self.platform.zones.create_development(admin, {"cpus": 64 * nodes}, actor=admin).name if nodes else ""
        self.platform.scm.create_repository("shop/bench", actor=admin)
        self.platform.scm.commit("shop/bench", "main", {"pipeline.py": code(steps)}, "first", author="A <a@b.c>", actor=admin)

    def run(self, function: str, parameters: dict[str, Any]) -> tuple[float, Any]:
        """Seconds of processor time that a run takes, and the run."""
        begun = time.process_time()
        run = self.platform.orchestrator.run("shop/bench@main", parameters, function=function, zone=self.zone, actor=self.platform.admin)
        if not run.over:
            self.sim.run(until=run.wait())
        if run.outcome != "success":
            raise RuntimeError(str(run))
        return time.process_time() - begun, run


def figures(steps: int, seed: int) -> dict[str, Any]:
    """All of them."""
    warm = Shop(10, seed, nodes=1)
    warm.run("chains", {})
    shop, placed = Shop(steps, seed), Shop(steps, seed, nodes=8)
    begun = time.process_time()
    version = shop.platform.orchestrator.publish("shop/bench@main", function="chains", actor=shop.platform.admin)
    define_s = time.process_time() - begun
    plain_s, plain = shop.run("chains", {})
    cached_s, cached = shop.run("chains", {})
    placed_s, there = placed.run("chains", {})
    mapped_s, _ = shop.run("mapped", {"xs": list(range(steps))})
    equal = plain.digests == cached.digests == there.digests and plain.pipeline == version.reference
    found = {"plain_ms": plain_s, "placed_ms": placed_s, "mapped_ms": mapped_s, "cached_ms": cached_s}
    return {
        "steps": steps,
        "seed": seed,
        "define_s": round(define_s, 3),
        **{name: round(1000 * seconds / steps, 2) for name, seconds in found.items()},
        "equal": equal,
        "events": len(placed.sim.log),
    }


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Measure the orchestrator of pipelines.")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    given = parser.parse_args(arguments)
    found = figures(given.steps, given.seed)
    missed = [name for name, allowed in ALLOWED_MS.items() if found[name] > allowed] + ([] if found["equal"] else ["equal"])
    if given.json:
        print(json.dumps({**found, "missed": missed}))
    else:
        for name, value in found.items():
            print(f"{name:12} {value}")
        print(f"missed: {', '.join(missed) or 'nothing'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
