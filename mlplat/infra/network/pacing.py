"""At what pace the gangs of a replay work, when their ranks have to wait for each other's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import OptionError
from ..kernels.state import COUNT, HELD, NODE
from .collectives import Collectives

if TYPE_CHECKING:
    from ...hardware.cluster_spec import ClusterSpec
    from ..synchronization import Synchronization
    from ..world import Run


def collectives_of(spec: ClusterSpec) -> Collectives:
    """All-reduce on the network of a described cluster. Raises OptionError where none is described."""
    from .routing import Routing
    from .topology import Topology

    if spec.network is None:
        raise OptionError("sync= needs the cluster to have a network, such as `network: {topology: leaf-spine}` in its description")
    topology = Topology.of(spec)
    return Collectives.among(topology, Routing(topology, spec.network.routing), spec.nodes())


class GangPaces:
    """Seconds of work a second of each job that has just started on a run: what its all-reduces leave (`Synchronization.pace`)."""

    def __init__(self, run: Run, collectives: Collectives, sync: Synchronization) -> None:
        self.run, self.collectives, self.sync = run, collectives, sync
        self._row_of: list[int] = run.world.cluster.row_of.tolist()
        self._devices: list[int] = run.world.classes.ask[:, COUNT].tolist()

    def __call__(self, job: int) -> float:
        world = self.run.world
        cls, last, left, _ = world.jobs.gang[job].tolist()
        if left == 1 and self._devices[last] <= 1:
            return 1.0
        ranks: list[int] = []
        record, records = world.log.first.item(job), world.log.records
        while left > 0:
            held, row = records.item(record, HELD), self._row_of[records.item(record, NODE)]
            left -= held
            ranks += [row] * (held * max(1, self._devices[cls]))
            if left == 0 and last != cls:
                ranks += [row] * (max(1, self._devices[last]) - max(1, self._devices[cls]))
            record += 1
        return self.sync.pace(self.collectives.all_reduce(ranks, self.sync.size_mib, self.sync.algorithm).seconds)
