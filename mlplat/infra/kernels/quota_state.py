"""The quotas of a cluster and the lanes in which jobs wait under them: arrays of no length where there are no quotas (docs/quotas.md)."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from .structs import Array

# Columns of the dimensions. Those of flavor f begin at FLAVORS + 4 f, in the order of the first four.
Q_CPU, Q_MEMORY, Q_DISK, Q_GPU, Q_ENVIRONMENTS, FLAVORS = range(6)
# Bits of `Quotas.fair`
FINAL_SHARE, INITIAL_SHARE = 1, 2


class Reclaiming(IntEnum):
    """Whom a quota may stop: codes of `reclaim`, `within` and `borrow_within`."""

    NEVER = 0
    LOWER_PRIORITY = 1
    ANY = 2
    LOWER_OR_NEWER = 3


class Quotas(NamedTuple):
    """T nodes of a tree, 0 the root, the others quotas and cohorts in any order; R dimensions, F flavors, L lanes, n jobs, N nodes."""

    of: Array["int32", 1]  # [n] the quota of a job
    lane: Array["int32", 1]  # [n]
    key: Array["float64", 1]  # [n] place of a waiting job in its lane, the smaller first, then the job submitted first
    left: Array["int32", 1]  # [n] a skew heap for each lane
    right: Array["int32", 1]  # [n]
    top: Array["int32", 1]  # [L] the first job of a lane, or -1
    owner: Array["int32", 1]  # [L] the quota of a lane
    blocked: Array["int64", 1]  # [L] the count of releases at which its first job could not start, or -1
    weighed: Array["int64", 1]  # [L] the count of charges at which its first job was weighed: whether it was entitled, its share
    weighed_job: Array["int32", 1]  # [L]
    entitled: Array["bool", 1]  # [L]
    share: Array["float64", 1]  # [L]
    lanes: Array["int32", 1]  # [L] those in which jobs wait
    slot: Array["int32", 1]  # [L] where a lane stands in `lanes`, -1 if it does not
    parent: Array["int32", 1]  # [T] -1 for the root
    depth: Array["int32", 1]  # [T] 0 for the root
    guarantee: Array["int64", 2]  # [T, R] of the root: what is left to the common pool, less what is lost
    brought: Array["int64", 2]  # [T, R]
    kept: Array["int64", 2]  # [T, R]
    limit: Array["int64", 2]  # [T, R] attempt_arrays.NO_LIMIT for none
    use: Array["int64", 2]  # [T, R] of what is charged
    potential: Array["int64", 2]  # [T, R] what would be available if nothing were charged
    capacity: Array["int64", 1]  # [R] of all nodes of the cluster
    guaranteed: Array["bool", 1]  # [R] the dimensions of G
    priority: Array["int64", 1]  # [T]
    weight: Array["float64", 1]  # [T]
    suspended: Array["bool", 1]  # [T]
    grace: Array["float64", 1]  # [T] reclaim_within
    reclaim: Array["int8", 1]  # [T] Reclaiming
    within: Array["int8", 1]  # [T]
    borrow_within: Array["int8", 1]  # [T]
    threshold: Array["float64", 1]  # [T] infinite for none
    try_next: Array["bool", 1]  # [T] when_can_borrow is "try-next"
    preempt_first: Array["bool", 1]  # [T] when_can_preempt is "preempt"
    flavors: Array["int32", 2]  # [T, F] in the order in which they are tried, -1 behind the last; [T, 1] of -1 without flavors
    tries: Array["int32", 1]  # [T] in how many ways a job is tried: in each flavor, or once without any
    variant_row: Array["int32", 2]  # [T, F] row of `variant`, -1 where the classes are taken as they are
    variant: Array["int32", 2]  # [V, C] the class with which a request is placed: of a flavor, on nodes reserved for the quota
    closed: Array["int64", 1]  # [shapes] bits of the turns, in the order of `flavors`, whose nodes even empty do not hold the gang
    base: Array["int32", 2]  # [n, 2] the classes REQUEST and LAST of a job before a variant was taken
    node_flavor: Array["int32", 1]  # [N] the flavor of a node or -1
    flavor: Array["int32", 1]  # [n] the flavor a job is charged in, -1 for none
    charged: Array["bool", 1]  # [n]
    claims: Array["int32", 1]  # [n] jobs that have a claim, oldest first
    plan: Array["int32", 1]  # [P] the node of each replica in the plans of all claims, one claim after the other
    plan_end: Array["int64", 1]  # [n] where in `plan` that of a claim ends, by its place among the claims
    old_plan: Array["int32", 1]  # [P] scratch: the plans before each claim is looked at
    old_plan_end: Array["int64", 1]  # [n] scratch
    planned_on: Array["int32", 1]  # [N] how many replicas plans have on a node
    chosen: Array["int64", 1]  # [n] the epoch in which a job was chosen as a victim
    yielded: Array["bool", 1]  # [n] jobs that were once stopped for one of another quota (docs/quotas.md, Reclaim)
    news: Array["int32", 1]  # [n] jobs that were found to be held since the live clock last looked
    open_to: Array["int64", 1]  # [T] scratch: the epoch in which a job of the quota could be a victim
    ask: Array["int64", 1]  # [R] scratch: what the job in question asks for
    number: Array["int64", 1]  # [8] see below
    fair: int  # bits: FINAL_SHARE, INITIAL_SHARE
    by_share: bool  # drf: the next of those that are not entitled is that of the smallest share


# Places in `Quotas.number`
ACTIVE, CLAIMS, NEWS, CLAIMS_TRIED, CHARGES = range(5)  # lanes, claims, news, the releases at which claims were last tried, charges
EARLIER, PLANNED, KEPT_SHUT = 5, 6, 7  # claims before the job in question, entries of `plan`, whether their nodes are closed
