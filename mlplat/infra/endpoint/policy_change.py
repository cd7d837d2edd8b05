"""Another queue or placement policy for a cluster that is in use, at a moment when no workload waits or holds room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import OptionError
from ..job_table import JobTable
from ..kernels.inspect_nodes import all_fragments
from ..kernels.state import BLOCKED, FRAGMENT, GPU, HAVE, HELD_BACK, PROBE, RUNNING, WAITING, WATCHED, WHOLE
from ..placement import placement_policy
from ..queueing import queue_policy
from ..quotas.arrays import check_queue
from ..quotas.parts import parts_of
from ..quotas.table import with_the_rest_first

if TYPE_CHECKING:
    from ..cluster import Cluster
    from ..placement import PlacementPolicy
    from ..queueing import QueuePolicy
    from ..quotas import Described

_KEPT_OF_JOBS = ("submit", "duration", "estimate", "gang")


def change_policies(
    cluster: Cluster,
    queue: str | QueuePolicy | None,
    placement: str | PlacementPolicy | None,
    quotas: Sequence[Described | None] | None = None,
) -> None:
    """Give the scheduler other policies, or other quotas; None keeps what it has. Raises OptionError, UnknownNameError; then nothing has
    changed.

    The order in which jobs wait, the reservations and the scores of nodes belong to the policies, so there must be none: what is over
    stays as it is recorded, and everything that comes is under the new policies.
    """
    scheduler = cluster.scheduler
    old = scheduler.table
    new_queue = old.queue if queue is None else queue_policy(queue)
    new_placement = old.placement if placement is None else placement_policy(placement)
    busy = {"waiting": WAITING, "running": RUNNING, "held": HELD_BACK}
    counts = [f"{int(old.run.world.count[place])} {word}" for word, place in busy.items() if old.run.world.count[place]]
    arriving = scheduler.settling.arrived - scheduler.settling.submitted
    counts += [f"{arriving} arriving"] if arriving else []
    if counts:
        what = "policies of a cluster" if quotas is None else "first quotas of a cluster, its flavors and its reserved nodes"
        raise OptionError(f"the {what} can be changed only while it has no work; there are jobs: {', '.join(counts)}")
    if scheduler.settling.incidents:
        raise OptionError("something happens to nodes at this instant; change the policies after it")
    if quotas is None and old.quotas is not None:
        quotas = old.quotas.described
    kept = old.kinds.of_nodes
    if quotas is not None:
        check_queue(new_queue)
        kept = kept.with_parts(parts_of(with_the_rest_first(quotas), cluster.nodes).part)
    table = JobTable(
        cluster.nodes, new_queue, new_placement, ties=old.ties, seed=cluster.sim.seed, what=old.what, of_nodes=kept, quotas=quotas
    )
    _learn(table, old)
    _take_over(table, old)
    scheduler.table, scheduler.run, scheduler.settling.run = table, table.run, table.run
    if cluster.autoscaling is not None:
        cluster.autoscaling.autoscaler.run = table.run


def _learn(table: JobTable, old: JobTable) -> None:
    """The same numbers for the same requests, shapes and groups. Whether a shape can ever run is asked of the new policy."""
    for request, selection in old.class_of:
        table._class(request, selection)
    for shape in old.shape_of:
        table.refused(shape)
    for group in old.group_of:
        table.group(group)
    room = len(old.run.world.jobs.submit)
    if room > len(table.run.world.jobs.submit):
        table._room_for_jobs(room)


def _take_over(table: JobTable, old: JobTable) -> None:
    """What has happened, and how the nodes are."""
    before, world = old.run.world, table.run.world
    world.nodes.free[:, : max(GPU, WHOLE) + 1] = before.nodes.free[:, : max(GPU, WHOLE) + 1]
    for name in ("device", "owner", "slices"):
        getattr(world.nodes, name)[...] = getattr(before.nodes, name)
    jobs: dict[str, Any] = {name: getattr(before.jobs, name) for name in _KEPT_OF_JOBS}
    count = before.count.copy()
    count[[BLOCKED, WATCHED, PROBE]], count[HAVE] = -1, 0
    table.count = old.count
    table.run.change(
        jobs=world.jobs._replace(**jobs),
        log=before.log,
        progress=before.progress,
        attempts=before.attempts,
        hardware=before.hardware,
        groups=world.groups._replace(of=before.groups.of, next=before.groups.next),
        clock=before.clock,
        report=before.report,
        count=count,
    )
    if len(table.run.world.policy.typical):
        fragments = np.empty(len(table.nodes), dtype=np.int64)
        all_fragments(table.run.address, fragments)
        table.run.world.nodes.free[:, FRAGMENT] = fragments
