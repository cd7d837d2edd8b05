"""What every node must have free, reckoned from who holds what: capacities, requests and the record of placements, without the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mlplat.hardware.accelerators import resolve_model
from mlplat.hardware.mig import POSITIONS
from mlplat.hardware.node_table import NodeTable
from mlplat.resources import DEVICE_MILLI, ResourceRequest

Array = np.ndarray[Any, Any]
START_SHIFT = 24
"""A MIG placement is written device | start << 24 (docs/scheduling.md)."""
DEVICE_MASK = (1 << START_SHIFT) - 1


class Held(NamedTuple):
    """Records that hold room: the node (row of the cluster), replicas, device as it is written down, job, and request of each."""

    node: Array
    replicas: Array
    where: Array
    job: Array
    request: Array


class Room:
    """The amounts of N nodes with up to G devices each, by row of the cluster."""

    def __init__(self, nodes: NodeTable, requests: Sequence[ResourceRequest], widest: int) -> None:
        self.nodes = nodes
        self.capacity = np.stack([nodes.cpu_milli, nodes.memory_mib, nodes.disk_mib], axis=1).astype(np.int64)
        self.exists = np.arange(widest) < nodes.gpus[:, None]
        self.rows = np.arange(len(nodes))[:, None]
        self.requests: list[ResourceRequest] = []
        self.amounts = np.zeros((0, 3), dtype=np.int64)
        self.whole = self.share = np.zeros(0, dtype=np.int64)
        self.sliced = self.on_device = np.zeros(0, dtype=np.bool_)
        self.allowed = np.zeros((0, len(nodes)), dtype=np.bool_)
        self.learn(requests)

    def learn(self, requests: Sequence[ResourceRequest]) -> None:
        """Take in a longer list of requests."""
        if len(requests) == len(self.requests):
            return
        self.requests = list(requests)
        self.amounts = np.array([(r.cpu_milli, r.memory_mib, r.disk_mib) for r in requests], dtype=np.int64).reshape(-1, 3)
        self.whole = np.array([r.gpus for r in requests], dtype=np.int64)
        self.share = np.array([r.gpu_milli for r in requests], dtype=np.int64)
        self.sliced = np.array([bool(r.mig) for r in requests], dtype=np.bool_)
        self.on_device = self.sliced | (self.share > 0)
        self.allowed = np.array([self._allowed(r) for r in requests], dtype=np.bool_).reshape(-1, len(self.nodes))

    def _allowed(self, request: ResourceRequest) -> Array:
        """On which nodes a replica may stand at all, were they empty: right model, MIG or not."""
        nodes = self.nodes
        if not request.uses_gpu:
            return np.ones(len(nodes), dtype=np.bool_)
        names = {resolve_model(name) for name in request.models} | set(request.models)
        right = np.array([not names or model.name in names for model in nodes.models] + [False])[nodes.model]
        right &= nodes.mig == bool(request.mig)
        if request.mig:
            knows = np.array([m.mig is not None and request.mig in m.mig.profiles for m in nodes.models] + [False])
            right &= knows[nodes.model]
        return right

    def holding(self, request: int) -> Array:
        """bool[N]: the nodes that hold one replica while they are empty, whatever their labels and taints."""
        devices = self.whole[request] or self.on_device[request]
        amounts = (self.capacity >= self.amounts[request]).all(axis=1)
        return np.asarray(self.allowed[request] & amounts & (self.nodes.gpus >= devices))

    def asked(self, job: Array, first: Array, last: Array, replicas: Array) -> Array:
        """int64[jobs, 3]: CPU, memory and accelerator milli of all replicas of each job; a MIG instance for what it counts for on the
        first model of the cluster that knows it."""
        milli = np.array([self._milli(r) for r in self.requests], dtype=np.int64)
        each = np.column_stack([self.amounts[:, :2], milli])
        return each[first[job]] * (replicas[job, None] - 1) + each[last[job]]

    def _milli(self, request: ResourceRequest) -> int:
        if not request.mig:
            return request.gpus * DEVICE_MILLI + request.gpu_milli
        known = [m.mig.profiles[request.mig].milli for m in self.nodes.models if m.mig is not None and request.mig in m.mig.profiles]
        return known[0] if known else 0

    def free(self, held: Held, owner: Array, down: Array) -> tuple[Array, Array, Array, list[str]]:
        """Free CPU, memory, disk int64[N, 3], milli of each device [N, G] and its occupied MIG positions [N, G], and what is wrong.

        `owner` [N, G]: the job that the scheduler says holds a whole device, or -1. `down` [N, G]: devices that have failed.
        """
        wrong: list[str] = []
        amounts = self.capacity.copy()
        np.subtract.at(amounts, held.node, self.amounts[held.request] * held.replicas[:, None])
        device = np.where(self.exists & ~down, DEVICE_MILLI, 0).astype(np.int64)
        slices = np.where(self.exists & down, (1 << POSITIONS) - 1, 0)
        owned = owner >= 0
        if (owned & (~self.exists | down)).any():
            wrong.append("a device that is not there, or has failed, is held")
        self._check_owners(held, owner, owned, wrong)
        device[owned] -= DEVICE_MILLI
        partly = np.flatnonzero(self.on_device[held.request])
        if len(partly):
            self._take_parts(held, partly, device, slices, down, wrong)
        if amounts.min(initial=0) < 0:
            row, column = np.argwhere(amounts < 0)[0]
            wrong.append(f"node {row} is over-committed: {amounts[row, column]} left of {('CPU', 'memory', 'disk')[column]}")
        if device.min(initial=0) < 0:
            row, which = np.argwhere(device < 0)[0]
            wrong.append(f"device {which} of node {row} is over-committed: {device[row, which]} milli left")
        return amounts, device, slices, wrong

    def _check_owners(self, held: Held, owner: Array, owned: Array, wrong: list[str]) -> None:
        """Each (node, job) pair holds as many whole devices as its records say."""
        count = self.whole[held.request] * held.replicas
        some = count > 0
        base = 1 << 32
        keys, place = np.unique(held.node[some].astype(np.int64) * base + held.job[some], return_inverse=True)
        asked = np.bincount(place, weights=count[some], minlength=len(keys)).astype(np.int64)
        found, devices = np.unique((self.rows * base + owner)[owned], return_counts=True)
        if not np.array_equal(keys, found) or not np.array_equal(asked, devices):
            said = dict(zip(found.tolist(), devices.tolist(), strict=True))
            for key, number in zip(keys.tolist(), asked.tolist(), strict=True):
                if said.pop(key, 0) != number:
                    wrong.append(f"job {key % base} should hold {number} devices of node {key // base}")
            wrong += [f"job {key % base} owns {number} devices of node {key // base} and has no room there" for key, number in said.items()]
        lowest = held.where[some]
        if not np.array_equal(owner[held.node[some], np.maximum(lowest, 0)], held.job[some]):
            wrong.append("the lowest device of a record belongs to another job")

    def _take_parts(self, held: Held, partly: Array, device: Array, slices: Array, down: Array, wrong: list[str]) -> None:
        """Shares and MIG instances."""
        node, where, request = held.node[partly], held.where[partly].astype(np.int64), held.request[partly]
        which = where & DEVICE_MASK
        if (which >= device.shape[1]).any() or (where < 0).any() or not (self.exists & ~down)[node, which].all():
            wrong.append("a share or MIG instance is on a device that is not there, or has failed")
            return
        milli = self.share[request]
        for i in np.flatnonzero(self.sliced[request]).tolist():
            row, at, start = int(node[i]), int(which[i]), int(where[i]) >> START_SHIFT
            geometry = self.nodes.models[self.nodes.model[row]].mig
            profile = None if geometry is None else geometry.profiles.get(self.requests[request[i]].mig or "")
            if profile is None or start not in profile.starts:
                wrong.append(f"a MIG instance on node {row} starts at {start}, where its profile does not")
                continue
            positions = ((1 << profile.span) - 1) << start
            if slices[row, at] & positions:
                wrong.append(f"MIG instances overlap on device {at} of node {row}")
            slices[row, at] |= positions
            milli[i] = profile.milli
        np.subtract.at(device, (node, which), milli)
