"""Checkpoints of a live cluster that have a size: work pauses while they go over the network, part by part, to where they are kept."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..errors import OptionError, UnknownNameError, printable
from ..hardware.durations import LONGEST_S
from ..units import MBIT_PER_MIB
from .network.names import closest_names
from .network.routing import NoRouteError
from .volume_io import WRITE

if TYPE_CHECKING:
    from ..clock import Call
    from .checkpoints import CheckpointPolicy
    from .cluster import Cluster
    from .network.transfers import Transfer
    from .resource_scheduler import Held
    from .virtualization.environments import RuntimeEnvironment
    from .volume_io import OnDone
    from .workload_records import WorkloadRecord
    from .workload_spec import Workload

STARTED, WRITTEN = ("mib", "to", "work_s"), ("work_s", "seconds")
"""What the data of events is called."""


@dataclass(slots=True, eq=False)
class _Saving:
    """A workload that saves over the network. Seconds of work count from where the current attempt began or was last set back.

    `interval`: between checkpoints (s of work). `most`, `complete`: checkpoints to write and written. `call`: of the next pause.
    `parts`: what is under way, `missing` of which have not arrived; `began_s`: since when.
    """

    record: WorkloadRecord
    interval: float
    pace: float = 1.0
    most: float = 0.0
    complete: int = 0
    call: Call | None = None
    parts: list[Transfer] = field(default_factory=list)
    missing: int = 0
    began_s: float = math.nan

    @property
    def until(self) -> float:
        """Work at which it pauses next."""
        return (self.complete + 1) * self.interval if self.complete < self.most else math.inf


class CheckpointWriting:
    """Writes the checkpoints of workloads whose policy has a `size`.

    When `interval` seconds of work are done the work of the gang pauses, and each replica sends its part from its node: to a storage
    backend, whose writes share what it takes (`VolumeIO`), or to a place of the network. The work counts as saved, and goes on, when the
    last part is there. Nobody is asked whether the gang may connect to that place: the infrastructure writes, not the program. What
    stops the work, or an environment, cancels what is under way.

    Events, of the workload: `checkpoint.started` {mib, to, work_s}, `checkpoint.written` {work_s, seconds}, `work_s` being all work in it;
    of `checkpoint:<workload>`: those of the transfers.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster, self._sim, self._scheduler = cluster, cluster.sim, cluster.scheduler
        self._backends = frozenset(backend.name for backend in cluster.spec.storage)
        self._savings: dict[int, _Saving] = {}
        """By job, from submission to the end."""

    def check(self, policy: CheckpointPolicy) -> None:
        """Raises OptionError or UnknownNameError where there is no such place to write to."""
        network, to = self._cluster.network, policy.to or ""
        if to in self._backends:
            return
        if network is None:
            raise OptionError(
                f"checkpoint: {printable(to)!r} is no storage backend of the cluster, which has no network either; expected the name of a "
                "backend, or a checkpoint with a write time instead of a size"
            )
        if to not in network.topology.vertices:
            known = {*self._backends, *network.topology.vertices}
            raise UnknownNameError("place to write checkpoints to:", printable(to), closest_names(to, known))

    def guessed_write_s(self, workload: Workload) -> float:
        """Seconds that a checkpoint takes on an idle network with each replica on a node of its own, those with the slowest interfaces.

        Raises OptionError where that says nothing: no time, or no way.
        """
        groups = self._cluster.spec.groups
        speeds = np.array([group.nics * group.nic_mbps for group in groups], dtype=np.float64)[self._cluster.nodes.group]
        slowest = np.argsort(speeds, kind="stable")[: workload.replicas].tolist()
        write = self._idle_write_s(workload, [slowest[i % len(slowest)] for i in range(workload.replicas)])
        if not 0 < write < math.inf:
            raise OptionError(f"checkpoint='young-daly': writing to {printable(workload.checkpoint.to or '')!r} takes {write:g} s now")
        return write

    def keep(self, record: WorkloadRecord, interval: float) -> None:
        """A workload was submitted that saves after each `interval` seconds of work."""
        self._savings[record.job] = _Saving(record, interval)

    def forget(self, record: WorkloadRecord) -> None:
        """A workload is over."""
        self.stop(record)
        self._savings.pop(record.job, None)

    def expect(self, record: WorkloadRecord, held: Iterable[Held]) -> float:
        """Seconds that a checkpoint on demand takes in the attempt that begins on these nodes: those on an otherwise idle network."""
        places = [part.node for part in held for _ in range(part.replicas)]
        write = min(self._idle_write_s(record.workload, places), LONGEST_S)
        self._scheduler.set_write_time(record.job, write)
        return write

    # -- one workload

    def set_to_work(self, record: WorkloadRecord, pace: float) -> None:
        """The work of a gang begins, or begins again after its program was restarted, at `pace` seconds of work a second."""
        self.stop(record)
        saving, policy = self._savings[record.job], record.workload.checkpoint
        saving.pace, saving.complete = pace, 0
        saving.most = max(0.0, math.ceil(self._scheduler.work_left(record.job) / saving.interval) - 1.0)
        self._scheduler.ready(record.job, pace, saving.until)
        if saving.most and self._scheduler.works(record.job):
            restart = policy.restart_s if record.attempts > 1 else 0.0
            self._pause_at(saving, self._sim.env._now + (restart + saving.interval / pace))

    def stop(self, record: WorkloadRecord) -> None:
        """Its work has stopped: what is being written is of no use."""
        saving = self._savings.get(record.job)
        if saving is None:
            return
        if saving.call is not None:
            saving.call.cancel()
            saving.call = None
        parts, saving.parts, saving.missing = saving.parts, [], 0
        for part in parts:
            part.cancel()

    def _pause_at(self, saving: _Saving, time: float) -> None:
        with self._sim.caused_by(None):
            saving.call = self._sim.env.call_at(time, self._write, saving)

    def _write(self, saving: _Saving) -> None:
        """The work has come to the next checkpoint."""
        saving.call = None
        record = saving.record
        if not self._scheduler.works(record.job):
            return  # it has stopped, and nobody has noticed yet
        policy, saving.began_s = record.workload.checkpoint, self._sim.env._now
        mib = policy.size_mib or 0
        self._cluster.tell(record, "checkpoint.started", STARTED, (mib, policy.to, self._work(saving, saving.complete + 1)))
        each = mib / record.workload.replicas
        living = [environment for environment in record.environments if not environment.ended]
        saving.missing = len(living)

        def arrived(part: Transfer) -> None:
            self._arrived(saving, part)

        saving.parts = [self._send(environment, policy.to or "", each, arrived, record) for environment in living]

    def _send(self, environment: RuntimeEnvironment, to: str, mib: float, arrived: OnDone, record: WorkloadRecord) -> Transfer:
        subject, cause = f"checkpoint:{record.workload.name}", record.last_event
        if to in self._backends:
            return self._cluster.volumes.io.write_to(to, environment, mib, subject=subject, on_done=arrived, cause=cause)
        network = self._cluster.network
        assert network is not None
        attachment = network.attachments.of(environment)
        assert attachment is not None
        return network.carry(attachment.name, to, mib, subject=subject, on_done=arrived, cause=cause)

    def _arrived(self, saving: _Saving, part: Transfer) -> None:
        if part not in saving.parts:
            return  # of a write that was given up
        saving.missing -= 1
        if saving.missing:
            return
        saving.parts = []
        record, now = saving.record, self._sim.env._now
        saving.complete += 1
        if not self._scheduler.go_on(record.job, saving.complete * saving.interval, saving.until):
            return
        self._cluster.tell(record, "checkpoint.written", WRITTEN, (self._work(saving, saving.complete), now - saving.began_s))
        if record.has_program:
            self._cluster.programs.save(record, self._work(saving, saving.complete))
        if saving.until < math.inf:
            self._pause_at(saving, now + saving.interval / saving.pace)

    def _work(self, saving: _Saving, checkpoints: int) -> float:
        """All work (s) that is saved when so many checkpoints are."""
        before = saving.record.workload.duration - self._scheduler.work_left(saving.record.job)
        return before + checkpoints * saving.interval

    # -- an idle network

    def _idle_write_s(self, workload: Workload, places: list[int]) -> float:
        """Seconds until a checkpoint of replicas on these nodes has arrived if nothing else moves; infinite where there is no way now.

        That of the link or limit that is busy for longest, and of the longest way.
        """
        to, io, network = workload.checkpoint.to or "", self._cluster.volumes.io, self._cluster.network
        each = (workload.checkpoint.size_mib or 0) * MBIT_PER_MIB / workload.replicas
        in_backend = to in self._backends
        load: dict[int, float] = dict.fromkeys(io.backend_limits(to, WRITE) if in_backend else (), each * len(places))
        longest = 0.0
        target = None if network is None else io.place_of(to) if in_backend else network.topology.vertices[to]
        if network is not None and target is not None:
            for node in places:
                try:
                    path = network.routing.path(node, target)
                except NoRouteError:
                    return math.inf
                longest = max(longest, float(network.topology.link_latency[list(path)].sum()))
                for link in path:
                    load[link] = load.get(link, 0.0) + each
        capacity = io.transfers.flows.capacity()
        return max((amount / float(capacity[link]) for link, amount in load.items()), default=0.0) + longest
