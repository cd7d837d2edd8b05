"""Other quotas for a cluster that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..quotas.arrays import check_queue
from ..quotas.checks import check_quotas
from .policy_change import change_policies

if TYPE_CHECKING:
    from ..cluster import Cluster
    from ..quotas import Described
    from ..quotas.parts import NodeParts


def change_quotas(cluster: Cluster, described: list[Described | None]) -> None:
    """Give the scheduler these quotas. Raises OptionError, SpecError; then nothing has changed."""
    scheduler = cluster.scheduler
    table = scheduler.table
    check_queue(table.queue)
    parts = check_quotas(described, cluster.nodes)
    if table.quotas is None or not _same_parts(table.quotas.parts, parts):
        change_policies(cluster, None, None, quotas=described)
        return
    table.quotas.change(described, parts)
    scheduler.settling.later()


def _same_parts(before: NodeParts, after: NodeParts) -> bool:
    return before.flavors == after.flavors and before.each == after.each and bool(np.array_equal(before.part, after.part))
