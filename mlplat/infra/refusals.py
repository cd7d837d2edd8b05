"""Jobs that can never run, found before the first event: no empty node holds a replica, or the empty cluster not all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .kernels.inspect_nodes import fits_empty, replicas_held
from .kernels.state import LAST, REPLICAS, REQUEST, Placement, Reason, World
from .request_arrays import node_types, refusal

if TYPE_CHECKING:
    from .world import Run

Array = np.ndarray[Any, Any]


def ways_of(world: World, job: int) -> list[tuple[int, int]]:
    """The pairs of classes, of a replica and of the last one, with which a job may be placed: one, or one for each flavor of its quota."""
    request, last = (int(world.jobs.gang[job, place]) for place in (REQUEST, LAST))
    quotas = world.quotas
    if not len(quotas.of):
        return [(request, last)]
    quota = quotas.of[job]
    rows = quotas.variant_row[quota, : quotas.tries[quota]].tolist()
    return [(request, last) if row < 0 else (int(quotas.variant[row, request]), int(quotas.variant[row, last])) for row in rows]


def refuse_by_count(run: Run, example: Array) -> list[int]:
    """Fill `jobs.refused` where counting says that even the empty cluster cannot hold a shape in any of its ways, and `quotas.closed` of
    those with several.

    Returns the shapes for which it does not tell.
    """
    world = run.world
    jobs, classes, cluster = world.jobs, world.classes, world.cluster
    types, count = node_types(world.nodes, cluster)
    held = np.zeros(len(classes.ask), dtype=np.int64)
    replicas_held(run.address, types, count, held)
    unsure = []
    for shape, job in enumerate(example.tolist()):
        replicas = int(jobs.gang[job, REPLICAS])
        found: list[Reason | None] = []
        for request, last in ways_of(world, job):
            cls = last if replicas == 1 else request
            if not held[cls]:
                found.append(refusal(classes, cluster, cls))
            elif held[cls] < (replicas if last == cls else replicas - 1):
                found.append(Reason.GANG)
            else:
                found.append(None if last != cls or run.placement.code == Placement.CUSTOM else Reason.NONE)
        if len(found) > 1:
            for turn, why in enumerate(found):
                world.quotas.closed[shape] |= int(bool(why)) << turn
        if None in found and (Reason.NONE not in found or len(found) > 1):
            unsure.append(shape)
        elif Reason.NONE not in found:
            why = _said(world, job, held, found)
            if why is None:
                unsure.append(shape)
            else:
                jobs.refused[shape] = int(why)
    return unsure


def _said(world: World, job: int, held: Array, found: list[Reason | None]) -> Reason | None:
    """Why a job is refused in all its ways: `QUOTA` where the cluster could hold it, but not the part that is open to its quota. None where
    counting does not tell.
    """
    request, last, replicas = (int(world.jobs.gang[job, place]) for place in (REQUEST, LAST, REPLICAS))
    if ways_of(world, job) == [(request, last)]:
        return found[0] or Reason.NONE
    cls = last if replicas == 1 else request
    if not held[cls]:
        return refusal(world.classes, world.cluster, cls)
    if held[cls] < (replicas if last == cls else replicas - 1):
        return Reason.GANG
    return Reason.QUOTA if last == cls else None


def refuse_by_placing(run: Run, example: Array, unsure: list[int]) -> None:
    """Fill `jobs.refused` and `quotas.closed` for the shapes where the policy itself has to be asked."""
    jobs = run.world.jobs
    for shape in unsure:
        job = int(example[shape])
        classes = jobs.gang[job, : LAST + 1].copy()
        fits = False
        ways = ways_of(run.world, job)
        for turn, way in enumerate(ways):
            jobs.gang[job, : LAST + 1] = way
            in_it = bool(fits_empty(run.address, job))
            fits = fits or in_it
            if len(ways) > 1 and not in_it:
                run.world.quotas.closed[shape] |= 1 << turn
        jobs.gang[job, : LAST + 1] = classes
        if not fits and fits_empty(run.address, job):
            jobs.refused[shape] = int(Reason.QUOTA)
        elif not fits:
            jobs.refused[shape] = int(Reason.POLICY if jobs.gang[job, REPLICAS] == 1 else Reason.GANG)
        run.check()
