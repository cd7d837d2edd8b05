"""Whom a job may have stopped: the running jobs of other quotas that have borrowed, and those of its own (docs/quotas.md, Reclaim)."""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .quota_state import FINAL_SHARE, Q_ENVIRONMENTS, Reclaiming
from .quota_tree import charged_for, is_over, is_within, share, share_with, share_without
from .state import RANKED, World

NEVER, LOWER, ANY, LOWER_OR_NEWER = (int(code) for code in Reclaiming)
# Who is looked at in a pass
SPARE, OTHERS, OWN, BY_INITIAL_SHARE = 0, 1, 2, 3


@kernel
def might_reclaim(world: World, job: int) -> bool:
    """Whether a job could find candidates at all."""
    quotas = world.quotas
    quota = np.int64(quotas.of[job])
    if quotas.within[quota] != NEVER or quotas.borrow_within[quota] != NEVER or (quotas.by_share and quotas.fair != 0):
        return True
    if quotas.reclaim[quota] == NEVER:
        return False
    node = quota
    while node > 0:
        if is_within(quotas, quota, node):
            return True
        node = np.int64(quotas.parent[node])
    return False


@kernel
def branches(world: World, quota: int, other: int):  # type: ignore[no-untyped-def]
    """The children, towards two quotas, of the lowest node above both."""
    parent, depth = world.quotas.parent, world.quotas.depth
    while depth[quota] > depth[other]:
        quota = np.int64(parent[quota])
    while depth[other] > depth[quota]:
        other = np.int64(parent[other])
    while parent[quota] != parent[other]:
        quota, other = np.int64(parent[quota]), np.int64(parent[other])
    return quota, other


@kernel
def open_quotas(world: World, job: int) -> int:
    """Mark, in `quotas.open_to`, the quotas of which jobs could be victims, as far as they themselves do not matter. Returns the
    Reclaiming that says which of their jobs: NEVER where none is open.
    """
    quotas, epoch = world.quotas, world.reservation.epoch[0]
    quota = np.int64(quotas.of[job])
    fair = quotas.by_share and quotas.fair != 0
    reclaim, borrow_within = quotas.reclaim[quota], quotas.borrow_within[quota]
    if reclaim == NEVER and (fair or borrow_within == NEVER):
        return NEVER
    wanted = share_with(quotas, quota) if fair else 0.0
    whom = NEVER
    for other in range(1, len(quotas.parent)):
        if other == quota or not is_over(world, np.int64(other), np.int64(-1)):
            continue
        mine, theirs = branches(world, quota, np.int64(other))
        if mine == other or theirs == quota or not _all_over(world, np.int64(other), theirs, np.int64(-1)):
            continue
        if fair:
            if share(quotas, np.int64(other)) < wanted and mine == quota and not is_within(quotas, quota, mine):
                continue
        elif reclaim == NEVER or (mine == quota and not is_within(quotas, quota, mine)):  # a cohort can come to be within it
            if borrow_within == NEVER:
                continue
            quotas.open_to[other] = epoch
            whom = max(whom, LOWER)
            continue
        quotas.open_to[other] = epoch
        whom = max(whom, reclaim)
    return whom


@kernel
def _all_over(world: World, node: int, above: int, by: int) -> bool:
    """Whether all nodes from one up to another use more than they bring; `by` as in `is_over`."""
    while is_over(world, node, by):
        if node == above:
            return True
        node = np.int64(world.quotas.parent[node])
    return False


@kernel
def _is_spare(world: World, victim: int, branch: int) -> bool:
    """Whether, without the victim, no node from its quota up to `branch` uses less than it brings."""
    quotas = world.quotas
    for column in range(len(quotas.ask)):
        amount = charged_for(world, victim, np.int64(column)) if quotas.guaranteed[column] else np.int64(0)
        node = np.int64(quotas.of[victim])
        asks = amount > 0
        while asks:
            use, kept = quotas.use[node, column], quotas.kept[node, column]
            if use - amount < quotas.brought[node, column]:
                return False
            if node == branch:
                break
            amount = max(0, use - kept) - max(0, use - amount - kept)
            node = np.int64(quotas.parent[node])
    return True


@kernel
def may_take(world: World, job: int, victim: int, stage: int, wanted: float) -> bool:
    """Whether a job may have a running job stopped, in a pass. `wanted`: the share of its quota with it."""
    quotas, level = world.quotas, world.progress.level
    quota, other = np.int64(quotas.of[job]), np.int64(quotas.of[victim])
    lower = level[victim] < level[job]
    if quota == other:
        if stage != OWN:
            return False
        within = quotas.within[quota]
        return (lower and within != NEVER) or (within == LOWER_OR_NEWER and level[victim] == level[job] and victim > job)  # type: ignore[no-any-return]
    if stage == OWN or quotas.open_to[other] != world.reservation.epoch[0]:
        return False
    mine, theirs = branches(world, quota, other)
    if not _all_over(world, other, theirs, victim):
        return False
    reclaims = quotas.reclaim[quota] == ANY or (quotas.reclaim[quota] == LOWER and lower)
    if quotas.by_share and quotas.fair != 0:
        if not reclaims:
            return False
        if not is_within(quotas, quota, mine):  # what is guaranteed is taken back whatever the shares
            if stage == BY_INITIAL_SHARE:
                if quotas.yielded[job] or not wanted < share(quotas, other):
                    return False
            elif (quotas.fair & FINAL_SHARE == 0 and not quotas.yielded[job]) or wanted > share_without(world, other, victim):
                return False
    elif is_within(quotas, quota, mine):
        if not reclaims:
            return False
    elif quotas.yielded[job] or quotas.borrow_within[quota] == NEVER or not lower or level[victim] > quotas.threshold[quota]:
        return False
    return stage != SPARE or _is_spare(world, victim, theirs)


@kernel
def might_take_own(world: World, job: int) -> bool:
    """Whether a job of the job's own quota is a candidate. A look at all that run is cheaper than to take them in their order in vain."""
    quotas, level = world.quotas, world.progress.level
    quota = np.int64(quotas.of[job])
    within = quotas.within[quota]
    if within == NEVER or world.count[RANKED] == 0 or quotas.use[quota, Q_ENVIRONMENTS] == 0:
        return False
    for i in range(world.count[RANKED]):
        other = np.int64(world.reservation.job[i])
        if quotas.of[other] != quota or level[other] > level[job]:
            continue
        if level[other] < level[job] or (within == LOWER_OR_NEWER and other > job):
            return True
    return False
