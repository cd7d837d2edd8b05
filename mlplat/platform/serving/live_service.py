"""`LiveService`: one service of a platform while its simulation runs.

It catches time up when something happens to it, or is asked of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import MlplatError, UnknownNameError
from .answers import COUNTS, Observed, Sent, ServiceStatus, VersionStatus
from .kernels import state as s
from .live_server import LiveServer
from .live_version import SPARE, Inputs, LiveVersion, Replicas, ServiceOptions, VersionPlan
from .replica_watch import Cluster, ReplicaWatch
from .requests import Requests
from .telling import Telling
from .versions import Version

if TYPE_CHECKING:
    from ...clock import Call
    from ...context import Simulation
    from .answers import Predictor

COLUMNS = dict(zip(COUNTS, (s.SENT, s.ANSWERS, s.ERRORS, s.TIMEOUTS, s.REJECTIONS, s.FAILURES), strict=True))


class LiveService:
    """The server of a service, its versions, and what is attached to it.

    `salts`: of split, errors and samples. `told(observed)`: is called with what was seen, by version, every `flush_s` in which there was
    something.
    """

    def __init__(
        self,
        sim: Simulation,
        name: str,
        zone: str,
        cluster: Cluster,
        options: ServiceOptions,
        salts: tuple[int, int, int],
        told: Callable[[Observed], None],
    ) -> None:
        self.sim, self.name, self.zone, self.options = sim, name, zone, options
        self._cluster = cluster
        self._server = LiveServer(salts[:2], retries=options.retries, backoff=options.backoff_s)
        self._versions: dict[int, LiveVersion] = {}
        self._retired: list[VersionStatus] = []
        self._of_row: dict[int, LiveVersion] = {}
        self._telling = Telling(name, options.sample, salts[2], told)
        self._watch = ReplicaWatch(sim, self._server, cluster, options.health_s, self._versions, self.look)
        self._nobody = self._begin()
        self._flushed_s = sim.now
        self._settling = False
        self._next: Call | None = None
        self._over = False
        self.current = 0

    def _begin(self) -> LiveVersion:
        """Where requests go while no version has traffic: nobody is there, and they are rejected."""
        spec = Version("nobody", replicas=0, limit=0, queue=0)
        row = self._server.add_version(spec, self.sim.now)
        nobody = self._of_row[row] = LiveVersion(VersionPlan(0, "", "", spec, {}, None, 0.0, 0.0, ""), row, "", 0)
        return nobody

    # -- versions

    def start(self, plan: VersionPlan, workload: str, replicas: int, predictor: Predictor | None) -> None:
        """A version without traffic. Raises what the cluster does; then nothing has happened."""
        spec, now = plan.spec, self.sim.now
        watch = self._watch
        program = Replicas(lambda replica: watch.up(plan.number, replica), lambda replica: watch.down(plan.number, replica))
        self._cluster.start(plan, workload, replicas, program)
        roomy = replace(spec, replicas=0, limit=2 * spec.places + SPARE)
        row = self._server.add_version(roomy, now, most=spec.places)
        version = self._versions[plan.number] = self._of_row[row] = LiveVersion(plan, row, workload, replicas, predictor)
        self._server.want(row, replicas, now)
        if spec.scale is not None:
            version.turns = self.sim.every(spec.scale.period, self.look)
        self.look()

    def split(self, weights: dict[int, float]) -> None:
        """Traffic by version from now on; a version that is not named gets none."""
        total = sum(weights.values())
        for number, version in self._versions.items():
            version.weight = weights.get(number, 0.0) / total
        self._reweigh()

    def scale(self, number: int, replicas: int) -> None:
        """So many replicas of a version are wanted, until an autoscaler says otherwise."""
        self._server.want(self._find(number).row, replicas, self.sim.now)
        self._find(number).refused = -1
        self.look()

    def retire(self, number: int) -> None:
        """A version without traffic goes, once its requests are over or the grace is."""
        version = self._find(number)
        if version.weight > 0:
            version.weight = 0.0
            self._reweigh()
        version.retiring, version.leave_by = True, self.sim.now + self.options.grace_s
        self.sim.at(version.leave_by, self.look)
        self.look()

    def abandon(self, number: int) -> None:
        """A version that has just been started is not to be there."""
        version = self._find(number)
        self._cluster.end(version.workload)
        self._close(version)
        self._catch_up()
        self._forget(version)
        self._retired.pop()

    def end(self) -> None:
        """All of it goes at once: what was sent and not answered fails, what comes is not sent."""
        self._over = True
        self._watch.over = True
        for stream in range(self._server.streams):
            self._server.stop(stream)
        for version in list(self._versions.values()):
            self._close(version)
            self._cluster.end(version.workload)
        self._catch_up()
        self._flush()
        for version in list(self._versions.values()):
            self._forget(version)
        if self._next is not None:
            self._next.cancel()

    # -- requests

    def attach(self, requests: Requests, inputs: Inputs | None) -> int:
        """A stream of requests. Returns its number."""
        stream = self._server.attach(requests)
        if inputs is not None:
            self._telling.inputs[stream] = inputs
        self.look()
        return stream

    def stop(self, stream: int) -> None:
        """No more comes of a stream. Raises UnknownNameError."""
        if not 0 <= stream < self._server.streams:
            raise UnknownNameError("stream", stream, map(str, range(self._server.streams)))
        self._server.play(self.sim.now)
        self._server.stop(stream)

    def send(self, key: int, service: float, inputs: Any) -> Sent:
        """One request, now."""
        sent = Sent(self.sim.event())
        one = Requests(np.array([self.sim.now]), np.array([key], dtype=np.uint64), np.array([service]))
        stream = self._server.attach(one)
        self._telling.wait_for(stream, sent, inputs)
        self.look()
        return sent

    # -- looking

    def status(self) -> ServiceStatus:
        """Where it stands now."""
        self._catch_up()
        there = [self._status(version) for version in self._versions.values()]
        versions = tuple(sorted((*self._retired, *there), key=lambda each: each.number))
        return ServiceStatus(self.name, self.zone, self.current, versions, self._server.number(self._nobody.row, s.SENT))

    def standing(self) -> dict[str, tuple[int, int, float, int]]:
        """Of the versions that are to stay, by model: replicas wanted and ready, weight, replicas lost. Their latencies would take long."""
        self._catch_up()
        number = self._server.number
        return {
            version.plan.model: (number(version.row, s.WANTED), number(version.row, s.UP_NOW), version.weight, version.lost)
            for _, version in sorted(self._versions.items())
            if not version.retiring
        }

    def observations(self, version: int | None, since: float) -> Any:
        """The latest requests whose fate is known."""
        self._catch_up()
        return self._telling.seen.frame(version, since)

    def measured(self, since: float, until: float) -> dict[str, Any]:
        """Columns of the requests that came from `since` on and before `until`, and are over."""
        self._catch_up()
        return self._telling.seen.columns(since, until)

    @property
    def timeline(self) -> list[tuple[float, int, int, int, int, int]]:
        """Replicas of the versions over time, by row of the server."""
        return self._server.timeline

    @property
    def versions(self) -> dict[int, LiveVersion]:
        """Those that are there, by number."""
        return self._versions

    def unlisted(self, address: str) -> None:
        """Nobody is led to an address any more."""
        self._watch.unlisted(address)

    # -- time

    def look(self) -> None:
        """Catch up at the end of this instant."""
        if not self._settling and not self._over:
            self._settling = True
            self.sim.at(self.sim.now, self._settle, turn="settle")

    def _settle(self) -> None:
        self._settling = False
        if self._over:
            return
        self._expect()
        self._catch_up()
        for version in list(self._versions.values()):
            self._reconcile(version)
        if self.sim.now >= self._flushed_s + self.options.flush_s:
            self._flush()
        self._plan()

    def _expect(self) -> None:
        for version in self._versions.values():
            up = self._server.number(version.row, s.UP_NOW) + self._server.number(version.row, s.LEAVING)
            self._server.expect(version.row, max(0, version.replicas - up))

    def _plan(self) -> None:
        """When to catch up next, beside the turns of autoscalers and what happens to replicas."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        server, now = self._server, self.sim.now
        time = math.inf
        if self._telling.awaited or any(version.retiring or version.leaving_to is not None for version in self._versions.values()):
            time = server.next_event()
        if any(version.plan.spec.scale is not None and server.number(version.row, s.WANTED) == 0 for version in self._versions.values()):
            time = min(time, server.next_arrival())
        if server.unfinished or self._telling.untold or server.next_arrival() < math.inf:
            due = self._flushed_s + self.options.flush_s
            if not server.unfinished and not self._telling.untold:
                due = max(due, server.next_arrival())
            time = min(time, due)
        if time < math.inf:
            self._next = self.sim.at(max(now, time), self.look)

    def _reconcile(self, version: LiveVersion) -> None:
        """Bring the workload of a version to what is wanted of it."""
        server, now = self._server, self.sim.now
        if version.retiring:
            self._retire_further(version)
            return
        if version.leaving_to is not None:
            if server.number(version.row, s.LEAVING) and now < version.leave_by:
                return
            target, version.leaving_to = version.leaving_to, None
            version.places = {replica: place for replica, place in version.places.items() if version.index(replica) < target}
            self._ask(version, target)
        wanted = server.number(version.row, s.WANTED)
        if wanted > version.replicas:
            self._ask(version, wanted)
        elif wanted < version.replicas and wanted != version.refused:
            leaving = [place for replica, place in version.places.items() if version.index(replica) >= wanted]
            if not leaving:
                self._ask(version, wanted)
                return
            version.leaving_to, version.leave_by = wanted, now + self.options.grace_s
            for place in leaving:
                server.drain(place, now)
            self.sim.at(version.leave_by, self.look)
            self.look()

    def _ask(self, version: LiveVersion, replicas: int) -> None:
        if replicas in (version.replicas, version.refused):
            return
        try:
            self._cluster.scale(version.plan, version.workload, replicas)
        except MlplatError:  # told by the cluster, and tried again when another number is wanted
            version.refused = replicas
        else:
            version.replicas, version.refused = replicas, -1

    def _retire_further(self, version: LiveVersion) -> None:
        server, row, now = self._server, version.row, self.sim.now
        if now >= version.leave_by:
            self._close(version)
            self._catch_up()
        elif server.number(row, s.WAITING) == 0 and version.places:
            for place in version.places.values():
                server.drain(place, now)
            version.places.clear()
            self.look()
            return
        if not (
            server.number(row, s.WAITING) or server.number(row, s.SERVED) or server.number(row, s.UP_NOW) or server.number(row, s.LEAVING)
        ):
            self._cluster.end(version.workload)
            self._flush()
            self._forget(version)

    def _close(self, version: LiveVersion) -> None:
        """End what a version still has: its requests fail."""
        server, now = self._server, self.sim.now
        server.dismiss(version.row, now)
        for place in server.places(version.row):
            server.crash(place, now)

    def _forget(self, version: LiveVersion) -> None:
        self._watch.forget(version)
        if version.turns is not None:
            version.turns.cancel()
        self._retired.append(replace(self._status(version), ready=0, wanted=0, weight=0.0, retired=True))
        self._server.retire_version(version.row, self.sim.now)
        del self._versions[version.plan.number], self._of_row[version.row]

    def _reweigh(self) -> None:
        rows = {version.row: version.weight for version in self._versions.values()}
        rows[self._nobody.row] = 0.0 if any(rows.values()) else 1.0
        self._server.set_weights([rows.get(row, 0.0) for row in range(max(rows) + 1)], self.sim.now)
        self.look()

    # -- inside

    def _catch_up(self) -> None:
        """Play everything up to now, and remember what became known."""
        self._telling.take(self._server.advance(self.sim.now), self._of_row)

    def _flush(self) -> None:
        self._flushed_s = self.sim.now
        self._telling.flush([self._nobody, *self._versions.values()])

    def _status(self, version: LiveVersion) -> VersionStatus:
        server, row, plan = self._server, version.row, version.plan
        counts = MappingProxyType({name: server.number(row, column) for name, column in COLUMNS.items()})
        return VersionStatus(
            plan.number,
            plan.model,
            plan.digest,
            version.weight,
            server.number(row, s.UP_NOW),
            server.number(row, s.WANTED),
            counts,
            server.unfinished_of(row),
            self._telling.seen.p95(plan.number),
            version.lost,
            version.retiring,
        )

    def _find(self, number: int) -> LiveVersion:
        if number not in self._versions:
            raise UnknownNameError("version", number, map(str, self._versions))
        return self._versions[number]
