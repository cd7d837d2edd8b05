"""Looking at what a waiting job is short of under its quota, without changing anything (docs/quotas.md)."""

from __future__ import annotations

import numpy as np

from .candidates import might_reclaim
from .compilation import entry, kernel
from .quota_state import Quotas
from .quota_tree import charge, exceeds_limit, fits_quota, is_within, load_ask
from .reclaim import find_room
from .state import LAST, REQUEST, World, world_at

# Columns of what `weigh` says of a job in a flavor
WITHIN_LIMIT, ENTITLED, FITS, COULD_FIT, WEIGHED = range(5)


@kernel
def available(quotas: Quotas, node: int, column: int) -> int:
    """What is available to a node of the tree, below 0 where more is used (docs/quotas.md, The tree)."""
    kept_above = np.int64(0)  # what the nodes below have of their own
    least = np.int64(2**62)
    while quotas.parent[node] >= 0:
        use, kept = quotas.use[node, column], quotas.kept[node, column]
        kept_above += max(0, kept - use)
        least = min(least, kept_above + max(0, quotas.limit[node, column] - max(kept, use)))
        node = np.int64(quotas.parent[node])
    return min(least, kept_above + max(0, quotas.brought[node, column] - quotas.use[node, column]))  # type: ignore[no-any-return]


@kernel
def _weigh_in(world: World, job: int, turn: int, said: np.ndarray, asked: np.ndarray, room: np.ndarray) -> None:
    quotas = world.quotas
    quota = np.int64(quotas.of[job])
    flavor = np.int64(quotas.flavors[quota, turn])
    load_ask(world, job, flavor)
    said[turn, WITHIN_LIMIT] = not exceeds_limit(quotas, quota)
    said[turn, ENTITLED] = is_within(quotas, quota, quota)
    said[turn, FITS] = said[turn, COULD_FIT] = fits_quota(quotas, quota)
    for column in range(len(quotas.ask)):
        asked[turn, column] = quotas.ask[column]
        room[turn, column] = available(quotas, quota, np.int64(column))
    if said[turn, FITS] or not might_reclaim(world, job):
        return
    gang = world.jobs.gang
    cls, last = np.int64(gang[job, REQUEST]), np.int64(gang[job, LAST])
    row = np.int64(quotas.variant_row[quota, turn])
    base, base_last = np.int64(quotas.base[job, 0]), np.int64(quotas.base[job, 1])
    gang[job, REQUEST] = quotas.variant[row, base] if row >= 0 else base
    gang[job, LAST] = quotas.variant[row, base_last] if row >= 0 else base_last
    could, _ = find_room(world, job, np.bool_(True))
    said[turn, COULD_FIT] = could
    gang[job, REQUEST], gang[job, LAST] = cls, last


@entry
def weigh(address: int, job: int, said: np.ndarray, asked: np.ndarray, room: np.ndarray) -> None:
    """Look at each of the F ways in which a job that waits can be tried; nothing changes.

    Writes to `said`, bool[F, WEIGHED]: whether its quota's limit leaves room, whether it is entitled, whether it fits the quota, and
    whether it would with those stopped whom it may have stopped, wherever their nodes are; to `asked` and `room`, int64[F, R]: what it
    asks for, and what is available to its quota. What a claim of its own has charged is not counted.
    """
    world = world_at(address)
    claims = world.quotas.charged[job]
    if claims:
        charge(world, job, np.int64(-1))
    for turn in range(len(said)):
        _weigh_in(world, job, np.int64(turn), said, asked, room)
    if claims:
        charge(world, job, np.int64(1))
