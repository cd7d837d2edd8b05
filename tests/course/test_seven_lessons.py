"""Lessons 1 to 7: right answers pass for every seed, also those found in another way, and near misses get a hint that says why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numba
import pytest

import mlplat as mp
from mlplat.course.lessons import lesson_01_hardware_and_placement as first
from mlplat.course.lessons import lesson_02_bin_packing_and_fragmentation as packing
from mlplat.course.lessons import lesson_03_queues_and_backfill as queues
from mlplat.course.lessons import lesson_04_gangs_and_preemption as gangs
from mlplat.course.lessons import lesson_05_fairness_and_zones as zones
from mlplat.course.lessons import lesson_06_failures_checkpoints_and_goodput as failures
from mlplat.course.lessons import lesson_07_networks_and_collectives as networks
from mlplat.infra.checkpoints import daly
from mlplat.infra.queueing import queue_policy

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")

SAVES = "every 30m write 20s"


@pytest.fixture(params=[0, 1, 4])
def seed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setenv("MLPLAT_COURSE_SEED", str(request.param))
    yield request.param


def hint(lesson: str, **answer: Any) -> str:
    (name,) = answer
    return mp.check(lesson, **answer)[name].hint


class Tightest(mp.PlacementPolicy):
    """The node with the fewest free devices."""

    name = "tightest"

    def score(self, node: Any, request: Any) -> float:
        return -float(node.free_devices)


def test_stranded_devices_and_a_policy_that_leaves_nodes_empty(seed: int) -> None:
    fit = 64 // first.hungry(seed) * 4
    assert mp.check("lesson-01", stranded=32 - fit, cpus=8.0, placement=Tightest()).passed
    assert "a job can have more cores" in hint("lesson-01", cpus=7.5)
    assert "50 % of the GPUs are used" in hint("lesson-01", cpus=16)
    assert "no node was left empty" in hint("lesson-01", placement="worst-fit")


def first_fit_decreasing(sizes: list[int]) -> list[list[int]]:
    nodes: list[list[int]] = []
    for size in sorted(sizes, reverse=True):
        node = next((node for node in nodes if sum(node) + size <= 8), None)
        if node is None:
            nodes.append([size])
        else:
            node.append(size)
    return nodes


def test_packing_is_right_in_any_order_and_wrong_where_a_job_is_missing_or_a_node_over_full(seed: int) -> None:
    sizes = packing.sizes(seed)
    nodes = first_fit_decreasing(sizes)
    run = mp.replay(packing.cluster(), packing.mix(seed), queue="loss", placement="worst-fit")
    refused = sum(job["state"] == "lost" and packing.mix(seed).request[job["job"]] == 3 for job in run.jobs.to_dicts())
    assert mp.check("lesson-02", nodes=nodes[::-1], refused=refused, placement=Tightest()).passed
    assert "every job" in hint("lesson-02", nodes=nodes[1:])
    assert f"holds {sum(sizes)}" in hint("lesson-02", nodes=[sizes])
    assert "are enough" in hint("lesson-02", nodes=[[size] for size in sizes])
    assert "too high" in hint("lesson-02", refused=refused + 1)
    assert "keep whole nodes whole" in hint("lesson-02", placement="worst-fit")


def test_the_fewest_nodes_are_found_where_first_fit_decreasing_takes_one_more() -> None:
    sizes = [4, 4, 3, 3, 2, 2, 2, 2, 2]  # 24: three full nodes
    assert packing.fewest_nodes(sizes) == 3
    assert packing.fewest_nodes([5, 5, 5]) == 3
    assert packing.fewest_nodes([]) == 0


def test_a_queue_for_everybody_is_conservative_and_not_the_shortest_first(seed: int) -> None:
    hours = 3 + seed % 4
    start = mp.replay(queues.cluster(), queues.week(seed), queue="easy").jobs["start_s"].to_list()
    late = sum(start[i] > min(start[i + 1 :]) for i in range(len(start) - 1))
    assert mp.check("lesson-03", by_hand=(0, hours, hours), overtaken=late, queue="conservative").passed
    assert mp.check("lesson-03", queue="easy")["queue"].state == "passed"
    assert "for everybody" in hint("lesson-03", queue="sjf")
    assert "a quarter of fifo's" in hint("lesson-03", queue="fifo")
    assert "job 2: too low" in hint("lesson-03", by_hand=[0, hours, 0])


def test_grace_saves_the_work_that_preemption_would_lose(seed: int) -> None:
    days, saves = gangs.days(seed), gangs.SAVES
    apart, of = gangs.taken_apart(days)
    assert len(apart) == int(days.replicas.sum()) and of[-1] == len(days) - 1
    held = gangs.waited_for_each_other(mp.replay(gangs.cluster(), apart, queue="best-effort-fifo"), of)
    preempting = mp.replay(gangs.cluster(), days, queue="priority", checkpoint=saves)
    polite = mp.replay(gangs.cluster(), days, queue=queue_policy("priority", grace="60s"), checkpoint=saves)
    assert mp.check("lesson-04", half_started=held, lost=preempting.summary()["lost_gpu_hours"], run=polite).passed
    assert "last checkpoint" in hint("lesson-04", run=preempting)
    assert "expected 5" in hint("lesson-04", run=mp.replay(gangs.cluster(), days, queue="easy", checkpoint=saves))
    assert "takes 30 s to write" in hint("lesson-04", run=mp.replay(gangs.cluster(), days, queue="priority"))
    assert "other jobs" in hint("lesson-04", run=mp.replay(gangs.cluster(), gangs.days(seed + 1)))
    assert "another cluster" in hint("lesson-04", run=mp.replay(mp.ClusterSpec.parse("9x8xV100"), days))


def test_zones_that_keep_little_and_lend_nothing(seed: int) -> None:
    lent = [mp.Quota("shop", guarantee={"gpus": 16}), mp.Quota("lab")]
    stopped = mp.replay(zones.cluster(), zones.day(seed), zones=lent, checkpoint=SAVES).zones["reclaimed"].sum()
    tried = ([mp.Quota("shop", guarantee={"gpus": gpus}, lend={"gpus": 0}), mp.Quota("lab")] for gpus in (2, 4, 6, 8))
    hard = next(one for one in tried if not hint("lesson-05", zones=one))
    lab = mp.Quota("lab", guarantee={"gpus": 8}, lend={"gpus": 0}, reserve={"nodes": 1})
    weight = zones.target() / (8 - zones.target())
    assert mp.check("lesson-05", stopped=stopped, zones=hard, weight=weight, lab=lab).passed
    assert "were stopped" in hint("lesson-05", zones=lent)
    assert "needs a guarantee" in hint("lesson-05", zones=[mp.Quota("shop"), mp.Quota("lab")])
    assert "more is kept" in hint("lesson-05", zones=[mp.Quota("shop", guarantee={"gpus": 16}, lend={"gpus": 0}), mp.Quota("lab")])
    assert "on no node together" in hint("lesson-05", lab=mp.Quota("lab", guarantee={"gpus": 8}, lend={"gpus": 0}))
    assert f"expected {zones.target()}" in hint("lesson-05", weight=1)


def test_a_training_that_fails_needs_checkpoints_neither_too_often_nor_too_rarely_and_a_few_spare_hosts(seed: int) -> None:
    best = float(daly(failures.write_s(seed), failures.between_s(seed)))
    spares = next(n for n in range(failures.MOST_SPARES) if failures.effective(failures.train(seed, n)) >= 0.9)
    counted = failures.train(seed, 32).summary()["restarts"]
    published = 419 * failures.hosts(seed) / 2048 * 30 / 54
    assert abs(counted - published) < 4 * published**0.5
    assert mp.check("lesson-06", interruptions=published, interval=1.1 * best, spares=spares).passed
    assert "writing takes the time" in hint("lesson-06", interval=best / 8)
    assert "throws away much" in hint("lesson-06", interval=best * 8)
    assert "fewer spare hosts" in hint("lesson-06", spares=spares + 1)
    assert "expected 90 %" in hint("lesson-06", spares=spares - 1)


def test_a_far_gang_needs_uplinks_nearly_as_fast_as_its_nodes(seed: int) -> None:
    far = networks.summing_s(25, networks.FAR, networks.size_gib(seed))
    uplink = next(gbps for gbps in range(1, 101) if hint("lesson-07", uplink=gbps) == "")
    assert 80 < uplink <= 100
    assert mp.check("lesson-07", share=far / (0.3 + far), uplink=uplink, placement="topology").passed
    assert "slower uplink" in hint("lesson-07", uplink=100 + 4)
    assert "expected 95 %" in hint("lesson-07", uplink=25)
    assert "keep it in one rack" in hint("lesson-07", placement="random")
