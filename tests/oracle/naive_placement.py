"""The naive oracle's placement: every policy of docs/scheduling.md by a scan over all nodes, scores in the stated order and form."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplat.resources import UNLIMITED, ResourceRequest
from mlplat.streams import stream

from .naive_state import (
    FULL,
    NaiveNode,
    Replica,
    State,
    accepts_model,
    amounts,
    devices_needed,
    devices_with_room,
    fits,
    give_back,
    milli_of,
    needs_gpu,
    tag_of,
    take,
)

if TYPE_CHECKING:
    from .naive_jobs import NaiveJob

MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15
ALL_DIMENSIONS = ("cpu", "memory", "disk", "gpu")
BEST_FIT_DEVICE = ("best-fit", "most-allocated", "dot-product", "gpu-packing", "gpu-clustering", "topology")
WORST_FIT_DEVICE = ("worst-fit", "least-allocated", "balanced")


@dataclass(frozen=True)
class Policy:
    """A placement policy by name, with the parameters of the published variants."""

    name: str
    dimensions: tuple[str, ...] = ALL_DIMENSIONS
    norm: str = "node"
    levels: int = 0
    cover: float = 0.95


def mix(z: int) -> int:
    """The SplitMix64 finaliser."""
    z &= MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def draw(key: int, job: int, replica: int, kind: int) -> float:
    """The uniform number of a decision: kind 0 the node, 1 the device."""
    return (mix(mix(key + GOLDEN * (job + 1)) + GOLDEN * (2 * replica + kind + 1)) >> 11) * 2.0**-53


class NaivePlacer:
    """A placement policy over one cluster and one trace: everything a decision may depend on besides the state."""

    def __init__(self, policy: Policy, ties: str | Sequence[int], seed: int, empty: State, jobs: Sequence[NaiveJob]) -> None:
        self.policy = policy
        self.random_ties = policy.name == "random" or ties == "random"
        given = list(range(len(empty))) if isinstance(ties, str) else list(ties)
        self.tie_order = sorted(range(len(empty)), key=lambda i: given[i])
        self.key = int(stream(seed, "placement").integers(0, 2**64 - 1, dtype=np.uint64, endpoint=True))
        self.largest = {name: max(node.capacity[name] for node in empty) for name in ALL_DIMENSIONS}
        self.typical = typical_requests(empty, jobs, policy.cover) if policy.name == "fgd" else []

    # -- one replica, one gang

    def place_gang(self, state: State, job: NaiveJob, row: int) -> list[Replica] | None:
        """Place all replicas of a job on the state, which is changed, or none (None), and the state is as before."""
        if self.policy.name == "topology":
            return self.place_by_racks(state, job)
        placed: list[Replica] = []
        for r in range(job.replicas):
            request = job.last_request if r == job.replicas - 1 else job.request
            replica = self.place_one(state, request, row, r)
            if replica is None:
                for earlier in reversed(placed):
                    give_back(state[earlier.node], earlier)
                return None
            placed.append(replica)
        return placed

    def place_one(self, state: State, request: ResourceRequest, row: int, replica: int) -> Replica | None:
        """Place one replica on the feasible node with the highest score."""
        feasible = [i for i in self.tie_order if fits(state[i], request)]
        if not feasible:
            return None
        scores = {i: self.score(state[i], request) for i in feasible}
        best = max(scores.values())
        tied = [i for i in feasible if scores[i] == best]
        winner = tied[int(draw(self.key, row, replica, 0) * len(tied))] if self.random_ties else tied[0]
        return self.take_on(state[winner], request, row, replica)

    def take_on(self, node: NaiveNode, request: ResourceRequest, row: int, replica: int) -> Replica:
        """Take the room of one replica on a node."""
        device = -1
        if request.gpu_milli or request.mig:
            device = self.choose_device(node, request, draw(self.key, row, replica, 1))
        return take(node, request, device)

    def place_on(self, state: State, job: NaiveJob, row: int, nodes: Sequence[int]) -> list[Replica] | None:
        """Place each replica of a job on a given node, or none (None), and the state is as before."""
        placed: list[Replica] = []
        for r, (node, request) in enumerate(zip(nodes, [job.request] * (job.replicas - 1) + [job.last_request], strict=True)):
            if not fits(state[node], request):
                for earlier in reversed(placed):
                    give_back(state[earlier.node], earlier)
                return None
            placed.append(self.take_on(state[node], request, row, r))
        return placed

    # -- topology

    def place_by_racks(self, state: State, job: NaiveJob) -> list[Replica] | None:
        """`place_gang` of the policy topology: the fewest racks, and in each the fewest nodes."""
        same = job.replicas == 1 or job.request == job.last_request
        request = job.last_request if same else job.request
        nodes = self.fewest_racks(state, request, job.replicas if same else job.replicas - 1)
        if nodes is None:
            return None
        placed = [self.take_best(state[n], request) for n in nodes]
        if not same:
            racks = {state[n].rack for n in nodes}
            first = sorted(self.tie_order, key=lambda n: (n not in nodes, state[n].rack not in racks))
            rest = [n for n in first if fits(state[n], job.last_request)]
            if not rest:
                for earlier in reversed(placed):
                    give_back(state[earlier.node], earlier)
                return None
            placed.append(self.take_best(state[rest[0]], job.last_request))
        return placed

    def fewest_racks(self, state: State, request: ResourceRequest, replicas: int) -> list[int] | None:
        """The node of each of so many equal replicas, in the order in which nodes are chosen."""
        holds = [how_many(node, request) for node in state]
        if sum(holds) < replicas:
            return None
        chosen: list[int] = []
        racks = sorted({node.rack for node in state})
        while len(chosen) < replicas:
            total = {r: sum(h for h, node in zip(holds, state, strict=True) if node.rack == r) for r in racks}
            rack, taken = smallest_enough(racks, total, replicas - len(chosen))
            racks.remove(rack)
            nodes = [n for n in self.tie_order if state[n].rack == rack]
            while taken:
                node, here = smallest_enough(nodes, dict(enumerate(holds)), taken)
                nodes.remove(node)
                chosen += [node] * here
                taken -= here
        return chosen

    def take_best(self, node: NaiveNode, request: ResourceRequest) -> Replica:
        """Put a replica on the node, a share or an instance on the best-fitting device."""
        return take(node, request, self.choose_device(node, request, 0.0) if request.gpu_milli or request.mig else -1)

    # -- devices

    def choose_device(self, node: NaiveNode, request: ResourceRequest, u: float) -> int:
        """The device of a share or a MIG instance."""
        room = devices_with_room(node, request)
        name = self.policy.name
        if name == "first-fit":
            return room[0]
        if name == "random":
            return room[int(u * len(room))]
        if name in BEST_FIT_DEVICE:
            return min(room, key=lambda d: (node.free_milli[d], d))
        if name in WORST_FIT_DEVICE:
            return min(room, key=lambda d: (-node.free_milli[d], d))
        assert name == "fgd"
        gains = {d: self.fgd_score(node, after(node, request, d)) for d in room}
        best = max(gains.values())
        return next(d for d in room if gains[d] == best)

    # -- scores

    def score(self, node: NaiveNode, request: ResourceRequest) -> float:
        """The score of a node on which the request fits."""
        name = self.policy.name
        if name in ("first-fit", "random"):
            return 0
        if name == "topology":
            return -how_many(node, request)
        if name == "gpu-packing":
            return self.packing_score(node, request)
        if name == "gpu-clustering":
            return self.clustering_score(node, request)
        if name == "fgd":
            if request.gpu_milli or request.mig:
                return max(self.fgd_score(node, after(node, request, d)) for d in devices_with_room(node, request))
            return self.fgd_score(node, after(node, request, -1))
        left = free_after(node, request)
        if name == "best-fit":
            return self.best_fit_score(node, left)
        if name == "dot-product":
            return self.dot_product_score(node, request)
        if name == "worst-fit":
            total = 0.0
            for d in limited(node.capacity, ALL_DIMENSIONS):
                total += left[d] / node.capacity[d]
            return total
        asked = limited(node.capacity, ("cpu", "memory", "gpu") if needs_gpu(request) else ("cpu", "memory"))
        if name == "least-allocated":
            return sum(left[d] * 100 // node.capacity[d] for d in asked) // len(asked) if asked else 0
        if name == "most-allocated":
            return sum((node.capacity[d] - left[d]) * 100 // node.capacity[d] for d in asked) // len(asked) if asked else 0
        assert name == "balanced"
        return balanced_score([(node.capacity[d] - left[d]) / node.capacity[d] for d in asked])

    def norm_of(self, node: NaiveNode) -> dict[str, int]:
        """What free amounts are divided by."""
        return node.capacity if self.policy.norm == "node" else self.largest

    def best_fit_score(self, node: NaiveNode, left: dict[str, int]) -> float:
        """−Σ f / C, or the published variant."""
        capacity, levels = self.norm_of(node), self.policy.levels
        counted = limited(capacity, self.policy.dimensions)
        if levels == 0:
            total = 0.0
            for d in counted:
                total += left[d] / capacity[d]
            return -total
        w = 1 / len(self.policy.dimensions)
        value = 1.0
        for d in counted:
            value = value - w * left[d] / capacity[d]
        return math.trunc(levels * value)

    def dot_product_score(self, node: NaiveNode, request: ResourceRequest) -> float:
        """−Σ (g / C)(r / C), or the published variant."""
        capacity, levels = self.norm_of(node), self.policy.levels
        asked = {"cpu": request.cpu_milli, "memory": request.memory_mib, "disk": request.disk_mib}
        asked["gpu"] = milli_of(node, request) if needs_gpu(request) else 0
        total = 0.0
        for d in limited(capacity, self.policy.dimensions):
            total += (node.free_of(d) / capacity[d]) * (asked[d] / capacity[d])
        if levels == 0:
            return -total
        return math.trunc(levels * (1 - total / len(self.policy.dimensions)))

    def packing_score(self, node: NaiveNode, request: ResourceRequest) -> int:
        """gpu-packing."""
        if not needs_gpu(request):
            return 0
        free_devices = sum(milli == FULL for milli in node.free_milli)
        if free_devices == len(node.free_milli):
            return max(33 - free_devices, free_devices)
        room = devices_with_room(node, request)
        taken = sorted(room, key=lambda d: (node.free_milli[d], d))[: devices_needed(request)]
        k = sum(node.free_milli[d] == FULL for d in taken)
        if k > 0:
            return max(50 - k, 33)
        return max(100 - sum(node.free_milli[d] for d in taken) * 100 // 1000 // 10, 50)

    def clustering_score(self, node: NaiveNode, request: ResourceRequest) -> int:
        """gpu-clustering."""
        if not needs_gpu(request):
            return 0
        largest = self.largest["gpu"]
        base = 25 * (largest - node.free_gpu) // largest
        tag = tag_of(request)
        if not node.tags:
            return base + 25
        if all(t == tag for t in node.tags):
            return base + 75
        return base + 50 if tag in node.tags else base

    def fgd_score(self, before: NaiveNode, later: NaiveNode) -> int:
        """The gain in fragmentation of one hypothetical placement, in levels."""
        levels = self.policy.levels
        gain = sum(n * fragment(before, t) for t, n in self.typical) - sum(n * fragment(later, t) for t, n in self.typical)
        if levels == 0:
            return gain
        weight = sum(n for _, n in self.typical)
        reached = 0
        for k in range(1, levels):
            if gain >= math.ceil(1000 * weight * math.log(k / (levels - k))):
                reached = k
        return reached


def smallest_enough(candidates: Sequence[int], holds: Mapping[int, float], wanted: int) -> tuple[int, int]:
    """The candidate that holds the least of those that hold what is wanted, else the one that holds the most; and how many it takes."""
    enough = [c for c in candidates if holds[c] >= wanted]
    winner = min(enough, key=lambda c: holds[c]) if enough else max(candidates, key=lambda c: holds[c])
    return winner, int(min(holds[winner], wanted))


def how_many(node: NaiveNode, request: ResourceRequest) -> float:
    """How many replicas of a request the node holds now; infinitely many of one that asks for nothing."""
    if not fits(node, request):
        return 0
    held = [math.inf] + [node.free[name] // amount for name, amount in amounts(request).items() if amount]
    if request.gpus:
        held.append(len(devices_with_room(node, request)) // request.gpus)
    if request.gpu_milli:
        held.append(sum(milli // request.gpu_milli for milli in node.free_milli))
    if request.mig:
        copy, instance, count = node.copy(), ResourceRequest(mig=request.mig), 0
        while room := devices_with_room(copy, instance):
            take(copy, instance, room[0])
            count += 1
        held.append(count)
    return min(held)


def limited(capacity: dict[str, int], dimensions: Sequence[str]) -> list[str]:
    """The dimensions with 0 < C < UNLIMITED, in the page's order."""
    return [d for d in ALL_DIMENSIONS if d in dimensions and 0 < capacity[d] < UNLIMITED]


