"""The fragmentation of a run against the definition, worked out from the records of the run node by node and device by device."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from mlplat.hardware import ClusterSpec
from mlplat.infra.placement import Fgd
from mlplat.resources import ResourceRequest
from mlplat.runs.fragmentation import fragmentation
from mlplat.runs.replay import replay
from mlplat.runs.result import Result
from mlplat.workload import JobTrace

SPEC = ClusterSpec.parse("3x4xV100+2x2xT4+1x16cpu")
REQUESTS = (
    ResourceRequest(cpus=2, gpus=1),
    ResourceRequest(cpus=12, gpus=1),
    ResourceRequest(cpus=1, gpu_milli=300),
    ResourceRequest(cpus=3, gpu_milli=650),
    ResourceRequest(cpus=1, gpu_milli=500, models="T4"),
    ResourceRequest(cpus=8),
)


def jobs(n: int = 250, seed: int = 1) -> JobTrace:
    draws = np.random.default_rng(seed)
    return JobTrace.build(
        submit=np.cumsum(draws.integers(0, 3, n)),
        duration=draws.integers(1, 40, n),
        request=draws.choice(len(REQUESTS), n, p=(0.3, 0.1, 0.25, 0.2, 0.1, 0.05)),
        requests=REQUESTS,
    )


def typical(trace: JobTrace, cover: float) -> dict[tuple[int, int, int, str], int]:
    """The most frequent requests: (cpu_milli, device milli, devices, models) -> jobs."""
    count: Counter[tuple[int, int, int, str]] = Counter()
    for request in (trace.requests[code] for code in trace.request):
        milli = 1000 if request.gpus else request.gpu_milli
        count[request.cpu_milli, milli, request.gpus or bool(milli), "|".join(request.models)] += 1
    kept: dict[tuple[int, int, int, str], int] = {}
    for key in sorted(count, key=lambda k: (count[k], k), reverse=True):
        if sum(kept.values()) >= cover * len(trace):
            break
        kept[key] = count[key]
    return kept


def naive(result: Result, kept: dict[tuple[int, int, int, str], int]) -> list[tuple[int, int, float]]:
    """(jobs arrived, allocated milli, fragment milli) after each instant at which anything happened."""
    nodes = result.spec.nodes()
    cpu = nodes.cpu_milli.copy()
    device = {(n, d): 1000 for n in range(len(nodes)) for d in range(nodes.gpus[n])}
    where = {row["job"]: (row["node"], row["device"]) for row in result.attempts.iter_rows(named=True)}
    arrived, rows = 0, []
    for _, instant in result.events.group_by("time_s", maintain_order=True):
        for row in instant.iter_rows(named=True):
            arrived += row["event"] == "submitted"
            sign = {"started": -1, "completed": 1}.get(row["event"], 0)
            if sign:
                request = result.trace.requests[result.trace.request[row["job"]]]
                node, index = where[row["job"]]
                cpu[node] += sign * request.cpu_milli
                if request.uses_gpu:
                    device[node, index] += sign * (1000 if request.gpus else request.gpu_milli)
        fragment = 0
        for n in range(len(nodes)):
            free = [device[n, d] for d in range(nodes.gpus[n])]
            name = nodes.models[nodes.model[n]].name if nodes.gpus[n] else ""
            for (cpus, milli, count, models), weight in kept.items():
                room = [f for f in free if milli and f >= milli]
                fits = milli > 0 and models in ("", name) and len(room) >= count and cpu[n] >= cpus
                fragment += weight * (sum(free) - sum(room) if fits else sum(free))
        rows.append((arrived, sum(nodes.gpus) * 1000 - sum(device.values()), fragment / sum(kept.values())))
    return rows


@pytest.mark.parametrize("queue", ["fifo", "loss", "best-effort-fifo"])
@pytest.mark.parametrize("placement", ["fgd", "worst-fit", "random"])
def test_fragments_are_those_of_the_definition(queue: str, placement: str) -> None:
    trace = jobs()
    options: dict[str, Any] = {"queue": queue, "placement": placement, "seed": 3}
    frame = fragmentation(SPEC, trace, **options)
    expected = naive(replay(SPEC, trace, **options), typical(trace, 0.95))
    assert frame.select("arrived", "allocated_milli").rows() == [row[:2] for row in expected]
    assert np.allclose(frame["fragment_milli"], [row[2] for row in expected], rtol=1e-12)
    assert frame["fragment_milli"].max() > 1000  # type: ignore[operator]


def test_the_typical_requests_may_come_from_another_trace() -> None:
    trace, other = jobs(), jobs(400, seed=9)
    frame = fragmentation(SPEC, trace, placement="best-fit", measure=Fgd(typical=other, cover=0.5))
    expected = naive(replay(SPEC, trace, placement="best-fit"), typical(other, 0.5))
    assert np.allclose(frame["fragment_milli"], [row[2] for row in expected], rtol=1e-12)


def test_an_empty_cluster_and_no_jobs_give_no_rows() -> None:
    empty = JobTrace.build(submit=[], duration=[], request=[], requests=[])
    assert fragmentation(SPEC, empty).shape == (0, 3)


def test_measuring_does_not_change_the_run() -> None:
    trace = jobs()
    frame, result = fragmentation(SPEC, trace, placement="gpu-packing"), replay(SPEC, trace, placement="gpu-packing")
    assert frame["allocated_milli"].to_list() == result.timeline["gpu_milli"].to_list()
