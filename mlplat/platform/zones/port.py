"""The Zone Manager's way to the quotas of a cluster; without a cluster the descriptions are all there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import printable
from .errors import ZoneError

if TYPE_CHECKING:
    from ...hardware.node_table import NodeTable
    from ...infra.cluster import Cluster
    from ...infra.endpoint import WorkloadSummary
    from ...infra.quotas import Cohort, Quota
    from ...infra.workload_spec import Workload

Place = tuple[str, int]
"""A flavor, or empty for all of the cluster, and the dimension (`infra.quotas.amounts.DIMENSIONS`)."""
OVER = frozenset(("succeeded", "failed", "rejected", "cancelled"))
"""Statuses of workloads that have come to their end."""


class Use(NamedTuple):
    """What a zone has now; amounts as in a quota."""

    use: Mapping[str, Any]
    borrowed: Mapping[str, Any]
    lent: Mapping[str, Any]
    running: int
    waiting: int
    held: int
    claims: int


NO_AMOUNTS: Mapping[str, Any] = MappingProxyType({})
NOTHING = Use(NO_AMOUNTS, NO_AMOUNTS, NO_AMOUNTS, 0, 0, 0, 0)


class QuotaPort:
    """Sets the quotas of a cluster and the networks of its zones through its Management Endpoint, and asks what is used."""

    def __init__(self, cluster: Cluster | None, administrator: str) -> None:
        self._administrator, self._cluster = administrator, cluster
        self.endpoint = None if cluster is None else cluster.endpoint
        self.nodes = None if cluster is None else cluster.nodes
        self.networked = cluster is not None and cluster.network is not None

    def put(self, described: Quota | Cohort) -> None:
        """Set a quota or cohort, or another in place of it. Raises what the endpoint does; then nothing has changed."""
        if self.endpoint is not None:
            self.endpoint.set_quota(described, actor=self._administrator)

    def remove(self, name: str) -> None:
        """A quota or cohort is no more."""
        if self.endpoint is not None:
            self.endpoint.remove_quota(name, actor=self._administrator)

    def put_back(self, name: str, before: Quota | Cohort | None) -> None:
        """Undo `put`."""
        if before is None:
            self.remove(name)
        else:
            self.put(before)

    def open_network(self, zone: str, cidr: str | None) -> str:
        """Give a zone a network of its own: one that is said, or a size, else the lowest that is free. Empty where the cluster has none.

        Raises ZoneError for one that is said where there is none, and what the endpoint does.
        """
        if self.networked and self.endpoint is not None:
            return self.endpoint.set_network(zone, cidr, actor=self._administrator)
        if cidr is not None and self.endpoint is not None:
            raise ZoneError(zone, f"network={printable(str(cidr)[:40])!r}, and the cluster has no network")
        return ""

    def has_network(self, zone: str) -> bool:
        """Whether a zone has one of its own, such as by the description of the cluster."""
        return self.networked and self.endpoint is not None and zone in self.endpoint.networks()

    def close_network(self, zone: str) -> None:
        """Take the network of a zone back. One with an address that is still in use, such as behind a partition, stays with its name."""
        if self.has_network(zone) and self.endpoint is not None:
            from ...infra.endpoint import AddressesInUseError

            with suppress(AddressesInUseError):
                self.endpoint.remove_network(zone, actor=self._administrator)

    def use(self, name: str) -> Use:
        """What a zone has now."""
        if self.endpoint is None:
            return NOTHING
        found = self.endpoint.quota_use(name)
        use, borrowed, lent = (MappingProxyType(dict(each)) for each in (found.use, found.borrowed, found.lent))
        return Use(use, borrowed, lent, found.running, found.waiting, found.held, found.claims)

    def is_taken(self, name: str) -> bool:
        """Whether the cluster has a quota or cohort of this name, or workloads of a zone that is called so."""
        if self.endpoint is None:
            return False
        return any(each.name == name for each in self.endpoint.quotas()) or len(self.endpoint.list(zone=name)) > 0

    def next_of(self, waiting: list[WorkloadSummary]) -> WorkloadSummary:
        """Which of some workloads comes first by the queue policy, as far as they differ in what a list says."""
        assert self._cluster is not None
        if self._cluster.scheduler.table.queue.name == "priority":
            return max(waiting, key=lambda each: each.priority)
        return waiting[0]

    def workloads(self, zone: str) -> list[WorkloadSummary]:
        """The workloads of a zone that are not over, in order of submission."""
        if self.endpoint is None:
            return []
        return [each for each in self.endpoint.list(zone=zone) if each.status.value not in OVER]

    def forget(self, zone: str) -> None:
        """The workloads of a zone, which are over, are known no longer: one of the same name is another zone."""
        if self.endpoint is not None:
            for name in self.endpoint.list(zone=zone).names():
                self.endpoint.delete(name, actor=self._administrator)

    def asked(self, names: Iterable[str]) -> dict[Place, int]:
        """What these workloads ask for together."""
        assert self.endpoint is not None
        return total(asks(self.endpoint.describe(name).workload, self.nodes) for name in names)


def asks(workload: Workload, nodes: NodeTable | None) -> dict[Place, int]:
    """What all replicas of a workload ask for; in the flavor of an accelerator model too, if that is the only one it accepts."""
    from ...infra.quotas.amounts import DIMENSIONS

    cpu, memory, disk, gpu, environments = map(DIMENSIONS.index, ("cpus", "memory_gib", "disk_gib", "gpus", "environments"))
    request, replicas = workload.request, workload.replicas
    milli = request.gpus * 1000 or request.gpu_milli or (_instance(request.mig, nodes) if request.mig else 0)
    each = {cpu: request.cpu_milli, memory: request.memory_mib, disk: request.disk_mib, gpu: milli}
    found = {("", column): amount * replicas for column, amount in each.items() if amount}
    if milli and len(request.models) == 1:
        found |= {(request.models[0], column): amount for (_, column), amount in found.items()}
    return {**found, ("", environments): replicas}


def total(amounts: Iterable[Mapping[Place, int]]) -> dict[Place, int]:
    """The sums."""
    found: dict[Place, int] = {}
    for each in amounts:
        for place, amount in each.items():
            found[place] = found.get(place, 0) + amount
    return found


def spoken(place: Place, units: int) -> tuple[str, float]:
    """A place in words, and an amount there in the units of quotas: `gpus`, `A100.gpus`.

    >>> spoken(("A100", 3), 1500)
    ('A100.gpus', 1.5)
    """
    from ...infra.quotas.amounts import DIMENSIONS, spoken_amounts

    flavor, column = place
    row = [0] * len(DIMENSIONS)
    row[column] = units
    key = DIMENSIONS[column]
    return (f"{flavor}.{key}" if flavor else key), spoken_amounts(row, (), [column])[key]


def units(amounts: Mapping[str, Any]) -> dict[Place, int]:
    """Amounts of a quota by place: milli, MiB, environments."""
    from ...infra.quotas.amounts import Amounts

    read = amounts if isinstance(amounts, Amounts) else Amounts(amounts)
    return {(flavor, column): amount for flavor, column, amount in read.named()}


def _instance(profile: str, nodes: NodeTable | None) -> int:
    """What an instance of a MIG profile counts for, on the first model that knows it."""
    models = () if nodes is None else nodes.models
    return next((model.mig.profiles[profile].milli for model in models if model.mig is not None and profile in model.mig.profiles), 0)
