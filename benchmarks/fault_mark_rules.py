"""What labels and taints promise in the fault campaign, checked against the plain rules of `fault_marks`: live, and of a replay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from benchmarks.fault_live import Call, LiveCase
from benchmarks.fault_marks import Marks, read_labels, read_taint
from benchmarks.fault_room import Room
from mlplat.errors import MlplatError
from mlplat.infra.cluster import Cluster
from mlplat.infra.kernels.attempt_state import ABSENT, CORDONED, GIVEN_UP
from mlplat.infra.kernels.state import JOB, NODE, RECORDS, REPLICAS, REQUEST, STARTED, JobState, Reason
from mlplat.infra.world import Run
from mlplat.resources import DEVICE_MILLI


class MarkRules:
    """Follows the calls that change labels and taints, and says after each event what is not as they make it."""

    def __init__(self, cluster: Cluster, case: LiveCase, room: Room) -> None:
        self.cluster, self.case, self.room = cluster, case, room
        self.marks = Marks(case.groups, cluster.nodes)
        self.made = self.arrived = 0
        """Attempts and arrivals that were looked at."""

    def work(self, job: int) -> Mapping[str, Any]:
        """What was submitted as the workload that a job is of."""
        name: str = self.cluster._records[job].name
        return self.case.works[int(name.partition("/")[0][1:])].options

    # -- calls

    def carry_out(self, call: Call) -> None:
        """A call that changes labels or taints does what it says, or raises the right error and does nothing."""
        cluster, marks, logged = self.cluster, self.marks, len(self.cluster.sim.log)
        due = marks.refusal(call.verb, call.target, call.text)
        try:
            mark(cluster, marks, call)
        except MlplatError as error:
            assert type(error) is due, f"{call} was refused with {type(error).__name__}: {error}"
            self.check_shown()
            raise
        assert due is None, f"{call} was not refused"
        changed = marks.follow(call.verb, call.target, call.text)
        told = len(cluster.sim.log) - logged
        assert told == changed, f"{call} has changed {'something' if changed else 'nothing'}, and there are {told} events of it"
        self.check_shown([call.target])

    def check_shown(self, rows: list[int] | None = None) -> None:
        """`describe_node` shows what was stated and called for."""
        for row in range(len(self.marks.names)) if rows is None else rows:
            said, has = self.cluster.endpoint.describe_node(self.marks.names[row]), self.marks.all_labels(row)
            assert dict(said.labels) == has, f"labels of node {row}: {dict(said.labels)}; by the calls {has}"
            taints = sorted(map(str, self.marks.taints[row]))
            assert sorted(said.taints) == taints, f"taints of node {row}: {sorted(said.taints)}; by the calls {taints}"

    def check_explained(self, job: int, counts: Mapping[str, int]) -> None:
        """Of the nodes that are in order, those that a waiting job may not be on are said to be so, and no others."""
        run = self.cluster.scheduler.run
        health = np.zeros(len(self.marks.names), dtype=np.int64)
        health[run.world.cluster.row_of] = run.world.hardware.health
        work, rows = self.work(job), np.flatnonzero(health & (GIVEN_UP | ABSENT | CORDONED) == 0).tolist()
        selected = [row for row in rows if self.marks.is_selected(work, row)]
        tainted = [row for row in selected if not self.marks.may_come(work, row)]
        said = (counts.get("NodeSelectorMismatch", 0), counts.get("UntoleratedTaint", 0))
        right = (len(rows) - len(selected), len(tainted))
        assert said == right, f"{said} nodes are said not to be selected, or to have a taint, for job {job}; by the calls {right}"

    # -- after every event

    def wrong(self) -> Iterator[str]:
        """What is wrong after an event."""
        world = self.cluster.scheduler.run.world
        if int(world.count[STARTED]) > self.made:
            yield from self._new_attempts()
        state = world.log.state
        while self.arrived < len(self.cluster._records) and state[self.arrived] != JobState.PENDING:
            yield from self._arrival(self.arrived)
            self.arrived += 1
        if self.marks.expelling and self.cluster.sim.peek() > self.cluster.sim.now:  # what an instant brings takes effect at its end
            yield from self._remaining()

    def _new_attempts(self) -> Iterator[str]:
        """What was given room just now may be where it is."""
        world = self.cluster.scheduler.run.world
        begin, self.made = self.made, int(world.count[STARTED])
        for job, node in world.log.records[int(world.attempts.first[begin]) : int(world.count[RECORDS]), [JOB, NODE]].tolist():
            row, work = int(world.cluster.row_of[node]), self.work(job)
            if not self.marks.may_come(work, row):
                has = f"{self.marks.all_labels(row)} and {[*map(str, self.marks.taints[row])]}"
                yield f"{self.cluster._records[job].name} was placed on node {row}, which has {has}"

    def _arrival(self, job: int) -> Iterator[str]:
        """A job that labels or taints will never let run is refused for that, and no other."""
        world, record = self.cluster.scheduler.run.world, self.cluster._records[job]
        state, reason = JobState(int(world.log.state[job])), Reason(int(world.log.reason[job]))
        right = self._refused(job)
        if right and (state, reason, record.reason) != (JobState.REJECTED, right, right.name) and state is not JobState.CANCELLED:
            yield f"{record.name} is {state.name} ({reason!r}, {record.reason!r}), and was to be refused for {right.name}"
        if not right and reason & (Reason.NODE_SELECTOR | Reason.TAINT):
            yield f"{record.name} was refused for {reason!r}, and there are nodes that it may be on, or none that could hold it"

    def _refused(self, job: int) -> Reason:
        """Nodes that would hold a replica, empty, are all without its labels, or those that have them have taints."""
        could = self._holding(job)
        selected = [row for row in could if self.marks.is_selected(self.work(job), row)]
        if not could or any(self.marks.may_come(self.work(job), row) for row in selected):
            return Reason.NONE
        return Reason.TAINT if selected else Reason.NODE_SELECTOR

    def _holding(self, job: int) -> list[int]:
        cls = int(self.cluster.scheduler.run.world.jobs.gang[job, REQUEST])
        return np.flatnonzero(self.room.holding(cls)).tolist()

    def _remaining(self) -> Iterator[str]:
        """Nothing works where a taint lets nothing stay, or keeps its room for longer than the grace that it was given before."""
        world = self.cluster.scheduler.run.world
        made, count = int(world.count[STARTED]), int(world.count[RECORDS])
        first = world.attempts.first[:made]
        records = world.log.records[:count]
        attempt = np.repeat(np.arange(made), np.diff(np.append(first, count)))
        there = np.isnan(world.attempts.end[attempt]) & np.isin(world.cluster.row_of[records[:, NODE]], [*self.marks.expelling])
        for place in np.flatnonzero(there).tolist():
            job, row = int(records[place, JOB]), int(world.cluster.row_of[records[place, NODE]])
            if self.marks.may_stay(self.work(job), row):
                continue
            has = f"node {row}, which has {[*map(str, self.marks.taints[row])]}"
            if np.isnan(world.attempts.stop[attempt[place]]):
                yield f"{self.cluster._records[job].name} works on {has}"
            elif not np.isfinite(world.progress.due[job]):
                yield f"{self.cluster._records[job].name} has stopped and holds room for ever on {has}"

    # -- at the end

    def could_run(self, job: int) -> bool:
        """Whether the cluster, empty and in order, has room for a gang for certain (MIG instances are counted one a node)."""
        world, room = self.cluster.scheduler.run.world, self.room
        cls, replicas, count = int(world.jobs.gang[job, REQUEST]), int(world.jobs.gang[job, REPLICAS]), 0
        for row in self._holding(job):
            if self.marks.may_come(self.work(job), row):
                times = [int(room.capacity[row, d]) // int(asked) for d, asked in enumerate(room.amounts[cls]) if asked]
                if room.whole[cls]:
                    times.append(int(room.nodes.gpus[row]) // int(room.whole[cls]))
                elif room.share[cls]:
                    times.append(DEVICE_MILLI // int(room.share[cls]) * int(room.nodes.gpus[row]))
                elif room.sliced[cls]:
                    times.append(1)
                count += min(times, default=replicas)
        return count >= replicas


def mark(cluster: Cluster, marks: Marks, call: Call) -> None:
    """Call the endpoint."""
    node = marks.names[call.target] if call.target < len(marks.names) else f"no-such-{call.target}"
    if call.verb == "label":
        cluster.endpoint.label(node, read_labels(call.text))
    elif call.verb == "taint":
        key, value, effect = read_taint(call.text)
        cluster.endpoint.taint(node, key, value, effect=effect)  # type: ignore[arg-type]
    else:
        cluster.endpoint.untaint(node, call.text)


def wrong_in_replay(groups: list[dict[str, Any]], run: Run, room: Room) -> Iterator[str]:
    """What was placed on nodes with taints, which the jobs of a trace do not tolerate, or not refused for them. Of a run that is over:
    taints do not change in a replay.
    """
    world, marks = run.world, Marks(groups, run.nodes)
    closed = np.array([not marks.may_come({}, row) for row in range(len(marks.names))])
    if (odd := closed[world.cluster.row_of[world.log.records[: int(world.count[RECORDS]), NODE]]]).any():
        yield f"job {world.log.records[odd.argmax(), JOB]} was placed on a node with taints"
    kept_off = np.array([(holds := room.holding(cls)).any() and not (holds & ~closed).any() for cls in range(len(room.requests))])
    arrived = world.log.state != JobState.PENDING
    right = kept_off[world.jobs.gang[:, REQUEST]] & arrived
    if (odd := right != (world.log.reason == int(Reason.TAINT))).any():
        job = int(odd.argmax())
        yield f"job {job} has the reason {Reason(int(world.log.reason[job]))!r}; taints keep it off: {right[job]}"
