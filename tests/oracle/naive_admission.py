"""The naive oracle's admission: limits of groups, jobs that are held, and what a whole gang asks for. From docs/scheduling.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlplat.resources import ResourceRequest

from .naive_jobs import NaiveJob
from .naive_state import State, milli_of

if TYPE_CHECKING:
    from .naive_run import NaiveRun

Limits = Mapping[str, Mapping[str, int]]
"""Group -> dimension (cpu in milli-cores, memory in MiB, gpu in milli) -> the most its admitted jobs may ask for together."""


def nominal_milli(empty: State, request: ResourceRequest) -> int:
    """Accelerator milli of a request; a MIG instance counts what it counts for on the first model that knows it."""
    if not request.mig:
        return request.gpus * 1000 + request.gpu_milli
    return next((milli_of(node, request) for node in empty if request.mig in node.profiles), 0)


def asked(empty: State, job: NaiveJob) -> dict[str, int]:
    """What the whole gang of a job asks for."""
    requests = job.requests()
    return {
        "cpu": sum(r.cpu_milli for r in requests),
        "memory": sum(r.memory_mib for r in requests),
        "gpu": sum(nominal_milli(empty, r) for r in requests),
    }


def admit(run: NaiveRun, row: int) -> None:
    """Admit, hold or reject a job that has arrived and could run."""
    job, outcome = run.jobs[row], run.outcomes[row]
    limits = run.limits_of(job.group)
    amounts = asked(run.empty, job)
    if any(amounts[d] > most for d, most in limits.items()):
        outcome.state, outcome.reason = "rejected", "QUOTA"
        return
    outcome.state = "held"
    admit_held(run, job.group)


def admit_held(run: NaiveRun, group: int) -> None:
    """Admit the held jobs of a group in order until one does not fit under the limits. Under quotas they wait in lanes."""
    if run.quotas:
        return
    for row, job in enumerate(run.jobs):
        if job.group != group or run.outcomes[row].state != "held":
            continue
        if not has_room(run, job):
            return
        run.outcomes[row].state = "waiting"
        run.waiting.append(row)


def has_room(run: NaiveRun, job: NaiveJob) -> bool:
    """Whether what the group's admitted jobs ask for, until their last attempt ends, leaves room for this job under every limit."""
    limits = run.limits_of(job.group)
    if not limits:
        return True
    holding = {attempt.job for attempt in run.running}
    unfinished = [
        asked(run.empty, other)
        for row, (other, outcome) in enumerate(zip(run.jobs, run.outcomes, strict=True))
        if other.group == job.group and (outcome.state in ("waiting", "running") or row in holding)
    ]
    wanted = asked(run.empty, job)
    return all(sum(other[d] for other in unfinished) + wanted[d] <= most for d, most in limits.items())
