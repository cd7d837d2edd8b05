"""Room for a job at the expense of those who have borrowed: no more victims than needed, and none in vain (docs/quotas.md, Reclaim)."""

from __future__ import annotations

import numpy as np

from .attempt_state import Outcome
from .attempts import dismiss
from .candidates import BY_INITIAL_SHARE, LOWER, NEVER, OWN, branches, may_take, might_take_own, open_quotas
from .compilation import kernel
from .earmarks import close_earmarked, open_earmarked, place_claims
from .quota_state import EARLIER, INITIAL_SHARE, KEPT_SHUT
from .quota_tree import charge, fits_quota, is_within, share, share_with
from .running import children, next_end
from .shadow import gang_fits, give_back_on, place_over, take_again_on, undo_placing
from .state import RANKED, REPLICAS, REQUEST, STOPPING, World

PREEMPTED, RECLAIMED = int(Outcome.PREEMPTED), int(Outcome.RECLAIMED)
# What `make_room` answers
NOTHING, AT_ONCE, LATER, AS_IT_IS = 0, 1, 2, 3


@kernel
def _fits(world: World, job: int, have: int, touched: int, anywhere: bool, most: float):  # type: ignore[no-untyped-def]
    """Whether the job fits its quota, whose share with it is at most `most`, and its gang fits on `shadow`, of which `have` replicas do.
    Returns (fits, touched nodes). `anywhere`: nodes do not matter.
    """
    quota = np.int64(world.quotas.of[job])
    if not fits_quota(world.quotas, quota) or (most < np.inf and share_with(world.quotas, quota) > most):
        return False, touched
    return (True, touched) if anywhere else gang_fits(world, job, have, touched)


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
    if stopping == 0 and not might_take_own(world, job) and open_quotas(world, job) == NEVER:
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
            undo_placing(world, shadow, job, replicas)
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
    whom = open_quotas(world, job)
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
        if codes == NEVER or (stage == OWN and not might_take_own(world, job)):
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
            if quotas.chosen[victim] == epoch or not may_take(world, job, victim, stage, wanted):
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
    """Note the victims of other quotas: under fair sharing all, else those from which a job takes back what its quota is guaranteed,
    whatever is stopping and they themselves being gone.
    """
    quotas, stopping, victims = world.quotas, world.progress.stopping, world.reservation.victims
    quota = np.int64(quotas.of[job])
    if quotas.by_share and quotas.fair != 0:
        for i in range(chosen):
            if victims[i] >= 0 and quotas.of[victims[i]] != quota:
                quotas.yielded[victims[i]] = True
        return
    _charge_all(world, stopping, world.count[STOPPING], np.int64(-1))
    _charge_all(world, victims, chosen, np.int64(-1))
    for i in range(chosen):
        victim = np.int64(victims[i])
        if victim >= 0 and quotas.of[victim] != quota:
            mine, _ = branches(world, quota, np.int64(quotas.of[victim]))
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
