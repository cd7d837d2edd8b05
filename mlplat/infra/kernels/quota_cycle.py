"""The scheduling cycle under quotas: claims first, then the heads of the lanes, the entitled before the others (docs/quotas.md)."""

from __future__ import annotations

import numpy as np

from .candidates import might_reclaim
from .compilation import kernel
from .earmarks import (
    add_plan,
    begin_plans_anew,
    close_earmarked,
    close_to,
    count_planned,
    keep_plan,
    open_again,
    open_earmarked,
    place_as_planned,
)
from .gangs import place
from .lanes import first_of, leave_lane
from .quota_state import ACTIVE, CHARGES, CLAIMS, CLAIMS_TRIED, EARLIER, NEWS
from .quota_tree import asks_guaranteed, charge, fits_quota, is_within, load_ask, share_with
from .quota_waiting import is_held, is_open, wait_in_lane
from .reclaim import AS_IT_IS, AT_ONCE, LATER, NOTHING, make_room
from .starting import mark_started
from .state import LAST, RELEASES, REPLICAS, REQUEST, RUNNING, STARTED, STATUS, WAITING, JobState, World

IN_QUEUE, HELD = int(JobState.WAITING), int(JobState.HELD)


@kernel
def _take_flavor(world: World, job: int, turn: int) -> None:
    """Let a job ask in one of its quota's flavors."""
    quotas, gang = world.quotas, world.jobs.gang
    quota = np.int64(quotas.of[job])
    row = np.int64(quotas.variant_row[quota, turn])
    cls, last = np.int64(quotas.base[job, 0]), np.int64(quotas.base[job, 1])
    gang[job, REQUEST] = quotas.variant[row, cls] if row >= 0 else cls
    gang[job, LAST] = quotas.variant[row, last] if row >= 0 else last
    quotas.flavor[job] = quotas.flavors[quota, turn]
    load_ask(world, job, np.int64(quotas.flavors[quota, turn]))


@kernel
def _is_entitled(world: World, job: int) -> bool:
    """Whether, in one of its flavors, a job asks for no more than is left of its quota's guarantee."""
    quotas = world.quotas
    quota = np.int64(quotas.of[job])
    for turn in range(world.quotas.tries[quota]):
        if not is_open(world, job, np.int64(turn)):
            continue
        load_ask(world, job, np.int64(quotas.flavors[quota, turn]))
        if is_within(quotas, quota, quota):
            return True
    return False


@kernel
def _weigh(world: World, lane: int, job: int) -> None:
    """Note of the first job of a lane whether it is entitled and, under `drf`, its share: both hold until something is charged."""
    quotas = world.quotas
    quota = np.int64(quotas.of[job])
    entitled = _is_entitled(world, job)
    quotas.entitled[lane], quotas.share[lane] = entitled, 0.0
    if quotas.by_share and not entitled:
        turn = np.int64(0)
        while not is_open(world, job, turn):
            turn += 1
        load_ask(world, job, np.int64(quotas.flavors[quota, turn]))
        quotas.share[lane] = share_with(quotas, quota)
    quotas.weighed[lane], quotas.weighed_job[lane] = quotas.number[CHARGES], job


@kernel
def _next_lane(world: World) -> int:
    """The lane whose first job is the next, or -1."""
    quotas, releases = world.quotas, world.count[RELEASES]
    best, best_job, best_quota = np.int64(-1), np.int64(-1), np.int64(-1)
    best_entitled, best_share = False, 0.0
    i = quotas.number[ACTIVE] - 1
    while i >= 0:
        lane = np.int64(quotas.lanes[i])
        i -= 1
        quota = np.int64(quotas.owner[lane])
        if quotas.blocked[lane] == releases or quotas.suspended[quota]:
            continue
        job = first_of(world, lane)
        if job < 0:
            continue
        if quotas.weighed[lane] != quotas.number[CHARGES] or quotas.weighed_job[lane] != job:
            _weigh(world, lane, job)
        entitled, part = quotas.entitled[lane], quotas.share[lane]
        if best >= 0:
            if entitled != best_entitled:
                better = entitled
            elif entitled and quotas.priority[quota] != quotas.priority[best_quota]:
                better = quotas.priority[quota] > quotas.priority[best_quota]
            elif part != best_share:
                better = part < best_share
            else:
                better = quotas.key[job] < quotas.key[best_job] or (quotas.key[job] == quotas.key[best_job] and job < best_job)
            if not better:
                continue
        best, best_job, best_quota, best_entitled, best_share = lane, job, quota, entitled, part
    return best


