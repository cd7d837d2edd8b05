"""The Resource Scheduler on the live clock: the compiled scheduler for jobs that come while the simulation runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..resources import ResourceRequest
from .attempt_arrays import Interruptions, time_with_checkpoints
from .cluster_arrays import numbers_of_rows
from .job_table import JobTable, Shape
from .kernels.attempt_state import CLOSED, OFFLINE, SHUT, Incident, Outcome
from .kernels.live import await_ready_job, end_job, go_on_with_job, ready_job, set_back_job
from .kernels.quota_state import NEWS
from .kernels.state import COUNT, MIG_SHIFT, PROFILE, JobState, Queue, Reason
from .settling import Settling
from .tolerations import ANYWHERE, Selection

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..clock import Environment
    from ..hardware.node_group import Taint
    from ..hardware.node_table import NodeTable
    from .cluster_arrays import Ties
    from .placement import PlacementPolicy
    from .queueing import QueuePolicy
    from .quotas import Described


class Held(NamedTuple):
    """What an attempt holds on one node: `replicas` of the request on a node (its row in the cluster), the devices with their MIG start
    (-1 without).
    """

    node: int
    replicas: int
    devices: tuple[int, ...]
    mig_start: int


_new = tuple.__new__
OUTCOMES = tuple(Outcome)
DEVICE_MASK = (1 << MIG_SHIFT) - 1
REJECTED, CLEARED, CANCELLED = int(JobState.REJECTED), int(JobState.LOST), int(JobState.CANCELLED)
HELD_BY_LIMIT, IN_PROGRESS = int(JobState.HELD), int(JobState.RUNNING)
Told = Callable[[int], None]
EndTold = Callable[[int, Outcome], None]


class ResourceScheduler:
    """Places jobs on nodes under a queue and a placement policy, one scheduling cycle an instant (docs/scheduling.md).

    Calls take effect when their instant is settled. What comes of them is told to the listeners, once the instant's cycle is over:
    `on_rejected(job)`, `on_held(job)`, `on_admitted(job)`, `on_started(job)`, `on_stopped(job)` where work has stopped and the room is
    still held, `on_ended(job, outcome)` at the end of an attempt. A job is a number.
    """

    def __init__(
        self,
        env: Environment,
        nodes: NodeTable,
        queue: QueuePolicy,
        placement: PlacementPolicy,
        *,
        ties: Ties = "node-order",
        seed: int = 0,
        max_restarts: int | None = None,
        scrape: float = 0.0,
        what: Interruptions | None = None,
        quotas: Sequence[Described | None] | None = None,
    ) -> None:
        self.env, self.nodes = env, nodes
        given = what or Interruptions(max_restarts=max_restarts, scrape=scrape)
        self.table = JobTable(nodes, queue, placement, ties=ties, seed=seed, what=given, quotas=quotas)
        self.run = self.table.run
        self.settling = Settling(self.run, env)
        self.settling.settled = self._settled
        self.settling.stopping = self._stopping
        row_of = self.run.world.cluster.row_of
        self._row_of: list[int] = row_of.tolist()
        self._number_of = numbers_of_rows(row_of)
        self._told_started = self._told_closed = self._told_arrived = 0
        self._held: list[int] = []
        self._shape = Shape(ResourceRequest(), ResourceRequest(), 0, ANYWHERE)
        self.on_rejected: Told | None = None
        self.on_held: Told | None = None
        self.on_admitted: Told | None = None
        self.on_started: Told | None = None
        self.on_stopped: Told | None = None
        self.on_ended: EndTold | None = None

    # -- jobs

    def submit(
        self,
        request: ResourceRequest,
        *,
        duration: float = math.inf,
        estimate: float | None = None,
        replicas: int = 1,
        last_request: ResourceRequest | None = None,
        priority: int = 0,
        group: str = "",
        interval: float = math.inf,
        write: float = 0.0,
        restart: float = 0.0,
        selection: Selection = ANYWHERE,
    ) -> int:
        """A gang arrives now and is to work for `duration` seconds; `interval`, `write`, `restart`: its checkpoints, in seconds.
        `selection`: the nodes it may be on.
        """
        shape = self._shape  # of the job before: most jobs are like the one before, and to find a shape takes a while
        last = request if last_request is None else last_request
        same = shape.request is request and shape.last_request is last and shape.replicas == replicas
        if not same or shape.selection is not selection:
            shape = self._shape = Shape(request, last, replicas, selection)
        job = self.table.add(
            shape,
            submit=self.env._now,
            duration=duration,
            estimate=duration if estimate is None else max(estimate, duration),
            priority=priority,
            group=group,
            interval=interval,
            write=write,
            restart=restart,
        )
        self.settling.arrive(job)
        return job

    def cancel(self, job: int, grace: float = 0.0) -> bool:
        """Delete a job; running, it keeps its room for `grace`. Returns whether there was anything to delete."""
        return self._end(job, JobState.CANCELLED, Outcome.CANCELLED, grace)

    def fail(self, job: int) -> bool:
        """The program of a job has failed for good."""
        return self._end(job, JobState.FAILED, Outcome.ERROR, 0.0)

    def _end(self, job: int, state: JobState, outcome: Outcome, grace: float) -> bool:
        if job >= self.settling.submitted:
            self.run.world.log.state[job] = int(state)  # it arrives no more
            return True
        done = bool(end_job(self.run.address, job, int(state), int(outcome), grace, self.env.now))
        if done:
            self.settling.later()
        return done

    def await_ready(self, job: int) -> None:
        """A job that has just started does no work yet: its environments are being made. To be called from `on_started`."""
        await_ready_job(self.run.address, job)
        if self.table.queue.code == Queue.LAS:  # it falls to the second queue all the same
            self.settling.follow_changes()

    def ready(self, job: int, pace: float = 1.0, until: float = math.inf) -> None:
        """The work of a running job begins, or goes on, at `pace` seconds of work a second. It pauses after `until` seconds of work."""
        ready_job(self.run.address, job, pace, until, self.env.now)
        self.settling.follow_changes()

    def go_on(self, job: int, written: float, until: float) -> bool:
        """A job that has paused has `written` seconds of the work of its attempt in a checkpoint now, and goes on to the next pause, after
        `until` seconds. Returns whether it does: not where its work has stopped, noticed or not.
        """
        done = bool(go_on_with_job(self.run.address, job, written, until, self.env.now))
        if done:
            self.settling.follow_changes()
        return done

    def works(self, job: int) -> bool:
        """Whether the attempt of a running job goes on, or pauses, as its nodes know: it has not been stopped."""
        return math.isnan(self.run.world.progress.stop[job])

    def work_left(self, job: int) -> float:
        """Seconds of work that were left of a job as its attempt began, or as its program was started again."""
        return float(self.run.world.progress.left[job])

    def set_write_time(self, job: int, write: float) -> None:
        """How long (s) a job takes from now on to write a checkpoint on demand."""
        self.run.world.progress.write[job] = write

    def set_back(self, job: int) -> None:
        """The program of a running job has failed and starts again where it is; `ready` says when it works again."""
        set_back_job(self.run.address, job, self.env.now)

    def span_left(self, job: int) -> float:
        """Seconds that the rest of a job takes at full pace, checkpoints included, infinite for what never ends."""
        progress = self.run.world.progress
        return float(time_with_checkpoints(progress.left[job], progress.interval[job], progress.write[job]))

    def completes_now(self, job: int) -> bool:
        """Whether the work of a running job is done at this very instant."""
        progress = self.run.world.progress
        return bool(progress.due[job] == progress.finish[job] == self.env.now and np.isnan(progress.stop[job]))

    def stopping(self, job: int) -> tuple[Outcome, float]:
        """How the attempt of a job whose work has stopped will end, and when it gives its room back."""
        progress = self.run.world.progress
        return OUTCOMES[int(progress.cause[job])], float(progress.due[job])

    def stopped_for(self, job: int) -> int | None:
        """The job for whose sake the latest attempt of a job was stopped."""
        world = self.run.world
        by = int(world.attempts.by[world.progress.attempt[job]])
        return by if by >= 0 else None

    def has_saved(self, job: int) -> bool:
        """Whether the next attempt of a job goes on from work saved in an earlier one."""
        world = self.run.world
        return bool(world.progress.left[job] < world.jobs.duration[job])

    def has_failed(self, job: int) -> bool:
        """Whether a job is over without having completed."""
        return bool(self.run.world.log.state[job] == JobState.FAILED)

    # -- hardware

    def strike(self, incident: Incident, node: int, device: int = -1, grace: float = 0.0) -> None:
        """Something happens to a node (its row in the cluster) now."""
        self.settling.strike((int(incident), self.number_of(node), device, grace))

    def is_struck(self, incident: Incident, node: int) -> bool:
        """Whether such a thing happens to a node at this instant and is not settled yet."""
        number = self.number_of(node)
        return any(code == incident and struck == number for code, struck, _, _ in self.settling.incidents)

    @property
    def settlements(self) -> int:
        """How often an instant, or a part of one, has been settled."""
        return self.settling.settlements

    def number_of(self, node: int) -> int:
        """The kernels' number of a node (its row in the cluster)."""
        return int(self._number_of[node])

    def mark(self, node: int, labels: Mapping[str, str], taints: tuple[Taint, ...]) -> None:
        """A node (its row in the cluster) has other labels and taints now. What runs there runs on."""
        if self.table.kinds.state(node, labels, taints):
            self.table.judge_again(self.settling.submitted)
            self.settling.later()

    # -- what is so

    def state(self, job: int) -> JobState:
        """Where a job is in its life."""
        return JobState(int(self.run.world.log.state[job]))

    def reason(self, job: int) -> Reason:
        """Why a job was rejected or has failed."""
        return Reason(int(self.run.world.log.reason[job]))

    def held_by(self, job: int) -> list[Held]:
        """The room of a running job."""
        world = self.run.world
        cls, last, left, _ = world.jobs.gang[job].tolist()
        record, records = world.log.first.item(job), world.log.records
        if left == 1 and world.classes.ask.item(last, COUNT) <= 1:  # the usual case
            number, _, where, _ = records[record].tolist()
            if where < 0:
                return [_new(Held, (self._row_of[number], 1, (), -1))]
            if where <= DEVICE_MASK and world.classes.ask.item(last, PROFILE) < 0:
                return [_new(Held, (self._row_of[number], 1, (where,), -1))]
        found = []
        taken: dict[int, int] = {}
        while left > 0:
            number, replicas, where, _ = records[record].tolist()
            left -= replicas
            mig_start = -1
            devices: tuple[int, ...] = ()
            if where >= 0:
                ask = world.classes.ask[last if left == 0 else cls].tolist()
                if ask[COUNT] == replicas == 1:
                    devices = (where,)
                    taken[number] = taken.get(number, 0) + 1
                elif ask[COUNT] > 0:
                    mine = [device for device, owner in enumerate(world.nodes.owner[number].tolist()) if owner == job]
                    first = taken.get(number, 0)
                    taken[number] = first + ask[COUNT] * replicas
                    devices = tuple(mine[first : taken[number]])
                else:
                    devices = (where & DEVICE_MASK,)
                    mig_start = where >> MIG_SHIFT if ask[PROFILE] >= 0 else -1
            found.append(Held(self._row_of[number], replicas, devices, mig_start))
            record += 1
        return found

    def free(self, node: int) -> dict[str, int]:
        """What is free of a node, whether or not it takes work: `cpu_milli`, `memory_mib`, `disk_mib`, `gpu_milli`, `gpus`."""
        number = self.number_of(node)
        cpu, memory, disk, gpu, whole = (int(amount) for amount in self.run.world.nodes.free[number, :5])
        if int(self.run.world.hardware.health[number]) & SHUT:
            cpu += OFFLINE
        return {"cpu_milli": cpu, "memory_mib": memory, "disk_mib": disk, "gpu_milli": gpu, "gpus": whole}

    def health(self, node: int) -> int:
        """Bits of `kernels.attempt_state`: CRASHED, CUT, GIVEN_UP, CORDONED, ABSENT."""
        return int(self.run.world.hardware.health[self.number_of(node)])

    def takes_work(self, node: int) -> bool:
        """Whether the node is a candidate for new work."""
        return not self.health(node) & CLOSED

    # -- telling

    def _settled(self, closed: int, started: int) -> None:
        world = self.run.world
        log = world.log
        if self.run.user.failure is not None:
            self.run.check()
        if closed > self._told_closed:
            attempts = _between(world.attempts.closed, self._told_closed, closed)
            self._told_closed = closed
            if self.on_ended is not None:
                job_of, outcome_of = log.order.item, world.attempts.outcome.item
                for attempt in attempts:
                    if attempt < self._told_started:  # else it was taken back in the cycle in which it began, and nobody has heard of it
                        self.on_ended(job_of(attempt), OUTCOMES[outcome_of(attempt)])
        submitted = self.settling.submitted
        if self._told_arrived < submitted:
            first, self._told_arrived = self._told_arrived, submitted
            for job, state in enumerate(_between(log.state, first, submitted), first):
                if state in (REJECTED, CLEARED):
                    if self.on_rejected is not None:
                        self.on_rejected(job)
                elif state == HELD_BY_LIMIT:
                    self._held.append(job)
                    if self.on_held is not None:
                        self.on_held(job)
        if self.table.quotas is not None:
            self._tell_news()
        if self._held:
            self._tell_admitted()
        if started > self._told_started:
            jobs = _between(log.order, self._told_started, started)
            self._told_started = started
            if self.on_started is not None:
                state_of, latest = log.state.item, world.progress.attempt.item
                for attempt, job in enumerate(jobs, started - len(jobs)):
                    if state_of(job) == IN_PROGRESS and latest(job) == attempt:
                        self.on_started(job)

    def _tell_news(self) -> None:
        """Of jobs that waited, and are held by a limit of their quota now."""
        quotas = self.run.world.quotas
        for job in quotas.news[: quotas.number[NEWS]].tolist():
            if self.run.world.log.state[job] == HELD_BY_LIMIT and job not in self._held:
                self._held.append(job)
                if self.on_held is not None:
                    self.on_held(job)
        quotas.number[NEWS] = 0

    def _tell_admitted(self) -> None:
        state = self.run.world.log.state
        over = [job for job in self._held if state[job] != HELD_BY_LIMIT]
        if over:
            self._held = [job for job in self._held if state[job] == HELD_BY_LIMIT]
            for job in over:
                if state[job] == CLEARED and self.on_rejected is not None:
                    self.on_rejected(job)
                elif state[job] != CANCELLED and self.on_admitted is not None:
                    self.on_admitted(job)

    def _stopping(self, job: int) -> None:
        if self.on_stopped is not None and self.run.world.log.state[job] == IN_PROGRESS:
            self.on_stopped(job)


def _between(numbers: npt.NDArray[Any], first: int, end: int) -> list[int]:
    """The numbers from `first` to before `end`, of which there is often one."""
    return [numbers.item(first)] if end == first + 1 else numbers[first:end].tolist()
