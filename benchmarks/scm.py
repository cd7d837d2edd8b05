"""How many commits a second the SCM takes in memory, through its public call, with decisions, journal and events.

    python -m benchmarks.scm --json

Each commit changes one file of a tree of 20 files in nested folders. Timed is the call `SCM.commit` alone, with everything it does: the
decision and its entry in the audit log, checks, objects, the pack and its digest, the record, the event. Best and median of the
repetitions, and the best by processor time, which is what a machine without other load would come near. The last head is checked out
and compared. Exit status 1 when the best misses the required figure.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from typing import Any

from mlplat.context import Simulation
from mlplat.platform.artifacts.scm import SCM
from mlplat.platform.identity import IdentityProvider

REQUIRED_PER_SECOND = 10_000
FOLDERS = ("", "src/", "src/model/", "src/model/layers/", "tests/")
FILES_PER_FOLDER = 4
PATHS = tuple(f"{folder}file_{number}.py" for folder in FOLDERS for number in range(FILES_PER_FOLDER))


def measure(commits: int) -> tuple[float, float]:
    """Commits a second of one run, by wall-clock and by processor time. Raises RuntimeError where a file is not what was committed."""
    sim = Simulation(0)
    identity = IdentityProvider(sim)
    identity.create_project("shop", owner=identity.admin, actor=identity.admin)
    scm, actor = SCM(sim, identity), identity.admin
    repo = scm.create_repository("shop/churn", actor=actor)
    last = dict.fromkeys(PATHS, b"start\n" * 20)
    scm.commit(repo, "main", last, "start", actor=actor)
    changes = [(PATHS[number % len(PATHS)], b"value = %d\n" % number * 20) for number in range(commits)]
    gc.collect()
    begun, begun_cpu = time.perf_counter(), time.process_time()
    for path, content in changes:
        scm.commit(repo, "main", {path: content}, "change", actor=actor)
    seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - begun_cpu
    last.update(changes)
    found = {path: file.content for path, file in scm.checkout("shop/churn@main", actor=actor).items()}
    if found != last:
        raise RuntimeError("the last head is not what was committed")
    return commits / seconds, commits / cpu_seconds


def figures(commits: int, repeats: int) -> dict[str, float]:
    """Best and median."""
    measure(min(commits, 500))
    found = [measure(commits) for _ in range(repeats)]
    return {
        "best_per_second": max(wall for wall, _ in found),
        "median_per_second": statistics.median(wall for wall, _ in found),
        "best_per_cpu_second": max(cpu for _, cpu in found),
    }


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scm", description=__doc__.split("\n")[0])
    parser.add_argument("--commits", type=int, default=20_000, help="in one run")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--smoke", action="store_true", help="a small part of it, in seconds; required values are not checked")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    commits, repeats = (1_000, 1) if options.smoke else (options.commits, options.repeats)
    found = figures(commits, repeats)
    rate = found["best_per_second"]
    problems = [] if options.smoke or rate >= REQUIRED_PER_SECOND else [f"{rate:,.0f} commits a second; required {REQUIRED_PER_SECOND:,}"]
    shown: dict[str, Any] = {"commits": commits, "repeats": repeats, "files": len(PATHS), **found, "missed": problems}
    print(json.dumps(shown) if options.json else json.dumps(shown, indent=2))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