@kernel
def _is_placed(world: World, job: int) -> bool:
    return place(world, job) == world.jobs.gang[job, REPLICAS]  # type: ignore[no-any-return]


@kernel
def _start(world: World, job: int, now: float) -> None:
    world.quotas.charged[job] = True
    charge(world, job, np.int64(1))
    mark_started(world, job, now)


@kernel
def _reclaim(world: World, job: int, now: float) -> int:
    """Make room for a job that does not fit. Returns AT_ONCE where it has been placed."""
    found = make_room(world, job, now)
    if found == AT_ONCE and not _is_placed(world, job):
        return NOTHING
    return found


@kernel
def _try(world: World, job: int, now: float) -> int:
    """Try the first job of a lane in its flavors. Returns AT_ONCE where it is placed, LATER where room will be free for it."""
    quotas = world.quotas
    quota = np.int64(quotas.of[job])
    flavors = np.int64(quotas.tries[quota])
    for borrows in range(2 if quotas.try_next[quota] else 1):
        for turn in range(flavors):
            if not is_open(world, job, np.int64(turn)):
                continue
            _take_flavor(world, job, np.int64(turn))
            if quotas.try_next[quota]:
                would_borrow = asks_guaranteed(quotas) and not is_within(quotas, quota, quota)
                if would_borrow != (borrows == 1):
                    continue
            if fits_quota(quotas, quota) and _is_placed(world, job):
                return AT_ONCE
            if quotas.preempt_first[quota] and might_reclaim(world, job):
                found = _reclaim(world, job, now)
                if found != NOTHING:
                    return found
    if not quotas.preempt_first[quota]:
        for turn in range(flavors):
            if not is_open(world, job, np.int64(turn)):
                continue
            _take_flavor(world, job, np.int64(turn))
            if might_reclaim(world, job):
                found = _reclaim(world, job, now)
                if found != NOTHING:
                    return found
    return NOTHING


@kernel
def _claim(world: World, job: int) -> None:
    """Charge a job for whose sake others are leaving."""
    world.quotas.charged[job] = True
    charge(world, job, np.int64(1))


@kernel
def _disclaim(world: World, job: int) -> None:
    world.quotas.charged[job] = False
    charge(world, job, np.int64(-1))


@kernel
def _charge_claims(world: World, kept: int, first: int, sign: int) -> None:
    """Charge (1) or discharge (-1) the claims up to `kept` and those from `first` on."""
    quotas = world.quotas
    for i in range(quotas.number[CLAIMS]):
        if i < kept or i >= first:
            charge(world, np.int64(quotas.claims[i]), np.int64(sign))


@kernel
def _fits_beside_held(world: World, job: int, kept: int, first: int) -> bool:
    """Whether a claimant fits its quota beside what is held. The other claims are those up to `kept` and those from `first` on."""
    _charge_claims(world, kept, first, np.int64(-1))
    fits = fits_quota(world.quotas, np.int64(world.quotas.of[job]))
    _charge_claims(world, kept, first, np.int64(1))
    return fits  # type: ignore[no-any-return]


@kernel
def _starts_as_claimed(world: World, claim: int, job: int) -> bool:
    """Whether a claimant can be placed now: as planned, or else on nodes that are in no other plan."""
    if place_as_planned(world, claim, job):
        return True
    close_to(world, claim)
    placed = _is_placed(world, job)
    open_again(world, claim)
    return placed  # type: ignore[no-any-return]


