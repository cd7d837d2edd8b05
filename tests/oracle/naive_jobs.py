"""The naive oracle's jobs: a trace as plain objects, split over nodes or cores, and why a job is rejected."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from mlplat.hardware import ClusterSpec
from mlplat.resources import ResourceRequest
from mlplat.workload import JobTrace

from .naive_placement import NaivePlacer
from .naive_state import NaiveNode, State, accepts_model, amounts, copy_state, devices_with_room, fits, needs_gpu, take


@dataclass(frozen=True)
class NaiveJob:
    """One job after splitting."""

    submit: float
    duration: float
    estimate: float
    replicas: int
    request: ResourceRequest
    last_request: ResourceRequest
    priority: int = 0
    group: int = 0

    def requests(self) -> list[ResourceRequest]:
        """What each replica asks for."""
        return [self.request] * (self.replicas - 1) + [self.last_request]


def jobs_of(trace: JobTrace, spec: ClusterSpec, empty: State) -> list[NaiveJob]:
    """The jobs of a trace in order of submission, split as the trace says."""
    jobs = []
    for i in range(len(trace)):
        request, last = trace.requests[trace.request[i]], trace.requests[trace.last_request[i]]
        replicas = int(trace.replicas[i])
        if replicas == 1 and not spec.pool:
            replicas, request, last = split(trace.split, request, last, empty)
        times = float(trace.submit[i]), float(trace.duration[i]), float(trace.estimate[i])
        jobs.append(NaiveJob(*times, replicas, request, last, int(trace.priority[i]), int(trace.group[i])))
    return jobs


def split(how: str, request: ResourceRequest, last: ResourceRequest, empty: State) -> tuple[int, ResourceRequest, ResourceRequest]:
    """Replicas, request and last request of a job of one replica."""
    if how == "nodes" and request.gpus:
        widest = max((len(node.free_milli) for node in empty if is_open(node, request)), default=0)
        if 0 < widest < request.gpus:
            replicas = ceil(Fraction(request.gpus, widest))
            rest = request.gpus - widest * (replicas - 1)
            return replicas, part(request, widest, Fraction(widest, request.gpus)), part(request, rest, Fraction(rest, request.gpus))
    if how == "cores" and not needs_gpu(request) and request.cpu_milli > 1000:
        replicas = ceil(Fraction(request.cpu_milli, 1000))
        each = ResourceRequest(
            cpu_milli=1000,
            memory_mib=ceil(Fraction(request.memory_mib, replicas)),
            disk_mib=ceil(Fraction(request.disk_mib, replicas)),
            models=request.models,
        )
        return replicas, each, each
    return 1, request, last


def is_open(node: NaiveNode, request: ResourceRequest) -> bool:
    """Whether whole devices of a node may be given to a request."""
    return accepts_model(node, request) and not node.mig and not node.tainted


def part(request: ResourceRequest, devices: int, share: Fraction) -> ResourceRequest:
    """The part of a request that goes with some of its devices."""
    return ResourceRequest(
        cpu_milli=ceil(request.cpu_milli * share),
        memory_mib=ceil(request.memory_mib * share),
        disk_mib=ceil(request.disk_mib * share),
        gpus=devices,
        models=request.models,
    )


def rejection(jobs: list[NaiveJob], row: int, empty: State, placer: NaivePlacer) -> str:
    """Why a job can never run on this cluster, "" if it can."""
    job = jobs[row]
    if job.request == job.last_request:
        if enough_room_for_equals(empty, job.request, job.replicas):
            return ""
    else:
        same = [(j.request, j.last_request, j.replicas) for j in jobs]
        if placer.place_gang(copy_state(empty), job, same.index(same[row])) is not None:
            return ""
    if any(fits(node, job.request) for node in empty):
        return "GANG"
    if any(fits(node, job.request) for node in without_taints(empty)):
        return "TAINT"
    return "|".join(faults(empty, job.request)) or "COMBINATION"


def without_taints(empty: State) -> State:
    """The same nodes if none had a taint."""
    nodes = copy_state(empty)
    for node in nodes:
        node.tainted = False
    return nodes


def enough_room_for_equals(empty: State, request: ResourceRequest, replicas: int) -> bool:
    """Whether the empty nodes hold that many equal replicas: put them on, node by node, until no more go."""
    held = 0
    for node in copy_state(empty):
        while held < replicas and fits(node, request):
            take(node, request, devices_with_room(node, request)[0] if needs_gpu(request) else -1)
            held += 1
    return held >= replicas


def faults(empty: State, request: ResourceRequest) -> list[str]:
    """The dimensions in which no node has enough."""
    found = []
    for dimension, amount in amounts(request).items():
        if all(node.capacity[dimension] < amount for node in empty):
            found.append(dimension.upper())
    if needs_gpu(request):
        accepted = [node for node in empty if node.free_milli and accepts_model(node, request)]
        if not accepted:
            found.append("GPU_MODEL")
        elif request.mig:
            if not any(node.mig and request.mig in node.profiles for node in accepted):
                found.append("MIG_PROFILE")
        elif not any(not node.mig and len(node.free_milli) >= max(request.gpus, 1) for node in accepted):
            found.append("GPU_COUNT")
    return found
