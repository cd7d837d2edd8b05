"""`Virtualization`: what happens on the nodes once a replica is bound there. Who calls it decides node and devices."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from ...errors import OptionError, UnknownNameError
from ...units import Duration, seconds
from .environments import Callback, RuntimeEnvironment, check_text
from .images import Image, ImageStore
from .layer_cache import LayerCache
from .lifecycle import Events, Lifecycle, Observer
from .observers import Observers
from .restarts import NEVER, RestartKind, RestartPolicy, StopHook, restart_policy
from .states import TERMINAL, Reason, State
from .usage import AS_REQUESTED, FOREVER, Usage

if TYPE_CHECKING:
    from ...context import Simulation
    from ...hardware.cluster_spec import ClusterSpec
    from ...hardware.node_table import NodeTable
    from ...resources import ResourceRequest

OWN_REASONS = (Reason.COMPLETED, Reason.ERROR)
"""What a program may end with by itself."""


class NodeUsage(NamedTuple):
    """What is requested and what is used on one node at an instant: CPU milli, MiB, milli of devices; MiB of image layers on its disk."""

    environments: int
    cpu_requested: int
    memory_requested: int
    disk_requested: int
    gpu_requested: int
    cpu_used: float
    memory_used: float
    disk_used: float
    gpu_used: int
    layers_mib: int


class Virtualization:
    """The runtime environments of a cluster.

    `nodes`: the node table; a node is its row. `nic_mbps`: Mbit/s of each node's network interfaces (or one figure for all), at which it
    pulls image layers, at most `registry_mbps` where that is given. `images`: what can be pulled. `start_overhead`: from the layers
    being there to the program running. `cache_mib`: disk for layers that no environment uses, on each node; None is no limit.
    `events`: "all" writes every change of state to the event log, "brief" leaves out pending, pulling, starting and stopping.
    Raises OptionError.

    Calls about an environment that has ended have no effect, as its end may be on its way to the caller.

    >>> from mlplat.context import Simulation
    >>> from mlplat.hardware import ClusterSpec
    >>> from mlplat.resources import ResourceRequest
    >>> sim = Simulation()
    >>> virtualization = Virtualization.over(sim, ClusterSpec.uniform(nodes=2, cpus=8, memory_gib=32))
    >>> environment = virtualization.start("train/0", node=1, request=ResourceRequest(cpus=4), work_s=60.0)
    >>> sim.run(until="2m")
    >>> environment, environment.entered(State.SUCCEEDED)
    (RuntimeEnvironment('train/0' on node-1: succeeded, COMPLETED), 60.0)
    """

    def __init__(
        self,
        sim: Simulation,
        nodes: NodeTable,
        *,
        nic_mbps: Sequence[float] | float,
        images: ImageStore | None = None,
        start_overhead: Duration = 0.0,
        registry_mbps: float = math.inf,
        cache_mib: int | None = None,
        events: Events = "all",
    ) -> None:
        self.sim, self.nodes, self._count = sim, nodes, len(nodes)
        self.images = ImageStore() if images is None else images
        if events not in get_args(Events):
            raise UnknownNameError("choice of events", events, get_args(Events))
        speeds = [float(nic_mbps)] * len(nodes) if isinstance(nic_mbps, (int, float)) else [float(speed) for speed in nic_mbps]
        if len(speeds) != len(nodes) or not all(speed > 0 for speed in (*speeds, registry_mbps)):
            raise OptionError(f"nic_mbps and registry_mbps: expected Mbit/s above 0, one figure or {len(nodes)}")
        if cache_mib is not None and (isinstance(cache_mib, bool) or not isinstance(cache_mib, int) or cache_mib < 0):
            raise OptionError(f"cache_mib={str(cache_mib)[:40]!r}: expected whole MiB of at least 0, or None")
        self._speeds = [min(speed, registry_mbps) for speed in speeds]
        self._cache_mib = math.inf if cache_mib is None else cache_mib
        self._caches: dict[int, LayerCache] = {}
        self.make_cache: Callable[[int], LayerCache] | None = None
        """What gives a node its layer cache, where its pulls are to share a network with others."""
        self._life = Lifecycle(sim, nodes, self.images, self.layer_cache, seconds(start_overhead), events)
        self._serial = itertools.count()
        self._down: set[int] = set()
        self._commands: dict[int, list[tuple[RuntimeEnvironment, Reason, float, int | None]]] = {}

    def observe(self, observer: Observer) -> None:
        """Let `observer` know of environments from now on, after those that do already."""
        before = self._life.observer
        self._life.observer = observer if before is None else Observers(before, observer)

    def layers_arrived(self, node: int) -> None:
        """A layer cache that was made by `make_cache` has more than before: what waited for that goes on."""
        self._life.layers_arrived(self._row(node))

    @classmethod
    def over(cls, sim: Simulation, spec: ClusterSpec, **options: Any) -> Virtualization:
        """The virtualization of a described cluster: its nodes, each with the bandwidth of all its network interfaces."""
        nodes = spec.nodes()
        speed = [float(group.nics * group.nic_mbps) for group in spec.groups]
        return cls(sim, nodes, nic_mbps=[speed[group] for group in nodes.group.tolist()], **options)

    def start(
        self,
        name: str,
        *,
        node: int,
        request: ResourceRequest,
        devices: Sequence[int] = (),
        mig_start: int = -1,
        image: Image | str | None = None,
        usage: Usage | None = None,
        work_s: float = FOREVER,
        restart: RestartPolicy | RestartKind = "never",
        stop_hook: StopHook | None = None,
        on_ready: Callback | None = None,
        on_unready: Callback | None = None,
        on_end: Callback | None = None,
        resumed_from: str | None = None,
        owner: Any = None,
        cause: Any = None,
    ) -> RuntimeEnvironment:
        """Start an environment on a node, in room that is held for it from now to its end.

        `devices`: indices of the devices it gets, `mig_start` the position of its MIG instance. `image`: name, digest or image, None
        needs no pull. `usage`: None uses what is requested. `work_s`: seconds of work at full CPU, infinite for a service.
        `on_ready` is called each time its program is up (maybe before this returns), `on_unready` when it is no longer though the
        environment has not ended, `on_end` once; each gets the environment. `resumed_from`: the checkpoint it goes on from, for the
        record. `owner`: whatever the caller wants to find again as `environment.owner`. `cause`: the event that led here.
        On a node that is down or cut off it stays pending, without room, until the node is back, and then ends.
        Raises OccupiedError, and starts nothing, where the room is not free; OptionError for bad values.
        """
        if not isinstance(work_s, (float, int)) or not work_s >= 0:
            raise OptionError(f"work_s={str(work_s)[:40]}: expected seconds of at least 0")
        life = self._life
        check_text("name", name)
        reference = image.digest if isinstance(image, Image) else image
        if reference is not None:
            check_text("image", reference)
        if resumed_from is not None:
            check_text("resumed_from", resumed_from)
        if usage is not None and not isinstance(usage, Usage):
            raise OptionError(f"usage={str(usage)[:40]!r}: expected a Usage, or None")
        if stop_hook is not None and not isinstance(stop_hook, StopHook):
            raise OptionError(f"stop_hook={str(stop_hook)[:40]!r}: expected a StopHook, or None")
        cause_id = None if cause is None else self.sim.log.cause_id(cause)  # raises here, before anything is held
        row = self._row(node)
        policy = NEVER if restart is NEVER else restart_policy(restart)
        grant = life.occupancy.grant(row, request, devices, mig_start)
        reachable = row not in self._down and row not in life.outbox
        if reachable:
            life.occupancy.take(row, request, grant)
        env = RuntimeEnvironment(life, name, next(self._serial), row, request, reference, self.sim.env._now)
        env.grant, env.usage, env.work_s, env.restart, env.stop_hook = grant, usage, float(work_s), policy, stop_hook
        env.on_ready, env.on_unready, env.on_end, env.resumed_from = on_ready, on_unready, on_end, resumed_from
        env.owner, env.holds_room = owner, reachable
        life.begin(env, cause_id, reachable=reachable)
        return env

    def stop(self, env: RuntimeEnvironment, reason: Reason = Reason.DELETED, grace: Duration = 0.0, *, cause: Any = None) -> None:
        """Stop an environment. Its stop hook may write a checkpoint if that is complete within `grace`; it holds its room until then.

        Without a hook, or before its program is up, it ends at once. A second call counts only if its grace ends earlier. A node that is
        cut off hears of it when it is back.
        """
        length = seconds(grace)
        if env.state in TERMINAL:
            return
        cause_id = None if cause is None else self.sim.log.cause_id(cause)
        if self._commands and env.node in self._commands and env.state is not State.PENDING:
            self._commands[env.node].append((env, reason, length, cause_id))
        else:
            self._life.stop(env, reason, length, cause_id)

    def exit(self, env: RuntimeEnvironment, reason: Reason = Reason.COMPLETED) -> None:
        """The program ends by itself, now, with COMPLETED or ERROR; the restart policy applies. No effect where it is not up."""
        if reason not in OWN_REASONS:
            raise OptionError(f"a program does not end itself with {reason.value}; expected COMPLETED or ERROR")
        if env.ready:
            self._life.exit(env, reason)

    def halt(self, env: RuntimeEnvironment, *, cause: Any = None) -> None:
        """The program hangs from now on, as a member of a gang does whose other nodes are gone: it holds its room and does nothing."""
        if not env.ended and not env.halted:
            self._life.halt(env, self.sim.log.cause_id(cause))

    def fail_device(self, node: int, device: int, *, cause: Any = None) -> None:
        """A device breaks: the environments that use it fail with DEVICE_FAILED, and nothing is started on it until `repair_device`."""
        node = self._row(node)
        self._life.occupancy.break_device(node, device)
        self._end([env for env in self.running_on(node) if device in env.grant.devices], Reason.DEVICE_FAILED, cause)

    def repair_device(self, node: int, device: int) -> None:
        """The device can be used again."""
        self._life.occupancy.mend_device(self._row(node), device)

    def crash(self, node: int, *, cause: Any = None) -> None:
        """A node dies: all its environments fail with NODE_LOST at this instant. Layers on its disk stay, pulls on their way are lost."""
        node = self._row(node)
        if node in self._down:
            return
        self._down.add(node)
        self._end(self.running_on(node), Reason.NODE_LOST, cause)
        if node in self._caches:
            self._caches[node].crash(self._life.now)
        if self._life.observer is not None:
            self._life.observer.cut_off(node)

    def cut_off(self, node: int) -> None:
        """A node loses its network: its programs run on, its pulls stand still, and nobody hears of it or can reach it until `restore`."""
        node = self._row(node)
        if node in self._life.outbox or node in self._down:
            return
        self._life.outbox[node], self._commands[node] = [], []
        self.layer_cache(node).pause(self._life.now)
        if self._life.observer is not None:
            self._life.observer.cut_off(node)
        for env in self.running_on(node):
            if env.state is State.PULLING:
                self._life.stand_still(env)

    def fence(self, node: int, *, cause: Any = None) -> None:
        """A node is given up: nothing its environments do counts from now on. They end with FENCED, as soon as the node can be reached."""
        node = self._row(node)
        for env in (*self.running_on(node), *(env for _, env in self._life.outbox.get(node, ()))):
            env.fenced, env.saved_s = True, 0.0
        if node not in self._down and node not in self._life.outbox:
            self._end(self.running_on(node), Reason.FENCED, cause)

    def restore(self, node: int, *, cause: Any = None) -> None:
        """A node is whole and reachable again; no effect on one that never was otherwise.

        What could not reach it ends: NODE_LOST after a crash, FENCED after a cut. If the node was cut off and not fenced, what happened
        there meanwhile is reported now, in its order, pulls go on, and stops that were waiting are carried out; if it was fenced, all
        its environments end with FENCED.
        """
        life, node = self._life, self._row(node)
        crashed = node in self._down
        if not crashed and node not in life.outbox:
            return
        self._down.discard(node)
        cause_id = self.sim.log.cause_id(cause)
        environments = self.running_on(node)  # what the callbacks below start here is not among them
        unheard, commands = life.outbox.pop(node, []), self._commands.pop(node, [])
        self.layer_cache(node).resume(life.now)
        if life.observer is not None:
            life.observer.restored(node)
        for callback, env in unheard:
            if not env.fenced or callback is env.on_end:
                life.tell(env, callback)
        for env in environments:
            if env.ended:
                continue
            if env.fenced or env.state is State.PENDING:
                life.end(env, Reason.NODE_LOST if crashed else Reason.FENCED, cause_id)
            elif env.state is State.PULLING and env.image is not None:
                life.wait_for_layers(env, self.layer_cache(node).ready(env.image.layers, life.now))
        for env, reason, grace, command_cause in commands:
            if not env.ended:
                life.stop(env, reason, grace, command_cause)

    def _row(self, node: int) -> int:
        if not 0 <= node < self._count:
            raise OptionError(f"node {node}: expected a row from 0 to {self._count - 1}")
        return int(node)

    def _end(self, environments: Sequence[RuntimeEnvironment], reason: Reason, cause: Any) -> None:
        cause_id = self.sim.log.cause_id(cause)
        for env in environments:
            if not env.ended:  # the callback of another may have stopped it
                self._life.end(env, reason, cause_id)

    def running_on(self, node: int) -> tuple[RuntimeEnvironment, ...]:
        """The environments on a node that have not ended, in order of their start."""
        return tuple(self._life.on_node[self._row(node)].values())

    def layer_cache(self, node: int) -> LayerCache:
        """The image layers on a node. Raises OptionError, like every call here, for a node that does not exist."""
        node = self._row(node)
        cache = self._caches.get(node)
        if cache is None:
            made = LayerCache(self._speeds[node], self._cache_mib) if self.make_cache is None else self.make_cache(node)
            cache = self._caches[node] = made
        return cache

    def usage(self, node: int) -> NodeUsage:
        """What is requested and what is used on a node now. A program uses CPU and devices while it is up, memory until it ends."""
        life, node = self._life, self._row(node)
        held = life.occupancy.held(node)
        cpu = memory = disk = 0.0
        gpu = 0
        for env in life.on_node[node].values():
            disk += env._disk.used_mib if env._disk is not None else 0.0
            if not env.in_memory:
                continue
            wanted = (env.usage or AS_REQUESTED).at(life.position(env), env.request)
            memory, disk = memory + wanted[1], disk + wanted[2]
            if not env.halted:
                cpu, gpu = cpu + wanted[0], gpu + env.grant.counts
        layers = self._caches[node].stored_mib(life.now) if node in self._caches else 0
        return NodeUsage(len(life.on_node[node]), *held, cpu, memory, disk, gpu, layers)
