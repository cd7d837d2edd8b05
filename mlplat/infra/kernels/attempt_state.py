"""What is known of jobs that can be interrupted, and of hardware that fails: arrays of no length in a run in which neither happens."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from .structs import Array

# Bits of `Hardware.health`
CRASHED, CUT, GIVEN_UP, CORDONED, ABSENT, EARMARKED = 1, 2, 4, 8, 16, 32
CLOSED = GIVEN_UP | CORDONED | ABSENT  # any of them: the node takes no new work
SHUT = CLOSED | EARMARKED  # nothing fits there: it takes no new work, or is kept for a job
OFFLINE = 2**61  # taken off the free CPU of a node that takes no work, so that nothing fits on it
# Columns of `Groups.charged`, `.limit` and `.held`
G_CPU, G_MEMORY, G_GPU = 0, 1, 2


class Outcome(IntEnum):
    """How an attempt ended."""

    RUNNING = 0
    COMPLETED = 1
    PREEMPTED = 2
    DRAINED = 3
    NODE = 4
    DEVICE = 5
    FENCED = 6
    CANCELLED = 7
    ERROR = 8
    RECLAIMED = 9


class Incident(IntEnum):
    """What happens to hardware, in the order in which it is taken at one instant.

    >>> Incident.NODE_UP < Incident.CRASH
    True
    """

    NODE_UP = 0
    DEVICE_UP = 1
    UNCORDON = 2
    CRASH = 3
    PARTITION = 4
    LOST = 5
    DEVICE_DOWN = 6
    CORDON = 7
    DRAIN = 8
    JOIN = 9
    LEAVE = 10
    EXPEL = 11


class Progress(NamedTuple):
    """The work of n jobs; docs/interruptions.md defines the words."""

    left: Array["float64", 1]  # [n] work left
    estimated: Array["float64", 1]  # [n] estimated work left
    interval: Array["float64", 1]  # [n] work between checkpoints, infinite for none
    write: Array["float64", 1]  # [n] write time of a checkpoint
    restart: Array["float64", 1]  # [n] lead of every attempt but the first
    lead: Array["float64", 1]  # [n] of the current attempt, infinite while its environments are not ready
    pace: Array["float64", 1]  # [n] seconds of work a second: 1 but on a live cluster, or over a network
    finish: Array["float64", 1]  # [n] when the current attempt completes
    due: Array["float64", 1]  # [n] the next event of the job, infinite for none
    stop: Array["float64", 1]  # [n] when the work of the current attempt stopped, NaN while it goes on
    until: Array["float64", 1]  # [n] work at which the current attempt pauses for a checkpoint over the network, infinite for none
    written: Array["float64", 1]  # [n] work of the current attempt in such checkpoints
    done: Array["float64", 1]  # [n] work of the stopped attempt: what it did,
    saved: Array["float64", 1]  # [n] what its periodic checkpoints hold,
    kept: Array["float64", 1]  # [n] and what it will have saved if nothing else happens
    end: Array["float64", 1]  # [n] when the job completed or failed, NaN before
    served: Array["float64", 1]  # [n] time its ended attempts ran
    width: Array["float64", 1]  # [n] devices, 1 without (las)
    level: Array["float64", 1]  # [n] rank of the priority, or the level of las
    attempt: Array["int64", 1]  # [n] place of the latest attempt in `Attempts`, -1 before the first
    attempts: Array["int32", 1]  # [n] so far
    failures: Array["int32", 1]  # [n] interruptions by a failure
    cause: Array["int8", 1]  # [n] the Outcome that a stopped attempt will have
    unseen: Array["bool", 1]  # [n] ended behind a partition
    stopping: Array["int32", 1]  # [n] jobs that keep their room though they have stopped, by themselves or for a scrape
    place: Array["int32", 1]  # [n] where a job stands there, -1 if it does not
    changed: Array["int32", 1]  # [n] jobs whose `due` was set since the clock last looked
    when: Array["float64", 1]  # [n] when they are due
    listed: Array["bool", 1]  # [n] whether a job is among them
    inbox: Array["int32", 1]  # [n] jobs that the live clock says are due now
    arrived_as: Array["int64", 1]  # [n] the number of its arrival among the arrivals, starts and ends of the run


class Attempts(NamedTuple):
    """What every attempt came to, in order of start; the job of each is in `Log.order`."""

    start: Array["float64", 1]  # [A]
    stop: Array["float64", 1]  # [A] NaN while its work goes on
    end: Array["float64", 1]  # [A] NaN while it holds its room
    lost: Array["float64", 1]  # [A] work that has to be done again
    saved: Array["float64", 1]  # [A] work that need not
    outcome: Array["int8", 1]  # [A]
    first: Array["int64", 1]  # [A] its first record
    began_as: Array["int64", 1]  # [A] the number of its start among the arrivals, starts and ends of the run
    ended_as: Array["int64", 1]  # [A] that of its end
    by: Array["int32", 1]  # [A] the job for which it was stopped, -1 for none
    closed: Array["int64", 1]  # [A] the attempts that have ended, in that order


class Hardware(NamedTuple):
    """The health of N nodes, what is on each, and the incidents to come."""

    health: Array["int8", 1]  # [N] bits
    down: Array["bool", 2]  # [N, G] devices that have failed
    resident: Array["int64", 1]  # [N] the first record of the jobs on a node, -1 for none
    next: Array["int64", 1]  # [records] the next record on the same node, or -1
    previous: Array["int64", 1]  # [records] the one before, or -1
    time: Array["float64", 1]  # [incidents]
    code: Array["int8", 1]  # [incidents]
    node: Array["int32", 1]  # [incidents]
    device: Array["int32", 1]  # [incidents]
    grace: Array["float64", 1]  # [incidents] of a drain


class Groups(NamedTuple):
    """The groups that jobs belong to: shares of `drf`, limits of admission."""

    of: Array["int32", 1]  # [n] the group of a job
    weight: Array["float64", 1]  # [groups]
    total: Array["int64", 1]  # [3] nominal capacity; 0 where it is not limited
    held: Array["int64", 2, 3]  # [groups] what running jobs hold
    limit: Array["int64", 2, 3]  # [groups] of no length without limits
    charged: Array["int64", 2, 3]  # [groups] what admitted, unfinished jobs ask for
    first: Array["int32", 1]  # [groups] first held job, or -1
    last: Array["int32", 1]  # [groups]
    next: Array["int32", 1]  # [n] the held job after this one, or -1
    profile: Array["int64", 1]  # [profiles] milli of a MIG profile on the first model that knows it
    skip: Array["int64", 1]  # [groups] the cycle in which a group was found not to fit


class Options(NamedTuple):
    """Numbers that the policies take."""

    patience: float  # best-effort-fifo, drf: seconds after which a waiting job is overdue
    preempt: bool  # priority: whether a blocked head preempts
    grace: float  # of a preemption
    threshold: float  # las: device-seconds
    depth: int  # conservative: jobs with a reservation
    max_restarts: int
    scrape: float  # period at which freed room is noticed, 0 for at once
    paced: bool  # whether somebody says at what pace jobs work, after each cycle that starts some
