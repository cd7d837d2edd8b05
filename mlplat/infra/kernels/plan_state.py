"""What conservative backfilling keeps: the profile of free room over time, and the reservations in it. Of no length under other policies.

The profile is a list of *steps* for each node. A step is a time and the row of what is free on the node from then on (`World.rows`). The
first N steps are the nodes' rows of this instant; a further one stands for each time at which something on the node begins or ends.
"""

from __future__ import annotations

from typing import NamedTuple

from .structs import Array

NO_STEP = -1
WORD = 63  # bits used of a word
BUCKETS, FACTS = 16, 1024  # what is known of a shape: so many facts, by the length of the span; shapes for which there is room
# Places in `Plan.number`
HEAD_STEP, FREE_STEP, TOP_STEP = range(3)  # first step after now; unused steps: a list of those given back, and all from the third on
FREE_RECORD, TOP_RECORD = 3, 4  # the same for records
VALID, PLANNED, RAN, ENDED, LOGGED_UP_TO, KNOWN = range(5, 11)  # of the last plan: whether it may be kept, and what it was made from
EPOCH, SEARCH, MET, FOUND, FLEETING = range(11, 16)  # counts of plans and searches; nodes met, step found; whether an instant is held
NUMBERS = 16


class Plan(NamedTuple):
    """Steps (S), reservations in order of submission (D), where they are (R records), and notes for each of N nodes and n jobs."""

    time: Array["float64", 1]  # [S] minus infinity for the first N
    node: Array["int32", 1]  # [S]
    after: Array["int32", 1]  # [S] the next step of the node, or -1
    later: Array["int32", 1]  # [S] the next step of any node, or -1
    job: Array["int32", 1]  # [D]
    begin: Array["float64", 1]  # [D] infinite for none
    span: Array["float64", 1]  # [D]
    first: Array["int32", 1]  # [D] the first record, or -1
    sole: Array["bool", 1]  # [D] whether there was no choice of where
    slot: Array["int32", 1]  # [D] a permutation: where in `holds`
    holds: Array["int64", 1]  # [D * words] the nodes there was a choice of, a bit for each
    on: Array["int32", 1]  # [R] the node of a replica
    where: Array["int32", 1]  # [R] its device
    next: Array["int32", 1]  # [R] the next record of the job, or -1
    end: Array["float64", 1]  # [n] when the plan gives back what a running job holds, infinite for never
    count: Array["int64", 1]  # [N] replicas of the job in question that a node holds
    at: Array["int32", 1]  # [N] the step from which they were counted
    until: Array["float64", 1]  # [N] the first later step that was not looked at
    barred: Array["float64", 1]  # [N] a time at which none of them fits
    stamp: Array["int64", 1]  # [N] the search in which the node was met
    met: Array["int32", 1]  # [N] nodes met
    fact_shape: Array["int64", 1]  # [FACTS] shape of which something is known,
    fact_epoch: Array["int64", 1]  # [FACTS] in this plan:
    fact_span: Array["float64", 2, 16]  # [FACTS, BUCKETS] a job of at least this span
    fact_begin: Array["float64", 2, 16]  # [FACTS, BUCKETS] cannot begin before,
    fact_step: Array["int32", 2, 16]  # [FACTS, BUCKETS] which is the time of this step
    number: Array["int64", 1]  # [NUMBERS]