@kernel
def _try_claims(world: World, now: float) -> None:
    """Start the claimants for whom room is free now; those for whom none will be wait in their lanes again."""
    quotas, number, count = world.quotas, world.quotas.number, world.count
    kept = np.int64(0)
    open_earmarked(world)
    begin_plans_anew(world)
    for i in range(number[CLAIMS]):
        claim, job = np.int64(i), np.int64(quotas.claims[i])
        number[EARLIER] = kept
        if count[STATUS] != 0:
            keep_plan(world, claim, kept)
            quotas.claims[kept] = job
            kept += 1
            continue
        _disclaim(world, job)
        load_ask(world, job, np.int64(quotas.flavor[job]))
        found = NOTHING
        suspended = quotas.suspended[quotas.of[job]]
        if not suspended and _fits_beside_held(world, job, kept, i + 1) and _starts_as_claimed(world, claim, job):
            found = AT_ONCE
        if found == NOTHING and not suspended:
            found = _reclaim(world, job, now)
        if found == LATER or found == AS_IT_IS:
            if found == AS_IT_IS:
                keep_plan(world, claim, kept)
            else:
                count_planned(world, claim, np.int64(-1))
                add_plan(world, kept, job)
            _claim(world, job)
            quotas.claims[kept] = job
            kept += 1
            continue
        count[RELEASES] += 1  # the nodes that were kept for it are open to others
        count_planned(world, claim, np.int64(-1))
        if found == AT_ONCE:
            _start(world, job, now)
        else:
            wait_in_lane(world, job)
    number[CLAIMS] = number[EARLIER] = kept
    close_earmarked(world)
    number[CLAIMS_TRIED] = count[RELEASES]


@kernel
def withdraw_claim(world: World, job: int) -> None:
    """A job that waits is deleted: what is kept for it is kept no longer."""
    quotas, number = world.quotas, world.quotas.number
    if not quotas.charged[job]:
        return
    _disclaim(world, job)
    kept = np.int64(0)
    open_earmarked(world)
    begin_plans_anew(world)
    for i in range(number[CLAIMS]):
        if quotas.claims[i] == job:
            count_planned(world, np.int64(i), np.int64(-1))
            continue
        keep_plan(world, np.int64(i), kept)
        quotas.claims[kept] = quotas.claims[i]
        kept += 1
    number[CLAIMS] = number[EARLIER] = kept
    close_earmarked(world)
    world.count[RELEASES] += 1


@kernel
def _tell_held(world: World, job: int) -> None:
    """A job that could not start is held from now on where a limit of its own quota is why."""
    quotas, number = world.quotas, world.quotas.number
    if world.log.state[job] == IN_QUEUE and is_held(world, job):
        world.log.state[job] = HELD
        if number[NEWS] < len(quotas.news):
            quotas.news[number[NEWS]] = job
            number[NEWS] += 1


@kernel
def quota_cycle(world: World, now: float) -> None:
    """Start what may start at `now`. In one cycle there are at most two starts for each job that waits or runs."""
    quotas, number, count = world.quotas, world.quotas.number, world.count
    most = count[STARTED] + 2 * (count[WAITING] + count[RUNNING])
    if number[CLAIMS] > 0 and number[CLAIMS_TRIED] != count[RELEASES]:
        _try_claims(world, now)
    while count[STATUS] == 0 and count[STARTED] < most:
        lane = _next_lane(world)
        if lane < 0:
            return
        job = np.int64(quotas.top[lane])
        found = _try(world, job, now)
        if found == NOTHING:
            _tell_held(world, job)
            quotas.blocked[lane] = count[RELEASES]
            continue
        leave_lane(quotas, lane, job)
        if found == AT_ONCE:
            _start(world, job, now)
        else:
            _claim(world, job)
            quotas.claims[number[CLAIMS]] = job
            add_plan(world, number[CLAIMS], job)
            close_earmarked(world)
            number[CLAIMS] += 1
            number[EARLIER] = number[CLAIMS]
            number[CLAIMS_TRIED] = count[RELEASES]
