"""Room for a job at the expense of those who have borrowed: no more victims than needed, and none in vain (docs/quotas.md, Reclaim)."""

from __future__ import annotations

import numpy as np

from .attempt_state import Outcome
from .attempts import dismiss
from .compilation import kernel
from .earmarks import close_earmarked, open_earmarked, place_claims
from .quota_state import EARLIER, FINAL_SHARE, INITIAL_SHARE, KEPT_SHUT, Q_ENVIRONMENTS, Reclaiming
from .quota_tree import charge, charged_for, fits_quota, is_over, is_within, share, share_with, share_without
from .running import children, next_end
from .shadow import give_back_on, place_over, take_again_on, undo_placing
from .state import LAST, RANKED, REPLICAS, REQUEST, STOPPING, Placement, World

CUSTOM, PREEMPTED, RECLAIMED = int(Placement.CUSTOM), int(Outcome.PREEMPTED), int(Outcome.RECLAIMED)
NEVER, LOWER, ANY, LOWER_OR_NEWER = (int(code) for code in Reclaiming)
# What `make_room` answers
NOTHING, AT_ONCE, LATER, AS_IT_IS = 0, 1, 2, 3
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
def _branches(world: World, quota: int, other: int):  # type: ignore[no-untyped-def]
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
def _open_quotas(world: World, job: int) -> int:
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
        mine, theirs = _branches(world, quota, np.int64(other))
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
def _may_take(world: World, job: int, victim: int, stage: int, wanted: float) -> bool:
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
    mine, theirs = _branches(world, quota, other)
    if not _all_over(world, other, theirs, victim):
        return False
    reclaims = quotas.reclaim[quota] == ANY or (quotas.reclaim[quota] == LOWER and lower)
    if quotas.by_share and quotas.fair != 0:
        if not reclaims:
            return False
        if not is_within(quotas, quota, mine):  # what is guaranteed is taken back whatever the shares
            if quotas.yielded[job]:
                return False
            if stage == BY_INITIAL_SHARE:
                if not wanted < share(quotas, other):
                    return False
            elif quotas.fair & FINAL_SHARE == 0 or wanted > share_without(world, other, victim):
                return False
    elif is_within(quotas, quota, mine):
        if not reclaims:
            return False
    elif quotas.yielded[job] or quotas.borrow_within[quota] == NEVER or not lower or level[victim] > quotas.threshold[quota]:
        return False
    return stage != SPARE or _is_spare(world, victim, theirs)


@kernel
def _fits(world: World, job: int, have: int, touched: int, anywhere: bool, most: float):  # type: ignore[no-untyped-def]
    """Whether the job fits its quota, whose share with it is at most `most`, and its gang fits on `shadow`, of which `have` replicas do.
    Returns (fits, touched nodes). `anywhere`: nodes do not matter.
    """
    reservation, gang, quota = world.reservation, world.jobs.gang, np.int64(world.quotas.of[job])
    if not fits_quota(world.quotas, quota) or (most < np.inf and share_with(world.quotas, quota) > most):
        return False, touched
    if anywhere:
        return True, touched
    replicas = np.int64(gang[job, REPLICAS])
    if gang[job, LAST] == gang[job, REQUEST] and world.policy.code != CUSTOM:
        return have >= replicas, touched
    if have < replicas - 1:
        return False, touched
    placed, touched = place_over(world, reservation.shadow, reservation.shadow_stamp, reservation.epoch[0], job, touched)
    if placed == replicas:
        undo_placing(world, reservation.shadow, job)
    return placed == replicas, touched


@kernel
def make_room(world: World, job: int, now: float) -> int:
    """Stop those whose room a job needs. Returns AT_ONCE where it is free now, LATER where it will be, AS_IT_IS where it will be and nobody
    was stopped, since enough are stopping, NOTHING where it cannot be had.

    `quotas.ask` is what the job asks for, and it is not charged. After LATER and AS_IT_IS, `reservation.placed_node` says
    where the job would go.
    """
    found, chosen = find_room(world, job, np.bool_(False))
    if found and chosen == 0:
        return AS_IT_IS
    return _stop_victims(world, job, chosen, world.count[STOPPING] > 0, now) if found else NOTHING


