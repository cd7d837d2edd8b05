"""What a sweep costs over its runs alone, how busy it keeps the cores, how much memory workers share, and whether killing loses anything.

    python -m benchmarks.sweeps --data DIR --json
    python -m benchmarks.sweeps --kills 30 --json

The first: Philly on 96 nodes of 8 V100 and thereabouts under failing hardware, 1,000 runs by default. The sum of the single runs is that of
`run_once` in one process, the trace at hand, by processor time; the sweep's cost is the processor time of driver and workers, starting them
included. A core is kept busy where a worker runs or waits for a core that others have (Linux: /proc/PID/schedstat). Memory: what workers
map of the trace (Rss), and their share of it (Pss). The second kills workers and drivers at random instants and compares all files with
those of a sweep that nobody disturbed. Exit status 1 when a required figure is missed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import mlplat as mp
from mlplat.planning.scenario import Scenario, run_once, trace_of
from mlplat.planning.sweeps import Design, grid
from mlplat.streams import stream

RUNS, WORKERS = 1_000, 2
REQUIRED = {"busy": 0.90, "cost_over_single_runs": 1.20}
SCENARIO = """\
name: Philly under failures
cluster:
  groups: [{{name: pool, count: 96, cpus: 64, memory: 512GiB, gpus: 8, gpu_model: V100}}]
  reliability: {{node: {{mtbf: 180d, mttr: 4h}}, device: {{mtbf: 1000d, mttr: 1d}}}}
workload: {{trace: {trace}, format: philly}}
failures: reliability
policies: {{checkpoint: every 1h write 60s restart 60s, max_restarts: 100}}
horizon: 120d
seed: {seed}
"""
SMALL = """\
name: small
cluster: 4x8xV100
workload: {synthetic: {jobs: 4000, gpus: 32, load: 0.9}}
"""


def content(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


class Watch(threading.Thread):
    """Looks at the children of this process that map the trace: seconds run and waited for a core, and memory. Linux only."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seconds: dict[int, tuple[float, float]] = {}
        self.memory: dict[int, dict[str, int]] = {}
        self.over = threading.Event()

    def run(self) -> None:
        """Look twice a second, at memory every few seconds."""
        rounds = 0
        while not self.over.wait(0.5):
            rounds += 1
            for process in self.children():
                try:
                    ran, waited, _ = Path(f"/proc/{process}/schedstat").read_text().split()
                    self.seconds[process] = int(ran) / 1e9, int(waited) / 1e9
                    if rounds % 10 == 5:
                        found = self.maps(process)
                        if found["trace_rss"]:
                            self.memory[process] = found
                except (OSError, ValueError):
                    continue

    @staticmethod
    def children() -> list[int]:
        """Processes whose parent this is."""
        try:
            return [int(child) for task in Path("/proc/self/task").iterdir() for child in (task / "children").read_text().split()]
        except OSError:
            return []

    @staticmethod
    def maps(process: int) -> dict[str, int]:
        """Bytes: of the trace's files mapped and this process's share of them, and all that is resident, and its own."""
        sums = {"trace_rss": 0, "trace_pss": 0, "rss": 0, "private": 0}
        inside = False
        for line in Path(f"/proc/{process}/smaps").read_text().splitlines():
            name, _, rest = line.partition(":")
            if "-" in name and " " in line.split(":")[0]:
                inside = "/traces/" in line and line.endswith(".npy")
            elif name in ("Rss", "Pss", "Private_Dirty", "Private_Clean"):
                size = int(rest.split()[0]) * 1024
                if name == "Rss":
                    sums["rss"] += size
                    sums["trace_rss"] += size * inside
                elif name == "Pss":
                    sums["trace_pss"] += size * inside
                else:
                    sums["private"] += size
        return sums


