"""A live cluster under a schedule of outages does what a replay of the same jobs and outages does, bit for bit (S-30, S-32, S-33)."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.context import Simulation
from mlplat.hardware import ClusterSpec, Outages
from mlplat.infra.cluster import Cluster
from mlplat.infra.incidents import Damping, Detection
from mlplat.infra.kernels.attempt_state import Outcome
from mlplat.infra.records import attempts_of
from mlplat.infra.workload_spec import Workload
from mlplat.resources import ResourceRequest
from mlplat.workload import JobTrace

SPEC = ClusterSpec.uniform(nodes=3, cpus=8, memory_gib=32, gpus=4, gpu_model="A100-40")
REQUESTS = [ResourceRequest(cpus=2), ResourceRequest(cpus=4, gpus=1), ResourceRequest(cpus=1, gpus=2), ResourceRequest(gpu_milli=400)]
DETECTION = Detection(damping=Damping(times=2, window="20m", hold="3m"))
Attempt = tuple[int, float, float, float, int, float, float]


def jobs(draw: random.Random, count: int, gangs: bool) -> JobTrace:
    return JobTrace.build(
        submit=sorted(round(draw.uniform(0, 900), 1) for _ in range(count)),
        duration=[draw.choice([20.0, 120.0, 600.0, 33.3]) for _ in range(count)],
        request=[draw.randrange(len(REQUESTS)) for _ in range(count)],
        replicas=[draw.choice([1, 1, 2, 4]) if gangs else 1 for _ in range(count)],
        requests=REQUESTS,
    )


def outages(draw: random.Random, gangs: bool) -> Outages:
    rows = []
    for _ in range(draw.randrange(8)):
        kind = draw.choice(["node", "rack", "device", "maintenance", "maintenance", *([] if gangs else ["partition"])])
        start = round(draw.uniform(0, 1200), draw.choice([0, 3]))
        device = draw.randrange(4) if kind == "device" else -1
        lead = (draw.choice([0, 30, 100]), draw.choice([0, 5, 20])) if kind == "maintenance" else (0, 0)
        rows.append((start, start + draw.choice([3.0, 45.0, 60.0, 300.0]), kind, draw.randrange(3), device, *lead))
    names = ("start", "end", "kind", "node", "device", "notice", "grace")
    return Outages.build(**{name: [row[i] for row in rows] for i, name in enumerate(names)})


def lived(trace: JobTrace, broken: Outages, checkpoint: str, queue: str, placement: str) -> tuple[list[Attempt], Simulation, Cluster]:
    sim = Simulation()
    world = Cluster(sim, SPEC, queue=queue, placement=placement, detection=DETECTION, scrape_period=None)
    world.hardware.follow(broken)
    for job in range(len(trace)):
        request, replicas = REQUESTS[int(trace.request[job])], int(trace.replicas[job])
        work = Workload(f"j{job}", request, duration=float(trace.duration[job]), replicas=replicas, checkpoint=checkpoint)
        sim.at(float(trace.submit[job]), world.run_workload, work)
    sim.run()
    made = attempts_of(world.scheduler.run)
    columns = (made.job, made.start, made.stop, made.end, made.outcome, made.saved, made.lost)
    return sorted(zip(*(column.tolist() for column in columns), strict=True)), sim, world


def replayed(trace: JobTrace, broken: Outages, checkpoint: str, queue: str, placement: str) -> list[Attempt]:
    options = {"queue": queue, "placement": placement, "checkpoint": checkpoint, "detection": DETECTION}
    frame = mp.replay(SPEC, trace, failures=broken, **options).attempts.unique(["job", "attempt"])  # type: ignore[arg-type]
    code = {outcome.name.lower(): int(outcome) for outcome in Outcome}
    columns = [frame[name].to_list() for name in ("job", "start_s", "stop_s", "end_s")]
    columns += [[code[name] for name in frame["outcome"].to_list()], frame["saved_s"].to_list(), frame["lost_s"].to_list()]
    return sorted(zip(*columns, strict=True))


@pytest.mark.parametrize(
    ("queue", "checkpoint"),
    [
        ("fifo", "every 1m write 4s restart 2s"),
        ("best-effort-fifo", "none"),
        ("easy", "every 1m write 0s restart 2s"),
        ("srtf", "none"),
        ("las", "every 1m write 4s restart 2s"),
    ],
)
@given(st.integers(0, 10**6), st.booleans())
def test_s30_live_and_replay_agree_under_the_same_outages(queue: str, checkpoint: str, seed: int, gangs: bool) -> None:
    draw = random.Random(seed)
    trace, broken = jobs(draw, 25, gangs), outages(draw, gangs)
    made, sim, world = lived(trace, broken, checkpoint, queue, "best-fit")
    assert made == replayed(trace, broken, checkpoint, queue, "best-fit")
    assert not sim.log.check(outside=["workload.submitted", "node.failed", "node.partitioned", "device.failed", "node.cordoned"])
    for record in world.workloads.values():
        finished = sim.log.select(subject=f"workload:{record.name}", predicate="workload.finished")
        assert len(finished) == (record.status.value == "succeeded") and record.status.value in ("succeeded", "rejected", "pending")
    for node in range(len(SPEC.nodes())):
        assert world.virtualization.running_on(node) == ()
