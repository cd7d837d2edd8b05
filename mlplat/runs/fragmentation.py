"""How fragmented the cluster is after each instant of a run: the expected part of the free devices that the typical request cannot use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ..errors import OptionError
from ..infra.kernels.replay_loop import run as advance
from ..infra.kernels.state import FRAGMENT, GPU, NEXT_ARRIVAL
from ..infra.placement import Fgd, PlacementPolicy, placement_policy
from ..infra.queueing import queue_policy
from ..infra.world import build_run

if TYPE_CHECKING:
    from ..hardware.cluster_spec import ClusterSpec
    from ..infra.cluster_arrays import Ties
    from ..workload import JobTrace


def fragmentation(
    spec: ClusterSpec,
    trace: JobTrace,
    *,
    queue: str = "fifo",
    placement: str | PlacementPolicy = "best-fit",
    ties: Ties = "node-order",
    seed: int = 0,
    measure: Fgd | None = None,
) -> pl.DataFrame:
    """Run the trace and return one row an instant: `arrived` (jobs so far), `allocated_milli` and `fragment_milli` of all devices.

    The fragment is that of Weng et al. (USENIX ATC 2023): over the typical requests, weighted by their frequency, the free milli that
    such a request cannot use. `measure` says which requests are typical; None takes those of the trace. Raises as `replay`.

    >>> import mlplat as mp
    >>> spec = mp.ClusterSpec.parse("1x2xT4")
    >>> trace = mp.JobTrace.build(submit=[0, 1], duration=[9, 9], request=[0, 0], requests=[mp.ResourceRequest(gpu_milli=600)])
    >>> fragmentation(spec, trace)["fragment_milli"].to_list()
    [400.0, 800.0, 400.0, 0.0]
    """
    policy = placement_policy(placement)
    if measure is not None and isinstance(policy, Fgd) and (policy.typical is not measure.typical or policy.cover != measure.cover):
        raise OptionError("measure: under FGD the policy's own typical requests measure; expected None or the same")
    run = build_run(spec.nodes(), trace, queue_policy(queue), policy, ties=ties, seed=seed, measure=measure or Fgd())
    free, count = run.world.nodes.free, run.world.count
    devices = int(free[:, GPU].sum())
    rows: list[tuple[int, int, int]] = []
    while advance(run.address, np.inf, 1) == 0:
        rows.append((int(count[NEXT_ARRIVAL]), devices - int(free[:, GPU].sum()), int(free[:, FRAGMENT].sum())))
    run.check()
    arrived, allocated, fragment = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    weight = max(1, run.world.policy.weight)
    return pl.DataFrame({"arrived": arrived, "allocated_milli": allocated, "fragment_milli": fragment / weight})