def measured(data: Path, runs: int, workers: int, seed: int, folder: Path) -> tuple[dict[str, Any], list[str]]:
    """The sweep of Philly: figures, and what is missed."""
    scenario = Scenario.from_yaml(SCENARIO.format(trace=json.dumps(str(data / "philly" / "philly.csv")), seed=seed))
    counts, queues = list(range(92, 102)), ["fifo", "best-effort-fifo"]
    replications = max(1, runs // (len(counts) * len(queues)))
    design = grid({"cluster.groups.pool.count": counts, "policies.queue": queues})
    points = [(scenario.with_fields(fields), replication) for fields in design.points() for replication in range(replications)]
    trace = trace_of(scenario)
    run_once(points[0][0], 0, trace=trace)  # compiles
    some = points[:: max(1, len(points) // 50)]
    singles: list[float] = []
    prints: dict[tuple[str, int], str] = {}

    def alone(part: list[tuple[Scenario, int]]) -> None:
        for point, replication in part:
            begun = time.process_time()
            prints[point.digest, replication] = run_once(point, replication, trace=trace).fingerprint
            singles.append(time.process_time() - begun)

    alone(some[::2])  # half before the sweep and half after it, since what else the machine does is not the same all the time
    watch = Watch()
    watch.start()
    before, begun = used(), time.perf_counter()
    sweep = mp.sweep(scenario, design, folder=folder / "sweep", backend="joblib", workers=workers, replications=replications)
    wall, cost = time.perf_counter() - begun, used() - before
    watch.over.set()
    watch.join()
    alone(some[1::2])
    single = statistics.mean(singles) * len(points)
    frame = sweep.frame
    found = dict(zip(zip(frame["scenario"], frame["replication"], strict=True), frame["fingerprint"], strict=True))
    busy = sorted(watch.seconds.values(), reverse=True)[:workers]
    mapped = sum(path.stat().st_size for path in (folder / "sweep" / "traces").rglob("*.npy"))
    figures = {
        "runs": sweep.total,
        "failed": sweep.failed.height,
        "workers": workers,
        "jobs_per_run": len(trace),
        "wall_s": round(wall, 1),
        "single_runs_cpu_s": round(single, 1),
        "single_runs_measured": len(singles),
        "sweep_cpu_s": round(cost, 1),
        "cost_over_single_runs": round(cost / single, 3),
        "busy": round(sum(ran + waited for ran, waited in busy) / (workers * wall), 3),
        "on_core": round(sum(ran for ran, _ in busy) / (workers * wall), 3),
        "load_of_the_machine": round(os.getloadavg()[0], 1),
        "traces_in_folder": len(list((folder / "sweep" / "traces").iterdir())),
        "trace_mapped_bytes": mapped,
        "workers_memory": list(watch.memory.values()),
        "fingerprint": sweep.fingerprint,
    }
    missed = [f"{name}: {figures[name]}" for name, least in (("busy", REQUIRED["busy"]),) if figures[name] < least]
    if figures["cost_over_single_runs"] > REQUIRED["cost_over_single_runs"]:
        missed.append(f"cost_over_single_runs: {figures['cost_over_single_runs']}; required at most {REQUIRED['cost_over_single_runs']}")
    if any(found.get(key) != value for key, value in prints.items()):
        missed.append("runs of the sweep differ from single runs")
    if not sweep.complete:
        missed.append("runs are missing")
    return figures, missed


def used() -> float:
    """Processor seconds of this process and of its children that have ended."""
    kinds = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return sum(resource.getrusage(kind).ru_utime + resource.getrusage(kind).ru_stime for kind in kinds)


DRIVER = """
import sys
import mlplat as mp
from benchmarks.sweeps import SMALL, kill_design
from mlplat.planning.scenario import Scenario
mp.sweep(Scenario.from_yaml(SMALL), kill_design(int(sys.argv[2])), folder=sys.argv[1], workers=2, replications=4)
"""


def kill_design(points: int) -> Design:
    """The design of the sweep that is killed."""
    return grid({"cluster.groups.node.count": list(range(4, 4 + points)), "policies.queue": ["fifo", "easy"]})


def killed(kills: int, seed: int, folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Kill workers and drivers at random instants, by turns, until the sweep is there; and compare it with an undisturbed one."""
    draw = stream(seed, "benchmark/sweeps/kills")
    root = Path(__file__).resolve().parents[1]
    environment = os.environ | {"PYTHONPATH": str(root)}
    points = max(2, kills)
    whole = mp.sweep(Scenario.from_yaml(SMALL), kill_design(points), folder=folder / "whole", backend="serial", replications=4)
    done = {"drivers": 0, "workers": 0, "starts": 0}
    kept: list[int] = []
    problems: list[str] = []
    known: dict[str, str] = {}
    while True:
        command = [sys.executable, "-c", DRIVER, str(folder / "killed"), str(points)]
        driver = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        done["starts"] += 1
        while driver.poll() is None and done["drivers"] + done["workers"] < kills:
            # a random instant: after so many more runs, or none, and a moment
            there, more = runs_in(folder / "killed"), kills - done["drivers"] - done["workers"]
            wanted = there + int(draw.integers(0, 1 + max(0, whole.total - there) // more))
            while driver.poll() is None and runs_in(folder / "killed") < wanted:
                time.sleep(0.01)
            time.sleep(float(draw.uniform(0.0, 0.5)))
            children = workers_of(driver.pid)
            if driver.poll() is None and children and draw.random() < 0.5:
                os.kill(children[int(draw.integers(len(children)))], signal.SIGKILL)
                done["workers"] += 1
            elif driver.poll() is None:
                driver.kill()
                done["drivers"] += 1
                break
        errors = driver.communicate()[1].decode()
        now = (
            {name: value for name, value in content(folder / "killed").items() if name.startswith("runs/")}
            if (folder / "killed").exists()
            else {}
        )
        kept.append(len(now))
        problems += [f"{name} is gone or changed" for name, value in known.items() if now.get(name) != value]
        known = now
        if driver.returncode == 0:
            break
        if driver.returncode != -signal.SIGKILL:
            problems.append(f"a driver ended with status {driver.returncode}: {errors[-300:]}")
            break
    if done["drivers"] + done["workers"] < kills:
        problems.append(f"only {done['drivers'] + done['workers']} kills before all runs were there")
    same = content(folder / "killed") == content(folder / "whole")
    if not same:
        problems.append("the files differ from those of a sweep that nobody disturbed")
    figures = {
        "runs": whole.total,
        "killed": done,
        "runs_kept_after_each_start": kept,
        "files_equal": same,
        "fingerprint": whole.fingerprint,
    }
    return figures, problems


def runs_in(folder: Path) -> int:
    """How many runs a folder holds."""
    return sum(1 for _ in (folder / "runs").iterdir()) if (folder / "runs").is_dir() else 0


def workers_of(driver: int) -> list[int]:
    """The worker processes of a driver."""
    try:
        children = [int(child) for task in Path(f"/proc/{driver}/task").iterdir() for child in (task / "children").read_text().split()]
        return [child for child in children if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes()]
    except OSError:
        return []


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweeps", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, help="the folder that holds philly/philly.csv")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--kills", type=int, default=0, help="kill workers and drivers so often")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    if options.data is None and not options.kills:
        parser.error("expected --data DIR, --kills N, or both")
    shown: dict[str, Any] = {"seed": options.seed}
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        if options.data is not None:
            figures, problems = measured(options.data, options.runs, options.workers, options.seed, Path(name))
            shown["sweep"] = figures
            missed += problems
        if options.kills:
            figures, problems = killed(options.kills, options.seed, Path(name))
            shown["kills"] = figures
            missed += problems
    shown["missed"] = missed
    print(json.dumps(shown) if options.json else json.dumps(shown, indent=2))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
