"""Reading and writing volumes in simulated time: bytes that share the bandwidth of backends and disks, and the network in between."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import MlplatError, OptionError, SpecError, UnknownNameError
from .network.transfers import Transfer, Transfers
from .virtualization.environments import RuntimeEnvironment

if TYPE_CHECKING:
    from ..events import Event
    from .cluster import Cluster
    from .volumes import Volume

OnDone = Callable[[Transfer], object]
MBIT_PER_MB = 8.0
READ, WRITE = 0, 1


class VolumeIOError(MlplatError):
    """A read or write does not come to its end, since its volume was lost or released."""


class _Moving(NamedTuple):
    """An environment, and what it reads and writes, each of a volume or of a backend as such."""

    environment: RuntimeEnvironment
    transfers: dict[Transfer, Volume | None]


class VolumeIO:
    """What environments read from volumes and write to them.

    Each read and write is a transfer, whose `done` happens with its last byte. Those that happen at once share, max-min fairly, what their
    backend or disk reads or writes, its joint `bandwidth` if it has one, and the links of the network between backend and node. They end
    with their environment; when the volume is lost or released, `done` fails with VolumeIOError.

    Events: those of transfers (`network.transfers`), of the volume.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._joined = [self._vertex(row) for row in range(len(cluster.spec.storage))]
        self._backend_limits: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = {}
        self._on_node: dict[int, dict[int, _Moving]] = {}
        """By node and serial number of the environment."""

    def _vertex(self, row: int) -> int | None:
        """Where a backend joins the network; None where the network does not count. Raises SpecError."""
        network, at = self._cluster.network, self._cluster.spec.storage[row].at
        if network is None:
            return None
        if at is None:
            return network.topology.gateway
        try:
            return network.topology.vertex(at)
        except UnknownNameError as error:
            raise SpecError(str(error), where=f"storage[{row}].at") from None

    @cached_property
    def transfers(self) -> Transfers:
        """What carries the bytes: that of the network, or one that knows only limits."""
        cluster = self._cluster
        cluster.virtualization.observe(self)
        return Transfers(cluster.sim, names=cluster.nodes.names) if cluster.network is None else cluster.network.transfers

    def begin(
        self, volume: Volume, environment: RuntimeEnvironment, mib: float, way: int, *, on_done: OnDone | None = None, cause: Any = None
    ) -> Transfer:
        """Read (`way=READ`) or write `mib` MiB, beginning now. Raises like `Volume.read`, and OptionError for a size that is none."""
        self._check(volume, environment)
        return self._send(volume, environment, mib, way, self._limits(volume, way), on_done, cause)

    def stage(
        self, environment: RuntimeEnvironment, volume: Volume, mib: float, *, on_done: OnDone | None = None, cause: Any = None
    ) -> Transfer:
        """Read `mib` MiB and write them to the disk of the environment's node as they come. Raises like `begin`."""
        self._check(volume, environment)
        limits = dict.fromkeys((*self._limits(volume, READ), *self._disk_limits(environment.node, WRITE)))
        return self._send(volume, environment, mib, READ, tuple(limits), on_done, cause)

    def write_to(
        self,
        backend: str,
        environment: RuntimeEnvironment,
        mib: float,
        *,
        subject: str,
        on_done: OnDone | None = None,
        cause: Any = None,
    ) -> Transfer:
        """Write `mib` MiB to a networked backend, into no volume, beginning now. `subject`: what the events of the transfer are about."""
        limits = self.backend_limits(backend, WRITE)
        return self._carry(environment, backend, None, mib, WRITE, limits, subject, on_done, cause)

    def place_of(self, backend: str) -> int | None:
        """The vertex at which a backend joins the network; None where the network does not count. Raises KeyError."""
        return self._joined[self._row(backend)]

    def fail(self, volume: Volume, cause: Event | None) -> None:
        """A volume was lost or released: what was under way fails."""
        moving = [each for on_node in self._on_node.values() for each in on_node.values()]
        for environment, mine in moving:
            for transfer in [each for each, of in mine.items() if of is volume]:
                self._over(environment, transfer)
                self.transfers.cancel(transfer, error=VolumeIOError(f"volume {volume.name!r} was {volume.status.value}"), cause=cause)

    # -- what an `Observer` hears

    def begins(self, env: RuntimeEnvironment) -> bool:
        """See `lifecycle.Observer`."""
        return True

    def ready(self, env: RuntimeEnvironment) -> None:
        """See `lifecycle.Observer`."""

    def unready(self, env: RuntimeEnvironment) -> None:
        """See `lifecycle.Observer`."""

    def ended(self, env: RuntimeEnvironment) -> None:
        """See `lifecycle.Observer`."""
        moving = self._on_node.get(env.node, {}).pop(env.serial, None)
        if moving is not None:
            for transfer in moving.transfers:
                self.transfers.cancel(transfer, cause=env.last_event)

    def cut_off(self, node: int) -> None:
        """See `lifecycle.Observer`. What goes over links stands still with them."""
        for transfer in self._over_no_link(node, fenced=True):
            self.transfers.hold(transfer)

    def restored(self, node: int) -> None:
        """See `lifecycle.Observer`."""
        for transfer in self._over_no_link(node, fenced=False):
            self.transfers.let_go(transfer)

    def _over_no_link(self, node: int, *, fenced: bool) -> list[Transfer]:
        """What environments of a node move to and from networked backends without a link of the network."""
        moving = [mine for env, mine in self._on_node.get(node, {}).values() if fenced or not env.fenced]
        every = [item for mine in moving for item in mine.items()]
        return [each for each, volume in every if (volume is None or volume.node is None) and each.source == each.target]

    # -- one transfer

    def _check(self, volume: Volume, environment: RuntimeEnvironment) -> None:
        if not isinstance(environment, RuntimeEnvironment):
            raise OptionError(f"a {type(environment).__name__}; expected the RuntimeEnvironment that uses the volume")
        volume._check(environment)

    def _send(
        self,
        volume: Volume,
        env: RuntimeEnvironment,
        mib: float,
        way: int,
        limits: tuple[int, ...],
        on_done: OnDone | None,
        cause: Any,
    ) -> Transfer:
        name = volume.backend or volume.node or ""
        return self._carry(env, name, volume, mib, way, limits, f"volume:{volume.name}", on_done, cause)

    def _carry(
        self,
        env: RuntimeEnvironment,
        name: str,
        volume: Volume | None,
        mib: float,
        way: int,
        limits: tuple[int, ...],
        subject: str,
        on_done: OnDone | None,
        cause: Any,
    ) -> Transfer:
        """`name`: of the backend or, for a local volume, of the node."""
        joined = self.place_of(name) if volume is None or volume.backend is not None else None
        far = env.node if joined is None else joined
        ends, names = ((far, env.node), (name, env.name)) if way == READ else ((env.node, far), (env.name, name))

        def over(transfer: Transfer) -> None:
            self._over(env, transfer)
            if on_done is not None:
                on_done(transfer)

        transfer = self.transfers.send(*ends, mib, limits=limits, subject=subject, ends=names, on_done=over, cause=cause)
        moving = self._on_node.setdefault(env.node, {}).setdefault(env.serial, _Moving(env, {}))
        moving.transfers[transfer] = volume
        if len(moving.transfers) % 64 == 0:  # some may have been cancelled
            for each in [each for each in moving.transfers if each.over]:
                del moving.transfers[each]
        return transfer

    def _over(self, env: RuntimeEnvironment, transfer: Transfer) -> None:
        on_node = self._on_node.get(env.node, {})
        if env.serial in on_node:
            moving = on_node[env.serial].transfers
            moving.pop(transfer, None)
            if not moving:
                del on_node[env.serial]

    # -- limits

    def _row(self, backend: str) -> int:
        return self._cluster.volumes._backends[backend]

    def _limits(self, volume: Volume, way: int) -> tuple[int, ...]:
        """What a read or write of a volume shares with others besides links."""
        if volume.backend is None:
            return self._disk_limits(self._cluster.hardware.row(volume.node or ""), way)
        return self.backend_limits(volume.backend, way)

    def backend_limits(self, name: str, way: int) -> tuple[int, ...]:
        """What the reads or writes of a backend share with each other besides links. Raises KeyError."""
        row = self._row(name)
        if row not in self._backend_limits:
            backend, add = self._cluster.spec.storage[row], self.transfers.add_limit
            joint = () if backend.bandwidth is None else (add(backend.bandwidth),)
            reading, writing = add(backend.read_mb_s * MBIT_PER_MB), add(backend.write_mb_s * MBIT_PER_MB)
            self._backend_limits[row] = (reading, *joint), (writing, *joint)
        return self._backend_limits[row][way]

    @cached_property
    def _first_disk_limit(self) -> int:
        """The number of the first of three limits of each node: of reads, of writes, and of both."""
        groups = self._cluster.spec.groups
        speeds = [
            [group.disk_read_mb_s * MBIT_PER_MB, group.disk_write_mb_s * MBIT_PER_MB, group.disk_bandwidth or 0.0] for group in groups
        ]
        return self.transfers.add_limits(np.array(speeds)[self._cluster.nodes.group].ravel())

    def _disk_limits(self, node: int, way: int) -> tuple[int, ...]:
        first = self._first_disk_limit + 3 * node
        joint = self._cluster.spec.groups[int(self._cluster.nodes.group[node])].disk_bandwidth is not None
        return (first + way, first + 2) if joint else (first + way,)
