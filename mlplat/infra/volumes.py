"""Volumes: pieces of the cluster's storage that outlive the environments which use them. Where each is, who may use it, what is in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import MlplatError, OptionError, UnknownNameError, printable
from ..resources import UNLIMITED
from ..units import MIB, mebibytes
from .allocations import in_rows
from .endpoint.access import check_principal
from .kernels.attempt_state import CLOSED
from .virtualization.environments import RuntimeEnvironment
from .virtualization.isolation import EnvironmentGoneError
from .volume_io import READ, WRITE, VolumeIO
from .watcher import NodeHealth
from .workload_spec import check_name

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from ..events import Event
    from ..hardware.node_group import Storage
    from .cluster import Cluster
    from .cluster_hardware import NodeName
    from .network.transfers import Transfer
    from .volume_io import OnDone

SOURCE = "volumes"
NETWORK, LOCAL, ANY = CLASSES = ("network", "local", "any")
VOLUME_COLUMNS: tuple[tuple[str, str, str, str], ...] = (
    ("volume", "String", "", "its name"),
    ("size_mib", "Int64", "MiB", "what it holds of its backend or node"),
    ("used_mib", "Float64", "MiB", "of its files"),
    ("files", "Int64", "", "number of files"),
    ("storage_class", "String", "", "what was asked for"),
    ("backend", "String", "", "the networked backend, null of a local volume"),
    ("node", "String", "", "the node, null of a networked volume"),
    ("status", "String", "", "`available` or `lost`"),
    ("actor", "String", "", "who claimed it"),
    ("claimed_s", "Float64", "s", "when"),
)
STORAGE_COLUMNS: tuple[tuple[str, str, str, str], ...] = (
    ("storage", "String", "", "name of the backend or node"),
    ("storage_class", "String", "", "`network` or `local`"),
    ("capacity_mib", "Int64", "MiB", "of the backend, or of the node's disk; null without limit"),
    ("held_mib", "Int64", "MiB", "of its volumes, lost ones too"),
    ("free_mib", "Int64", "MiB", "left for volumes; null without limit"),
    ("volumes", "Int64", "", "number of volumes, lost ones too"),
)


class VolumeStatus(StrEnum):
    """What is known of a volume."""

    AVAILABLE = "available"
    LOST = "lost"
    """Local, and its node was given up or has left."""
    RELEASED = "released"


class VolumeReason(StrEnum):
    """Why something was refused."""

    NO_BACKEND = "NO_BACKEND"
    TOO_LARGE = "TOO_LARGE"
    NOT_IN_SERVICE = "NOT_IN_SERVICE"
    NO_SPACE = "NO_SPACE"
    LOST = "LOST"
    ELSEWHERE = "ELSEWHERE"
    UNREACHABLE = "UNREACHABLE"


class VolumeError(MlplatError):
    """A volume cannot be had or used; nothing was changed. Attributes: `volume` (its name), `reason` (a `VolumeReason`)."""

    def __init__(self, volume: str, reason: VolumeReason, text: str) -> None:
        self.volume, self.reason = volume, reason
        super().__init__(f"volume {volume!r}: {reason}: {text}")


@dataclass(slots=True)
class _Contents:
    """What changes of a volume. `gone`: its disk has left with its node and does not come back."""

    files: dict[str, bytes] = field(default_factory=dict)
    mib: dict[str, float] = field(default_factory=dict)
    status: VolumeStatus = VolumeStatus.AVAILABLE
    gone: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class Volume:
    """A volume, as `Volumes.claim` gives it. Nothing can be set on it; `status`, `files` and `used_mib` are those of the present.

    `size_mib`: MiB. `storage_class`: what was asked for. `backend`: the networked backend that holds it, else None. `node`: the node on
    whose disk it is, else None: only there can it be used. `actor`: who claimed it, at `claimed_s` (s).

    `by` is the environment that reads or writes; None is somebody outside the cluster, who reaches a local volume over its node.
    """

    name: str
    size_mib: int
    storage_class: str
    backend: str | None
    node: str | None
    actor: str
    claimed_s: float
    _cluster: Cluster
    _contents: _Contents

    @property
    def status(self) -> VolumeStatus:
        """Whether it is there, as far as is known."""
        return self._contents.status

    @property
    def files(self) -> tuple[str, ...]:
        """The names of its files, in the order in which they were made; known of a lost volume too."""
        return tuple(self._contents.files)

    @property
    def used_mib(self) -> float:
        """MiB of all files."""
        return float(sum(self._contents.mib.values()))

    def write(self, file: str, content: bytes, *, size_mib: float | None = None, by: RuntimeEnvironment | None = None) -> None:
        """Write a file, in place of one of that name. `size_mib`: its size in the simulation; None is the size of `content`.

        Raises VolumeError (LOST, ELSEWHERE, UNREACHABLE; NO_SPACE if it does not fit), EnvironmentGoneError if `by` has ended or was
        fenced, UnknownNameError for a volume that was released, OptionError for what is no file.
        """
        if not isinstance(file, str) or not file or not file.isprintable():
            raise OptionError(f"file={ascii(file)[:80]}: expected the name of a file")
        if not isinstance(content, bytes):
            raise OptionError(f"content of file {file[:80]!r}: expected bytes, not {type(content).__name__}")
        size = len(content) / MIB if size_mib is None else size_mib
        if isinstance(size, bool) or not isinstance(size, (int, float)) or not 0 <= size <= UNLIMITED:
            raise OptionError(f"size_mib={str(size)[:40]}: expected MiB from 0 to {UNLIMITED}")
        self._check(by)
        contents = self._contents
        sizes = contents.mib | {file: size}
        if sum(sizes.values()) > self.size_mib:
            left = self.size_mib - self.used_mib + contents.mib.get(file, 0.0)
            raise VolumeError(
                self.name, VolumeReason.NO_SPACE, f"file {file[:80]!r} of {size:g} MiB does not fit into the {left:g} MiB left"
            )
        contents.files[file], contents.mib = content, sizes

    def read(self, file: str, *, by: RuntimeEnvironment | None = None) -> bytes:
        """The content of a file. Raises like `write`, and UnknownNameError for a file that is not there."""
        self._check(by)
        if file not in self._contents.files:
            raise UnknownNameError("file", printable(str(file)[:100]), self._contents.files)
        return self._contents.files[file]

    def begin_read(self, mib: float, *, by: RuntimeEnvironment, on_done: OnDone | None = None, cause: Any = None) -> Transfer:
        """`by` reads `mib` MiB, beginning now, at the speed that what else is read leaves. `done` of the transfer happens at the end.

        Bytes only: contents are read with `read`. Raises like `read`, and OptionError for a size that is none.
        """
        return self._cluster.volumes.io.begin(self, by, mib, READ, on_done=on_done, cause=cause)

    def begin_write(self, mib: float, *, by: RuntimeEnvironment, on_done: OnDone | None = None, cause: Any = None) -> Transfer:
        """`by` writes `mib` MiB, beginning now, such as a checkpoint. Bytes only: see `begin_read`, and `write` for contents."""
        return self._cluster.volumes.io.begin(self, by, mib, WRITE, on_done=on_done, cause=cause)

    def _check(self, by: RuntimeEnvironment | None) -> None:
        """Whether `by` can use it now."""
        if by is not None:
            if not isinstance(by, RuntimeEnvironment):
                raise OptionError(f"by is a {type(by).__name__}; expected the RuntimeEnvironment that uses the volume")
            if by.ended or by.fenced:
                raise EnvironmentGoneError(f"environment {printable(by.name)!r} has ended or was fenced: it can do nothing any more")
        if self.status is VolumeStatus.RELEASED:
            raise UnknownNameError("volume", self.name, self._cluster.volumes.names())
        if self.status is VolumeStatus.LOST:
            raise VolumeError(self.name, VolumeReason.LOST, f"it was on the disk of {self.node}")
        hardware = self._cluster.hardware
        if self.node is not None and by is not None:
            if by.node_name != self.node:
                raise VolumeError(self.name, VolumeReason.ELSEWHERE, f"it is on {self.node}, and {printable(by.name)!r} on {by.node_name}")
        elif (over := self.node if by is None else by.node_name) is not None and not hardware.reachable(over):
            raise VolumeError(self.name, VolumeReason.UNREACHABLE, f"nothing gets through to or from {over}")

    def __repr__(self) -> str:
        return f"Volume({self.name!r}: {self.size_mib} MiB on {self.node or self.backend}, {self.status.value})"


class _Place(NamedTuple):
    """Where a volume goes: the number of the backend in the description, or the row of the node."""

    local: bool
    row: int


class _Refusal(NamedTuple):
    """Why a volume has no place."""

    reason: VolumeReason
    text: str


_NEAREST = (VolumeReason.NO_SPACE, VolumeReason.NOT_IN_SERVICE, VolumeReason.TOO_LARGE, VolumeReason.NO_BACKEND)
"""Of several refusals the one that the least has to change for comes first."""


class Volumes:
    """The storage of a cluster as one pool: who needs a volume says how large and of which class, and the cluster chooses where.

    Events: `volume.claimed` {size_mib, storage_class, backend, node}, `volume.released` {size_mib}, `volume.lost` {node, permanent},
    caused by `node.unavailable` or `node.left`, `volume.recovered` {node}, caused by `node.recovered`.

    >>> import mlplat as mp
    >>> spec = mp.ClusterSpec.from_yaml("{groups: [{name: a, cpus: 8, disk: 1TiB}], storage: [{name: lake, capacity: 10TiB}]}")
    >>> volumes = mp.Cluster(mp.Simulation(), spec).volumes
    >>> volume = volumes.claim("features", "100GiB")
    >>> volume.write("day-1", b"rows")
    >>> volume.backend, volumes["features"].read("day-1")
    ('lake', b'rows')
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster, self._sim = cluster, cluster.sim
        self._volumes: dict[str, Volume] = {}
        self._on_node: dict[str, dict[str, Volume]] = {}
        self._backends = {backend.name: row for row, backend in enumerate(cluster.spec.storage)}
        self.io = VolumeIO(cluster)
        """What is read and written in simulated time."""
        self._network_free = [backend.capacity_mib for backend in cluster.spec.storage]
        log = cluster.sim.log
        log.subscribe("node.unavailable", self._given_up)
        log.subscribe("node.recovered", self._back)
        log.subscribe("node.left", self._left)

    @cached_property
    def _disk_free(self) -> npt.NDArray[np.int64]:
        """int64[N]: MiB of each node's disk that no volume holds."""
        return np.array(self._cluster.nodes.disk_mib, dtype=np.int64)

    # -- asking

    def __getitem__(self, name: str) -> Volume:
        volume = self._volumes.get(name) if isinstance(name, str) else None
        if volume is None:
            raise UnknownNameError("volume", printable(str(name)[:80]), self._volumes)
        return volume

    def __len__(self) -> int:
        return len(self._volumes)

    def names(self) -> tuple[str, ...]:
        """The names of all volumes, in the order in which they were claimed."""
        return tuple(self._volumes)

    def frame(self) -> pl.DataFrame:
        """One row a volume, in the order in which they were claimed: the columns of `VOLUME_COLUMNS`."""
        return _framed(
            VOLUME_COLUMNS,
            [
                (v.name, v.size_mib, v.used_mib, len(v.files), v.storage_class, v.backend, v.node, v.status.value, v.actor, v.claimed_s)
                for v in self._volumes.values()
            ],
        )

    def storage(self) -> pl.DataFrame:
        """One row a backend, then one row a node with a disk, in the order of the description: the columns of `STORAGE_COLUMNS`.

        `held_mib` is summed over the volumes and `free_mib` is what can be claimed, so that `held + free = capacity` is a check.
        """
        held: dict[tuple[bool, str], list[int]] = {}
        for volume in self._volumes.values():
            held.setdefault((volume.node is not None, volume.node or volume.backend or ""), []).append(volume.size_mib)
        nodes, free = self._cluster.nodes, self._disk_free
        places = [(backend.name, NETWORK, backend.capacity_mib, self._network_free[self._backends[backend.name]]) for backend in self._spec]
        places += [(nodes.names[row], LOCAL, int(nodes.disk_mib[row]), int(free[row])) for row in np.flatnonzero(nodes.disk_mib).tolist()]
        rows: list[tuple[object, ...]] = []
        for name, kind, capacity, left in places:
            sizes, limited = held.get((kind == LOCAL, name), []), capacity < UNLIMITED
            rows.append((name, kind, capacity if limited else None, sum(sizes), left if limited else None, len(sizes)))
        return _framed(STORAGE_COLUMNS, rows)

    # -- claiming and releasing

    def claim(
        self,
        name: str,
        size: str,
        storage_class: str = ANY,
        *,
        node: NodeName | None = None,
        actor: str = "system",
        cause: Event | int | None = None,
    ) -> Volume:
        """A new volume. `size`: with a unit, such as `"100GiB"`; whole MiB are held, rounded up.

        `storage_class`: `"network"`, the backend with the most free MiB (of equals the first of the description); the name of one
        backend; `"local"`, the node with the most free MiB that takes new work; `"any"`, networked if that fits, else local. `node`: the
        node of a local volume. Raises VolumeError (NO_BACKEND, TOO_LARGE, NOT_IN_SERVICE, NO_SPACE), OptionError, also for a name in
        use, UnknownNameError for a class or node.
        """
        if check_name(name) in self._volumes:
            raise OptionError(f"name={name!r}: a volume of that name is there; release it first")
        size_mib = _checked_size(size)
        check_principal(actor)
        self._sim.log.cause_id(cause)
        place = self._choose(name, size_mib, storage_class, node)
        if place.local:
            self._disk_free[place.row] -= size_mib
            backend, at = None, self._cluster.nodes.names[place.row]
        else:
            self._network_free[place.row] -= size_mib
            backend, at = self._spec[place.row].name, None
        volume = Volume(name, size_mib, storage_class, backend, at, actor, self._sim.now, self._cluster, _Contents())
        self._volumes[name] = volume
        if at is not None:
            self._on_node.setdefault(at, {})[name] = volume
        data = {"size_mib": size_mib, "storage_class": storage_class, "backend": backend, "node": at}
        self._sim.emit(f"volume:{name}", "volume.claimed", source=SOURCE, actor=actor, cause=cause, data=data)
        return volume

    def release(self, name: str, *, actor: str = "system", cause: Event | int | None = None) -> None:
        """End a volume, lost ones too: its files are gone, its room and its name are free. Raises UnknownNameError, OptionError."""
        volume = self[name]
        check_principal(actor)
        self._sim.log.cause_id(cause)
        del self._volumes[name]
        if volume.node is None:
            self._network_free[self._backends[volume.backend or ""]] += volume.size_mib
        else:
            del self._on_node[volume.node][name]
            self._disk_free[self._cluster.hardware.row(volume.node)] += volume.size_mib
        volume._contents.status = VolumeStatus.RELEASED
        volume._contents.files.clear()
        volume._contents.mib.clear()
        data = {"size_mib": volume.size_mib}
        event = self._sim.emit(f"volume:{name}", "volume.released", source=SOURCE, actor=actor, cause=cause, data=data)
        self.io.fail(volume, event)

    def stage(
        self,
        environment: RuntimeEnvironment,
        volume: Volume,
        mib: float,
        *,
        on_done: OnDone | None = None,
        cause: Event | int | None = None,
    ) -> Transfer:
        """Copy `mib` MiB, such as a dataset, from a volume to the disk of the environment's node, beginning now.

        It shares what the volume is read with, the network, and what the disk is written with. Raises like `Volume.begin_read`.
        """
        return self.io.stage(environment, volume, mib, on_done=on_done, cause=cause)

    # -- choosing

    @property
    def _spec(self) -> tuple[Storage, ...]:
        return self._cluster.spec.storage

    def _choose(self, name: str, size_mib: int, storage_class: str, node: NodeName | None) -> _Place:
        """Where a volume goes. Raises like `claim`."""
        if not isinstance(storage_class, str) or storage_class not in (*CLASSES, *self._backends):
            raise UnknownNameError("storage class", printable(str(storage_class)[:80]), [*CLASSES, *self._backends])
        row = None if node is None else self._cluster.hardware.row(node)
        if row is not None and storage_class not in (LOCAL, ANY):
            raise OptionError(f"node={str(node)[:80]!r}: a volume of class {storage_class!r} is on no node; expected 'local'")
        found: list[_Place | _Refusal] = []
        if storage_class != LOCAL and row is None:
            backends = [self._backends[storage_class]] if storage_class not in CLASSES else list(self._backends.values())
            found.append(self._choose_backend(size_mib, backends))
        if storage_class == LOCAL or (storage_class == ANY and not any(isinstance(each, _Place) for each in found)):
            found.append(self._choose_node(size_mib, row))
        if isinstance(found[-1], _Place):
            return found[-1]
        refusals = [each for each in found if isinstance(each, _Refusal)]
        first = min(refusals, key=lambda refusal: _NEAREST.index(refusal.reason))
        raise VolumeError(name, first.reason, "; ".join(refusal.text for refusal in refusals))

    def _choose_backend(self, size_mib: int, rows: list[int]) -> _Place | _Refusal:
        if not rows:
            return _Refusal(VolumeReason.NO_BACKEND, "the cluster has no networked storage")
        best = max(rows, key=lambda row: self._network_free[row])
        if size_mib <= self._network_free[best]:
            return _Place(False, best)
        largest = max(self._spec[row].capacity_mib for row in rows)
        if size_mib > largest:
            return _Refusal(VolumeReason.TOO_LARGE, f"{size_mib} MiB of networked storage asked for, and the largest backend has {largest}")
        return _Refusal(
            VolumeReason.NO_SPACE,
            f"{size_mib} MiB of networked storage asked for, and {self._spec[best].name} has the most free, {self._network_free[best]}",
        )

    def _choose_node(self, size_mib: int, row: int | None) -> _Place | _Refusal:
        nodes, free = self._cluster.nodes, self._disk_free
        asked = np.ones(len(nodes), dtype=np.bool_) if row is None else np.arange(len(nodes)) == row
        largest, where = int(nodes.disk_mib[asked].max()), "a node" if row is None else nodes.names[row]
        if largest == 0:
            return _Refusal(VolumeReason.NO_BACKEND, "no node has a local disk" if row is None else f"{where} has no local disk")
        if size_mib > largest:
            return _Refusal(VolumeReason.TOO_LARGE, f"{size_mib} MiB of local disk asked for, and {where} has at most {largest}")
        open_ = asked & (nodes.disk_mib >= size_mib) & self._takes_new_work()
        while open_.any():
            best = int(np.argmax(np.where(open_, free, -1)))
            if free[best] < size_mib:
                text = f"{size_mib} MiB of local disk asked for, and {nodes.names[best]} has the most free of volumes, {free[best]}"
                return _Refusal(VolumeReason.NO_SPACE, text)
            if self._cluster.watcher.health(best) is NodeHealth.READY:
                return _Place(True, best)
            open_[best] = False  # closed at this instant, of which the scheduler has yet to hear
        which = f"no node with {size_mib} MiB of local disk takes" if row is None else f"{where} does not take"
        return _Refusal(VolumeReason.NOT_IN_SERVICE, f"{which} anything new")

    def _takes_new_work(self) -> npt.NDArray[np.bool_]:
        """bool[N]: of each node, whether the scheduler may start anything there."""
        world = self._cluster.scheduler.run.world
        open_: npt.NDArray[np.bool_] = in_rows(world, world.hardware.health) & CLOSED == 0
        return open_

    # -- nodes that come and go

    def _given_up(self, event: Event) -> None:
        """The watcher no longer counts on a node: what is on its disk is reported lost."""
        volumes = self._on_node.get(event.name)
        if volumes and self._cluster.watcher.health(event.name) is NodeHealth.DOWN:
            self._lose(event, [volume for volume in volumes.values() if volume.status is VolumeStatus.AVAILABLE], permanent=False)

    def _left(self, event: Event) -> None:
        """A machine has left the cluster, and its disk with it."""
        volumes = self._on_node.get(event.name)
        if volumes and self._cluster.autoscaling is not None:
            self._lose(event, [volume for volume in volumes.values() if not volume._contents.gone], permanent=True)

    def _lose(self, event: Event, volumes: list[Volume], *, permanent: bool) -> None:
        for volume in volumes:
            volume._contents.status, volume._contents.gone = VolumeStatus.LOST, permanent
            data = {"node": volume.node, "permanent": permanent}
            lost = self._sim.emit(f"volume:{volume.name}", "volume.lost", source=SOURCE, cause=event, data=data)
            self.io.fail(volume, lost)

    def _back(self, event: Event) -> None:
        """A node is back with its disk, on which everything still is."""
        if self._cluster.watcher.health(event.name) is NodeHealth.DOWN:
            return
        for volume in list(self._on_node.get(event.name, {}).values()):
            if volume.status is VolumeStatus.LOST and not volume._contents.gone:
                volume._contents.status = VolumeStatus.AVAILABLE
                data = {"node": volume.node}
                self._sim.emit(f"volume:{volume.name}", "volume.recovered", source=SOURCE, cause=event, data=data)

    def __repr__(self) -> str:
        return f"Volumes({len(self._volumes):,} on {len(self._backends):,} backends and {len(self._cluster.nodes):,} nodes)"


def _checked_size(size: object) -> int:
    """MiB of a size with a unit. Raises OptionError."""
    if not isinstance(size, str) or not size.strip()[-1:].isalpha():  # a bare number would be bytes, and is never meant as such
        raise OptionError(f"size={str(size)[:60]!r}: expected a number with a unit, such as '100GiB'")
    size_mib = mebibytes(size)
    if size_mib == 0:
        raise OptionError(f"size={size[:60]!r}: expected more than nothing")
    return size_mib


def _framed(columns: tuple[tuple[str, str, str, str], ...], rows: list[tuple[object, ...]]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(rows, schema={name: getattr(pl, dtype) for name, dtype, _, _ in columns}, orient="row")
