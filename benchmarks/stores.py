"""How many records, contents and commits a second a store takes, in memory and on disk, and how long a platform takes to open again.

    python -m benchmarks.stores --json

`memory`, `disk`, `fsync`: the store in memory, in a folder, and in a folder with `fsync=True`. `appends_per_second`: records of some
150 bytes, each kept by itself; `batched_per_second`: 100 in one append. `puts_per_second`: contents of 1,000 bytes.
`commits_per_second`: of the SCM, a file each, one pack and one record. `open`: seconds until `Platform.open` has folded so many records
(commits, runs, versions of models and grants, a quarter each), and to read them alone, for a tenth of the records and for all; `growth` is
what ten times as many take, divided by ten. Wall time, since what is waited for is the disk; the best of the repetitions. Exit status 1
when what is read back is not what was written, or opening does not grow in proportion.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlplat as mp
from mlplat.platform.artifacts.scm import SCM
from mlplat.platform.identity import IdentityProvider
from mlplat.platform.storage import Store

KINDS = ("memory", "disk", "fsync")
ALLOWED_GROWTH = 2.0
RECORD = {
    "what": "run.stated",
    "time": 12.5,
    "actor": "user-2",
    "run": "run:shop/r1",
    "changes": {"metrics": {"auc": 0.81, "loss": 0.2}, "step": 7},
}


def opened(kind: str, folder: Path) -> Store:
    """An empty store."""
    return Store() if kind == "memory" else Store.open(folder / f"{kind}-{time.monotonic_ns()}", fsync=kind == "fsync")


def rate(times: int, work: Callable[[], object]) -> float:
    """Calls a second, of `work`, which makes `times` of them."""
    begun = time.perf_counter()
    work()
    return times / max(time.perf_counter() - begun, 1e-9)


def appending(store: Store, times: int, batch: int) -> float:
    """Records a second, `batch` at a time."""
    records = [RECORD] * batch

    def work() -> None:
        for _ in range(times // batch):
            store.append("runs", *records)

    found = rate(times // batch * batch, work)
    if sum(1 for _ in store.records("runs")) != times // batch * batch:
        raise RuntimeError("records are missing")
    return found


def putting(store: Store, times: int) -> float:
    """Contents a second."""
    contents = [b"%08d" % number * 125 for number in range(times)]
    found = rate(times, lambda: [store.put(content) for content in contents])
    if sum(1 for _ in store.digests()) != times:
        raise RuntimeError("contents are missing")
    return found


def committing(store: Store, times: int) -> float:
    """Commits a second."""
    identity = IdentityProvider(mp.Simulation(log="none"), store)
    admin = identity.admin
    identity.create_project("shop", owner=admin, actor=admin)
    scm = SCM(identity._authorization.sim, identity, store)
    scm.create_repository("shop/code", actor=admin)
    files = [{f"d{number % 20}/f{number % 400}": b"%d" % number} for number in range(times)]
    found = rate(times, lambda: [scm.commit("shop/code", "main", changed, "one more", actor=admin) for changed in files])
    if len(scm.log("shop/code@main", actor=admin)) != times:
        raise RuntimeError("commits are missing")
    return found


def fill(store: Store, records: int) -> None:
    """Work of four kinds, until there are so many records."""
    platform = mp.Platform(mp.Simulation(log="none"), store=store)
    admin, quarter = platform.admin, records // 4
    platform.identity.create_project("shop", owner=admin, actor=admin)
    people = [platform.identity.create_user(f"p{number}", actor=admin) for number in range(100)]
    platform.scm.create_repository("shop/code", actor=admin)
    for start in range(0, quarter, 1000):
        with store.transaction():
            for number in range(start, min(start + 1000, quarter)):
                file = {f"d{number % 20}/f{number % 400}": b"%d" % number}
                commit = platform.scm.commit("shop/code", "main", file, "one more", actor=admin)
                run = f"shop/r{number}"
                platform.metadata.start_run(run, code=f"shop/code@{commit.id}", seed=number, linking="direct", actor=admin)
                platform.models.register(f"shop/m{number % 100}", b"weights", external=["data"], actor=admin)
                platform.identity.grant(people[number % 100], "read", f"dataset:shop/d{number}", actor=admin)
    platform.close()


def opening(folder: Path, records: int, repeats: int) -> dict[str, float]:
    """Seconds to open a platform with so many records, and of that to read them."""
    path = folder / f"opening-{records}"
    fill(Store.open(path), records)
    found = {"records": 0, "open_s": float("inf"), "read_s": float("inf")}
    for _ in range(repeats):
        begun = time.perf_counter()
        with Store.open(path) as store:
            found["records"] = sum(1 for journal in store.journals() for _ in store.records(journal))
            found["read_s"] = min(found["read_s"], time.perf_counter() - begun)
        begun = time.perf_counter()
        with mp.Platform.open(path, mp.Simulation(log="none")) as platform:
            found["open_s"] = min(found["open_s"], time.perf_counter() - begun)
            if len(platform.metadata._state.runs) != records // 4:
                raise RuntimeError("runs are missing")
    return {name: round(value, 4) for name, value in found.items()}


def measure(times: int, records: int, repeats: int) -> dict[str, Any]:
    """All figures."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind in KINDS:
            count = times if kind != "fsync" else max(100, times // 20)
            works: dict[str, Callable[[Store, int], float]] = {
                "appends_per_second": lambda store, count: appending(store, count, 1),
                "batched_per_second": lambda store, count: appending(store, count, 100),
                "puts_per_second": putting,
                "commits_per_second": committing,
            }
            found[kind] = {}
            for figure, work in works.items():
                best = 0.0
                for _ in range(repeats):
                    with opened(kind, folder) as store:
                        best = max(best, work(store, count))
                found[kind][figure] = round(best)
        found["open"] = [opening(folder, number, repeats) for number in (records // 10, records)]
    few, many = found["open"]
    found["growth"] = round(many["open_s"] / few["open_s"] * few["records"] / many["records"], 2)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stores", description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=int, default=10_000, help="appends, puts and commits")
    parser.add_argument("--records", type=int, default=100_000, help="of the platform that is opened")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--smoke", action="store_true", help="a small part of it, in seconds; growth is not checked")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    times, records, repeats = (200, 400, 1) if options.smoke else (options.times, options.records, options.repeats)
    found = measure(times, records, repeats)
    problems = []
    if not options.smoke and found["growth"] > ALLOWED_GROWTH:
        problems.append(f"growth: {found['growth']}; allowed at most {ALLOWED_GROWTH:g}")
    shown = {"times": times, "repeats": repeats, **found, "missed": problems}
    print(json.dumps(shown) if options.json else json.dumps(shown, indent=2))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
