"""The naive oracle's state: nodes and devices as plain objects, what fits, taking and giving back. Written from docs/scheduling.md alone.

Slow on purpose: nothing is kept that could be computed again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mlplat.hardware import ClusterSpec
from mlplat.resources import ResourceRequest

POSITIONS = 8
FULL = 1000


@dataclass
class NaiveNode:
    """One node. `free_milli`: one number per device. `occupied`: for a partitioned node, the taken positions of each device as a set.

    `tags`: one text per GPU replica on the node (for gpu-clustering); `frozen`: this is a state that is only thought of, and the tags stay
    those of the current one. `closed`: lost or cordoned, takes no new work. `tainted`: keeps all jobs of a trace away. `broken`: for each
    device that is down, what would be free and what taken of it were it up; to everybody else such a device has no room.
    """

    index: int
    capacity: dict[str, int]
    model: str
    mig: bool
    profiles: dict[str, Any]
    free: dict[str, int]
    free_milli: list[int]
    occupied: list[set[int]]
    tags: list[str] = field(default_factory=list)
    frozen: bool = False
    rack: int = 0
    closed: bool = False
    broken: dict[int, tuple[int, set[int]]] = field(default_factory=dict)
    tainted: bool = False

    def copy(self) -> NaiveNode:
        """An independent copy."""
        return NaiveNode(
            self.index,
            self.capacity,
            self.model,
            self.mig,
            self.profiles,
            dict(self.free),
            list(self.free_milli),
            [set(taken) for taken in self.occupied],
            list(self.tags),
            self.frozen,
            self.rack,
            self.closed,
            {device: (milli, set(taken)) for device, (milli, taken) in self.broken.items()},
            self.tainted,
        )

    @property
    def free_gpu(self) -> int:
        """Free milli over all devices."""
        return sum(self.free_milli)

    def free_of(self, dimension: str) -> int:
        """Free amount of one of cpu, memory, disk, gpu."""
        return self.free_gpu if dimension == "gpu" else self.free[dimension]


@dataclass(frozen=True)
class Replica:
    """Where one replica went: node, the devices it uses (ascending), its start position (-1 unless MIG), and what it asked for."""

    node: int
    devices: tuple[int, ...]
    mig_start: int
    request: ResourceRequest


State = list[NaiveNode]


def empty_cluster(spec: ClusterSpec) -> State:
    """The nodes of a spec with nothing on them."""
    table = spec.nodes()
    nodes = []
    for i in range(len(table)):
        devices = int(table.gpus[i])
        model = table.models[table.model[i]] if devices else None
        capacity = {
            "cpu": int(table.cpu_milli[i]),
            "memory": int(table.memory_mib[i]),
            "disk": int(table.disk_mib[i]),
            "gpu": devices * FULL,
        }
        nodes.append(
            NaiveNode(
                index=i,
                capacity=capacity,
                model="" if model is None else model.name,
                mig=bool(table.mig[i]),
                profiles={} if model is None or model.mig is None else dict(model.mig.profiles),
                free={name: capacity[name] for name in ("cpu", "memory", "disk")},
                free_milli=[FULL] * devices,
                occupied=[set() for _ in range(devices)],
                rack=int(table.rack[i]),
                tainted=any(taint.effect in ("NoSchedule", "NoExecute") for taint in table.kinds[table.kind[i]].taints),
            )
        )
    return nodes


def copy_state(state: State) -> State:
    """An independent copy of all nodes."""
    return [node.copy() for node in state]


def amounts(request: ResourceRequest) -> dict[str, int]:
    """CPU, memory and disk of a request by dimension."""
    return {"cpu": request.cpu_milli, "memory": request.memory_mib, "disk": request.disk_mib}


def needs_gpu(request: ResourceRequest) -> bool:
    """Whether the request asks for any device."""
    return request.gpus > 0 or request.gpu_milli > 0 or request.mig != ""


def milli_of(node: NaiveNode, request: ResourceRequest) -> int:
    """Milli over all devices that the request takes of this node."""
    if request.mig:
        return node.profiles[request.mig].compute_slices * 1000 // 7
    return request.gpus * FULL + request.gpu_milli


def accepts_model(node: NaiveNode, request: ResourceRequest) -> bool:
    """Whether the node's model will do."""
    return not needs_gpu(request) or not request.models or node.model in request.models


def free_starts(node: NaiveNode, device: int, profile: str) -> list[int]:
    """The published starts of a profile whose positions are all free on the device, ascending."""
    known = node.profiles[profile]
    return [s for s in sorted(known.starts) if not node.occupied[device] & set(range(s, s + known.span))]