@kernel
def _might_take_own(world: World, job: int) -> bool:
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


@kernel
def find_room(world: World, job: int, anywhere: bool):  # type: ignore[no-untyped-def]
    """Whether a job can be given room, and at whose expense: (found, length of `reservation.victims`, in which -1 is nobody). Nobody is
    stopped. `anywhere`: only the quotas matter, whatever nodes the room is on, and victims that are not needed stay.
    """
    reservation, count, progress, quotas = world.reservation, world.count, world.progress, world.quotas
    if count[RANKED] == 0 and count[STOPPING] == 0:
        return False, 0
    shadow, stamp = reservation.shadow, reservation.shadow_stamp
    cls, replicas = np.int64(world.jobs.gang[job, REQUEST]), np.int64(world.jobs.gang[job, REPLICAS])
    reservation.epoch[0] += 1
    epoch = reservation.epoch[0]
    stopping = count[STOPPING]
    if stopping == 0 and not _might_take_own(world, job) and _open_quotas(world, job) == NEVER:
        return False, 0
    have = touched = np.int64(0)
    shut = quotas.number[KEPT_SHUT] == 1 and not anywhere
    if shut:
        open_earmarked(world)
    for i in range(stopping):
        leaving = np.int64(progress.stopping[i])
        if not anywhere:
            touched, have = give_back_on(world, leaving, cls, touched, have)
        charge(world, leaving, np.int64(-1))
    if not anywhere:
        touched = place_claims(world, quotas.number[EARLIER], touched)
        have, touched = place_over(world, shadow, stamp, epoch, job, touched)
        if have == replicas:
            undo_placing(world, shadow, job)
    chosen = 0
    fits = False
    if stopping > 0:
        fits, touched = _fits(world, job, have, touched, anywhere, np.inf)
    before = share(quotas, np.int64(quotas.of[job])) if quotas.by_share and quotas.fair != 0 else np.inf
    if not fits:
        fits, touched, have, chosen = _choose(world, job, touched, have, anywhere, before)
    own = np.int64(0)
    for i in range(chosen):
        own += quotas.of[reservation.victims[i]] == quotas.of[job]
    others = chosen - own
    for i in range(-1 if anywhere else chosen - 2, -1, -1):
        victim = np.int64(reservation.victims[i])
        have = take_again_on(world, victim, cls, have)
        charge(world, victim, np.int64(1))
        is_own = np.int64(quotas.of[victim] == quotas.of[job])
        own, others = own - is_own, others - (1 - is_own)
        spared, touched = _fits(world, job, have, touched, anywhere, before if own > 0 and others == 0 else np.inf)
        if spared:
            reservation.victims[i] = -1
        else:
            own, others = own + is_own, others + (1 - is_own)
            touched, have = give_back_on(world, victim, cls, touched, have)
            charge(world, victim, np.int64(-1))
    _charge_all(world, progress.stopping, stopping, np.int64(1))
    _charge_all(world, reservation.victims, chosen, np.int64(1))
    if fits and not anywhere:
        placed, touched = place_over(world, shadow, stamp, epoch, job, touched)
        fits = placed == replicas
    if shut:
        close_earmarked(world)
    return fits, chosen


