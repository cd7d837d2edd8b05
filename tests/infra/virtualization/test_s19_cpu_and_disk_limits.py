"""S-19: CPU use above the limit is throttled, disk use above the limit is evicted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.infra.virtualization import Reason, State, Usage, UsageCurve
from mlplat.resources import ResourceRequest

from .small_cluster import SMALL, end_of, world


def test_s19_at_half_the_cpu_it_wants_work_takes_twice_as_long_and_does_not_fail() -> None:
    sim, virtualization = world()
    env = virtualization.start("slow", node=0, request=ResourceRequest(cpus=2), usage=Usage(cpu=4000), work_s=123.4)
    sim.run()
    assert end_of(env) == 2 * 123.4
    assert (env.state, env.reason, env.work_done_s) == (State.SUCCEEDED, Reason.COMPLETED, 123.4)


@given(st.integers(1, 16_000), st.integers(1, 16), st.floats(0, 1e5))
def test_s19_pace_is_limit_over_wanted_and_at_most_one(wanted: int, cpus: int, work: float) -> None:
    sim, virtualization = world()
    env = virtualization.start("w", node=0, request=ResourceRequest(cpus=cpus), usage=Usage(cpu=wanted), work_s=work)
    sim.run()
    assert end_of(env) == pytest.approx(work / min(1, 1000 * cpus / wanted), rel=1e-12, abs=1e-12)


def test_s19_throttling_follows_what_is_wanted_over_time() -> None:
    sim, virtualization = world()
    usage = Usage(cpu=UsageCurve.points([(0, 500), (100, 500), (100, 4000), (200, 4000), (200, 1000)]))
    env = virtualization.start("phases", node=0, request=ResourceRequest(cpus=1), usage=usage, work_s=300)
    sim.run(until=300)
    assert env.work_done_s == 150
    assert virtualization.usage(0).cpu_used == 1000
    sim.run()
    assert end_of(env) == 100 + 400 + 100


def test_s19_a_throttled_program_comes_later_to_its_memory_limit() -> None:
    sim, virtualization = world()
    usage = Usage(cpu=4000, memory=UsageCurve.ramp(0, 1))
    env = virtualization.start("slow leak", node=0, request=ResourceRequest(cpus=1, memory_gib=1), usage=usage, work_s=1e6)
    sim.run()
    assert (end_of(env), env.reason) == (4096, Reason.OOM_KILLED)


def test_s19_disk_overrun_is_evicted_at_the_crossing() -> None:
    sim, virtualization = world()
    kept = virtualization.start("kept", node=0, request=SMALL, work_s=500)
    env = virtualization.start("logs", node=0, request=SMALL, usage=Usage(disk=UsageCurve.ramp(24, 10, per="1m")), work_s=1e6)
    sim.run()
    assert (env.state, env.reason, end_of(env)) == (State.EVICTED, Reason.DISK_LIMIT, 6000)
    assert end_of(kept) == 500


def test_s19_memory_goes_before_disk_at_one_instant() -> None:
    sim, virtualization = world()
    ramp = UsageCurve.ramp(0, 1)
    env = virtualization.start("both", node=0, request=SMALL, usage=Usage(memory=ramp, disk=ramp), work_s=1e6)
    sim.run()
    assert env.reason is Reason.OOM_KILLED
