"""`LiveService`: one service of a platform while its simulation runs.

It catches time up when something happens to it, or is asked of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ...errors import MlplatError, UnknownNameError
from .answers import COUNTS, Observed, Sent, ServiceStatus, VersionStatus
from .columns import OUTCOMES
from .kernels import state as s
from .live_server import NO_PLACE, Finished, LiveServer
from .live_version import SPARE, Inputs, LiveVersion, Replicas, ServiceOptions, VersionPlan
from .requests import Requests
from .seen import Seen, latency, sampled

if TYPE_CHECKING:
    from ...clock import Call
    from ...context import Simulation
    from ...infra.endpoint import Program, ProgramReplica
    from .answers import Predictor

COLUMNS = dict(zip(COUNTS, (s.SENT, s.ANSWERS, s.ERRORS, s.TIMEOUTS, s.REJECTIONS, s.FAILURES), strict=True))


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
        self._cluster, self._told, self._sample_salt = cluster, told, salts[2]
        self._server = LiveServer(salts[:2], retries=options.retries, backoff=options.backoff_s)
        self._versions: dict[int, LiveVersion] = {}
        self._retired: list[VersionStatus] = []
        self._of_row: dict[int, LiveVersion] = {}
        self._seen = Seen()
        self._inputs: dict[int, Inputs] = {}
        self._single: dict[int, tuple[Sent, Inputs | None]] = {}
        self._waiting: list[tuple[Finished, np.ndarray]] = []
        self._flushed_s = sim.now
        self._settling = False
        self._next: Call | None = None
        self._over = False
        self.current = 0

    # -- versions

    def start(self, plan: VersionPlan, workload: str, replicas: int, predictor: Predictor | None) -> None:
        """A version without traffic. Raises what the cluster does; then nothing has happened."""
        spec, now = plan.spec, self.sim.now
        program = Replicas(lambda replica: self._up(plan.number, replica), lambda replica: self._down(plan.number, replica))
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
        version.retiring, version.leave_by = True, self.sim.now + self.options.grace_s
        self.sim.at(version.leave_by, self.look)
        self.look()

    def abandon(self, number: int) -> None:
        """A version that has just been started is not to be there."""
        version = self._find(number)
        self._cluster.end(version.workload)
        self._close(version)
        self._take(self._server.advance(self.sim.now))
        self._forget(version)
        self._retired.pop()

    def end(self) -> None:
        """All of it goes at once: what was sent and not answered fails, what comes is not sent."""
        now, self._over = self.sim.now, True
        for stream in range(self._server.streams):
            self._server.stop(stream)
        for version in list(self._versions.values()):
            self._close(version)
            self._cluster.end(version.workload)
        self._take(self._server.advance(now))
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
            self._inputs[stream] = inputs
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
        self._single[stream] = sent, (None if inputs is None else lambda rows: inputs)
        self.look()
        return sent

    # -- looking

    def status(self) -> ServiceStatus:
        """Where it stands now."""
        self._take(self._server.advance(self.sim.now))
        there = [self._status(version) for version in self._versions.values()]
        return ServiceStatus(self.name, self.zone, self.current, tuple(sorted((*self._retired, *there), key=lambda each: each.number)))

    def observations(self, version: int | None, since: float) -> Any:
        """The latest requests whose fate is known."""
        self._take(self._server.advance(self.sim.now))
        return self._seen.frame(version, since)

    def measured(self, since: float, until: float) -> dict[str, Any]:
        """Columns of the requests that came from `since` on and before `until`, and are over."""
        self._take(self._server.advance(self.sim.now))
        return self._seen.columns(since, until)

    @property
    def timeline(self) -> list[tuple[float, int, int, int, int, int]]:
        """Replicas of the versions over time, by row of the server."""
        return self._server.timeline

    @property
    def versions(self) -> dict[int, LiveVersion]:
        """Those that are there, by number."""
        return self._versions

    # -- replicas

    def _up(self, number: int, replica: ProgramReplica) -> None:
        version = self._versions.get(number)
        if version is None:
            return
        self._cluster.lit(replica.node)
        if replica.name in version.silent:  # it is back before anybody noticed; what hung there is lost
            place, call = version.silent.pop(replica.name)
            call.cancel()
            self._server.notice(place, self.sim.now)
        if replica.address:
            version.addresses[replica.address] = replica.name
        mib = version.plan.model_mib
        if mib == 0 or not self._cluster.fetch(replica.name, mib, lambda: self._fetched(version, replica.name)):
            self._fetched(version, replica.name)
        else:
            version.loading[replica.name] = None

    def _fetched(self, version: LiveVersion, replica: str) -> None:
        version.loading[replica] = self.sim.after(version.plan.load_s, self._loaded, version, replica)

    def _loaded(self, version: LiveVersion, replica: str) -> None:
        del version.loading[replica]
        if self._over or version.retiring:
            return
        place = self._server.up(version.row, self.sim.now)
        if place != NO_PLACE:
            version.places[replica] = place
            if version.leaving_to is not None and version.index(replica) >= version.leaving_to:
                self._server.drain(place, self.sim.now)
        self.look()

    def _down(self, number: int, replica: ProgramReplica) -> None:
        version = self._versions.get(number)
        if version is None:
            return
        if (loading := version.loading.pop(replica.name, None)) is not None:
            loading.cancel()
        place = version.places.pop(replica.name, None)
        if place is None:
            return
        self.sim.at(self.sim.now, self._gone, version, replica, place)  # whether its node is there is known by then
        self.look()

    def _gone(self, version: LiveVersion, replica: ProgramReplica, place: int) -> None:
        if self._versions.get(version.plan.number) is not version:
            return
        version.lost_places.add(place)
        if self._cluster.reachable(replica.node):
            self._server.crash(place, self.sim.now)
        else:
            version.lost += 1
            self._server.silence(place, self.sim.now)
            version.silent[replica.name] = place, self.sim.after(self.options.health_s, self._notice, version, replica.name)
        self.look()

    def _notice(self, version: LiveVersion, replica: str) -> None:
        found = version.silent.pop(replica, None)
        if found is not None:
            found[1].cancel()
            self._server.notice(found[0], self.sim.now)
            self.look()

    def unlisted(self, address: str) -> None:
        """Nobody is led to an address any more."""
        for version in self._versions.values():
            if address in version.addresses:
                self._notice(version, version.addresses.pop(address))

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
        self._take(self._server.advance(self.sim.now))
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
        if self._single or any(version.retiring or version.leaving_to is not None for version in self._versions.values()):
            time = server.next_event()
        if any(version.plan.spec.scale is not None and server.number(version.row, s.WANTED) == 0 for version in self._versions.values()):
            time = min(time, server.next_arrival())
        if server.unfinished or self._waiting or server.next_arrival() < math.inf:
            due = self._flushed_s + self.options.flush_s
            if not server.unfinished and not self._waiting:
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
            self._take(server.advance(now))
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
        for call in [*version.loading.values(), *(call for _, call in version.silent.values())]:
            if call is not None:
                call.cancel()
        if version.turns is not None:
            version.turns.cancel()
        self._retired.append(replace(self._status(version), ready=0, wanted=0, weight=0.0, retired=True))
        self._server.retire_version(version.row, self.sim.now)
        del self._versions[version.plan.number], self._of_row[version.row]

    def _reweigh(self) -> None:
        rows = {version.row: version.weight for version in self._versions.values()}
        self._server.set_weights([rows.get(row, 0.0) for row in range(max(rows) + 1)], self.sim.now)
        self.look()

    # -- what was seen

    def _take(self, done: Finished) -> None:
        if not len(done.number):
            return
        numbers = np.zeros(int(done.version.max()) + 1, dtype=np.int64)
        for row, version in self._of_row.items():
            if row < len(numbers):
                numbers[row] = version.plan.number
        versions = numbers[done.version]
        self._seen.add(done, versions)
        self._waiting.append((done, versions))
        for place in np.flatnonzero(np.isin(done.stream, list(self._single))) if self._single else ():
            self._answer(done, int(place), int(versions[place]))

    def _answer(self, done: Finished, at: int, number: int) -> None:
        sent, inputs = self._single.pop(int(done.stream[at]))
        sent.outcome, sent.version, sent.latency_s = OUTCOMES[int(done.outcome[at])], number, float(latency(done)[at])
        version = self._versions.get(number)
        if sent.outcome == "answered" and inputs is not None and version is not None and version.predictor is not None:
            sent.prediction = version.predictor.predict(inputs(None))
        sent._happened.succeed(sent.outcome)

    def _flush(self) -> None:
        """Tell what was seen since the last time, by version."""
        waiting, self._waiting = self._waiting, []
        self._flushed_s = self.sim.now
        for number, version in list(self._versions.items()):
            parts = [(done, versions == number) for done, versions in waiting]
            parts = [(done, mine) for done, mine in parts if mine.any()]
            if parts:
                chosen = [[column[mine] for column in part] for part, mine in parts]
                self._told(self._observed(version, Finished(*map(np.concatenate, zip(*chosen, strict=True)))))
            version.lost_places.clear()

    def _observed(self, version: LiveVersion, done: Finished) -> Observed:
        chosen = sampled(done.number, self._sample_salt, self.options.sample) & ~np.isnan(latency(done))
        lost = chosen & np.isin(done.place, sorted(version.lost_places))
        rows = np.flatnonzero(chosen & ~lost)
        rows, inputs = self._inputs_of(done, rows)
        predictions = None if inputs is None or version.predictor is None else version.predictor.predict(inputs)
        plan = version.plan
        return Observed(
            self.name,
            plan.number,
            plan.model,
            plan.digest,
            done.number,
            done.end,
            done.outcome,
            latency(done),
            rows,
            inputs,
            predictions,
            int(lost.sum()),
        )

    def _inputs_of(self, done: Finished, rows: Any) -> tuple[Any, Any]:
        """The rows of samples, by stream, and their inputs, one frame; no frame where a stream has none."""
        frames, kept = [], []
        for stream in np.unique(done.stream[rows]).tolist():
            own = rows[done.stream[rows] == stream]
            inputs = self._inputs.get(stream)
            if inputs is None:
                return rows, None
            frames.append(inputs(done.row[own]))
            kept.append(own)
        if not frames:
            return rows, None
        return np.concatenate(kept), _stacked(frames)

    def _status(self, version: LiveVersion) -> VersionStatus:
        server, row, plan = self._server, version.row, version.plan
        counts = {name: server.number(row, column) for name, column in COLUMNS.items()}
        return VersionStatus(
            plan.number,
            plan.model,
            plan.digest,
            version.weight,
            server.number(row, s.UP_NOW),
            server.number(row, s.WANTED),
            counts,
            server.unfinished_of(row),
            self._seen.p95(plan.number),
            version.lost,
            version.retiring,
        )

    def _find(self, number: int) -> LiveVersion:
        if number not in self._versions:
            raise UnknownNameError("version", number, map(str, self._versions))
        return self._versions[number]


def _stacked(frames: list[Any]) -> Any:
    if len(frames) == 1:
        return frames[0]
    if isinstance(frames[0], np.ndarray):
        return np.concatenate(frames)
    import polars as pl

    return pl.concat(frames)
