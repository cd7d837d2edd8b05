"""Arrival streams of a given GPU demand, by the published construction."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlplat.errors import OptionError
from mlplat.resources import ResourceRequest
from mlplat.traces import inflate, read_openb_pods, reorder
from mlplat.workload import JobTrace

CAPACITY = 6212


def _trace(*requests: ResourceRequest) -> JobTrace:
    n = len(requests)
    names = np.array([f"j{i}" for i in range(n)], dtype=object)
    return JobTrace.build(submit=np.zeros(n), duration=np.full(n, np.inf), request=np.arange(n), requests=requests, job_id=names)


@pytest.fixture
def pods(shared_data: Path) -> JobTrace:
    return read_openb_pods(shared_data / "openb" / "openb_pod_list_default.csv")


@pytest.mark.parametrize("seed", range(42, 47))
def test_clones_follow_the_shuffled_originals_up_to_the_target(pods: JobTrace, seed: int) -> None:
    arrivals = inflate(pods, ratio=1.3, capacity_gpus=CAPACITY, seed=seed)
    assert arrivals.job_id is not None and pods.job_id is not None
    assert sorted(arrivals.job_id[: len(pods)]) == sorted(pods.job_id) and arrivals.job_id[: len(pods)].tolist() != pods.job_id.tolist()
    assert arrivals.submit.tolist() == list(range(len(arrivals)))
    target, total = 1.3 * CAPACITY * 1000, int(arrivals.gpu_milli.sum())
    assert target - 1000 < total < target + 7000
    assert 10500 < len(arrivals) < 11200  # the published draws give about 10,866


def test_the_published_orders_give_the_published_stream(pods: JobTrace, shared_data: Path) -> None:
    rows = np.loadtxt(shared_data / "openb" / "orders" / "default_42_pods.txt", dtype=np.int64)
    arrivals = reorder(pods, rows)
    assert len(arrivals) == 10866 and sorted(rows[:8152].tolist()) == list(range(8152))
    target = 1.3 * CAPACITY * 1000
    assert target - 1000 < arrivals.gpu_milli.sum() < target + 7000
    assert arrivals.job_id is not None and pods.job_id is not None and arrivals.job_id[0] == pods.job_id[255]


def test_the_rule_looks_at_one_device_only() -> None:
    """A job of eight devices is still taken when one more device would fit, so that the total goes beyond the target."""
    arrivals = inflate(_trace(ResourceRequest(gpus=8)), 17_000)
    assert arrivals.gpu_milli.sum() == 24_000
    assert inflate(_trace(ResourceRequest(gpus=8)), 16_999).gpu_milli.sum() == 16_000


def test_clones_are_drawn_evenly_and_include_jobs_without_devices() -> None:
    trace = _trace(ResourceRequest(gpus=1), ResourceRequest(cpus=1), ResourceRequest(gpu_milli=500))
    arrivals = inflate(trace, 3_000_000, seed=1)
    assert arrivals.job_id is not None
    counts = Counter(arrivals.job_id[3:].tolist())
    assert all(abs(counts[name] - 2000) < 5 * math.sqrt(2000) for name in ("j0", "j1", "j2"))


def test_too_much_demand_is_tuned_down_at_random(pods: JobTrace) -> None:
    arrivals = inflate(pods, 3_000_000, seed=7)
    total = int(arrivals.gpu_milli.sum())
    assert 3_000_000 - 8000 < total <= 3_000_000
    assert arrivals.job_id is not None and len(set(arrivals.job_id)) == len(arrivals) < len(pods)
    share = (arrivals.gpu_milli == 0).sum() / (pods.gpu_milli == 0).sum()  # pods without devices go as often as others
    assert share == pytest.approx(len(arrivals) / len(pods), abs=0.06)


def test_tuning_down_keeps_the_order_of_those_that_stay() -> None:
    trace = _trace(*[ResourceRequest(gpus=1, cpus=i) for i in range(20)])
    kept = inflate(trace, 7_000, seed=2, shuffle=False)
    assert kept.job_id is not None and len(kept) == 7
    assert [int(name[1:]) for name in kept.job_id] == sorted(int(name[1:]) for name in kept.job_id)


def test_demand_that_meets_the_target_is_only_shuffled() -> None:
    trace = _trace(*[ResourceRequest(gpus=1, cpus=i) for i in range(20)])
    assert sorted(inflate(trace, 20_000).job_id) == sorted(trace.job_id)  # type: ignore[arg-type]
    assert inflate(trace, 20_000, shuffle=False).job_id.tolist() == trace.job_id.tolist()  # type: ignore[union-attr]


def test_equal_seeds_give_equal_streams_and_others_differ(pods: JobTrace) -> None:
    first, again, other = (inflate(pods, ratio=1.3, capacity_gpus=CAPACITY, seed=seed) for seed in (0, 0, 1))
    assert first.to_polars().equals(again.to_polars()) and not first.to_polars().equals(other.to_polars())


@pytest.mark.parametrize(
    "arguments",
    [{}, {"ratio": 1.3}, {"capacity_gpus": 4}, {"target_gpu_milli": 5, "ratio": 1.3}, {"target_gpu_milli": 0}, {"target_gpu_milli":
    math.inf},
     {"target_gpu_milli": math.nan}, {"target_gpu_milli": "5"}, {"ratio": -1, "capacity_gpus": 4}, {"target_gpu_milli": 1e15},
     {"target_gpu_milli": 9, "seed": -1}],
)  # fmt: skip
def test_a_target_that_is_none_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        inflate(_trace(ResourceRequest(gpus=1)), **arguments)


def test_jobs_without_devices_reach_no_target() -> None:
    with pytest.raises(OptionError, match="no job of the trace asks for devices"):
        inflate(_trace(ResourceRequest(cpus=1)), 5000)
