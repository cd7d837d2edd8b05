"""`replay`: a trace on a cluster under a queue and a placement policy, on the compiled clock or on SimPy's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import OptionError, UnknownNameError
from ..hardware.cluster_spec import ClusterSpec
from ..infra.placement import PlacementPolicy, placement_policy
from ..infra.queueing import queue_policy
from ..streams import check_seed
from ..units import Duration, seconds
from ..workload import JobTrace
from .driving import drive
from .result import Result

if TYPE_CHECKING:
    from ..infra.cluster_arrays import Ties
    from ..infra.world import Run

CLOCKS = ("replay", "simpy")


def replay(
    spec: ClusterSpec,
    trace: JobTrace,
    *,
    queue: str = "fifo",
    placement: str | PlacementPolicy = "best-fit",
    ties: Ties = "node-order",
    failures: None = None,
    seed: int = 0,
    until: Duration | None = None,
    clock: Literal["replay", "simpy"] = "replay",
    progress: bool = False,
) -> Result:
    """Run every job of `trace` on the cluster and return what happened.

    `queue`, `placement`: names from `mlplat.QUEUES` and `mlplat.PLACEMENTS`, or a placement policy with parameters or of your own.
    `ties`: which of equally good nodes is taken: `"node-order"`, `"random"` (seeded) or a rank for each node. `until`: the horizon;
    nothing after it happens. `clock`: the compiled event loop, or SimPy; both give the same result. `progress` shows a progress bar on
    standard error.
    `failures` is None: the hardware does not fail. Raises OptionError and UnknownNameError for options that cannot be used; whatever a
    policy of your own raises comes through.

    >>> import mlplat as mp
    >>> spec = mp.ClusterSpec.parse("2x4xT4")
    >>> trace = mp.JobTrace.build(submit=[0, 0], duration=[60, 60], request=[0, 0], requests=[mp.ResourceRequest(gpus=4)])
    >>> mp.replay(spec, trace).jobs["start_s"].to_list()
    [0.0, 0.0]
    """
    _check_kinds(spec, trace)
    if clock not in CLOCKS:
        raise UnknownNameError("clock", clock, CLOCKS)
    if failures is not None:
        raise OptionError(f"failures={failures!r}: expected None; hardware does not fail in this version")
    horizon = np.inf if until is None else seconds(until)
    policies = queue_policy(queue), placement_policy(placement)
    seed = check_seed(seed)
    from ..infra.world import build_run

    def build() -> Run:
        return build_run(spec.nodes(), trace, *policies, ties=ties, seed=seed)

    run = build()
    drive(run, -np.inf)  # compiles the replay clock, or loads what was compiled before, so that the time below is the run's alone
    started = time.perf_counter()
    if progress:
        _with_progress(run, horizon, clock)
    else:
        drive(run, horizon, clock)
    return Result(run, spec, clock=clock, seed=seed, until=horizon, ties=ties, engine_seconds=time.perf_counter() - started, rebuilt=build)


def _check_kinds(spec: object, trace: object) -> None:
    """What beginners hand over instead. Raises OptionError with the call that makes the right thing."""
    if not isinstance(spec, ClusterSpec):
        raise OptionError(f"spec is a {type(spec).__name__}; expected a ClusterSpec, such as ClusterSpec.parse('96x8xV100')")
    if not isinstance(trace, JobTrace):
        raise OptionError(f"trace is a {type(trace).__name__}; expected a JobTrace, such as read_trace('jobs.csv')")


def _with_progress(run: Run, until: float, clock: str) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("jobs"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"{run.queue.name} / {run.placement.label()}", total=len(run.trace))
        drive(run, until, clock, lambda arrived: bar.update(task, completed=arrived))
