"""S-20: environments move along their life cycle only, with an event for each change, and hold their room from start to end."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mlplat.errors import OptionError, UnknownNameError
from mlplat.infra.virtualization import (
    IllegalTransitionError,
    OccupiedError,
    Reason,
    RestartPolicy,
    RuntimeEnvironment,
    State,
    StopHook,
    Usage,
    UsageCurve,
)
from mlplat.resources import ResourceRequest

from .small_cluster import SMALL, image, predicate_of, states, told, world

CHAIN = ["pending", "pulling", "starting", "running", "stopping"]
ENDS = {"succeeded", "failed", "evicted"}
IMAGES = [image("a", ("base", 100), ("a", 50)), image("b", ("base", 100), ("b", 500))]
NODES = st.integers(0, 1)
TIMES = st.sampled_from([0.0, 0.5, 1.0, 2.0, 10.0, 60.0])


def is_a_life(seen: list[str]) -> bool:
    """Along the chain without a gap, and then, maybe, one end; success only after all of the chain."""
    path = seen[:-1] if seen[-1] in ENDS else seen
    return path == CHAIN[: len(path)] and len(path) >= 1 and (seen[-1] != "succeeded" or path == CHAIN)


def test_s20_a_plain_life() -> None:
    sim, virtualization = world(start_overhead=3, images=None)
    env = virtualization.start("plain", node=0, request=SMALL, work_s=10)
    sim.run()
    assert env.history == (
        (State.PENDING, 0), (State.PULLING, 0), (State.STARTING, 0), (State.RUNNING, 3), (State.STOPPING, 13), (State.SUCCEEDED, 13),
    )  # fmt: skip
    assert told(sim, env) == [(time, predicate_of(state)) for state, time in env.history]
    assert sim.log[-1].data == {"reason": "COMPLETED", "outcome": "success"}
    assert [line.text for line in env.logs()] == [
        "bound to gpu-0: 1 CPU, 1 GiB, 1 GiB disk",
        "no image to pull",
        "starting",
        "started",
        "stopping",
        "succeeded: COMPLETED, the program has done its work",
    ]


def test_s20_brief_events_leave_the_history_whole() -> None:
    full, brief = [], []
    for events, kept in (("all", full), ("brief", brief)):
        sim, virtualization = world(events=events)
        envs = [
            virtualization.start("w", node=0, request=SMALL, work_s=w, restart=r) for w, r in ((5, "never"), (7, "never"), (1, "always"))
        ]
        sim.run(until=100)
        kept += [env.history for env in envs]
        seen = {event.predicate for event in sim.log}
        assert ("runtime.stopping" in seen) == (events == "all") and "runtime.finished" in seen
    assert full == brief


@pytest.mark.parametrize(("at", "state"), [(0.0, "pulling"), (2.0, "pulling"), (3.0, "starting"), (7.0, "running"), (12.0, "stopping")])
def test_s20_failure_is_possible_from_each_state(at: float, state: str) -> None:
    sim, virtualization = world(start_overhead=3, registry_mbps=8.388608)
    virtualization.images.register(image("i", ("x", 3)))
    env = virtualization.start("env", node=0, request=SMALL, image="i", stop_hook=StopHook(5))
    sim.at(8, virtualization.stop, env, Reason.PREEMPTED, 100)
    sim.run(until=at)
    assert env.state.value == state
    virtualization.crash(0)
    sim.run()
    assert env.history[-1] == (State.FAILED, at) and env.reason is Reason.NODE_LOST and env.saved_s == 0
    assert is_a_life(states(env))


def test_s20_an_illegal_change_raises_and_changes_nothing() -> None:
    sim, virtualization = world()
    env = virtualization.start("w", node=0, request=SMALL, work_s=1)
    sim.run()
    with pytest.raises(IllegalTransitionError, match="'w' is succeeded and cannot become running; after succeeded comes nothing"):
        env._enter(State.RUNNING, 5.0)
    assert env.state is State.SUCCEEDED and env.history[-1] == (State.SUCCEEDED, 1)


def test_s20_calls_about_an_ended_environment_have_no_effect() -> None:
    sim, virtualization = world()
    env = virtualization.start("w", node=0, request=SMALL, work_s=1)
    sim.run()
    before = len(sim.log)
    virtualization.stop(env)
    virtualization.exit(env, Reason.ERROR)
    virtualization.halt(env)
    assert len(sim.log) == before and env.reason is Reason.COMPLETED


@pytest.mark.parametrize("events", ["all", "brief"])
def test_s20_events_follow_from_what_was_given_as_cause(events: str) -> None:
    sim, virtualization = world(events=events)
    bound = sim.emit("workload:w", "workload.bound", source="scheduler")
    env = virtualization.start("w", node=0, request=SMALL, work_s=1, cause=bound)
    virtualization.start("w2", node=0, request=SMALL, on_end=lambda e: sim.emit("workload:w2", "workload.finished", source="cluster"))
    failed = sim.emit("node:gpu-0", "node.failed", source="hardware")
    sim.at(2, virtualization.crash, 0)
    sim.run(until=1)
    assert env.ended and sim.log.causes(env.last_event)[-1] == bound
    virtualization.crash(0, cause=failed)
    finished = sim.log.select(predicate="workload.finished")[0]
    assert [event.predicate for event in sim.log.causes(finished)] == ["runtime.finished", "node.failed"]
    preempted = sim.emit("workload:v", "workload.preempted", source="scheduler")
    victim = virtualization.start("v", node=1, request=SMALL, stop_hook=StopHook(1))
    virtualization.stop(victim, Reason.PREEMPTED, 5, cause=preempted)
    sim.run()
    assert sim.log.causes(victim.last_event)[-1] == preempted
    assert sim.log.check() == []


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({"node": 3}, OptionError),
        ({"node": -1}, OptionError),
        ({"work_s": -1.0}, OptionError),
        ({"work_s": math.nan}, OptionError),
        ({"name": ""}, OptionError),
        ({"name": "\ud800"}, OptionError),
        ({"cause": 99}, OptionError),
        ({"work_s": "long"}, OptionError),
        ({"image": 5}, OptionError),
        ({"image": "\ud800"}, OptionError),
        ({"resumed_from": "\ud800"}, OptionError),
        ({"usage": 5}, OptionError),
        ({"stop_hook": 5}, OptionError),
        ({"restart": "sometimes"}, UnknownNameError),
        ({"request": ResourceRequest(cpus=17)}, OccupiedError),
        ({"request": ResourceRequest(memory_gib=65)}, OccupiedError),
        ({"request": ResourceRequest(gpus=1)}, OccupiedError),
        ({"devices": [0]}, OccupiedError),
        ({"request": ResourceRequest(gpus=1), "devices": [4]}, OccupiedError),
        ({"request": ResourceRequest(gpus=1), "devices": [-1]}, OccupiedError),
        ({"request": ResourceRequest(gpus=2), "devices": [1, 1]}, OccupiedError),
        ({"request": ResourceRequest(mig="1g.5gb"), "devices": [1], "mig_start": 0}, OccupiedError),
    ],
)
def test_s20_a_refused_start_leaves_no_trace(bad: dict[str, object], error: type[Exception]) -> None:
    sim, virtualization = world()
    with pytest.raises(error):
        virtualization.start(**({"name": "w", "node": 0, "request": SMALL, "work_s": 1.0} | bad))  # type: ignore[arg-type]
    assert len(sim.log) == 0 and sim.peek() == math.inf
    assert virtualization.usage(0)[:5] == (0, 0, 0, 0, 0) and virtualization.running_on(0) == ()


class LifeCycle(RuleBasedStateMachine):
    """Anything that can be done, in any order, on two nodes with four devices each."""

    @initialize(overhead=st.sampled_from([0, 1]), cache=st.sampled_from([None, 0, 200]))
    def begin(self, overhead: int, cache: int | None) -> None:
        self.sim, self.virtualization = world(start_overhead=overhead, cache_mib=cache)
        for each in IMAGES:
            self.virtualization.images.register(each)
        self.envs: list[RuntimeEnvironment] = []
        self.ended: Counter[int] = Counter()
        self.ups: list[tuple[int, str]] = []
        self.unreachable: set[int] = set()

    def pick(self, number: int) -> RuntimeEnvironment:
        return self.envs[number % len(self.envs)]

    @rule(
        node=NODES,
        device=st.integers(-1, 3),
        image_name=st.sampled_from([None, None, "a", "b", "missing"]),
        usage=st.sampled_from([None, Usage(cpu=3000), Usage(memory=UsageCurve.ramp(0, 512)), Usage(disk=UsageCurve.ramp(0, 200))]),
        work=st.sampled_from([0.0, 1.0, 7.5, math.inf]),
        restart=st.sampled_from(["never", "on-failure", RestartPolicy("always", base_s=1, cap_s=4, reset_s=5)]),
        hook=st.sampled_from([None, StopHook(0), StopHook(2)]),
    )
    def start(self, node, device, image_name, usage, work, restart, hook) -> None:  # type: ignore[no-untyped-def]
        request = ResourceRequest(cpus=1, memory_gib=1, disk_gib=1, gpu_milli=400 if device >= 0 else 0)
        name = f"env-{len(self.envs)}"
        try:
            env = self.virtualization.start(
                name,
                node=node,
                request=request,
                devices=[device] if device >= 0 else [],
                image=image_name,
                usage=usage,
                work_s=work,
                restart=restart,
                stop_hook=hook,
                on_ready=lambda e: self.ups.append((e.serial, "ready")),
                on_unready=lambda e: self.ups.append((e.serial, "unready")),
                on_end=lambda e: self.ended.update([e.serial]),
            )
        except OccupiedError:
            return
        self.envs.append(env)

    @rule(by=TIMES)
    def wait(self, by: float) -> None:
        self.sim.run(until=self.sim.now + by)

    @precondition(lambda self: self.envs)
    @rule(number=st.integers(0, 50), grace=TIMES, reason=st.sampled_from([Reason.DELETED, Reason.PREEMPTED, Reason.DRAINED, Reason.IDLE]))
    def stop(self, number: int, grace: float, reason: Reason) -> None:
        self.virtualization.stop(self.pick(number), reason, grace)

    @precondition(lambda self: self.envs)
    @rule(number=st.integers(0, 50), reason=st.sampled_from([Reason.COMPLETED, Reason.ERROR]))
    def exit(self, number: int, reason: Reason) -> None:
        self.virtualization.exit(self.pick(number), reason)

    @precondition(lambda self: self.envs)
    @rule(number=st.integers(0, 50))
    def halt(self, number: int) -> None:
        self.virtualization.halt(self.pick(number))

    @precondition(lambda self: self.envs)
    @rule(number=st.integers(0, 50), size=st.sampled_from([10, 600, 2000]))
    def write(self, number: int, size: int) -> None:
        view = self.pick(number).view()
        if view.alive:
            view.disk.write("file", b"", size_mib=size)

    @rule(node=NODES, device=st.integers(0, 3), fails=st.booleans())
    def device(self, node: int, device: int, fails: bool) -> None:
        (self.virtualization.fail_device if fails else self.virtualization.repair_device)(node, device)

    @rule(node=NODES, what=st.sampled_from(["crash", "cut_off", "fence", "restore", "restore"]))
    def node(self, node: int, what: str) -> None:
        getattr(self.virtualization, what)(node)
        if what == "restore":
            self.unreachable.discard(node)
        elif what != "fence":
            self.unreachable.add(node)

    @invariant()
    def every_life_is_along_the_chain_with_an_event_for_each_change(self) -> None:
        changes = {predicate_of(state) for state in State}
        told_of = defaultdict(list)
        for event in self.sim.log:
            if event.predicate in changes:
                told_of[event.name].append((event.time, event.predicate))
        for env in self.envs:
            assert is_a_life(states(env)), states(env)
            assert told_of[env.name] == [(time, predicate_of(state)) for state, time in env.history]
            assert (env.reason is not None) == env.ended
            assert not (env.ended and (env.ready or env.view().alive))
        assert self.sim.log.check() == []

    @invariant()
    def room_is_held_from_start_to_end_and_not_longer(self) -> None:
        for node in range(2):
            here = [env for env in self.envs if env.node == node and not env.ended]
            assert list(self.virtualization.running_on(node)) == here
            usage = self.virtualization.usage(node)
            assert usage.environments == len(here)
            here = [env for env in here if env.holds_room]  # what was started on a node that could not be reached does not
            assert usage.cpu_requested == sum(env.request.cpu_milli for env in here)
            assert usage.memory_requested == sum(env.request.memory_mib for env in here)
            assert usage.disk_requested == sum(env.request.disk_mib for env in here)
            assert usage.gpu_requested == sum(env.request.gpu_milli for env in here)
            assert usage.cpu_used <= usage.cpu_requested and usage.gpu_used <= usage.gpu_requested
            assert usage.memory_used <= usage.memory_requested + 1e-9

    @invariant()
    def ends_are_told_once_and_where_they_can_be(self) -> None:
        for env in self.envs:
            assert self.ended[env.serial] <= env.ended
            if env.ended and env.node not in self.unreachable:
                assert self.ended[env.serial] == 1

    @invariant()
    def ready_and_unready_alternate(self) -> None:
        for env in self.envs:
            told_of = [what for serial, what in self.ups if serial == env.serial]
            assert told_of == ["ready" if i % 2 == 0 else "unready" for i in range(len(told_of))] or env.fenced or env.halted

    def teardown(self) -> None:
        if not hasattr(self, "sim"):
            return
        for node in range(2):
            self.virtualization.restore(node)
        for env in self.envs:
            self.virtualization.stop(env)
        self.sim.run()
        assert all(env.ended and self.ended[env.serial] == 1 for env in self.envs)
        assert all(self.virtualization.usage(node)[:5] == (0, 0, 0, 0, 0) for node in range(2))


TestLifeCycle = LifeCycle.TestCase
