"""`replay`: a trace on a cluster under a queue and a placement policy, on the compiled clock or on SimPy's."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from ..errors import OptionError, UnknownNameError, printable
from ..hardware.cluster_spec import ClusterSpec
from ..hardware.interruption_rates import job_mtbf
from ..hardware.outages import Outages
from ..hardware.reliability import Reliability
from ..infra.attempt_arrays import Interruptions, group_limits
from ..infra.autoscaling import Autoscaling, absent_at_first, autoscaling_for
from ..infra.checkpoints import CheckpointPolicy, checkpoint_policy
from ..infra.incidents import Detection
from ..infra.placement import PlacementPolicy, placement_policy
from ..infra.queueing import QueuePolicy, queue_policy
from ..infra.splitting import split_jobs
from ..infra.synchronization import Synchronization, synchronization
from ..streams import check_seed
from ..units import Duration, seconds
from ..workload import JobTrace
from .driving import drive
from .failing import Failing
from .progress_bar import progress_bar
from .result import Result

if TYPE_CHECKING:
    from ..infra.cluster_arrays import Ties
    from ..infra.quotas import Described
    from ..infra.world import Run
    from .replaying import Replaying
    from .scaled import Scaled

CLOCKS = ("replay", "simpy")


def replay(
    spec: ClusterSpec,
    trace: JobTrace,
    *,
    queue: str | QueuePolicy = "fifo",
    placement: str | PlacementPolicy = "best-fit",
    ties: Ties = "node-order",
    failures: Reliability | Outages | None = None,
    checkpoint: str | CheckpointPolicy = "none",
    detection: Detection | None = None,
    max_restarts: int | None = None,
    scrape: Duration | None = None,
    limits: Mapping[str, Mapping[str, float]] | None = None,
    zones: Sequence[Described | Mapping[str, Any]] | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    autoscaling: bool | Autoscaling = True,
    sync: Synchronization | Mapping[str, Any] | None = None,
    seed: int = 0,
    until: Duration | None = None,
    clock: Literal["replay", "simpy"] = "replay",
    progress: bool = False,
    watch: Callable[[Replaying], object] | None = None,
) -> Result:
    """Run every job of `trace` on the cluster and return what happened.

    `queue`, `placement`: names from `mlplat.QUEUES` and `mlplat.PLACEMENTS`, or a policy with options or of your own.
    `ties`: which of equally good nodes is taken: `"node-order"`, `"random"` (seeded) or a rank for each node. `until`: the horizon;
    nothing after it happens. `clock`: the compiled event loop, or SimPy; both give the same result. `progress` shows a progress bar on
    standard error, in a notebook in the output of the cell.
    `failures`: None for hardware that does not fail, rates to draw outages from (`spec.reliability`), or a list of outages. `checkpoint`:
    what jobs save of their work: `"none"`, `"every 30m"`, `"young-daly"`, or a `CheckpointPolicy`. `detection`: how lost nodes are noticed.
    `max_restarts`: failures of the hardware after which a job has failed, None for no limit. `scrape`: the period at which the scheduler
    learns of freed room, None for at once. `limits`: the most that the jobs of a group may ask for together, such as
    `{"team": {"gpus": 8}}` (keys `cpus`, `memory_gib`, `gpus`). `zones`: quotas and cohorts, or a YAML or JSON file of them
    (docs/quotas.md); not together with `limits`. `autoscaling`: whether node groups with `scaling` grow and shrink, or how
    often that is looked at; if not, all their nodes are there. `sync`: what the ranks of every gang send each other after each step, such
    as `{"step": "300ms", "size": "2GiB"}`; the durations of the trace are then of the work alone, and the cluster must have a network.
    `watch`: called with the run before it happens, to let it happen bit by bit on the compiled clock; what it leaves undone happens after.
    Raises OptionError and UnknownNameError for options that cannot be used; whatever a policy of your own raises comes through.

    >>> import mlplat as mp
    >>> spec = mp.ClusterSpec.parse("2x4xT4")
    >>> trace = mp.JobTrace.build(submit=[0, 0], duration=[60, 60], request=[0, 0], requests=[mp.ResourceRequest(gpus=4)])
    >>> mp.replay(spec, trace).jobs["start_s"].to_list()
    [0.0, 0.0]
    """
    _check_kinds(spec, trace)
    if clock not in CLOCKS:
        raise UnknownNameError("clock", clock, CLOCKS)
    horizon = np.inf if until is None else seconds(until)
    policies = queue_policy(queue), placement_policy(placement)
    seed = check_seed(seed)
    saving = checkpoint_policy(checkpoint)
    if saving.size_mib is not None:
        raise OptionError(
            f"checkpoint={printable(str(saving)[:60])!r}: a replay moves no bytes; expected a write time, such as 'every 30m write 60s'. "
            "Checkpoints with a size are for a live Cluster"
        )
    quotas = _quotas(spec, trace, zones, policies[0], limits)
    failing = None
    if failures is not None:
        failing = Failing(spec, trace, failures, detection or Detection(), seed=seed, until=horizon)
    options = _interruptions(spec, trace, failing, saving, max_restarts, scrape, limits)
    scaling = autoscaling_for(spec, autoscaling)
    if (scaling is not None or sync is not None) and options is None:
        options = Interruptions()
    step, collectives = None, None
    if sync is not None and options is not None:
        from ..infra.network.pacing import collectives_of

        step, collectives, options = synchronization(sync), collectives_of(spec), replace(options, paced=True)
    from ..infra.world import build_run

    def build() -> Run:
        made = build_run(spec.nodes(), trace, *policies, ties=ties, seed=seed, interruptions=options, quotas=quotas)
        if scaling is not None:
            made.begin_without(absent_at_first(spec), scaling.scan)
        if step is not None and collectives is not None:
            from ..infra.network.pacing import GangPaces

            made.pace_of = GangPaces(made, collectives, step)
        return made

    run = build()
    scaled = None if scaling is None else _scaled(run, spec, scaling, seed)
    drive(run, -np.inf)  # compiles the clock, or loads what was compiled before, so that the time below is the run's alone
    started = time.perf_counter()
    if watch is not None:
        from .replaying import Replaying

        if clock != "replay":
            raise OptionError(f"watch= needs clock='replay', not {clock!r}")
        watch(Replaying(run, spec, horizon, failing, scaled))
    if progress:
        with progress_bar(f"{run.queue.label()} / {run.placement.label()}", "jobs") as told:
            assert told is not None
            drive(run, horizon, clock, lambda arrived: told(arrived, len(run.trace)), failing=failing, scaled=scaled)
    else:
        drive(run, horizon, clock, failing=failing, scaled=scaled)
    took = time.perf_counter() - started

    run.conditions = _conditions(failing, saving, max_restarts, scrape, limits)
    if quotas:
        run.conditions["zones"] = [{"kind": type(one).__name__.lower()} | one.to_dict() for one in quotas]
    if step is not None:
        run.conditions["sync"] = step.described()

    def rebuilt() -> Run:
        made = build()
        if scaled is not None or failing is not None:
            made.begin_with_incidents_of(run)
        return made

    return Result(run, spec, clock=clock, seed=seed, until=horizon, ties=ties, engine_seconds=took, rebuilt=rebuilt, quotas=quotas)


def _quotas(
    spec: ClusterSpec, trace: JobTrace, zones: object, queue: QueuePolicy, limits: Mapping[str, Mapping[str, float]] | None
) -> tuple[Described, ...]:
    """The zones as quotas, after they have been seen to go with the cluster, the trace and the other options."""
    if zones is None:
        return ()
    from ..infra.quotas.arrays import check_queue
    from ..infra.quotas.checks import check_quotas
    from ..infra.quotas.reading import read_quotas

    read = read_quotas(zones, "zones")
    if not read.described:
        return ()
    if limits:
        raise OptionError("limits= and zones= do not go together: a zone has a limit of its own, Quota('team', limit={'gpus': 8})")
    check_queue(queue)
    with read.placing():
        check_quotas(read.described, spec.nodes(), groups=trace.groups, places=read.places)
    return read.described


def _scaled(run: Run, spec: ClusterSpec, scaling: Autoscaling, seed: int) -> Scaled:
    from .scaled import Scaled

    return Scaled(run, spec, scaling, seed)


def _conditions(
    failing: Failing | None,
    saving: CheckpointPolicy,
    max_restarts: int | None,
    scrape: Duration | None,
    limits: Mapping[str, Mapping[str, float]] | None,
) -> dict[str, Any]:
    """What the manifest says of the conditions under which jobs ran."""
    return {
        "failures": None if failing is None else failing.described(),
        "checkpoint": str(saving),
        "max_restarts": max_restarts,
        "scrape_s": None if scrape is None else seconds(scrape),
        "limits": {name: dict(most) for name, most in (limits or {}).items()},
    }


def _interruptions(
    spec: ClusterSpec,
    trace: JobTrace,
    failing: Failing | None,
    saving: CheckpointPolicy,
    max_restarts: object,
    scrape: Duration | None,
    limits: Mapping[str, Mapping[str, float]] | None,
) -> Interruptions | None:
    """What can interrupt jobs; None where nothing can, and the simpler clock will do."""
    if max_restarts is not None and (isinstance(max_restarts, bool) or not isinstance(max_restarts, int) or max_restarts < 0):
        raise OptionError(f"max_restarts={max_restarts!r:.40}: expected a whole number of at least 0, or None")
    period = 0.0 if scrape is None else seconds(scrape)
    saves = saving != CheckpointPolicy()
    if failing is None and not saves and not period and not limits:
        return None
    return Interruptions(
        incidents=None if failing is None else failing.incidents(),
        interval=_intervals(spec, trace, failing, saving),
        write=saving.write_s,
        restart=saving.restart_s,
        max_restarts=max_restarts,
        scrape=period,
        limits=group_limits(limits or {}),
    )


def _intervals(spec: ClusterSpec, trace: JobTrace, failing: Failing | None, saving: CheckpointPolicy) -> npt.NDArray[np.float64]:
    """Work between checkpoints of each job."""
    if not saving.depends_on_failures:
        return saving.interval_for(np.zeros(len(trace)))
    if failing is None:
        raise OptionError("checkpoint='young-daly' follows from how often hardware fails: give failures= too")
    gangs = split_jobs(trace, spec.nodes())
    return saving.interval_for(job_mtbf(failing.failures, spec, gangs.requests, gangs.request, gangs.replicas))


def _check_kinds(spec: object, trace: object) -> None:
    """What beginners hand over instead. Raises OptionError with the call that makes the right thing."""
    if not isinstance(spec, ClusterSpec):
        raise OptionError(f"spec is a {type(spec).__name__}; expected a ClusterSpec, such as ClusterSpec.parse('96x8xV100')")
    if not isinstance(trace, JobTrace):
        raise OptionError(f"trace is a {type(trace).__name__}; expected a JobTrace, such as read_trace('jobs.csv')")
