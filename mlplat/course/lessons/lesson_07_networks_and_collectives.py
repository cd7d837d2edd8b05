"""Lesson 7: what a gang sends. The exercises: time spent summing, the slowest uplink that will do, a placement that keeps gangs near."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..answers import kind, near, number, replayed
from ..lesson import Lesson, Question
from ..seeds import student_seed

if TYPE_CHECKING:
    from ...hardware import ClusterSpec
    from ...workload import JobTrace

STEP_S = 0.3
NEAR = tuple(node for node in (0, 1, 2, 3) for _ in range(8))
FAR = tuple(node for node in (0, 4, 8, 12) for _ in range(8))
UPLINK_GBPS, FASTEST_GBPS = 25, 400


def cluster(uplink_gbps: float = UPLINK_GBPS) -> ClusterSpec:
    """Sixteen nodes of eight GPUs and a NIC of 100 Gbit/s, four to a leaf; each leaf is joined to four spines."""
    from ...hardware import ClusterSpec

    uplink = round(1000 * uplink_gbps)
    network = {"topology": "leaf-spine", "hosts_per_leaf": 4, "spines": 4, "uplink": uplink}
    return ClusterSpec.uniform(nodes=16, gpus=8, gpu_model="A100-80", nic_mbps=100_000, racks=4, network=network)


def size_gib(seed: int) -> int:
    """What the student's gang sums after each step, GiB."""
    return 1 + seed % 4


@cache
def summing_s(uplink_gbps: float, ranks: tuple[int, ...], size: float) -> float:
    """Seconds of one all-reduce of `size` GiB among ranks on these nodes."""
    from ...infra.network.pacing import collectives_of

    return float(collectives_of(cluster(uplink_gbps)).all_reduce(list(ranks), mib=1024 * size).seconds)


@cache
def day(seed: int) -> JobTrace:
    """Gangs of one, two and four whole nodes, which come over a day."""
    from ...resources import ResourceRequest
    from ...workload import JobTrace

    draws, jobs = np.random.default_rng(seed), 60
    return JobTrace.build(
        submit=np.sort(draws.uniform(0, 24 * 3600, jobs)),
        duration=draws.uniform(0.5, 3, jobs) * 3600,
        request=[0] * jobs,
        requests=[ResourceRequest(gpus=8)],
        replicas=draws.choice([1, 2, 4], jobs),
    )


def verify_share(answer: Any) -> str | None:
    """The part of its time that a far gang spends summing."""
    summing = summing_s(UPLINK_GBPS, FAR, size_gib(student_seed()))
    return near(answer, summing / (STEP_S + summing), "all-reduce / (step + all-reduce)", relative=0.01)


def verify_uplink(answer: Any) -> str | None:
    """The slowest uplink with which a far gang trains nearly as fast as a near one."""
    uplink = number(answer)
    if uplink is None:
        return f"expected a number in Gbit/s, found a {kind(answer)}"
    if not 1 <= uplink <= FASTEST_GBPS:
        return f"expected 1 to {FASTEST_GBPS} Gbit/s"
    pace = _pace(uplink)
    if pace < 0.95:
        return f"the far gang trains at {100 * pace:.0f} % of the pace of the near one; expected 95 %"
    return None if _pace(max(1.0, uplink - 2)) < 0.95 else "that is enough, but a slower uplink would do"


def _pace(uplink: float) -> float:
    size = size_gib(student_seed())
    return (STEP_S + summing_s(uplink, NEAR, size)) / (STEP_S + summing_s(uplink, FAR, size))


def verify_placement(answer: Any) -> str | None:
    """A placement under which the gangs of the day are done nearly as soon as under topology."""
    trace, sync = day(student_seed()), {"step": f"{round(1000 * STEP_S)}ms", "size": "2GiB"}
    run, best = (replayed(cluster(), trace, queue="easy", placement=placement, sync=sync) for placement in (answer, "topology"))
    if isinstance(run, str):
        return run
    assert not isinstance(best, str)
    if run.summary()["unfinished"] or run.summary()["rejected"]:
        return "some jobs are never done under this policy"
    found, least = run.summary()["jct_mean_s"] / 3600, best.summary()["jct_mean_s"] / 3600
    return (
        None if found <= 1.05 * least else f"a gang is done after {found:.1f} h on average; {least:.1f} h can be had: keep it in one rack"
    )


LESSON = Lesson(
    "lesson-07",
    "Networks and collectives",
    (
        Question(
            "share", "The part of its time, 0 to 1, that the student's gang spends summing when each node is on another leaf.", verify_share
        ),
        Question(
            "uplink", "The slowest uplink (Gbit/s) with which that gang trains at 95 % of the pace of one on a single leaf.", verify_uplink
        ),
        Question("placement", "A placement policy under which gangs are done as soon as can be, within 5 %.", verify_placement),
    ),
)
