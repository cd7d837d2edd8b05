"""S-18: memory above its limit ends an environment at that simulated instant with OOM_KILLED."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlplat.infra.virtualization import Reason, State, Usage, UsageCurve
from mlplat.resources import ResourceRequest

from .small_cluster import SMALL, end_of, told, world


@given(st.integers(0, 1023), st.integers(1, 50), st.integers(0, 20))
def test_s18_the_instant_is_the_crossing_of_the_usage_model(first: int, growth: int, overhead: int) -> None:
    sim, virtualization = world(start_overhead=overhead)
    env = virtualization.start("leak", node=0, request=SMALL, usage=Usage(memory=UsageCurve.ramp(first, growth)), work_s=1e6)
    sim.run()
    assert end_of(env) == overhead + (1024 - first) / growth
    assert (env.state, env.reason) == (State.FAILED, Reason.OOM_KILLED)
    assert told(sim, env)[-1] == (end_of(env), "runtime.finished")


def test_s18_its_memory_is_free_again_and_neighbours_run_on() -> None:
    sim, virtualization = world()
    half = ResourceRequest(cpus=1, memory_gib=32)
    kept = virtualization.start("kept", node=0, request=half, work_s=100)
    virtualization.start("leak", node=0, request=half, usage=Usage(memory=UsageCurve.ramp(0, 1024)), work_s=1000)
    sim.run(until=31)
    assert virtualization.usage(0).memory_requested == 65536
    sim.run(until=32)
    assert virtualization.usage(0).memory_requested == 32768
    virtualization.start("next", node=0, request=half, work_s=1)
    sim.run()
    assert end_of(kept) == 100 and kept.reason is Reason.COMPLETED


def test_s18_a_jump_over_the_limit_kills_at_the_jump() -> None:
    sim, virtualization = world()
    usage = Usage(memory=UsageCurve.points([(0, 100), (60, 100), (60, 2000)]))
    env = virtualization.start("jump", node=0, request=SMALL, usage=usage, work_s=1000)
    sim.run()
    assert (end_of(env), env.reason) == (60, Reason.OOM_KILLED)


def test_s18_at_the_limit_is_not_above_it() -> None:
    sim, virtualization = world()
    usage = Usage(memory=UsageCurve.points([(0, 0), (60, 1024)]))
    env = virtualization.start("full", node=0, request=SMALL, usage=usage, work_s=1000)
    sim.run()
    assert (end_of(env), env.reason) == (1000, Reason.COMPLETED)


def test_s18_work_that_is_done_at_the_crossing_is_done() -> None:
    sim, virtualization = world()
    env = virtualization.start("tie", node=0, request=SMALL, usage=Usage(memory=UsageCurve.ramp(0, 1024)), work_s=1)
    sim.run()
    assert (end_of(env), env.reason) == (1, Reason.COMPLETED)


def test_s18_without_a_limit_memory_may_grow() -> None:
    sim, virtualization = world()
    usage = Usage(memory=UsageCurve.ramp(0, 1024))
    env = virtualization.start("free", node=0, request=ResourceRequest(cpus=1), usage=usage, work_s=1000)
    sim.run()
    assert env.reason is Reason.COMPLETED
