"""Entry points for looking at a state without changing it: what validation, `explain` and the fragmentation measurements read."""

from __future__ import annotations

import numpy as np

from .attempts import work_so_far
from .compilation import entry
from .fragmentation import fragment
from .gangs import place, records_end, release
from .room import times
from .scores import score
from .state import MANY, RECORDS, REPLICAS, world_at


@entry
def all_scores(address: int, cls: int, scores: np.ndarray) -> None:
    """Write the score of each node, in the tie order, for class `cls` to `scores`, float64[N]; minus infinity where it does not fit."""
    world = world_at(address)
    for node in range(len(scores)):
        scores[node] = score(world.nodes, world.cluster, world.classes, world.policy, cls, node)


@entry
def all_fragments(address: int, fragments: np.ndarray) -> None:
    """Write the weighted fragment of every node to `fragments`, int64[N]."""
    world = world_at(address)
    for node in range(len(fragments)):
        fragments[node] = fragment(world.nodes, world.cluster, world.policy, node)


@entry
def replicas_held(address: int, types: np.ndarray, count: np.ndarray, held: np.ndarray) -> None:
    """Write to `held`, int64[C], how many replicas of each class fit on all nodes: those in `types` stand for `count` equal ones each."""
    world = world_at(address)
    for cls in range(len(held)):
        held[cls] = 0
        for i in range(len(types)):
            held[cls] = min(MANY, held[cls] + min(MANY, times(world.nodes, world.cluster, world.classes, cls, types[i])) * count[i])


@entry
def work_done(address: int, now: float, done: np.ndarray) -> None:
    """Write to `done`, float64[n], the work that the current attempt of each job has done by `now`, 0 where there is none."""
    world = world_at(address)
    for job in range(len(done)):
        done[job] = work_so_far(world, job, now)


@entry
def fits_empty(address: int, job: int) -> bool:
    """Whether the policy can place the whole gang on the nodes as they are. Nothing is changed."""
    world = world_at(address)
    if place(world, job) < world.jobs.gang[job, REPLICAS]:
        return False
    first = world.log.first[job]
    release(world, job, first, records_end(world, job))
    world.count[RECORDS] = first
    return True