@kernel
def _choose(world: World, job: int, touched: int, have: int, anywhere: bool, before: float):  # type: ignore[no-untyped-def]
    """Take victims until the job fits. Returns (fits, touched nodes, `have`, victims); where it does not fit they are all given back.

    Under fair sharing a job for which only jobs of its own quota are stopped leaves the quota with no larger share than it had, `before`:
    else others might take from it in turn what it takes, for ever.
    """
    reservation, quotas, level = world.reservation, world.quotas, world.progress.level
    cls = np.int64(world.jobs.gang[job, REQUEST])
    quota, epoch = np.int64(quotas.of[job]), reservation.epoch[0]
    fair = quotas.by_share and quotas.fair != 0
    whom = _open_quotas(world, job)
    wanted = share_with(quotas, quota) if fair else 0.0
    most = np.inf
    chosen, fits = 0, False
    for turn in range(4):
        stage = np.int64(turn)
        if turn == 2:
            stage = np.int64(BY_INITIAL_SHARE)
        elif turn == 3:
            stage = np.int64(OWN)
        if stage == BY_INITIAL_SHARE and not (fair and quotas.fair & INITIAL_SHARE != 0):
            continue
        codes = quotas.within[quota] if stage == OWN else whom
        if codes == NEVER or (stage == OWN and not _might_take_own(world, job)):
            continue
        most = before if stage == OWN and chosen == 0 else np.inf
        lower_only = codes == LOWER
        size = 1 if world.count[RANKED] > 0 else 0
        reservation.frontier[0] = 0
        while size > 0 and not fits:
            position = next_end(world, size)
            size += children(world, position) - 1
            victim = np.int64(reservation.job[position])
            if (level[victim] > level[job] and stage == OWN) or (lower_only and level[victim] >= level[job]):
                break
            if quotas.chosen[victim] == epoch or not _may_take(world, job, victim, stage, wanted):
                continue
            quotas.chosen[victim] = epoch
            reservation.victims[chosen] = victim
            chosen += 1
            if not anywhere:
                touched, have = give_back_on(world, victim, cls, touched, have)
            charge(world, victim, np.int64(-1))
            fits, touched = _fits(world, job, have, touched, anywhere, most)
        if fits:
            break
    if not fits:
        _charge_all(world, reservation.victims, chosen, np.int64(1))
        chosen = 0
    return fits, touched, have, chosen


@kernel
def _note_yielding(world: World, job: int, chosen: int) -> None:
    """Note the victims from which a job takes back what its quota is guaranteed, whatever is stopping and they themselves being gone."""
    quotas, stopping, victims = world.quotas, world.progress.stopping, world.reservation.victims
    quota = np.int64(quotas.of[job])
    _charge_all(world, stopping, world.count[STOPPING], np.int64(-1))
    _charge_all(world, victims, chosen, np.int64(-1))
    for i in range(chosen):
        victim = np.int64(victims[i])
        if victim >= 0 and quotas.of[victim] != quota:
            mine, _ = _branches(world, quota, np.int64(quotas.of[victim]))
            if is_within(quotas, quota, mine):
                quotas.yielded[victim] = True
    _charge_all(world, victims, chosen, np.int64(1))
    _charge_all(world, stopping, world.count[STOPPING], np.int64(1))


@kernel
def _charge_all(world: World, jobs: np.ndarray, size: int, sign: int) -> None:  # type: ignore[type-arg]
    """Charge the jobs of a list, or give back what they are charged; -1 is nobody."""
    for i in range(size):
        if jobs[i] >= 0:
            charge(world, np.int64(jobs[i]), sign)


@kernel
def _stop_victims(world: World, job: int, chosen: int, waits: bool, now: float) -> int:
    quotas, reservation, progress = world.quotas, world.reservation, world.progress
    quota = np.int64(quotas.of[job])
    _note_yielding(world, job, chosen)
    for i in range(chosen):
        victim = np.int64(reservation.victims[i])
        if victim < 0:
            continue
        world.attempts.by[progress.attempt[victim]] = job
        own = quotas.of[victim] == quota
        cause, grace = (PREEMPTED, world.options.grace) if own else (RECLAIMED, quotas.grace[quota])
        if not dismiss(world, victim, now, np.int64(cause), grace):
            waits = True
    return LATER if waits else AT_ONCE
