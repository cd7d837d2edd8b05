"""How often hardware interrupts a job: the rates of the parts it would use, stated by a reliability or observed in a list of outages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from ..resources import ResourceRequest
from .accelerators import resolve_model
from .outages import OutageKind, Outages
from .reliability import Reliability

if TYPE_CHECKING:
    from .accelerators import Accelerator
    from .cluster_spec import ClusterSpec
    from .node_group import NodeGroup

Floats = npt.NDArray[np.float64]


class GroupRates(NamedTuple):
    """Failures a second of what the nodes of each node group depend on: float64[groups] each.

    `node`: of one node. `device`: of one device. `rack`: of one rack. `fabric`: of the network of its zone.
    """

    node: Floats
    device: Floats
    rack: Floats
    fabric: Floats


def group_rates(failures: Reliability | Outages, spec: ClusterSpec) -> GroupRates:
    """The rates as stated, 1 / MTBF, or as observed: outages over the time and the number of components seen. Maintenance is no failure.

    >>> from mlplat.hardware import ClusterSpec
    >>> group_rates(Reliability(node={"mtbf": 1000, "mttr": 1}), ClusterSpec.uniform(nodes=3)).node.tolist()
    [0.001]
    """
    if isinstance(failures, Reliability):
        one = np.ones(len(spec.groups))
        own = [group.reliability for group in spec.groups]
        node = [(rates and rates.node) or failures.node for rates in own]
        device = [(rates and rates.device) or failures.device for rates in own]
        of_rack, of_fabric = (rate and 1 / rate.mtbf for rate in (failures.rack, failures.fabric))
        return GroupRates(
            node=np.array([1 / rate.mtbf if rate else 0.0 for rate in node]),
            device=np.array([1 / rate.mtbf if rate else 0.0 for rate in device]),
            rack=one * (of_rack or 0.0),
            fabric=one * (of_fabric or 0.0),
        )
    failures.check(spec.nodes())
    group = spec.nodes().group[failures.node]
    count = np.array([g.count for g in spec.groups], dtype=np.float64)
    gpus = np.array([g.gpus for g in spec.groups], dtype=np.float64)

    def observed(kind: OutageKind, parts: Floats) -> Floats:
        rows = np.bincount(group[failures.kind == kind], minlength=len(count))
        exposure = parts * failures.until
        return np.divide(rows, exposure, out=np.zeros(len(count)), where=exposure > 0)

    # A rack's outage is a row for each of its nodes, so that rows over nodes are outages over racks; so it is for a zone.
    return GroupRates(
        node=observed(OutageKind.NODE, count),
        device=observed(OutageKind.DEVICE, count * gpus),
        rack=observed(OutageKind.RACK, count),
        fabric=observed(OutageKind.PARTITION, count),
    )


def job_mtbf(
    failures: Reliability | Outages,
    spec: ClusterSpec,
    requests: Sequence[ResourceRequest],
    request: npt.ArrayLike,
    replicas: npt.ArrayLike,
) -> Floats:
    """float64[n]: mean time in seconds between interruptions by hardware of n jobs, infinite where nothing they use fails.

    Job i is a gang of `replicas[i]` replicas that each ask for `requests[request[i]]`, packed on as few nodes of one group as can hold it,
    and these in as few racks. Its rate is the sum of those of its nodes, devices and racks, and of one zone; averaged over the groups
    whose nodes hold a replica, each weighted by its nodes. A share or MIG instance uses one device.

    >>> from mlplat.hardware import ClusterSpec
    >>> spec = ClusterSpec.uniform(nodes=4, gpus=8, gpu_model="H100")
    >>> reliability = Reliability(node={"mtbf": 1e6, "mttr": 1}, device={"mtbf": 8e6, "mttr": 1})
    >>> job_mtbf(reliability, spec, [ResourceRequest(gpus=8)], [0, 0], [1, 4]).tolist()
    [500000.0, 125000.0]
    """
    rates = group_rates(failures, spec)
    pairs, which = np.unique(np.stack([np.asarray(request), np.asarray(replicas)]).reshape(2, -1), axis=1, return_inverse=True)
    models = [spec.accelerator_of(group) for group in spec.groups]
    count = np.array([group.count for group in spec.groups], dtype=np.float64)
    racks = np.array([len(of_group) for of_group in spec.rack_layout.of_group], dtype=np.float64)
    asked = np.unique(pairs[0]).tolist()
    held = {r: np.array([_per_node(requests[r], *group) for group in zip(spec.groups, models, strict=True)]) for r in asked}
    mean = np.full(pairs.shape[1], np.inf)
    for i, (r, n) in enumerate(pairs.T.tolist()):
        can = held[r] > 0
        if not can.any():
            continue
        nodes = np.ceil(n / np.maximum(held[r], 1))
        devices = n * max(requests[r].gpus, int(requests[r].uses_gpu))
        in_racks = np.minimum(np.ceil(nodes * racks / count), racks)
        rate = nodes * rates.node + devices * rates.device + in_racks * rates.rack + rates.fabric
        average = float((rate * count)[can].sum() / count[can].sum())
        mean[i] = 1 / average if average > 0 else np.inf
    return mean[which.reshape(-1)]


def _accepts(request: ResourceRequest, model: str) -> bool:
    return not request.models or any(model in (name, resolve_model(name)) for name in request.models)


def _per_node(request: ResourceRequest, group: NodeGroup, model: Accelerator | None) -> int:
    """Replicas that an empty node of the group holds, as far as amounts tell."""
    if request.uses_gpu and (model is None or not _accepts(request, model.name) or bool(request.mig) != group.mig):
        return 0
    room = [2**31]
    if request.mig:
        geometry = None if model is None else model.mig
        if geometry is None or request.mig not in geometry.profiles:
            return 0
        room.append(group.gpus * geometry.profiles[request.mig].per_device)
    elif request.gpus:
        room.append(group.gpus // request.gpus)
    elif request.gpu_milli:
        room.append(group.gpus * (1000 // request.gpu_milli))
    for asked, has in ((request.cpu_milli, group.cpu_milli), (request.memory_mib, group.memory_mib), (request.disk_mib, group.disk_mib)):
        if asked:
            room.append(has // asked)
    return min(room)
