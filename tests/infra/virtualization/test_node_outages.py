"""Crashes, cuts and fencing of nodes, as seen by their environments and by whoever waits for news of them (S-33, S-34)."""

from __future__ import annotations

import pytest

from mlplat.errors import MlplatError, OptionError
from mlplat.infra.virtualization import EnvironmentGoneError, Reason, State, StopHook, Usage, UsageCurve

from .small_cluster import SMALL, end_of, image, states, world


def test_a_crash_ends_every_environment_of_the_node_at_that_instant_and_no_other() -> None:
    sim, virtualization = world()
    ended: list[str] = []
    here = [virtualization.start(f"h{i}", node=0, request=SMALL, work_s=100, on_end=lambda e: ended.append(e.name)) for i in range(3)]
    there = virtualization.start("there", node=1, request=SMALL, work_s=100)
    sim.run(until=40)
    virtualization.crash(0)
    virtualization.crash(0)
    assert ended == ["h0", "h1", "h2"] and all(env.reason is Reason.NODE_LOST and env.work_done_s == 40 for env in here)
    sim.run()
    assert end_of(there) == 100


def test_what_is_started_on_a_dead_node_never_begins() -> None:
    sim, virtualization = world()
    virtualization.crash(0)
    env = virtualization.start("late", node=0, request=SMALL, work_s=1, restart="always")
    sim.run(until=100)
    assert env.state is State.PENDING and virtualization.usage(0).cpu_requested == 0
    virtualization.restore(0)
    assert (states(env), env.reason, end_of(env)) == (["pending", "failed"], Reason.NODE_LOST, 100)
    again = virtualization.start("again", node=0, request=SMALL, work_s=1)
    sim.run()
    assert end_of(again) == 101


def test_what_happens_behind_a_cut_is_heard_of_when_the_node_is_back() -> None:
    sim, virtualization = world()
    heard: list[tuple[float, str, str]] = []

    def start(name: str, **options: object) -> object:
        return virtualization.start(
            name,
            node=0,
            request=SMALL,
            on_ready=lambda e: heard.append((sim.now, name, "ready")),
            on_unready=lambda e: heard.append((sim.now, name, "unready")),
            on_end=lambda e: heard.append((sim.now, name, "end")),
            **options,  # type: ignore[arg-type]
        )

    done, loop, long = start("done", work_s=10), start("loop", work_s=12, restart="always"), start("long", work_s=100)
    heard.clear()
    sim.run(until=5)
    virtualization.cut_off(0)
    sim.run(until=30)
    assert heard == [] and done.entered(State.SUCCEEDED) == 10  # type: ignore[attr-defined]
    virtualization.restore(0)
    assert heard == [(30, "done", "end"), (30, "loop", "unready"), (30, "loop", "ready")]
    sim.run(until=100)
    assert end_of(long) == 100 and loop.restarts > 0  # type: ignore[attr-defined, arg-type]


def test_a_stop_reaches_a_cut_off_node_when_it_is_back() -> None:
    sim, virtualization = world()
    env = virtualization.start("w", node=0, request=SMALL)
    virtualization.cut_off(0)
    virtualization.stop(env, Reason.DELETED)
    sim.run(until=50)
    assert env.state is State.RUNNING
    virtualization.restore(0)
    assert (end_of(env), env.reason) == (50, Reason.DELETED)


def test_s34_a_fenced_environment_never_acts_and_ends_as_fenced() -> None:
    sim, virtualization = world()
    heard: list[str] = []
    virtualization.images.register(image("i", ("x", 1000)))
    old = virtualization.start("serve/0", node=0, request=SMALL, on_end=lambda e: heard.append(f"{e.serial} end"))
    done = virtualization.start("done", node=0, request=SMALL, work_s=20, on_end=lambda e: heard.append("done end"))
    loop = virtualization.start("loop", node=0, request=SMALL, work_s=20, restart="always", on_ready=lambda e: heard.append("loop ready"))
    pulling = virtualization.start("pulling", node=0, request=SMALL, image="i")
    heard.clear()
    sim.run(until=5)
    virtualization.cut_off(0)
    late = virtualization.start("late", node=0, request=SMALL)
    sim.run(until=45)
    virtualization.fence(0)
    assert old.fenced and not old.view().alive and old.state is State.RUNNING
    with pytest.raises(EnvironmentGoneError, match="was fenced"):
        old.view().disk.write("model", b"")
    replacement = virtualization.start("serve/0", node=1, request=SMALL)
    sim.run(until=100)
    virtualization.restore(0)
    assert heard == ["done end", "0 end"]
    assert [env.reason for env in (old, loop, pulling, late)] == [Reason.FENCED] * 4 and done.reason is Reason.COMPLETED and done.fenced
    assert all(end_of(env) == 100 for env in (old, loop, pulling, late))
    assert replacement.view().alive and replacement.serial != old.serial
    assert virtualization.usage(0).environments == 0


