"""The comparison: the replay of a training cluster as a SimPy user would write it, one process for each job.

The model is the one of `mlplat.replay(spec, trace, queue="fifo", placement="best-fit")` on nodes of equal width, looking at devices only:
strict first in, first out; a job goes to the node with the fewest free devices that has enough (lowest index on ties); a job wider than a
node is a gang of whole nodes, the last with the remainder, placed all at once or not at all.

It is written to be fast in SimPy, not to look slow: a job is a process that waits for one event, its start, and one timeout, its run; one
scheduler process wakes once per instant however much happens at it, and the best node is found without a scan of the nodes.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator

import numpy as np
import numpy.typing as npt
import simpy

Taken = list[tuple[int, int]]  # (node, devices) of each replica


class FreeDevices:
    """The nodes by their number of free devices: for each number a set of nodes, as the bits of an int, whose lowest is found at once."""

    def __init__(self, nodes: int, per_node: int) -> None:
        self.per_node = per_node
        self.free = [per_node] * nodes
        self.having = [0] * per_node + [(1 << nodes) - 1]

    def take(self, devices: int) -> Taken | None:
        """Devices for a job, or None where it does not fit now."""
        whole, rest = divmod(devices, self.per_node)
        if self.having[self.per_node].bit_count() < whole:
            return None
        taken = [(self._take_one(self.per_node), self.per_node) for _ in range(whole)]
        if rest:
            node = self._take_one(rest)
            if node < 0:
                self.give(taken)
                return None
            taken.append((node, rest))
        return taken

    def give(self, taken: Taken) -> None:
        """Devices of a job back to their nodes."""
        for node, devices in taken:
            self._move(node, self.free[node] + devices)

    def _take_one(self, devices: int) -> int:
        for free in range(devices, self.per_node + 1):
            nodes = self.having[free]
            if nodes:
                node = (nodes & -nodes).bit_length() - 1
                self._move(node, free - devices)
                return node
        return -1

    def _move(self, node: int, free: int) -> None:
        bit = 1 << node
        self.having[self.free[node]] ^= bit
        self.having[free] ^= bit
        self.free[node] = free


class Cluster:
    """The processes: a source of jobs, the scheduler, and each job."""

    def __init__(self, env: simpy.Environment, durations: list[float], devices: list[int], nodes: int, per_node: int) -> None:
        self.env, self.durations, self.devices = env, durations, devices
        self.room = FreeDevices(nodes, per_node)
        self.waiting: deque[tuple[int, simpy.Event]] = deque()
        self.starts = [math.nan] * len(durations)
        self.wake = env.event()

    def source(self, submits: list[float], most: int) -> Generator[simpy.Event, None, None]:
        """Begin each job at its time. Jobs that not even the empty cluster holds are turned away."""
        env, now = self.env, 0.0
        for job, submit in enumerate(submits):
            if submit > now:
                while 0 < now < submit / 2:  # a difference of floats is exact within a factor of 2 (Sterbenz): get there by doubling
                    yield env.timeout(now)
                    now += now
                yield env.timeout(submit - now)
                now = submit
            if self.devices[job] <= most:
                env.process(self.job(job))

    def scheduler(self) -> Generator[simpy.Event, None, None]:
        """Start jobs in order while they fit. The wake is the last event of its instant: all others were scheduled before it."""
        env, waiting, room = self.env, self.waiting, self.room
        while True:
            yield self.wake
            self.wake = env.event()
            while waiting:
                job, started = waiting[0]
                taken = room.take(self.devices[job])
                if taken is None:
                    break
                waiting.popleft()
                started.succeed(taken)

    def job(self, job: int) -> Generator[simpy.Event, Taken, None]:
        """Wait in line, hold the devices for the duration of the job (for ever where it is infinite), give them back."""
        started = self.env.event()
        self.waiting.append((job, started))
        self.call_scheduler()
        taken = yield started
        self.starts[job] = self.env.now
        if self.durations[job] < math.inf:
            yield self.env.timeout(self.durations[job])
            self.room.give(taken)
            self.call_scheduler()

    def call_scheduler(self) -> None:
        if not self.wake.triggered:
            self.wake.succeed()


def run(submit: npt.ArrayLike, duration: npt.ArrayLike, gpus: npt.ArrayLike, nodes: int = 96, per_node: int = 8) -> npt.NDArray[np.float64]:
    """Start times, float64[N], of jobs in order of submission; nan for a job that never starts.

    `submit` and `duration` are seconds, `gpus` whole devices (at least 1). Raises ValueError where the jobs are not in order.

    >>> run([0, 0, 0, 1], [5, 5, 9, 1], [8, 4, 8, 1], nodes=2).tolist()
    [0.0, 0.0, 5.0, 5.0]
    """
    times = np.asarray(submit, dtype=np.float64)
    if (np.diff(times, prepend=0.0) < 0).any():
        raise ValueError("jobs must be in order of submission, from 0 s on")
    env = simpy.Environment()
    cluster = Cluster(env, np.asarray(duration, dtype=np.float64).tolist(), np.asarray(gpus).tolist(), nodes, per_node)
    env.process(cluster.source(times.tolist(), nodes * per_node))
    env.process(cluster.scheduler())
    env.run()
    return np.array(cluster.starts)
