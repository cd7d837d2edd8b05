"""Room for the plans of conservative backfilling (`kernels.plan_state`), which grows with the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .kernels.plan_state import BUCKETS, FACTS, NUMBERS, WORD, Plan
from .kernels.state import RUNNING, WAITING, Nodes, Queue

if TYPE_CHECKING:
    from .world import Run

Array = np.ndarray[Any, Any]


def plan_for(steps: int = 0, jobs: int = 0, records: int = 0, nodes: int = 0, known: int = 0, facts: int = 0) -> Plan:
    """A plan still to be made, with room for so many steps, reservations, replicas in them, nodes, jobs, and shapes with known facts."""

    def whole(length: int) -> Array:
        return np.empty(length, dtype=np.int32)

    return Plan(
        time=np.empty(steps),
        node=whole(steps),
        after=whole(steps),
        later=whole(steps),
        job=whole(jobs),
        begin=np.empty(jobs),
        span=np.empty(jobs),
        first=whole(jobs),
        sole=np.empty(jobs, dtype=np.bool_),
        slot=np.arange(jobs, dtype=np.int32),
        holds=np.empty(jobs * (nodes // WORD + 1), dtype=np.int64),
        on=whole(records),
        where=whole(records),
        next=whole(records),
        end=np.full(known, np.inf),
        count=np.zeros(nodes, dtype=np.int64),
        at=whole(nodes),
        until=np.empty(nodes),
        barred=np.empty(nodes),
        stamp=np.full(nodes, -1, dtype=np.int64),
        met=whole(nodes),
        fact_shape=np.full(facts, -1, dtype=np.int64),
        fact_epoch=np.full(facts, -1, dtype=np.int64),
        fact_span=np.empty((facts, BUCKETS)),
        fact_begin=np.empty((facts, BUCKETS)),
        fact_step=np.empty((facts, BUCKETS), dtype=np.int32),
        number=np.zeros(NUMBERS, dtype=np.int64),
    )


def rows_for(state: Nodes, steps: int) -> Nodes:
    """Rows of so many steps. Pages that are not reached are never touched."""
    return Nodes(*(np.empty((steps, array.shape[1]) if len(array) else array.shape, dtype=array.dtype) for array in state))


def make_room_to_plan(run: Run) -> bool:
    """Give a run that needs it twice the room for plans, the next of which is then made anew. Returns whether it needed it."""
    world = run.world
    if world.queue != Queue.CONSERVATIVE:
        return False
    plan, nodes = world.plan, len(world.nodes.free)
    jobs = int(min(world.count[WAITING], world.options.depth))
    needed = (
        2 * nodes + (int(world.count[RUNNING]) + 2 * jobs) * min(nodes, world.widest),
        jobs,
        jobs * world.widest,
        len(world.jobs.submit),
    )
    have = (len(plan.time), len(plan.job), len(plan.on), len(plan.end))
    if all(some >= least for some, least in zip(have, needed, strict=True)):
        return False
    steps, jobs, records, known = (some if some >= least else 2 * least for some, least in zip(have, needed, strict=True))
    room = plan_for(steps, jobs, records, nodes, known, FACTS)
    run.change(plan=room, rows=rows_for(world.nodes, steps))
    return True
