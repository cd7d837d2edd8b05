"""Jobs that work at a pace of their own, as gangs do over a network, on both clocks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplat.hardware import ClusterSpec
from mlplat.resources import ResourceRequest
from mlplat.workload import JobTrace

from .failure_strategies import checkpoints, incident_lists
from .interrupted_runs import run_interrupted
from .strategies import clusters, traces

FULL = settings().max_examples >= 60
EXAMPLES = 200 if FULL else settings().max_examples
QUEUES = ("fifo", "best-effort-fifo", "sjf", "easy", "priority", "srtf", "las", "drf", "conservative")
PACES = (1.0, 0.5, 0.25, 0.8)


def pace_of(job: int) -> float:
    return PACES[job % len(PACES)]


@st.composite
def cases(draw: Any) -> dict[str, Any]:
    spec = draw(clusters().filter(lambda spec: not spec.pool))
    return {
        "spec": spec,
        "trace": draw(traces(spec, max_jobs=14)),
        "queue": draw(st.sampled_from(QUEUES)),
        "placement": draw(st.sampled_from(("first-fit", "best-fit", "topology"))),
        "incidents": draw(incident_lists(spec)),
        "checkpoint": draw(checkpoints()),
        "scrape": draw(st.sampled_from((None, None, 2.5))),
        "until": draw(st.sampled_from((20.0, 60.0, 200.0))),
    }


@settings(max_examples=EXAMPLES)
@given(cases())
def test_both_clocks_give_equal_frames(case: Any) -> None:
    compiled, live = (run_interrupted(**case, pace_of=pace_of, clock=clock) for clock in ("replay", "simpy"))
    assert compiled.jobs.equals(live.jobs)
    assert compiled.attempts.equals(live.attempts)
    assert compiled.fingerprint == live.fingerprint


@settings(max_examples=EXAMPLES)
@given(st.data())
def test_at_half_the_pace_a_run_is_that_of_twice_the_work(data: Any) -> None:
    spec = data.draw(clusters().filter(lambda spec: not spec.pool))
    trace = data.draw(traces(spec, max_jobs=14))
    queue = data.draw(st.sampled_from(("fifo", "best-effort-fifo", "sjf", "priority")))
    slow = run_interrupted(spec, trace, queue=queue, placement="best-fit", pace_of=lambda job: 0.5)
    twice = replace(trace, duration=2 * trace.duration, estimate=2 * trace.estimate)
    long = run_interrupted(spec, twice, queue=queue, placement="best-fit")
    assert slow.jobs["start_s"].equals(long.jobs["start_s"])
    assert slow.jobs["end_s"].to_numpy() == pytest.approx(long.jobs["end_s"].to_numpy(), nan_ok=True)


def test_a_job_is_done_after_its_work_at_its_pace_and_what_is_lost_is_work() -> None:
    """At pace 1/2, a crash after 30 s: 15 s of work, 10 of them saved."""
    spec = ClusterSpec.uniform(nodes=2, cpus=1, memory_gib=1)
    trace = JobTrace.build(submit=[0.0], duration=[100.0], request=[0], requests=[ResourceRequest(cpus=1)])
    assert run_interrupted(spec, trace, queue="fifo", placement="first-fit", pace_of=lambda job: 0.5).jobs["end_s"].to_list() == [200.0]
    from mlplat.infra.kernels.attempt_state import Incident

    from .naive_attempts import NaiveCheckpoint

    incidents = [(30.0, int(Incident.CRASH), 0, -1, 0.0), (30.0, int(Incident.LOST), 0, -1, 0.0)]
    checkpoint = NaiveCheckpoint(interval=10.0, write=0.0, restart=0.0)
    result = run_interrupted(
        spec, trace, queue="fifo", placement="first-fit", pace_of=lambda job: 0.5, incidents=incidents, checkpoint=checkpoint
    )
    assert result.attempts.select("saved_s", "lost_s").rows() == [(10.0, 5.0), (90.0, 0.0)]
    assert result.jobs["end_s"].to_list() == [30.0 + 180.0]
