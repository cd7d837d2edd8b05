"""`ReplicaWatch`: which replicas of a service are up, load the model, are gone, and are noticed to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from .live_server import NO_PLACE

if TYPE_CHECKING:
    from ...context import Simulation
    from ...infra.endpoint import Program, ProgramReplica
    from .live_server import LiveServer
    from .live_version import LiveVersion, VersionPlan


class Cluster(Protocol):
    """What a service asks of the cluster."""

    def start(self, plan: VersionPlan, workload: str, replicas: int, program: Program) -> None:
        """Let the replicas of a version arrive. Raises MlplatError."""

    def scale(self, plan: VersionPlan, workload: str, replicas: int) -> None:
        """Another number of them. Raises MlplatError."""

    def end(self, workload: str) -> None:
        """All of them go."""

    def fetch(self, replica: str, mib: float, then: Callable[[], None]) -> bool:
        """Let a replica get the model; `then` is called when it is there. Returns whether it takes any time."""

    def reachable(self, node: str) -> bool:
        """Whether a node is up, and the network reaches it."""

    def lit(self, node: str) -> None:
        """A replica on a node has come up, so the node is there."""


class ReplicaWatch:
    """Hears of the replicas of a service's versions, and tells the server. `look`: catch up at the end of this instant."""

    def __init__(
        self,
        sim: Simulation,
        server: LiveServer,
        cluster: Cluster,
        health_s: float,
        versions: Mapping[int, LiveVersion],
        look: Callable[[], None],
    ) -> None:
        self._sim, self._server, self._cluster, self._health_s = sim, server, cluster, health_s
        self._versions, self._look = versions, look
        self.over = False
        """Whether the service has ended."""

    def up(self, number: int, replica: ProgramReplica) -> None:
        """The environment of a replica is up: it gets the model, and loads it."""
        version = self._versions.get(number)
        if version is None:
            return
        self._cluster.lit(replica.node)
        if replica.name in version.silent:  # it is back before anybody noticed; what hung there is lost
            place, call = version.silent.pop(replica.name)
            call.cancel()
            self._server.notice(place, self._sim.now)
        if replica.address:
            version.addresses[replica.address] = replica.name
        mib = version.plan.model_mib
        if mib == 0 or not self._cluster.fetch(replica.name, mib, lambda: self._fetched(version, replica.name)):
            self._fetched(version, replica.name)
        else:
            version.loading[replica.name] = None

    def _fetched(self, version: LiveVersion, replica: str) -> None:
        version.loading[replica] = self._sim.after(version.plan.load_s, self._loaded, version, replica)

    def _loaded(self, version: LiveVersion, replica: str) -> None:
        del version.loading[replica]
        if self.over or version.retiring:
            return
        place = self._server.up(version.row, self._sim.now)
        if place != NO_PLACE:
            version.places[replica] = place
            if version.leaving_to is not None and version.index(replica) >= version.leaving_to:
                self._server.drain(place, self._sim.now)
        self._look()

    def down(self, number: int, replica: ProgramReplica) -> None:
        """A replica is gone, at this very instant."""
        version = self._versions.get(number)
        if version is None:
            return
        if (loading := version.loading.pop(replica.name, None)) is not None:
            loading.cancel()
        place = version.places.pop(replica.name, None)
        if place is None:
            return
        self._sim.at(self._sim.now, self._gone, version, replica, place)  # whether its node is there is known by then
        self._look()

    def _gone(self, version: LiveVersion, replica: ProgramReplica, place: int) -> None:
        if self._versions.get(version.plan.number) is not version:
            return
        version.lost_places.add(place)
        if self._cluster.reachable(replica.node):
            self._server.crash(place, self._sim.now)
        else:
            version.lost += 1
            self._server.silence(place, self._sim.now)
            version.silent[replica.name] = place, self._sim.after(self._health_s, self._notice, version, replica.name)
        self._look()

    def _notice(self, version: LiveVersion, replica: str) -> None:
        found = version.silent.pop(replica, None)
        if found is not None:
            found[1].cancel()
            self._server.notice(found[0], self._sim.now)
            self._look()

    def unlisted(self, address: str) -> None:
        """Nobody is led to an address any more."""
        for version in self._versions.values():
            if address in version.addresses:
                self._notice(version, version.addresses.pop(address))

    def forget(self, version: LiveVersion) -> None:
        """A version is not there any more."""
        for call in [*version.loading.values(), *(call for _, call in version.silent.values())]:
            if call is not None:
                call.cancel()
