"""S-17: crash, memory exhaustion, disk content and names of one environment do not reach another."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlplat.errors import UnknownNameError
from mlplat.infra.virtualization import (
    EnvironmentGoneError,
    Reason,
    RuntimeEnvironment,
    State,
    Usage,
    UsageCurve,
    Virtualization,
)
from mlplat.resources import ResourceRequest

from .small_cluster import SMALL, end_of, states, world

Failing = Callable[[Virtualization, RuntimeEnvironment], None]
FAILURES: dict[str, tuple[Usage | None, Failing | None, Reason]] = {
    "memory": (Usage(memory=UsageCurve.ramp(0, 64)), None, Reason.OOM_KILLED),
    "disk": (Usage(disk=UsageCurve.ramp(0, 64)), None, Reason.DISK_LIMIT),
    "error": (None, lambda v, env: v.exit(env, Reason.ERROR), Reason.ERROR),
    "device": (None, lambda v, env: v.fail_device(0, 0), Reason.DEVICE_FAILED),
    "stop": (None, lambda v, env: v.stop(env, Reason.PREEMPTED), Reason.PREEMPTED),
    "files": (None, lambda v, env: env.view().disk.write("big", b"", size_mib=5000), Reason.DISK_LIMIT),
    "cpu": (Usage(cpu=64_000), lambda v, env: v.exit(env, Reason.ERROR), Reason.ERROR),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_s17_a_neighbour_keeps_result_and_timing_however_the_other_fails(failure: str) -> None:
    usage, act, reason = FAILURES[failure]
    request = ResourceRequest(cpus=1, memory_gib=1, disk_gib=1, gpus=1)

    def neighbour(with_failing: bool) -> tuple[object, ...]:
        sim, virtualization = world(start_overhead=2)
        kept = virtualization.start(
            "kept", node=0, request=request, devices=[1], usage=Usage(cpu=1500, memory=UsageCurve.points([(0, 10), (50, 900)])), work_s=100
        )
        kept.view().disk.write("result", b"mine")
        if with_failing:
            other = virtualization.start("other", node=0, request=request, devices=[0], usage=usage, work_s=1000)
            if act is not None:
                sim.at(30, act, virtualization, other)
            sim.run(until=50)
            assert other.ended and other.reason is reason
        sim.run(until=60)
        content = kept.view().disk.read("result")
        sim.run()
        return kept.state, kept.reason, kept.history, content, kept.work_done_s

    assert neighbour(True) == neighbour(False)
    assert neighbour(True)[:2] == (State.SUCCEEDED, Reason.COMPLETED)


def test_s17_disk_content_is_private_and_gone_at_the_end() -> None:
    sim, virtualization = world()
    first = virtualization.start("first", node=0, request=SMALL, work_s=10)
    second = virtualization.start("second", node=0, request=SMALL, work_s=20)
    disk = first.view().disk
    disk.write("model", b"1")
    second.view().disk.write("model", b"2")
    assert disk.read("model") == b"1" and second.view().disk.read("model") == b"2"
    second.view().disk.write("secret", b"x")
    assert disk.names() == ["model"]
    with pytest.raises(UnknownNameError, match="unknown file 'secret'"):
        disk.read("secret")
    sim.run(until=15)
    with pytest.raises(EnvironmentGoneError, match="'first' has succeeded"):
        disk.read("model")
    with pytest.raises(EnvironmentGoneError):
        _ = first.view().disk
    again = virtualization.start("first", node=0, request=SMALL)
    assert again.view().disk.names() == []


def test_s17_environments_of_one_name_do_not_meet() -> None:
    sim, virtualization = world()
    twins = [virtualization.start("same", node=0, request=SMALL, work_s=10 * (i + 1)) for i in range(2)]
    twins[0].view().log("hello")
    sim.run()
    assert [end_of(twin) for twin in twins] == [10, 20]
    assert [any("hello" in line.text for line in twin.logs()) for twin in twins] == [True, False]


def test_s17_an_environment_sees_its_own_resources_only() -> None:
    _, virtualization = world()
    request = ResourceRequest(cpus=2, memory_gib=4, gpus=2)
    virtualization.start("other", node=0, request=ResourceRequest(cpus=1, gpus=1), devices=[0])
    view = virtualization.start("mine", node=0, request=request, devices=[2, 3]).view()
    assert (view.name, view.cpu_milli, view.memory_mib, view.disk_mib) == ("mine", 2000, 4096, None)
    assert [(d.number, d.model, d.milli, d.memory_mib) for d in view.devices] == [(0, "A100-40", 1000, 40960), (1, "A100-40", 1000, 40960)]
    assert {name for name in dir(view) if not name.startswith("_")} == {
        "alive", "cpu_milli", "devices", "disk", "disk_mib", "entry", "log", "memory_mib", "name",
    }  # fmt: skip


def test_s17_files_count_against_the_disk_limit_beside_the_usage_model() -> None:
    sim, virtualization = world()
    env = virtualization.start("files", node=0, request=SMALL, usage=Usage(disk=UsageCurve.ramp(0, 1)), work_s=2000)
    sim.run(until=100)
    env.view().disk.write("a", b"", size_mib=500)
    assert virtualization.usage(0).disk_used == 600
    env.view().disk.write("a", b"", size_mib=400)
    sim.run(until=200)
    env.view().disk.delete("a")
    env.view().disk.write("b", b"", size_mib=300)
    sim.run()
    assert (env.reason, end_of(env)) == (Reason.DISK_LIMIT, 724)
    assert states(env)[-2:] == ["running", "evicted"]


def test_s17_a_write_within_the_limit_does_not_move_the_end() -> None:
    sim, virtualization = world()
    env = virtualization.start("w", node=0, request=SMALL, usage=Usage(cpu=1700), work_s=77.7)
    plain = virtualization.start("p", node=0, request=SMALL, usage=Usage(cpu=1700), work_s=77.7)
    for second in range(1, 50):
        sim.at(second * 1.1, lambda: env.view().disk.write("log", b"line"))
    sim.run()
    assert end_of(env) == end_of(plain)


def test_s17_files_survive_a_restart_in_place() -> None:
    sim, virtualization = world()
    env = virtualization.start("again", node=0, request=SMALL, work_s=100, restart="on-failure")
    env.view().disk.write("state", b"42")
    virtualization.exit(env, Reason.ERROR)
    sim.run(until=50)
    assert env.restarts == 1 and env.view().disk.read("state") == b"42"