def free_after(node: NaiveNode, request: ResourceRequest) -> dict[str, int]:
    """Free amounts after the placement, which do not depend on the devices chosen."""
    left = {"cpu": node.free["cpu"] - request.cpu_milli, "memory": node.free["memory"] - request.memory_mib}
    left["disk"] = node.free["disk"] - request.disk_mib
    left["gpu"] = node.free_gpu - (milli_of(node, request) if needs_gpu(request) else 0)
    return left


def balanced_score(used: list[float]) -> int:
    """Of the used fractions: 100 less their spread in percent."""
    n = len(used)
    if n < 2:
        spread = 0.0
    elif n == 2:
        spread = abs(used[0] - used[1]) / 2
    else:
        total = 0.0
        for u in used:
            total += u
        mean = total / n
        squares = 0.0
        for u in used:
            squares += (u - mean) * (u - mean)
        spread = math.sqrt(squares / n)
    return math.trunc((1 - spread) * 100)


def after(node: NaiveNode, request: ResourceRequest, device: int) -> NaiveNode:
    """A copy of the node with the request on it."""
    copy = node.copy()
    take(copy, request, device)
    return copy


def typical_key(empty: State, request: ResourceRequest) -> tuple[int, int, int, str, str]:
    """(cpu, device milli, devices, profile, models): memory left out."""
    if not needs_gpu(request):
        return (request.cpu_milli, 0, 0, "", "")
    milli = FULL if request.gpus else request.gpu_milli
    if request.mig:
        first_model: Any = next((node for node in empty if request.mig in node.profiles), None)
        milli = 0 if first_model is None else milli_of(first_model, request)
    return (request.cpu_milli, milli, devices_needed(request), request.mig, "|".join(request.models))


def typical_requests(empty: State, jobs: Sequence[NaiveJob], cover: float) -> list[tuple[ResourceRequest, int]]:
    """The most frequent requests that cover the given part of all jobs, each with its count."""
    counts = Counter(typical_key(empty, job.request) for job in jobs)
    example = {typical_key(empty, job.request): job.request for job in jobs}
    kept: list[tuple[ResourceRequest, int]] = []
    covered = 0
    # Highest count first, then the largest key: both descending.
    for key, count in sorted(counts.items(), key=lambda item: (item[1], item[0]), reverse=True):
        if covered >= cover * len(jobs):
            break
        kept.append((example[key], count))
        covered += count
    return kept


def fragment(node: NaiveNode, typical: ResourceRequest) -> int:
    """The free gpu milli of the node that this typical request could not use."""
    everything = node.free_gpu
    if not needs_gpu(typical):
        return everything
    if not accepts_model(node, typical) or node.mig != bool(typical.mig):
        return everything
    room = devices_with_room(node, typical)
    if len(room) < devices_needed(typical):
        return everything
    if node.free["cpu"] < typical.cpu_milli:
        return everything
    return sum(milli for d, milli in enumerate(node.free_milli) if d not in room)
