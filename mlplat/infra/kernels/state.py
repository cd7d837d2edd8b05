"""What the arrays mean: the state of a cluster and its queue as named tuples of arrays, and the integer codes used in them."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import NamedTuple

import numpy as np

from .attempt_state import Attempts, Groups, Hardware, Options, Progress
from .plan_state import Plan
from .quota_state import Quotas
from .structs import Array, reader

# Columns of a row of `Nodes.free` and `Cluster.capacity`. The first four are the dimensions, also columns of `Classes.ask`.
CPU, MEMORY, DISK, GPU = 0, 1, 2, 3
WHOLE = 4  # fully free devices; in the capacity: all devices
FRAGMENT = 5  # weighted fragment of the free devices (where fragments are measured)
TYPE, LOGGED = 6, 7  # of a node: row of its capacity; the last position at which it stands in the change log
MODEL, MIG = 5, 6  # in the capacity: model index (the number of models where there is no device), 1 where devices are partitioned
KIND = 7  # in the capacity: what the nodes have in common in model, labels and taints, a column of `Classes.barred`
NODE_COLUMNS = 8  # one cache line a node
# Further columns of a request class
COUNT, SHARE, PROFILE, TAG = 4, 5, 6, 7  # whole devices; milli of one device; MIG profile index or -1; tag of gpu-clustering
# Columns of a typical request
T_CPU, T_DEVICES, T_WIDTH, T_PROFILE, T_WEIGHT = range(5)  # T_WIDTH: index among the distinct widths; -1 CPU-only; T_PROFILE -1: not MIG
# Columns of a gang: request of a replica and of the last one, replicas, shape (jobs in which all three are equal have the same)
REQUEST, LAST, REPLICAS, SHAPE = range(4)
# Columns of a record: node, replicas held there, lowest device used with the MIG start (-1 without GPU), job
NODE, HELD, DEVICE, JOB = range(4)
# Last axis of the MIG table
STARTS, SPAN, MILLI = 0, 1, 2
MIG_SHIFT = 24  # a placement on a MIG device is written device | start << MIG_SHIFT

# Bits of `Classes.barred`: why a class may not be on nodes of a kind; EXPELLED: it may not even stay
UNSELECTED, TAINTED, EXPELLED, UNLIKE = 1, 2, 4, 8

NO_NODE = -1
INFEASIBLE = -np.inf
MANY = 2**40  # more replicas than any gang has


class Placement(IntEnum):
    """Codes of the placement policies."""

    FIRST_FIT = 0
    RANDOM = 1
    BEST_FIT = 2
    WORST_FIT = 3
    LEAST_ALLOCATED = 4
    MOST_ALLOCATED = 5
    BALANCED = 6
    DOT_PRODUCT = 7
    GPU_PACKING = 8
    GPU_CLUSTERING = 9
    FGD = 10
    CUSTOM = 11
    TOPOLOGY = 12


class Queue(IntEnum):
    """Codes of the queue policies."""

    FIFO = 0
    BEST_EFFORT_FIFO = 1
    SJF = 2
    EASY = 3
    CUSTOM = 4  # a user's own order, a head that does not fit blocks all
    CUSTOM_BEST_EFFORT = 5  # a user's own order, each that fits
    LOSS = 6  # under those up to here nothing is interrupted
    PRIORITY = 7
    SRTF = 8
    LAS = 9
    DRF = 10
    CONSERVATIVE = 11


class JobState(IntEnum):
    """Where a job is in its life."""

    PENDING = 0  # not yet submitted
    WAITING = 1
    RUNNING = 2
    COMPLETED = 3
    REJECTED = 4  # no node of the cluster could ever hold it
    LOST = 5  # had its one attempt and no room (queue policy `loss`)
    HELD = 6  # a limit of its group keeps it out of the queue
    FAILED = 7  # restarted too often, or its program failed
    CANCELLED = 8  # deleted by its owner


class Reason(IntFlag):
    """Why a job was rejected: the dimensions in which no node has enough, or that the gang as a whole is too large."""

    NONE = 0
    CPU = 1
    MEMORY = 2
    DISK = 4
    GPU_COUNT = 8
    GPU_MODEL = 16
    MIG_PROFILE = 32
    COMBINATION = 64  # each dimension is met by some node, all together by none
    GANG = 128  # a replica fits, all of them do not
    NO_ROOM = 256  # lost: it did not fit at its one attempt
    POLICY = 512  # there is room, but the placement policy refuses every node
    RESTARTS = 1024  # failures of the hardware interrupted it too often
    QUOTA = 2048  # it asks for more than a limit of its group
    NODE_SELECTOR = 4096  # nodes could hold it, but have not the labels it asks for
    TAINT = 8192  # nodes could hold it and have the labels, but taints that it does not tolerate


class Nodes(NamedTuple):
    """Free amounts of N nodes with up to G devices each, in the tie order."""

    free: Array["int64", 2, 8]  # [N, NODE_COLUMNS]
    device: Array["int32", 2]  # [N, G] free milli of each device, 0 where there is none
    owner: Array["int32", 2]  # [N, G] the job that holds the whole device, or -1
    slices: Array["int32", 2]  # [N, G] occupied MIG positions (bits); of no length where the cluster has no MIG


class Cluster(NamedTuple):
    """What does not change: capacities, the tie order and the published MIG geometry."""

    capacity: Array["int64", 2, 8]  # [types, NODE_COLUMNS] one row for all nodes of equal capacity and kind
    largest: Array["int64", 1]  # [4] largest capacity of a node in each dimension
    mig: Array["int64", 3, 3]  # [profiles, models, 3] STARTS (bits, 0: model does not know the profile), SPAN, MILLI
    row_of: Array["int32", 1]  # [N] the row in the cluster's description of each node; here they are numbered in the tie order


class Classes(NamedTuple):
    """The C distinct requests."""

    ask: Array["int64", 2, 8]  # [C, 8]
    accepts: Array["bool", 2]  # [C, models + 1]
    barred: Array["int8", 2]  # [C, kinds] bits, 0 where it may come; UNLIKE: the model is not accepted


class Policy(NamedTuple):
    """The placement policy and its parameters."""

    code: int
    random_ties: bool
    key: np.uint64  # of the random draws
    dimensions: int  # bits of the dimensions counted (best-fit, dot-product)
    cluster_norm: bool
    levels: int
    address: int  # of a user's compiled score, 0 for none
    tags: Array["int32", 2]  # [N, tags] replicas of each tag on a node (gpu-clustering), else int32[1, 1]
    kinds: Array["int32", 1]  # [N] distinct tags on a node
    weight: int  # jobs behind the typical requests
    typical: Array["int64", 2, 5]  # [M, 5] the typical requests of FGD, columns below
    typical_accepts: Array["bool", 2]  # [M, models + 1] False also where node and request are not of one kind
    width_of: Array["int64", 1]  # [1001] number of distinct widths that fit in a device with so many free milli
    thresholds: Array["int64", 1]  # [levels] smallest gradient that scores each level
    room: Array["int64", 1]  # [widths + 1] scratch of the fragment in progress: devices by the widths that fit
    small: Array["int64", 1]  # [widths + 1] the same: free milli on devices too small for each width
    rack: Array["int32", 1]  # [N] the rack of each node (topology), like all that follows of no length under another policy
    member: Array["int32", 1]  # [N] nodes by rack
    rack_start: Array["int64", 1]  # [racks + 1] where the nodes of a rack begin in `member`
    rack_total: Array["int64", 1]  # [S * racks] replicas of the class of each slot that a rack holds
    rack_used: Array["bool", 1]  # [racks] scratch: taken for the gang in progress
    node_used: Array["bool", 1]  # [N] scratch
    plan: Array["int32", 1]  # [widest gang] scratch: a node for each replica
    seen: Array["int64", 1]  # [17] what a user's score sees of node and request; last: 1 once it returned NaN


class Trees(NamedTuple):
    """A tournament tree over the nodes for each of S recently used classes: see `tree`."""

    size: int  # entries of one tree
    levels: int
    start: Array["int64", 1]  # [levels] where each level begins, leaves first
    key: Array["float64", 1]  # [S * size] the best score below each entry
    ties: Array["int32", 1]  # [S * size] how many leaves below have it (random ties only), else of no length
    slot_of: Array["int32", 1]  # [C] the slot of a class or -1
    class_of: Array["int32", 1]  # [S]
    synced: Array["int64", 1]  # [S] the position of the change log the slot has seen
    used: Array["int64", 1]  # [S] when it was last asked, for eviction
    log: Array["int32", 1]  # [L] ring of changed nodes
    clock: Array["int64", 1]  # [2] end of the log, count of questions


class Jobs(NamedTuple):
    """The trace, read only."""

    submit: Array["float64", 1]  # [n]
    duration: Array["float64", 1]  # [n]
    estimate: Array["float64", 1]  # [n]
    key: Array["float64", 1]  # [n] by which a user's own queue policy orders the job, of no length under another
    gang: Array["int32", 2, 4]  # [n] REQUEST, LAST, REPLICAS, SHAPE
    monotone: Array["bool", 1]  # [shapes] whether a shape that does not fit can only come to fit by a release
    refused: Array["int16", 1]  # [shapes] Reason why a shape can never run, 0 if it can


class Log(NamedTuple):
    """What happened: one value a job, and one record for each node a job was placed on."""

    state: Array["int8", 1]  # [n] JobState
    reason: Array["int16", 1]  # [n] Reason
    start: Array["float64", 1]  # [n], NaN until started
    first: Array["int64", 1]  # [n] the first record of a job
    order: Array["int32", 1]  # [n] jobs in the order in which they started
    records: Array["int32", 2, 4]  # [records] NODE, HELD, DEVICE, JOB


class Waiting(NamedTuple):
    """The queue. Which arrays are used depends on the queue policy."""

    key: Array["float64", 1]  # [n] heap: estimates (sjf, srtf), levels less than zero (priority, las), keys (custom)
    job: Array["int32", 1]  # [n] the jobs of the heap; under custom-best-effort, scratch: the first job of each shape
    next: Array["int32", 1]  # [n] next waiting job of the same list: of its shape, or its group (drf); custom-best-effort: left in its heap
    right: Array["int32", 1]  # [n] custom-best-effort: right in the skew heap of its shape
    first: Array["int32", 1]  # [lists] first waiting job of a list or of a shape's heap, or -1
    last: Array["int32", 1]  # [lists]
    blocked: Array["int64", 1]  # [shapes] the count of releases at which the shape was found not to fit
    held: Array["int64", 1]  # [shapes] the reservation (epoch) that a shape was found to disturb
    shortest: Array["float64", 1]  # [lists] a lower bound of the estimates waiting in the list
    active: Array["int32", 1]  # [shapes] heap of shapes, ordered by the job at their cursor
    cursor: Array["int32", 1]  # [shapes]
    before: Array["int32", 1]  # [shapes] the job before the cursor, or -1
    lists: Array["int32", 1]  # [lists] the lists that have waiting jobs
    slot: Array["int32", 1]  # [lists] where a list stands in `lists`
    listed: Array["int64", 1]  # [1] how many there are


class Reservation(NamedTuple):
    """Running jobs in the order in which their room can be had, and states that differ from the current one on a few nodes."""

    end: Array["float64", 1]  # [running] indexed heap: estimated end (easy, conservative; negative for srtf) or level (priority, las)
    job: Array["int32", 1]  # [running]
    started: Array["int64", 1]  # [n] which start of the run this was: the later comes first among equals
    position: Array["int32", 1]  # [n] where a running job stands in the heap
    frontier: Array["int32", 1]  # [running] heap of heap positions, to walk in order without popping
    shadow: Nodes
    both: Nodes
    shadow_stamp: Array["int64", 1]  # [N] the epoch in which the row was copied
    both_stamp: Array["int64", 1]  # [N]
    touched: Array["int32", 1]  # [N] nodes that differ from the current state
    reserved: Array["int32", 1]  # [N] nodes on which the head is placed
    reserved_stamp: Array["int64", 1]  # [N]
    placed_node: Array["int32", 1]  # [widest gang] the gang in progress
    placed_device: Array["int32", 1]  # [widest gang]
    victims: Array["int32", 1]  # [n] jobs to preempt
    epoch: Array["int64", 1]  # [3] reservations made, attempts beside a head, nodes reserved
    first_promise: Array["float64", 1]  # [n] the first shadow time made for a job as blocked head, or its first reservation; NaN for none


class Completions(NamedTuple):
    """The events of the compiled clock that are still to come: a heap, see `heaps`."""

    time: Array["float64", 1]  # [n], [2n + 64] where jobs can be interrupted
    job: Array["int32", 1]


# Places in `World.count`
NEXT_ARRIVAL, STARTED, RECORDS, HEAD, WAITING, RUNNING, RELEASES, BLOCKED, WATCHED, HAVE, PROBE, HEAP, STATUS, SCHEDULED = range(14)
RANKED, STOPPING, CHANGED, NEXT_INCIDENT, HELD_BACK, CYCLES, NUMBER, CLOSED = range(14, 22)  # RANKED: entries of the heap of running jobs
PACED = 22  # attempts of whose work the pace is known
COUNTERS = 24
# Values of STATUS
RUNS, PROBED, DONE, FULL = 0, 1, 2, 3  # FULL: the arrays of attempts or records have too little room left
NEW_ATTEMPTS = 4  # what the compiled clock answers where somebody has to say at what pace they work; never in `World.count`


class World(NamedTuple):
    """Everything: what a transition reads and writes."""

    nodes: Nodes
    cluster: Cluster
    classes: Classes
    policy: Policy
    trees: Trees
    jobs: Jobs
    log: Log
    waiting: Waiting
    reservation: Reservation
    plan: Plan
    rows: Nodes  # of the steps of the plan
    completions: Completions
    progress: Progress
    attempts: Attempts
    hardware: Hardware
    groups: Groups
    quotas: Quotas
    options: Options
    queue: int
    interruptible: bool
    widest: int  # replicas of the largest gang
    clock: Array["float64", 1]  # [1] the instant in progress
    report: Array["int64", 1]  # [3] for the live clock: jobs with a changed next event, attempts that have ended, attempts made
    count: Array["int64", 1]  # [COUNTERS]


world_at = reader(World)
"""Kernels: the world behind the address that `structs.pack` gave."""
plain_world_at = reader(World, interruptible=False)
"""The same where nothing is interrupted: what only interruptions need is not compiled."""