def devices_with_room(node: NaiveNode, request: ResourceRequest) -> list[int]:
    """Devices that could serve one device's part of the request, by index. Looks at devices only, not at the model list."""
    everything = range(len(node.free_milli))
    if request.mig:
        if not node.mig or request.mig not in node.profiles:
            return []
        return [d for d in everything if free_starts(node, d, request.mig)]
    if node.mig:
        return []
    return [d for d in everything if node.free_milli[d] >= (FULL if request.gpus else request.gpu_milli)]


def devices_needed(request: ResourceRequest) -> int:
    """How many devices the request uses."""
    return request.gpus if request.gpus else int(needs_gpu(request))


def fits(node: NaiveNode, request: ResourceRequest) -> bool:
    """Whether one replica fits on the node now."""
    if node.closed or node.tainted or any(node.free[name] < amount for name, amount in amounts(request).items()):
        return False
    if not needs_gpu(request):
        return True
    return accepts_model(node, request) and len(devices_with_room(node, request)) >= devices_needed(request)


def tag_of(request: ResourceRequest) -> str:
    """The affinity tag of a GPU request."""
    if request.mig:
        return f"mig-{request.mig}"
    return f"{request.gpus}-gpu" if request.gpus else "share-gpu"


def take(node: NaiveNode, request: ResourceRequest, device: int) -> Replica:
    """Put one replica on the node; `device` is the device of a share or a MIG instance. Changes the node."""
    for name, amount in amounts(request).items():
        node.free[name] -= amount
    used: tuple[int, ...] = ()
    start = -1
    if request.gpus:
        used = tuple(devices_with_room(node, request)[: request.gpus])
        for d in used:
            node.free_milli[d] = 0
    elif request.gpu_milli:
        used = (device,)
        node.free_milli[device] -= request.gpu_milli
    elif request.mig:
        used = (device,)
        start = free_starts(node, device, request.mig)[0]
        node.occupied[device] |= set(range(start, start + node.profiles[request.mig].span))
        node.free_milli[device] -= milli_of(node, request)
    if needs_gpu(request) and not node.frozen:
        node.tags.append(tag_of(request))
    return Replica(node.index, used, start, request)


def take_again(node: NaiveNode, replica: Replica) -> None:
    """Take on this node exactly what a replica placed on another copy of it holds."""
    change(node, replica, -1)


def give_back(node: NaiveNode, replica: Replica) -> None:
    """Undo a replica. Changes the node."""
    change(node, replica, 1)


def change(node: NaiveNode, replica: Replica, sign: int) -> None:
    """Add (+1) or subtract (-1) what a replica holds."""
    request = replica.request
    for name, amount in amounts(request).items():
        node.free[name] += sign * amount
    for d in replica.devices:
        milli, taken = node.broken.get(d, (node.free_milli[d], node.occupied[d]))
        milli += sign * (FULL if request.gpus else milli_of(node, request))
        if request.mig:
            positions = set(range(replica.mig_start, replica.mig_start + node.profiles[request.mig].span))
            taken = taken - positions if sign > 0 else taken | positions
        if d in node.broken:
            node.broken[d] = milli, taken
        else:
            node.free_milli[d], node.occupied[d] = milli, taken
    if needs_gpu(request) and not node.frozen:
        if sign > 0:
            node.tags.remove(tag_of(request))
        else:
            node.tags.append(tag_of(request))


def break_device(node: NaiveNode, device: int) -> None:
    """Take a device out of the node: no free milli, no free position."""
    if device not in node.broken:
        node.broken[device] = node.free_milli[device], node.occupied[device]
        node.free_milli[device], node.occupied[device] = 0, set(range(POSITIONS))


def mend_device(node: NaiveNode, device: int) -> None:
    """The device can be used again."""
    if device in node.broken:
        node.free_milli[device], node.occupied[device] = node.broken.pop(device)


def minimum(current: NaiveNode, later: NaiveNode) -> NaiveNode:
    """What is free in both: the element-wise minimum; the tags are those of `current`."""
    both = current.copy()
    both.frozen = True
    for name in both.free:
        both.free[name] = min(current.free[name], later.free[name])
    both.free_milli = [min(a, b) for a, b in zip(current.free_milli, later.free_milli, strict=True)]
    both.occupied = [a | b for a, b in zip(current.occupied, later.occupied, strict=True)]
    return both
