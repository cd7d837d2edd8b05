"""S-22: restart policies with capped exponential back-off, and a grace period in which a stop hook may write a checkpoint."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError, UnknownNameError
from mlplat.infra.virtualization import Reason, RestartPolicy, RuntimeEnvironment, State, StopHook, Usage, UsageCurve, restart_policy

from .small_cluster import SMALL, end_of, states, world


def test_s22_restart_times_are_the_back_off_sequence() -> None:
    sim, virtualization = world()
    env = virtualization.start(
        "loop", node=0, request=SMALL, usage=Usage(memory=UsageCurve.ramp(0, 1024)), work_s=100, restart="on-failure"
    )
    sim.run(until=2000)
    waits = [10, 20, 40, 80, 160, 300, 300, 300, 300, 300]
    expected, time = [], 0.0
    for wait in waits:
        time += 1 + wait
        expected.append(time)
    assert [event.time for event in sim.log.select(predicate="runtime.restarted")] == [t for t in expected if t <= 2000]
    assert [event.data["wait_s"] for event in sim.log.select(predicate="runtime.exited")][:7] == waits[:7]
    assert states(env) == ["pending", "pulling", "starting", "running"]


@given(
    st.lists(st.sampled_from([0.5, 3.0, 29.0, 30.0, 31.0, 100.0]), min_size=1, max_size=12),
    st.sampled_from([1.0, 10.0]),
    st.sampled_from([10.0, 75.0, 300.0]),
    st.sampled_from([0.0, 2.0]),
)
def test_s22_waits_double_up_to_the_cap_and_start_anew_after_a_long_run(
    runs: list[float], base: float, cap: float, overhead: float
) -> None:
    sim, virtualization = world(start_overhead=overhead)
    policy = RestartPolicy("always", base_s=base, cap_s=cap, reset_s=30.0)
    ups: list[float] = []

    def up(env: RuntimeEnvironment) -> None:
        ups.append(sim.now)
        if len(ups) <= len(runs):
            sim.after(runs[len(ups) - 1], virtualization.exit, env, Reason.ERROR)

    virtualization.start("w", node=0, request=SMALL, restart=policy, on_ready=up)
    sim.run(until=1e5)
    expected, wait = [overhead], 0.0
    for ran in runs:
        wait = base if wait == 0 or ran >= 30 else min(wait * 2, cap)
        expected.append(expected[-1] + ran + wait + overhead)
    assert ups == pytest.approx(expected)


@pytest.mark.parametrize(
    ("kind", "reason", "again"),
    [
        ("never", Reason.COMPLETED, False),
        ("never", Reason.ERROR, False),
        ("on-failure", Reason.COMPLETED, False),
        ("on-failure", Reason.ERROR, True),
        ("always", Reason.COMPLETED, True),
        ("always", Reason.ERROR, True),
    ],
)
def test_s22_policy_decides_by_how_the_program_ended(kind: str, reason: Reason, again: bool) -> None:
    sim, virtualization = world()
    env = virtualization.start("w", node=0, request=SMALL, restart=kind)  # type: ignore[arg-type]
    sim.run(until=5)
    virtualization.exit(env, reason)
    assert env.ended is not again
    sim.run(until=20)
    assert env.restarts == int(again) and env.ready is again
    assert env.ended or env.work_done_s == 5


def test_s22_what_the_infrastructure_ends_is_not_restarted_in_place() -> None:
    sim, virtualization = world()
    lost = virtualization.start("lost", node=0, request=SMALL, restart="always")
    full = virtualization.start("full", node=1, request=SMALL, restart="always", usage=Usage(disk=UsageCurve.ramp(0, 1024)))
    stopped = virtualization.start("stopped", node=1, request=SMALL, restart="always")
    sim.run(until=2)
    virtualization.crash(0)
    virtualization.stop(stopped)
    sim.run()
    assert [env.reason for env in (lost, full, stopped)] == [Reason.NODE_LOST, Reason.DISK_LIMIT, Reason.DELETED]


def test_s22_node_and_resources_are_kept_while_it_backs_off() -> None:
    sim, virtualization = world()
    calls: list[tuple[float, str]] = []
    env = virtualization.start(
        "w",
        node=0,
        request=SMALL,
        restart="on-failure",
        on_ready=lambda e: calls.append((sim.now, "ready")),
        on_unready=lambda e: calls.append((sim.now, "unready")),
        on_end=lambda e: calls.append((sim.now, "end")),
    )
    sim.run(until=5)
    virtualization.exit(env, Reason.ERROR)
    sim.run(until=10)
    usage = virtualization.usage(0)
    assert (usage.cpu_requested, usage.memory_requested, usage.cpu_used, usage.memory_used) == (1000, 1024, 0, 0)
    assert env.state is State.RUNNING and not env.ready
    sim.run(until=20)
    virtualization.stop(env)
    assert calls == [(0, "ready"), (5, "unready"), (15, "ready"), (20, "end")]
    assert [line.text for line in env.logs() if "restart" in line.text] == ["program ended: ERROR; restart in 10 s", "restart 1"]


def test_s22_after_the_most_restarts_allowed_the_next_end_is_the_last() -> None:
    sim, virtualization = world()
    policy = RestartPolicy("always", max_restarts=2)
    env = virtualization.start("w", node=0, request=SMALL, work_s=1, restart=policy)
    sim.run()
    assert (env.restarts, env.reason, end_of(env)) == (2, Reason.COMPLETED, 1 + 10 + 1 + 20 + 1)


def test_s22_a_stop_during_back_off_ends_at_once() -> None:
    sim, virtualization = world()
    env = virtualization.start("w", node=0, request=SMALL, restart="always", stop_hook=StopHook(5))
    sim.run(until=5)
    virtualization.exit(env, Reason.ERROR)
    sim.run(until=8)
    virtualization.stop(env, Reason.DRAINED, "1m")
    assert (end_of(env), env.saved_s) == (8, 0)
    sim.run()
    assert env.restarts == 0


@pytest.mark.parametrize(
    ("write", "grace", "ends", "saved"),
    [(30, 60, 130, True), (60, 60, 160, True), (61, 60, 160, False), (0, 0, 100, True), (1, 0, 100, False), (0, 60, 100, True)],
)
def test_s22_a_stop_hook_may_write_within_the_grace_and_not_after(write: float, grace: float, ends: float, saved: bool) -> None:
    sim, virtualization = world()
    written: list[float] = []
    hook = StopHook(write, written=lambda env: written.append(sim.now))
    env = virtualization.start("w", node=0, request=SMALL, work_s=1000, stop_hook=hook)
    neighbour = virtualization.start("n", node=0, request=SMALL, work_s=1000)
    sim.run(until=100)
    virtualization.stop(env, Reason.PREEMPTED, grace)
    sim.run()
    assert (end_of(env), env.state, env.reason) == (ends, State.EVICTED, Reason.PREEMPTED)
    assert env.saved_s == (100 if saved else 0)
    assert written == ([ends] if saved else [])
    assert [event.data["work_s"] for event in sim.log.select(predicate="checkpoint.written")] == ([100] if saved else [])
    assert end_of(neighbour) == 1000


def test_s22_room_is_held_while_the_checkpoint_is_written() -> None:
    sim, virtualization = world()
    env = virtualization.start("w", node=0, request=SMALL, stop_hook=StopHook("30s"))
    sim.run(until=100)
    virtualization.stop(env, Reason.DRAINED, "1m")
    sim.run(until=129)
    assert virtualization.usage(0).cpu_requested == 1000 and not env.ready
    sim.run(until=130)
    assert virtualization.usage(0).cpu_requested == 0


def test_s22_work_does_not_go_on_during_the_grace() -> None:
    sim, virtualization = world()
    env = virtualization.start("w", node=0, request=SMALL, work_s=110, stop_hook=StopHook(50))
    sim.run(until=100)
    virtualization.stop(env, Reason.PREEMPTED, 60)
    sim.run()
    assert (env.reason, env.saved_s, env.work_done_s, end_of(env)) == (Reason.PREEMPTED, 100, 100, 150)


def test_s22_a_second_stop_counts_only_if_it_ends_earlier() -> None:
    for second_grace, ends, saved in ((100, 130, 100), (25, 135, 100), (5, 115, 0), (0, 110, 0)):
        sim, virtualization = world()
        env = virtualization.start("w", node=0, request=SMALL, stop_hook=StopHook(30))
        sim.run(until=100)
        virtualization.stop(env, Reason.PREEMPTED, 60)
        sim.run(until=110)
        virtualization.stop(env, Reason.DELETED, second_grace)
        sim.run()
        assert (end_of(env), env.saved_s, env.reason) == (min(ends, 130), saved, Reason.PREEMPTED)


def test_s22_a_crash_ends_the_writing() -> None:
    sim, virtualization = world()
    env = virtualization.start("w", node=0, request=SMALL, stop_hook=StopHook(30))
    sim.run(until=100)
    virtualization.stop(env, Reason.PREEMPTED, 60)
    sim.run(until=110)
    virtualization.crash(0)
    sim.run()
    assert (env.reason, env.saved_s, end_of(env)) == (Reason.NODE_LOST, 0, 110)


def test_s22_a_program_that_hangs_writes_nothing() -> None:
    sim, virtualization = world()
    hanging = virtualization.start("hanging", node=0, request=SMALL, work_s=100, stop_hook=StopHook(10))
    writing = virtualization.start("writing", node=0, request=SMALL, work_s=100, stop_hook=StopHook(10))
    sim.run(until=50)
    virtualization.halt(hanging)
    virtualization.stop(writing, Reason.PREEMPTED, 20)
    sim.run(until=55)
    virtualization.halt(writing)
    sim.run(until=200)
    assert hanging.state is State.RUNNING and hanging.work_done_s == 50 and not hanging.ready
    assert (end_of(writing), writing.saved_s) == (70, 0)
    virtualization.stop(hanging, Reason.DRAINED, 20)
    assert (end_of(hanging), hanging.saved_s) == (200, 0)


def test_s22_a_hook_may_start_and_stop_others() -> None:
    sim, virtualization = world()
    other = virtualization.start("other", node=0, request=SMALL)
    hook = StopHook(5, written=lambda env: virtualization.stop(other))
    env = virtualization.start(
        "w", node=0, request=SMALL, stop_hook=hook, on_end=lambda e: virtualization.start("next", node=0, request=SMALL, work_s=1)
    )
    virtualization.stop(env, Reason.DELETED, 10)
    sim.run()
    assert end_of(other) == end_of(env) == 5 and end_of_name(sim, "next") == 6


def end_of_name(sim: object, name: str) -> float:
    return sim.log.select(subject=f"runtime:{name}", predicate="runtime.finished")[0].time  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: RestartPolicy("sometimes"), UnknownNameError),  # type: ignore[arg-type]
        (lambda: RestartPolicy("always", base_s=0), OptionError),
        (lambda: RestartPolicy("always", base_s=20, cap_s=10), OptionError),
        (lambda: RestartPolicy("always", reset_s=math.nan), OptionError),
        (lambda: RestartPolicy("always", max_restarts=-1), OptionError),
        (lambda: RestartPolicy("always", max_restarts=1.5), OptionError),  # type: ignore[arg-type]
        (lambda: StopHook(-1), OptionError),
        (lambda: StopHook("soon"), OptionError),
    ],
)
def test_s22_a_bad_policy_is_refused(make: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        make()  # type: ignore[operator]


def test_s22_a_policy_is_known_by_name() -> None:
    assert restart_policy("on-failure") == RestartPolicy("on-failure")
    assert restart_policy(RestartPolicy("always", max_restarts=3)).max_restarts == 3
