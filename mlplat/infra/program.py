"""`Program`: what the environments of a workload really do, for whoever submits it: real code, called at simulated instants."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import simpy


class Work(NamedTuple):
    """An attempt to do the work of a workload.

    `workload`, `zone`: its names. `attempt`: from 0. `nodes`: of each replica, by name. `models`: of each replica the model of its devices,
    empty without any. `resumed_s`: seconds of work in the checkpoint that it goes on from.
    """

    workload: str
    zone: str
    attempt: int
    nodes: tuple[str, ...]
    models: tuple[str, ...]
    resumed_s: float


class ProgramReplica(NamedTuple):
    """One running program of a workload or service: its environment, and that one's `address`, empty without a network."""

    workload: str
    name: str
    node: str
    model: str
    address: str


class Program:
    """What a workload does, beside taking its time. Subclasses override what they need; by default nothing happens.

    Given to `ManagementEndpoint.submit`. One that raises ends the workload: `failed`, reason ERROR; what it raised stands in the log of
    its environments. For a service each replica is a workload of its own, and all have the same program.

    >>> import mlplat as mp
    >>> class Hello(Program):
    ...     def finished(self, work):
    ...         print("hello from", *work.nodes)
    >>> cluster = mp.Cluster(mp.Simulation(), mp.ClusterSpec.parse("2x8xV100"))
    >>> handle = cluster.endpoint.submit(mp.Workload("hello", {"cpus": 1}, duration="1m"), program=Hello())
    >>> cluster.sim.run(until="2m")
    hello from node-0
    """

    def started(self, work: Work) -> simpy.Event | None:
        """All replicas are up. The work begins now, or when the event that is returned happens."""

    def saved(self, work: Work, work_s: float) -> None:
        """A checkpoint is complete: `work_s` seconds of the work of the workload, of all attempts, are in it. What this raises as an
        attempt stops ends nothing more."""

    def finished(self, work: Work) -> None:
        """The work is done, at this instant. What it makes is to be there now, all or nothing."""

    def stopped(self, work: Work, reason: str) -> None:
        """The attempt has ended without being done, and nothing of it counts that is not saved. Maybe another follows."""

    def replica_up(self, replica: ProgramReplica) -> None:
        """A program is up and can be reached: at that very instant, whoever has noticed."""

    def replica_down(self, replica: ProgramReplica) -> None:
        """A program that was up is no more, or cannot be reached: at that very instant, whoever has noticed."""
