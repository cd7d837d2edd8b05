"""Something that a sweep can run in no time: a scenario of three numbers, with runs that are random, fail, or kill their worker."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mlplat.errors import OptionError, SpecError
from mlplat.planning.sweeps.designs import Design
from mlplat.planning.sweeps.outcome import Sweep
from mlplat.planning.sweeps.sweeping import run_sweep
from mlplat.resources import ResourceRequest
from mlplat.streams import stream
from mlplat.workload import JobTrace


@dataclass(frozen=True)
class Pretended:
    """A scenario: how many servers, which policy, how much load; what it does is written on it."""

    count: int = 4
    policy: str = "fifo"
    load: float = 1.0
    jobs: int = 50
    seconds: float = 0.0
    log: str = ""
    """A file to which each run that is made adds a line."""
    killing: str = ""
    """Points that kill the process that runs them, as `count:times`."""


@dataclass(frozen=True)
class Figures:
    values: Mapping[str, float | None]
    fingerprint: str


@dataclass(frozen=True)
class Pretending:
    """See `Simulator`. `random` scenarios have replications, each with its trace."""

    random: bool = True

    def at(self, base: Pretended, fields: Mapping[str, Any]) -> Pretended:
        for name, value in fields.items():
            if name not in ("count", "policy", "load", "jobs"):
                raise SpecError(f"there is no {name!r}", where=name)
            if name == "count" and value < 1:
                raise SpecError(f"{value}: expected at least 1", where="count")
            if name == "policy" and value not in ("fifo", "easy", "broken", "hungry"):
                raise SpecError(f"{value!r}: expected fifo or easy", where="policy")
        return replace(base, **fields)

    def digest(self, scenario: Pretended) -> str:
        return hashlib.sha256(f"{scenario.count} {scenario.policy} {float(scenario.load)!r} {scenario.jobs}".encode()).hexdigest()

    def replications(self, scenario: Pretended, wanted: int) -> int:
        return wanted if self.random else 1

    def trace_key(self, scenario: Pretended, replication: int) -> str | None:
        return f"{scenario.load!r} {scenario.jobs} {replication}"

    def trace(self, scenario: Pretended, replication: int) -> JobTrace:
        draw = stream(replication, "pretended")
        submit = np.cumsum(draw.exponential(1.0 / scenario.load, scenario.jobs))
        requests = [ResourceRequest(cpus=1), ResourceRequest(cpus=2, models="T4")]
        ids = np.array([f"job-{i}" for i in range(scenario.jobs)], dtype=object)
        return JobTrace.build(
            submit=submit,
            duration=draw.exponential(1.0, scenario.jobs),
            request=draw.integers(0, 2, scenario.jobs),
            requests=requests,
            job_id=ids,
        )

    def run(self, scenario: Pretended, replication: int, trace: JobTrace | None) -> Figures:
        trace = self.trace(scenario, replication) if trace is None else trace
        if len(trace) == 1:  # to warm up
            return Figures({}, "")
        if scenario.log:
            with Path(scenario.log).open("a") as stream:
                stream.write(f"{os.getpid()} {scenario.count} {scenario.policy} {scenario.load} {replication}\n")
        if scenario.policy == "broken":
            raise OptionError(f"{scenario.count} servers cannot do this")
        if scenario.policy == "hungry":
            raise MemoryError("no more room")
        self._kill(scenario)
        time.sleep(scenario.seconds)
        wait = float(trace.submit.sum() + trace.duration.sum()) / scenario.count
        digest = hashlib.sha256(f"{self.digest(scenario)} {replication}".encode())
        digest.update(trace.submit.tobytes())
        return Figures({"mean_wait": wait, "p95_wait": 2 * wait, "goodput": None}, digest.hexdigest())

    def _kill(self, scenario: Pretended) -> None:
        for deed in filter(None, scenario.killing.split(",")):
            count, times = map(int, deed.split(":"))
            if count == scenario.count:
                for number in range(times):
                    mark = Path(f"{scenario.log}.{count}.{number}")
                    if not mark.exists():
                        mark.touch()
                        os.kill(os.getpid(), signal.SIGKILL)


def swept(
    folder: str | os.PathLike[str],
    design: Design,
    base: Pretended | None = None,
    *,
    replications: int = 2,
    backend: str = "serial",
    workers: int | None = None,
    simulator: Pretending | None = None,
    progress: Any = False,
) -> Sweep:
    """A sweep of it."""
    about = {"name": "pretended", "figures": ["mean_wait", "p95_wait"]}
    return run_sweep(
        simulator or Pretending(),
        base or Pretended(),
        design,
        replications,
        about,
        folder=folder,
        backend=backend,
        workers=workers,
        progress=progress,
    )


def content(folder: str | os.PathLike[str]) -> dict[str, str]:
    """SHA-256 of every file below a folder."""
    root = Path(folder)
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(root.rglob("*")) if path.is_file()
    }
