"""S-42: the whole cluster as of one instant; free and bound are the capacity, always."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.infra.allocations import capacity
from mlplat.infra.cluster import Cluster

from .clusters import cluster, work

SPEC = mp.ClusterSpec.from_yaml("""
groups:
- {name: v, count: 3, cpus: 32, memory: 256GiB, disk: 1TiB, gpus: 4, gpu_model: V100}
- {name: m, count: 1, cpus: 32, memory: 256GiB, disk: 1TiB, gpus: 2, gpu_model: A100-40, mig: true}
- {name: c, count: 1, cpus: 64, memory: 128GiB, disk: 0GiB}
""")
REQUESTS = st.sampled_from(
    [{"gpus": 1, "cpus": 2}, {"gpus": 4, "memory_gib": 100}, {"gpu_milli": 300}, {"mig": "2g.10gb"}, {"cpus": 16}, {"disk_gib": 400}]
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["submit", "submit", "delete", "crash", "cut_off", "restore", "break", "repair", "cordon", "drain", "uncordon"]),
        st.integers(0, 40),
        REQUESTS,
        st.integers(1, 3),
        st.sampled_from([0, 7, 30, 200]),
    ),
    max_size=25,
)


def do(of: Cluster, number: int, step: tuple[str, int, Any, int, int]) -> None:
    """One call of somebody."""
    verb, which, request, replicas, _ = step
    names, node = of.endpoint.list().names(), of.nodes.names[which % len(of.nodes)]
    if verb == "submit":
        of.endpoint.submit(
            mp.Workload(
                f"w-{number}", mp.ResourceRequest(**request), replicas=replicas, duration=20 + 17 * which, checkpoint="every 50s write 3s"
            )
        )
    elif verb == "delete" and names:
        try:
            of.endpoint.delete(names[which % len(names)], grace=which % 3)
        except mp.MlplatError as error:
            assert "is being deleted" in str(error)
    elif verb in ("crash", "cut_off", "restore"):
        getattr(of.hardware, verb)(node)
    elif verb in ("break", "repair") and of.nodes.gpus[which % len(of.nodes)]:
        (of.hardware.fail_device if verb == "break" else of.hardware.repair_device)(node, 0)
    elif verb == "drain":
        of.endpoint.drain(node, grace=which % 5)
    elif verb in ("cordon", "uncordon"):
        getattr(of.endpoint, verb)(node)


@given(steps=STEPS, queue=st.sampled_from(["fifo", "best-effort-fifo", "easy", "priority"]))
def test_s42_free_and_bound_are_the_capacity_at_any_moment_asked(steps: list[Any], queue: str) -> None:
    of = mp.Cluster(mp.Simulation(), SPEC, queue=queue, scrape_period=None)
    for number, step in enumerate(steps):
        do(of, number, step)
        for time in (of.sim.now, of.sim.now + step[-1]):
            of.sim.run(until=time)
            state = of.endpoint.state()
            assert (state.free + state.bound == state.capacity).all()
            assert (state.free >= 0).all()
            assert (state.capacity + state.failed == capacity(of.nodes)).all()
            assert state.time == of.sim.now
            assert sum(state.workloads.values()) == len(of.endpoint.list())


def test_s42_capacity_is_the_sum_of_the_nodes() -> None:
    of = cluster("2x8xV100+3x64cpu")
    before = of.endpoint.capacity()
    assert (before.nodes, before.nodes_in_service) == (5, 5)
    assert before.total.cpu_milli == of.spec.capacity()["cpu_milli"]
    assert (before.total.gpu_milli, dict(before.gpus_by_model)) == (16000, {"V100-16": 16})
    of.hardware.crash(0)
    of.hardware.fail_device(1, 3)
    of.sim.run(until="5m")
    after = of.endpoint.capacity()
    assert after.total == before.total
    assert (after.nodes_in_service, after.in_service.gpu_milli) == (4, 7000)


def test_s42_the_frame_has_a_row_a_node() -> None:
    of = cluster()
    of.endpoint.submit(work("train", gpus=3, cpus=5))
    of.sim.run(until="1m")
    frame = of.endpoint.state().frame()
    assert frame["node"].to_list() == ["node-0", "node-1"]
    assert frame["gpu_milli_bound"].to_list() == [3000, 0]
    assert frame["cpu_milli_free"].to_list() == [59000, 64000]
    assert np.array_equal(frame["gpu_milli_free"] + frame["gpu_milli_bound"], frame["gpu_milli_capacity"])


def test_s42_a_node_tells_capacity_bound_and_free() -> None:
    of = cluster()
    of.endpoint.submit(work("train", gpus=3, cpus=5))
    of.hardware.fail_device("node-0", 7)
    of.sim.run(until="1m")
    node = of.endpoint.describe_node("node-0")
    assert (node.model, node.cpu_milli, node.gpu_milli) == ("V100-16", (64000, 5000, 59000), (7000, 3000, 4000))
    assert (node.failed_devices, node.workloads) == ((7,), ("train",))


def test_s42_metrics_are_prometheus_text() -> None:
    of = cluster(scrape_period="15s")
    of.endpoint.submit(work("train", gpus=3, cpus=5))
    of.sim.run(until="1m")
    assert "# TYPE mlplat_node" in of.endpoint.metrics()
