"""With more distinct requests than trees fit into memory, the trees take turns: it costs time, and changes nothing."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from mlplat.hardware import ClusterSpec
from mlplat.infra import queue_arrays, world
from mlplat.infra.placement import placement_policy
from mlplat.infra.queueing import queue_policy
from mlplat.resources import ResourceRequest
from mlplat.runs.replay import replay
from mlplat.workload import JobTrace

NODES, CLASSES = (10, 200) if numba.config.DISABLE_JIT else (300, 5000)
TREE = 8 * (NODES * 8 // 7 + 32)  # bytes; one tree takes no more


def all_different(jobs: int = CLASSES, gangs: bool = False) -> tuple[ClusterSpec, JobTrace]:
    """Every job asks for something else."""
    draws = np.random.default_rng(12)
    kinds = draws.integers(0, 3, jobs).tolist()
    memory = draws.permutation(jobs).tolist()
    requests = [
        ResourceRequest(
            cpu_milli=500 + 7 * (i % 900), memory_mib=1 + memory[i], gpus=(0, 0, 1 + i % 4)[kind], gpu_milli=(0, 1 + i % 999, 0)[kind]
        )
        for i, kind in enumerate(kinds)
    ]
    trace = JobTrace.build(
        submit=np.cumsum(draws.integers(0, 2, jobs)),
        duration=draws.integers(100, 900, jobs),
        request=range(jobs),
        replicas=1 + draws.integers(0, 3, jobs) if gangs else None,
        requests=requests,
    )
    assert len(trace.requests) == jobs
    return ClusterSpec.uniform(nodes=NODES, cpus=8, memory_gib=64, gpus=4, gpu_model="T4"), trace


def slots(spec: ClusterSpec, trace: JobTrace) -> tuple[int, int]:
    """How many trees a run has, and the bytes they take."""
    trees = world.build_run(spec.nodes(), trace, queue_policy("fifo"), placement_policy("best-fit")).world.trees
    return len(trees.used), trees.key.nbytes + trees.ties.nbytes


@pytest.mark.parametrize("trees", [1, 4, 16, 64])
def test_memory_for_trees_is_bounded(trees: int, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, trace = all_different(200)
    assert slots(spec, trace)[0] == 200  # one each
    monkeypatch.setattr(queue_arrays, "TREE_BYTES", trees * TREE)
    count, taken = slots(spec, trace)
    assert trees <= count < 200 and taken <= max(2, trees) * TREE
    monkeypatch.setattr(queue_arrays, "TREE_BYTES", 1)  # two trees are always there, for the two requests of a gang
    assert slots(spec, trace)[0] == 2


@pytest.mark.parametrize(
    ("queue", "placement", "ties"),
    [
        ("fifo", "best-fit", "node-order"),
        ("fifo", "fgd", "random"),
        ("best-effort-fifo", "worst-fit", "random"),
        ("easy", "gpu-clustering", "node-order"),
    ],
)
def test_few_slots_give_the_same_run_as_a_tree_for_each_class(
    queue: str, placement: str, ties: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, trace = all_different(CLASSES if queue == "fifo" else min(CLASSES, 1200), gangs=queue != "fifo")
    plenty = replay(spec, trace, queue=queue, placement=placement, ties=ties, seed=3)
    monkeypatch.setattr(queue_arrays, "TREE_BYTES", 2 * TREE)
    few = replay(spec, trace, queue=queue, placement=placement, ties=ties, seed=3)
    assert few.fingerprint == plenty.fingerprint
    assert plenty.summary()["completed"] == len(trace) and (plenty.jobs["wait_s"] > 0).any()  # type: ignore[union-attr]
