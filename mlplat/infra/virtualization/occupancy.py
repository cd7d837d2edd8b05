"""What is held on each node: the amounts and devices of every environment from its start to its end, and nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ...errors import MlplatError
from ...resources import DEVICE_MILLI

if TYPE_CHECKING:
    from ...hardware.node_table import NodeTable
    from ...resources import ResourceRequest


class OccupiedError(MlplatError):
    """An environment was to be started in room that it cannot have: held by another, out of service, or not there at all."""


class Grant(NamedTuple):
    """What one environment holds of a node's devices.

    `devices`: their indices. `milli`: of each, 0 for a MIG instance. `mask`: the memory positions of the MIG instance, bit i for
    position i, else 0. `memory_mib`: device memory it has on each. `counts`: milli it counts for in all.
    """

    devices: tuple[int, ...]
    milli: int
    mask: int
    memory_mib: int
    counts: int


_new = tuple.__new__
NO_DEVICES = Grant((), 0, 0, 0, 0)
_DEVICE_BITS = 20  # a node has at most 1,000,000 devices


class Held(NamedTuple):
    """What environments hold on a node. A MIG instance counts in `gpu_milli` for its part of the device."""

    cpu_milli: int
    memory_mib: int
    disk_mib: int
    gpu_milli: int


class Occupancy:
    """The room on N nodes. `take` refuses what does not fit, so that no two environments ever share what one of them was promised."""

    def __init__(self, nodes: NodeTable) -> None:
        self._nodes = nodes
        self._model = [nodes.models[model] if model >= 0 else None for model in nodes.model.tolist()]
        self._partitioned: list[bool] = nodes.mig.tolist()
        self._free_cpu: list[int] = nodes.cpu_milli.tolist()
        self._free_memory: list[int] = nodes.memory_mib.tolist()
        self._free_disk: list[int] = nodes.disk_mib.tolist()
        self._gpu_milli = [0] * len(nodes)
        self._device_count: list[int] = nodes.gpus.tolist()
        self._milli: dict[int, int] = {}  # of each device that was ever used, by node and device in one number: milli held
        self._masks: dict[int, int] = {}  # the same: MIG positions held
        self._broken: set[tuple[int, int]] = set()

    def grant(self, node: int, request: ResourceRequest, devices: Sequence[int], mig_start: int = -1) -> Grant:
        """What these devices (and the MIG start) are for this request. Raises OccupiedError where they are not what it asks for."""
        if not (request.gpus or request.gpu_milli or request.mig):
            if len(devices):
                raise OccupiedError(f"devices {list(devices)} for a request without accelerators")
            return NO_DEVICES
        count, wanted, model = self._device_count[node], request.gpus or 1, self._model[node]
        chosen = tuple(devices)
        if model is None or len(chosen) != wanted or (wanted > 1 and len(set(chosen)) != wanted) or min(chosen) < 0 or max(chosen) >= count:
            raise OccupiedError(f"devices {list(devices)} of {self._nodes.names[node]} for {request}: expected {wanted} of its {count}")
        if bool(request.mig) != self._partitioned[node] or (request.mig and model.mig is None):
            name = self._nodes.names[node]
            raise OccupiedError(f"{request} on {name}: MIG instances go on partitioned devices, and nothing else does")
        if not request.mig or model.mig is None:
            milli = request.gpu_milli or DEVICE_MILLI
            return _new(Grant, (chosen, milli, 0, model.memory_mib * milli // DEVICE_MILLI, milli * wanted))
        profile = model.mig.profile(request.mig)
        if mig_start not in profile.starts:
            raise OccupiedError(f"{profile.name} at position {mig_start}: expected one of {', '.join(map(str, profile.starts))}")
        return Grant(chosen, 0, ((1 << profile.span) - 1) << mig_start, profile.memory_mib, profile.milli)

    def take(self, node: int, request: ResourceRequest, grant: Grant) -> None:
        """Hold the room. Raises OccupiedError, and holds nothing, where it is not free."""
        cpu = self._free_cpu[node] - request.cpu_milli
        memory = self._free_memory[node] - request.memory_mib
        disk = self._free_disk[node] - request.disk_mib
        if cpu < 0 or memory < 0 or disk < 0:
            short = [name for name, left in (("CPU", cpu), ("memory", memory), ("disk", disk)) if left < 0]
            raise OccupiedError(f"{request} on {self._nodes.names[node]}: not enough {' and '.join(short)} is free there")
        if grant.devices:
            self._take_devices(node, grant)
        self._free_cpu[node], self._free_memory[node], self._free_disk[node] = cpu, memory, disk

    def _take_devices(self, node: int, grant: Grant) -> None:
        held = self._milli if grant.milli else self._masks
        row, milli, mask = node << _DEVICE_BITS, grant.milli, grant.mask
        for device in grant.devices:
            now = held.get(row + device, 0)  # one of milli and mask is 0, and masks do not overlap
            broken = self._broken and (node, device) in self._broken
            if broken or (now + milli > DEVICE_MILLI if milli else now & mask):
                why = "is out of service" if broken else "is held by another environment"
                raise OccupiedError(f"device {device} of {self._nodes.names[node]} {why}")
        for device in grant.devices:
            held[row + device] = held.get(row + device, 0) + milli + mask
        self._gpu_milli[node] += grant.counts

    def give_back(self, node: int, request: ResourceRequest, grant: Grant) -> None:
        """Free what `take` held."""
        self._free_cpu[node] += request.cpu_milli
        self._free_memory[node] += request.memory_mib
        self._free_disk[node] += request.disk_mib
        if grant.devices:
            held = self._milli if grant.milli else self._masks
            for device in grant.devices:
                held[(node << _DEVICE_BITS) + device] -= grant.milli + grant.mask
            self._gpu_milli[node] -= grant.counts

    def held(self, node: int) -> Held:
        """The sums over the environments on a node."""
        nodes = self._nodes
        return Held(
            int(nodes.cpu_milli[node]) - self._free_cpu[node],
            int(nodes.memory_mib[node]) - self._free_memory[node],
            int(nodes.disk_mib[node]) - self._free_disk[node],
            self._gpu_milli[node],
        )

    def break_device(self, node: int, device: int) -> None:
        """Nothing can be started on a device until `mend_device`. Raises OccupiedError where there is no such device."""
        if not 0 <= device < self._device_count[node]:
            raise OccupiedError(f"{self._nodes.names[node]} has no device {device}; it has {self._device_count[node]}")
        self._broken.add((node, device))

    def mend_device(self, node: int, device: int) -> None:
        """The device works again."""
        self._broken.discard((node, device))