@pytest.mark.parametrize("write", [5, 30])
def test_s34_a_checkpoint_written_behind_a_cut_does_not_count_once_the_node_is_given_up(write: float) -> None:
    sim, virtualization = world()
    written: list[float] = []
    env = virtualization.start("w", node=0, request=SMALL, stop_hook=StopHook(write, written=lambda e: written.append(sim.now)))
    healed = virtualization.start("h", node=1, request=SMALL, stop_hook=StopHook(write, written=lambda e: written.append(sim.now)))
    sim.run(until=10)
    for node, each in enumerate((env, healed)):
        virtualization.stop(each, Reason.PREEMPTED, 60)
        virtualization.cut_off(node)
    sim.run(until=20)
    virtualization.fence(0)
    sim.run(until=50)
    assert written == [] and env.ended
    for node in range(2):
        virtualization.restore(node)
    assert (written, env.saved_s, healed.saved_s) == ([50], 0, 10)


def test_fencing_a_node_that_can_be_reached_ends_its_environments_at_once() -> None:
    sim, virtualization = world()
    env = virtualization.start("w", node=0, request=SMALL)
    sim.run(until=3)
    virtualization.fence(0)
    assert (env.reason, end_of(env)) == (Reason.FENCED, 3)


def test_a_member_of_a_stopped_gang_holds_its_room_and_does_nothing() -> None:
    sim, virtualization = world()
    member = virtualization.start("gang/1", node=1, request=SMALL, work_s=100, usage=Usage(memory=512))
    sim.run(until=30)
    virtualization.halt(member)
    sim.run(until=1000)
    usage = virtualization.usage(1)
    assert (usage.cpu_requested, usage.cpu_used, usage.memory_used, member.work_done_s) == (1000, 0, 512, 30)
    virtualization.stop(member, Reason.NODE_LOST)
    assert (member.state, member.reason, states(member)) == (
        State.FAILED,
        Reason.NODE_LOST,
        ["pending", "pulling", "starting", "running", "stopping", "failed"],
    )


def test_s31_requested_and_used_are_told_apart() -> None:
    sim, virtualization = world(start_overhead=10)
    virtualization.start("plain", node=0, request=SMALL, work_s=100)
    usage = Usage(cpu=UsageCurve.points([(0, 0), (100, 2000)]), memory=UsageCurve.ramp(100, 2), disk=UsageCurve.constant(7))
    virtualization.start("modelled", node=0, request=SMALL, usage=usage, work_s=1000)
    virtualization.start("gpu", node=0, request=SMALL.__class__(gpus=2), devices=[0, 1])
    sim.run(until=5)
    assert virtualization.usage(0)[5:9] == (0, 0, 0, 0)
    sim.run(until=35)
    at = virtualization.usage(0)
    assert (at.environments, at.cpu_requested, at.memory_requested, at.disk_requested, at.gpu_requested) == (3, 2000, 2048, 2048, 2000)
    assert (at.cpu_used, at.memory_used, at.disk_used, at.gpu_used) == (1000 + 500, 1024 + 150, 1024 + 7, 2000)


def test_one_seed_gives_one_log() -> None:
    def digest() -> str:
        sim, virtualization = world(start_overhead="1s", cache_mib=300)
        virtualization.images.register(image("a", ("base", 100), ("a", 250)))
        for i in range(20):
            sim.at(i, lambda i=i: virtualization.start(f"w{i}", node=i % 2, request=SMALL, image="a", work_s=i, restart="on-failure"))
        sim.at(7, virtualization.crash, 1)
        sim.at(15.5, virtualization.restore, 1)
        sim.run()
        return sim.log.digest()

    assert digest() == digest()


def test_what_a_callback_starts_on_a_node_that_comes_back_is_like_any_other() -> None:
    sim, virtualization = world()
    virtualization.images.register(image("i", ("x", 1000)))
    made = []

    def start_next(_: object) -> None:
        made.append(virtualization.start("next", node=0, request=SMALL, image="i", work_s=1))

    virtualization.start("first", node=0, request=SMALL, work_s=5, on_end=start_next)
    virtualization.cut_off(0)
    sim.run(until=10)
    virtualization.restore(0)
    sim.run()
    assert end_of(made[0]) == pytest.approx(10 + 8.388608 + 1) and made[0].reason is Reason.COMPLETED


@pytest.mark.parametrize("call", ["crash", "cut_off", "fence", "restore", "usage", "running_on", "layer_cache"])
@pytest.mark.parametrize("node", [-1, 3])
def test_a_node_that_does_not_exist_is_refused(call: str, node: int) -> None:
    _, virtualization = world()
    with pytest.raises(OptionError, match=f"node {node}: expected a row from 0 to 2"):
        getattr(virtualization, call)(node)


@pytest.mark.parametrize(
    "options",
    [{"registry_mbps": 0}, {"cache_mib": -1}, {"cache_mib": 1.5}, {"start_overhead": -1}, {"start_overhead": "soon"}, {"events": "some"}],
)
def test_bad_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(MlplatError):
        world(**options)
