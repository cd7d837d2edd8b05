"""S-28: why a workload waits, with nodes counted by reason, or why it is where it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.infra.endpoint.node_reasons import ROOM, NodeReason, gang_fits, node_reasons
from mlplat.infra.kernels.inspect_nodes import all_scores, replicas_held
from mlplat.infra.kernels.state import REQUEST

from .clusters import cluster, state_digest, work


def test_s28_counts_are_in_the_form_of_kubernetes() -> None:
    of = cluster("80x8xV100+16x8xT4")
    of.endpoint.submit(mp.Workload("fill", {"gpus": 8, "gpu_model": "V100"}, replicas=80, duration="1d"))
    of.endpoint.submit(mp.Workload("next", {"gpus": 8, "gpu_model": "V100"}, duration="1h"))
    of.sim.run(until="1s")
    said = of.endpoint.explain("next")
    assert "0/96 nodes: 80 InsufficientGPU, 16 ModelMismatch" in str(said)
    assert sum(said.counts.values()) == said.nodes == 96
    assert "0/96 nodes" in of.endpoint.explain("next")._repr_html_()


def test_s28_one_reason_a_node_and_health_goes_first() -> None:
    of = cluster("4x8xV100")
    of.endpoint.cordon("node-0")
    of.hardware.crash("node-1")
    of.endpoint.submit(work("fill", gpus=8, cpus=1, duration="1d"))
    of.sim.run(until="5m")
    of.endpoint.submit(mp.Workload("wide", {"cpus": 64, "gpus": 8}, replicas=2, duration="1h"))
    of.sim.run(until="6m")
    said = of.endpoint.explain("wide")
    assert dict(said.counts) == {"NotReady": 1, "Cordoned": 1, "InsufficientCPU": 1, "GangIncomplete": 1}
    assert said.feasible == 1


def test_s28_a_blocked_head_is_named_and_the_place_in_the_queue_told() -> None:
    of = cluster("2x8xV100")
    for name, gpus, replicas in (("fill", 8, 1), ("head", 8, 2), ("small", 1, 1), ("last", 1, 1)):
        of.endpoint.submit(work(name, gpus=gpus, replicas=replicas))
    of.sim.run(until="1s")
    head, small, last = (of.endpoint.explain(name) for name in ("head", "small", "last"))
    assert (head.position, head.blocked_by) == (0, None)
    assert dict(head.counts) == {"InsufficientGPU": 1, "GangIncomplete": 1}
    assert (small.position, small.blocked_by) == (1, "head")
    assert dict(small.counts) == {"InsufficientGPU": 1, "Queued": 1}
    assert "BlockedBy head" in str(small)
    assert last.position == 2


@pytest.mark.parametrize(("queue", "order"), [("sjf", ["b", "c", "a"]), ("priority", ["c", "a", "b"]), ("fifo", ["a", "b", "c"])])
def test_s28_the_place_in_the_queue_is_that_of_the_policy(queue: str, order: list[str]) -> None:
    of = cluster("1x8xV100", queue=queue)
    of.endpoint.submit(work("fill", gpus=8, duration="10m", priority=100))
    of.sim.run(until="1s")
    for name, minutes, priority in (("a", 90, 5), ("b", 30, 1), ("c", 60, 9)):
        of.endpoint.submit(work(name, gpus=8, duration=f"{minutes}m", priority=priority))
    of.sim.run(until="2s")
    places = {name: of.endpoint.explain(name).position for name in "abc"}
    assert sorted(places, key=lambda name: places[name] or 0) == order


def test_s28_held_by_a_limit_and_not_yet_scheduled() -> None:
    of = cluster("2x8xV100", limits={"a": {"gpus": 8}})
    for name in ("one", "two"):
        of.endpoint.submit(work(name, gpus=8, zone="a"))
    assert dict(of.endpoint.explain("one").counts) == {"NotYetScheduled": 2}
    of.sim.run(until="1s")
    held = of.endpoint.explain("two")
    assert held.status == "held"
    assert dict(held.counts) == {"InsufficientGPU": 1, "HeldByQuota": 1}
    assert held.position is None


def test_s28_a_rejection_names_each_dimension() -> None:
    of = cluster("2x8xV100")
    handle = of.endpoint.submit(mp.Workload("huge", {"cpus": 1000, "memory": "100TiB", "gpus": 1, "gpu_model": "H100"}, duration="1h"))
    of.sim.run(until="1s")
    assert handle.status.value == "rejected"
    assert of.endpoint.explain("huge").reasons == ("CPU", "MEMORY", "GPU_MODEL")


@pytest.mark.parametrize("placement", ["best-fit", "gpu-clustering", "gpu-packing", "topology", "random", "least-allocated"])
def test_s28_a_running_workload_has_its_node_first_and_the_question_changes_nothing(placement: str) -> None:
    of = cluster("6x8xV100", placement=placement)
    for i in range(9):
        of.endpoint.submit(work(f"w-{i}", gpus=1 + i % 4, cpus=2))
    of.sim.run(until="1s")
    before = state_digest(of)
    for i in range(9):
        said = of.endpoint.explain(f"w-{i}")
        assert said.alternatives[0].chosen
        assert said.alternatives[0].node == of.endpoint.describe(f"w-{i}").parts[0].node
        others = [alternative.score for alternative in said.alternatives[1:]]
        assert others == sorted(others, reverse=True)
    assert state_digest(of) == before
    of.endpoint.submit(work("after", gpus=1))
    of.sim.run(until="2s")
    assert of.endpoint.describe("after").status.value == "running"


def test_s28_right_after_the_decision_the_winner_has_the_best_score() -> None:
    of = cluster("6x8xV100")
    for i in range(5):
        of.endpoint.submit(work(f"w-{i}", gpus=3))
        of.sim.run(until=f"{i + 1}s")
        said = of.endpoint.explain(f"w-{i}")
        assert said.alternatives[0].score == max(alternative.score for alternative in said.alternatives)


def test_s28_of_a_service_one_replica_is_explained() -> None:
    of = cluster("1x8xV100")
    of.endpoint.submit(work("web", gpus=8, kind="service", replicas=2))
    of.sim.run(until="1s")
    assert of.endpoint.explain("web").status == "running"
    assert dict(of.endpoint.explain("web", replica=1).counts) == {"InsufficientGPU": 1}
    with pytest.raises(mp.MlplatError, match="replica=2"):
        of.endpoint.explain("web", replica=2)


REQUESTS = st.one_of(
    st.builds(lambda c, g: {"cpus": c, "gpus": g}, st.integers(0, 40), st.integers(0, 8)),
    st.builds(lambda m: {"cpus": 1, "gpu_milli": m}, st.integers(1, 999)),
    st.sampled_from([{"mig": name} for name in ("1g.5gb", "2g.10gb", "3g.20gb", "4g.20gb", "7g.40gb")]),
    st.sampled_from([{"gpus": 1, "models": "T4"}, {"gpus": 2, "models": "A100-40"}, {"memory_gib": 300}, {"disk_gib": 900}]),
)
SPEC = mp.ClusterSpec.from_yaml("""
groups:
- {name: v, count: 2, cpus: 32, memory: 256GiB, disk: 1TiB, gpus: 4, gpu_model: V100}
- {name: t, count: 1, cpus: 32, memory: 256GiB, disk: 1TiB, gpus: 2, gpu_model: T4}
- {name: m, count: 2, cpus: 32, memory: 256GiB, disk: 1TiB, gpus: 2, gpu_model: A100-40, mig: true}
- {name: a, count: 1, cpus: 32, memory: 512GiB, disk: 1TiB, gpus: 2, gpu_model: A100-40}
- {name: c, count: 1, cpus: 64, memory: 128GiB, disk: 0GiB}
""")


@given(running=st.lists(st.tuples(REQUESTS, st.integers(1, 3)), max_size=12), asked=REQUESTS, replicas=st.integers(1, 12), broken=st.data())
def test_s28_the_reasons_agree_with_the_kernels_on_every_node(running: list[Any], asked: Any, replicas: int, broken: Any) -> None:
    of = mp.Cluster(mp.Simulation(), SPEC, scrape_period=None, queue="best-effort-fifo", ties=[3, 1, 0, 2, 6, 5, 4])
    if broken.draw(st.booleans()):
        of.endpoint.cordon(broken.draw(st.sampled_from(of.nodes.names)))
        of.hardware.fail_device("v-0", 1)
        of.hardware.fail_device("m-0", 0)
    for i, (request, gang) in enumerate(running):
        of.endpoint.submit(mp.Workload(f"r-{i}", mp.ResourceRequest(**request), replicas=gang, duration="1d"))
    of.sim.run(until="10s")
    of.endpoint.submit(mp.Workload("asked", mp.ResourceRequest(**asked), replicas=replicas, duration="1d"))
    run = of.scheduler.run
    cls = int(run.world.jobs.gang[of.workloads["asked"].job, REQUEST])
    scores, held = np.empty(len(of.nodes)), np.zeros(cls + 1, dtype=np.int64)
    all_scores(run.address, cls, scores)
    reasons = node_reasons(run, cls)
    assert ((reasons == ROOM) == np.isfinite(scores)).all()
    replicas_held(run.address, np.arange(len(of.nodes)), np.ones(len(of.nodes), dtype=np.int64), held)
    for wanted in (1, replicas, int(held[cls]), int(held[cls]) + 1):
        if 0 < wanted < 10_000:
            assert gang_fits(run, cls, wanted, reasons == ROOM) == (held[cls] >= wanted)
    said = of.endpoint.explain("asked")
    assert sum(said.counts.values()) == len(of.nodes)


def test_every_reason_has_a_word_and_a_sentence() -> None:
    assert len({reason.word for reason in NodeReason}) == len({reason.sentence for reason in NodeReason}) == len(NodeReason)
