"""How one environment comes from its start to its end: pulling, starting, running, restarting, stopping, each at its instant."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from .environments import Callback, RuntimeEnvironment
from .occupancy import Occupancy
from .restarts import NEVER
from .states import END_STATE, OUTCOME, Reason, State
from .usage import AS_REQUESTED, Course

if TYPE_CHECKING:
    from ...context import Simulation
    from ...hardware.node_table import NodeTable
    from .images import ImageStore
    from .layer_cache import LayerCache

Events = Literal["all", "brief"]
SOURCE: Final = "virtualization"
ACTOR: Final = "system"
STARTED: Final = ("node",)
FINISHED: Final = ("reason", "outcome")
NO_DATA: Final[dict[str, Any]] = {}


class Observer(Protocol):
    """What hears of environments at once: the network, in which they have addresses, and the storage that they use."""

    def begins(self, env: RuntimeEnvironment) -> bool:
        """An environment is made. Returns whether it can be: not where its network has no address left."""

    def ready(self, env: RuntimeEnvironment) -> None:
        """Its program is up."""

    def unready(self, env: RuntimeEnvironment) -> None:
        """Its program is no longer up."""

    def ended(self, env: RuntimeEnvironment) -> None:
        """It is no more."""

    def cut_off(self, node: int) -> None:
        """Nothing reaches a node any more, nor its environments."""

    def restored(self, node: int) -> None:
        """A node can be reached again."""


class Lifecycle:
    """Moves environments through their states on the simulation's clock.

    It keeps what happens to one environment; `Virtualization` keeps what happens to nodes. With `events="brief"` the changes to pending,
    pulling, starting and stopping are in the environment's history only, not in the event log.
    """

    def __init__(
        self,
        sim: Simulation,
        nodes: NodeTable,
        images: ImageStore,
        caches: Callable[[int], LayerCache],
        start_overhead: float,
        events: Events,
    ) -> None:
        self.sim, self.nodes, self.images, self.caches, self.start_overhead = sim, nodes, images, caches, start_overhead
        self.clock = sim.env
        self.occupancy = Occupancy(nodes)
        self.brief = events == "brief"
        self.straight = self.brief and start_overhead == 0
        self.record = sim.log.record
        self.on_node: list[dict[int, RuntimeEnvironment]] = [{} for _ in range(len(nodes))]
        self.observer: Observer | None = None
        self.outbox: dict[int, list[tuple[Callback, RuntimeEnvironment]]] = {}
        """For each node that is cut off, the callbacks that nobody outside has heard of yet."""

    @property
    def now(self) -> float:
        return self.clock._now  # as `now`, without the call

    def begin(self, env: RuntimeEnvironment, cause: int | None, *, reachable: bool) -> None:
        """Take in a new environment, pending, and let it go on where its node can be reached."""
        self.on_node[env.node][env.serial] = env
        env.last_event = cause
        if self.observer is not None and not self.observer.begins(env):
            self.end(env, Reason.NO_ADDRESS)
            return
        if self.straight and reachable and env.image_reference is None:  # no state before running lasts, and none is written down
            env._go_straight_to_running()
            self._started(env)
            return
        if not self.brief:
            data = {"node": self.nodes.names[env.node]}
            if env.image_reference is not None:
                data["image"] = env.image_reference
            self._emit(env, "runtime.pending", data)
        if reachable:
            self._pull(env)

    def _pull(self, env: RuntimeEnvironment) -> None:
        """Go from pending to pulling, and on where there is nothing to wait for."""
        self._enter(env, State.PULLING, "runtime.pulling")
        if env.image_reference is not None:
            env.image = self.images.find(env.image_reference)
            if env.image is None:
                self.end(env, Reason.IMAGE_NOT_FOUND)
                return
            outer, self.clock.cause = self.clock.cause, env.last_event
            env.pull = self.caches(env.node).hold(env.image.layers, self.now)
            self.clock.cause = outer
            if env.pull.layers:
                self.wait_for_layers(env, env.pull.ready)
                return
        self._boot(env)

    def wait_for_layers(self, env: RuntimeEnvironment, ready: float) -> None:
        """Go on with starting once the layers are here: at `ready`, or when `layers_arrived` says so where that is not known yet."""
        if ready == math.inf:
            return
        if ready > self.now:
            self._wake(env, ready, self._pulled)
        else:
            self._pulled(env)

    def layers_arrived(self, node: int) -> None:
        """More layers are on a node: environments that have all of theirs now go on, in order of their start."""
        for env in list(self.on_node[node].values()):
            if env.state is not State.PULLING or env._due is not None or env.image is None:
                continue
            if self.caches(node).ready(env.image.layers, self.now) <= self.now:
                self._pulled(env)

    def _pulled(self, env: RuntimeEnvironment) -> None:
        image, pull = env.image, env.pull
        assert image is not None and pull is not None
        data = {
            "node": env.node_name,
            "digest": image.digest,
            "runtime": env.name,
            "layers": pull.layers,
            "size_mib": pull.size_mib,
            "asked_mib": pull.asked_mib,
        }
        self._emit(env, "image.pulled", data, subject=f"image:{image.name}")
        self._boot(env)

    def _boot(self, env: RuntimeEnvironment) -> None:
        self._enter(env, State.STARTING, "runtime.starting")
        if self.start_overhead > 0:
            self._wake(env, self.now + self.start_overhead, self._run)
        else:
            self._run(env)

    def _run(self, env: RuntimeEnvironment) -> None:
        env._enter(State.RUNNING, self.now)
        self._started(env)

    def _started(self, env: RuntimeEnvironment) -> None:
        keys: tuple[str, ...] = STARTED
        values: tuple[Any, ...] = (self.nodes.names[env.node],)
        if env.pull is not None or self.start_overhead > 0:
            starting = env.entered(State.STARTING) or 0.0
            keys += ("pull_s", "start_s")
            values += (starting - (env.entered(State.PULLING) or 0.0), self.now - starting)
        if env.resumed_from is not None:
            keys, values = (*keys, "resumed_from"), (*values, env.resumed_from)
        env.last_event = self.record("runtime:" + env.name, "runtime.started", SOURCE, ACTOR, env.last_event, keys, values)
        self._launch(env)

    def _launch(self, env: RuntimeEnvironment) -> None:
        """The program begins, from its start."""
        env._position = 0.0
        if env.halted:
            return
        now = env._began = self.clock._now
        env.ready = True
        if self.observer is not None:
            self.observer.ready(env)
        after = env.work_s
        if env.usage is not None or env._disk is not None:
            env._course = self._course_of(env, 0.0)
            after = env._course.after
        if after < math.inf:
            env._due = self.clock.call_at(now + after, self._run_out, env)
        if env.on_ready is not None:
            self.tell(env, env.on_ready)

    def _course_of(self, env: RuntimeEnvironment, since: float) -> Course:
        files = env._disk.used_mib if env._disk is not None else 0.0
        return (env.usage or AS_REQUESTED).course(env.request, env.work_s, files_mib=files, since=since)

    def reconsider(self, env: RuntimeEnvironment) -> None:
        """The program's files have changed: see anew how it will end."""
        if env._began is None:
            return
        course = self._course_of(env, self.position(env))
        if env._course is None:
            env._course = Course(env.work_s, env.work_s, Reason.COMPLETED)
        if (course.position, course.reason) != (env._course.position, env._course.reason):
            self._rest(env)
            env._course = course
            if course.after < math.inf:
                self._wake(env, max(self.now, env._began + course.after), self._run_out)

    def _run_out(self, env: RuntimeEnvironment) -> None:
        env._due = None
        if env._course is None:
            self.exit(env, Reason.COMPLETED, env.work_s)
        else:
            self.exit(env, env._course.reason, env._course.position)

    def exit(self, env: RuntimeEnvironment, reason: Reason, position: float | None = None) -> None:
        """The program ends by itself, now: it is started again where the restart policy says so, else the environment ends.

        `position`: how far it came, where that is known better than by the clock.
        """
        began = env._began
        self.stand_still(env)
        if position is not None:
            env._position = position
        if env.restart is not NEVER and began is not None and env.restart.restarts(reason, env.restarts):
            wait = env._last_wait = env.restart.wait_after(env._last_wait, self.now - began)
            again = self.now + wait
            env.note(f"program ended: {reason.value}; restart in {wait:g} s")
            self._emit(env, "runtime.exited", {"reason": reason.value, "wait_s": wait, "restart_at": again})
            self._wake(env, again, self._restart)
            self.tell(env, env.on_unready)
            return
        if reason is Reason.COMPLETED:
            env._enter(State.STOPPING, self.clock._now)
            if not self.brief:
                self._emit(env, "runtime.stopping", {"reason": reason.value})
        self.end(env, reason)

    def _restart(self, env: RuntimeEnvironment) -> None:
        env.restarts += 1
        env.note(f"restart {env.restarts}")
        self._emit(env, "runtime.restarted", {"restarts": env.restarts})
        if self.start_overhead > 0:
            self._wake(env, self.now + self.start_overhead, self._launch)
        else:
            self._launch(env)

    def stop(self, env: RuntimeEnvironment, reason: Reason, grace: float, cause: int | None) -> None:
        """Stop an environment for `reason`; its stop hook has `grace` seconds. While it is stopping, only a shorter grace has effect."""
        now, hook = self.clock._now, env.stop_hook
        if env.state is State.STOPPING:
            if now + grace < env._deadline:
                env._deadline = now + grace
                if env.halted or hook is None or env._hook_ends > env._deadline:
                    self._kill_at(env, env._deadline)
            return
        if env.state is not State.RUNNING:
            self.end(env, reason, cause)
            return
        was_up, env._ending, env._deadline = env._began is not None, reason, now + grace
        self.stand_still(env)
        self._enter(env, State.STOPPING, "runtime.stopping", {"reason": reason._value_, "grace_s": grace}, cause)
        if hook is None or not was_up:
            self.end(env, reason)
            return
        env._hook_ends = now + hook.write_s
        if hook.write_s > grace:
            self._kill_at(env, env._deadline)
        elif hook.write_s > 0:
            self._wake(env, env._hook_ends, self._written)
        else:
            self._written(env)
        if not env.ended:
            self.tell(env, env.on_unready)

    def _written(self, env: RuntimeEnvironment) -> None:
        hook, reason = env.stop_hook, env._ending
        assert hook is not None and reason is not None
        if env.fenced:  # it may be that its replacement writes the same checkpoint
            self._killed(env)
            return
        env.saved_s = env._position
        env.note("checkpoint written")
        self._emit(env, "checkpoint.written", {"work_s": env.saved_s})
        self.tell(env, hook.written)
        if not env.ended:
            self.end(env, reason)

    def _kill_at(self, env: RuntimeEnvironment, time: float) -> None:
        self._rest(env)
        if time > self.now:
            self._wake(env, time, self._killed)
        else:
            self._killed(env)

    def _killed(self, env: RuntimeEnvironment) -> None:
        assert env._ending is not None
        env.note("no checkpoint: the node was given up" if env.fenced else "no checkpoint: not complete within the grace period")
        self.end(env, env._ending)

    def halt(self, env: RuntimeEnvironment, cause: int | None) -> None:
        """The program hangs: it keeps its room and does nothing until the environment is ended."""
        env.halted = True
        env.note("the program does not go on")
        self._emit(env, "runtime.halted", None, cause)
        if env.state is State.STOPPING:
            self._kill_at(env, env._deadline)
        elif env.state is State.RUNNING:
            self.stand_still(env)

    def end(self, env: RuntimeEnvironment, reason: Reason, cause: int | None = None) -> None:
        """The last change: everything it held is free, its local disk is gone, and whoever started it is told."""
        if env._began is not None or env._due is not None:
            self.stand_still(env)
        node = env.node
        env.reason = reason
        env._enter(END_STATE[reason], self.clock._now)
        if env.holds_room:
            self.occupancy.give_back(node, env.request, env.grant)
        del self.on_node[node][env.serial]
        if env.pull is not None and env.image is not None:
            self.caches(node).release(env.image.layers, self.now)
        if env._disk is not None:
            env._disk._drop()
        cause = env.last_event if cause is None else cause
        told = reason._value_, OUTCOME[reason]
        env.last_event = self.record("runtime:" + env.name, "runtime.finished", SOURCE, ACTOR, cause, FINISHED, told)
        if self.observer is not None:
            self.observer.ended(env)
        if env.on_end is not None:
            self.tell(env, env.on_end)

    def position(self, env: RuntimeEnvironment) -> float:
        """How far the program has come, in seconds of its own time."""
        if env._began is None:
            return env._position
        taken = self.now - env._began
        if env.usage is None:
            return min(taken, env.work_s)
        return min(env.usage.position(taken, env.request), env.work_s)

    def stand_still(self, env: RuntimeEnvironment) -> None:
        """The program does no more; how far it has come is kept."""
        if env._due is not None:
            self._rest(env)
        if env._began is not None:
            env._position = self.position(env)
            if self.observer is not None and env.ready:
                self.observer.unready(env)
            env._began, env.ready = None, False

    def _rest(self, env: RuntimeEnvironment) -> None:
        if env._due is not None:
            env._due.cancel()
            env._due = None

    def _wake(self, env: RuntimeEnvironment, time: float, then: Callable[[RuntimeEnvironment], None]) -> None:
        env._due = self.clock.call_at(time, then, env)

    def _enter(
        self, env: RuntimeEnvironment, state: State, predicate: str, data: dict[str, Any] | None = None, cause: int | None = None
    ) -> None:
        env._enter(state, self.now)
        if not self.brief:
            self._emit(env, predicate, data, cause)
        elif cause is not None:
            env.last_event = cause

    def _emit(
        self, env: RuntimeEnvironment, predicate: str, data: dict[str, Any] | None, cause: int | None = None, *, subject: str | None = None
    ) -> None:
        """Write to the event log. An event is caused by the one before it in the life of the environment, unless another is given."""
        cause = env.last_event if cause is None else cause
        told = NO_DATA if data is None else data
        subject = subject or "runtime:" + env.name
        env.last_event = self.record(subject, predicate, SOURCE, ACTOR, cause, tuple(told), tuple(told.values()))

    def tell(self, env: RuntimeEnvironment, callback: Callback | None) -> None:
        """Call back, with the environment's last event as cause; from a node that is cut off nobody hears until it is back."""
        if callback is None:
            return
        if self.outbox and env.node in self.outbox:
            self.outbox[env.node].append((callback, env))
            return
        clock = self.clock
        outer, clock.cause = clock.cause, env.last_event
        try:
            callback(env)
        finally:
            clock.cause = outer
