"""Lesson 5: who may use how much. The exercises: a day of two teams on 32 GPUs, GPUs shared by weight, a job that needs a whole node."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from ...errors import MlplatError
from ..answers import kind, near, number
from ..lesson import Lesson, Question
from ..seeds import student_seed

if TYPE_CHECKING:
    from ...hardware import ClusterSpec
    from ...runs.result import Result
    from ...workload import JobTrace

HOUR = 3600.0
PROMISED_MIN = 10


def cluster() -> ClusterSpec:
    """Four nodes of eight GPUs."""
    from ...hardware import ClusterSpec

    return ClusterSpec.parse("4x8xV100")


@cache
def day(seed: int) -> JobTrace:
    """A day of two teams: `shop` has few short jobs, `lab` more and longer ones than fit."""
    import numpy as np

    from ...resources import ResourceRequest
    from ...workload import JobTrace

    draws = np.random.default_rng(seed)
    team = draws.choice(2, 160, p=[0.25, 0.75])
    hours = np.where(team == 0, draws.uniform(0.2, 1, 160), draws.uniform(2, 8, 160))
    submit = np.sort(draws.uniform(0, 24, 160))
    wants = ResourceRequest(gpus=2)
    return JobTrace.build(
        submit=submit * HOUR, duration=hours * HOUR, request=[0] * 160, requests=[wants], group=team, groups=["shop", "lab"], source="a day"
    )


@cache
def _lent(seed: int, guarantee: int, lend: int) -> Result:
    from ...infra.quotas import Quota

    return _under(seed, [Quota("shop", guarantee={"gpus": guarantee}, lend={"gpus": lend}), Quota("lab")])


def _under(seed: int, zones: Any) -> Result:
    from ...runs.replay import replay

    return replay(cluster(), day(seed), zones=zones, checkpoint="every 30m write 20s")


def _waits(run: Result, team: str) -> Any:
    mine = run.jobs.filter(run.jobs["group"].cast(str) == team)
    return mine["start_s"].fill_null(run.end_s) - mine["submit_s"]


def p95_wait_min(run: Result, team: str) -> float:
    """Minutes within which 95 % of a team's jobs start."""
    return float(_waits(run, team).quantile(0.95, "linear") or 0.0) / 60


def mean_wait_h(run: Result, team: str) -> float:
    """Hours that a team's jobs wait on average."""
    return float(_waits(run, team).mean() or 0.0) / HOUR


@cache
def _least_kept(seed: int) -> Result:
    """The run in which the shop's guarantee is hard and as small as can be."""
    runs = (_lent(seed, gpus, 0) for gpus in range(2, 33, 2))
    return next(run for run in runs if p95_wait_min(run, "shop") <= PROMISED_MIN)


def verify_stopped(answer: Any) -> str | None:
    """How many attempts of the lab are stopped where the shop's 16 are all lent."""
    return near(
        answer,
        float(_lent(student_seed(), 16, 16).zones["reclaimed"].sum()),
        "look at the column `reclaimed` of `result.zones`",
        relative=0,
    )


def verify_zones(answer: Any) -> str | None:
    """Zones under which the shop hardly waits, nobody is stopped and the lab waits no longer than it must."""
    try:
        result = _under(student_seed(), answer)
    except MlplatError as error:
        return f"these zones cannot be used: {error}"
    if not result.quotas:
        return "expected a list of mp.Quota, such as [mp.Quota('shop', guarantee={'gpus': 16}), mp.Quota('lab')]"
    late, stopped = p95_wait_min(result, "shop"), int(result.zones["reclaimed"].sum())
    if late > PROMISED_MIN:
        return f"95 % of the shop's jobs start within {late:.0f} minutes; expected {PROMISED_MIN}: it needs a guarantee"
    if stopped:
        return f"{stopped} attempts were stopped; expected none: what is lent is called in, so lend less"
    most, found = mean_wait_h(_least_kept(student_seed()), "lab"), mean_wait_h(result, "lab")
    if found > 1.01 * most:
        return f"the lab waits {found:.1f} h on average; {most:.1f} h can be had: more is kept for the shop than it needs"
    return None


def target() -> int:
    """The GPUs that `red` shall hold, of eight; another for each third seed."""
    return 5 + student_seed() % 3


def verify_weight(answer: Any) -> str | None:
    """A weight with which `red` holds its target on average."""
    from ...hardware import ClusterSpec
    from ...infra.quotas import Quota
    from ...resources import ResourceRequest
    from ...runs.replay import replay
    from ...workload import JobTrace

    weight = number(answer)
    if weight is None:
        return f"expected a number, found a {kind(answer)}"
    trace = JobTrace.build(
        submit=[0] * 120,
        duration=[HOUR] * 120,
        request=[0] * 120,
        requests=[ResourceRequest(gpus=1)],
        group=[0] * 60 + [1] * 60,
        groups=["blue", "red", "shop"],
    )
    try:
        zones = [Quota("shop", guarantee={"gpus": 8}), Quota("blue"), Quota("red", weight=weight)]
        used = replay(ClusterSpec.parse("1x8xV100"), trace, queue="drf", zones=zones, until="5h").zones
    except MlplatError as error:
        return f"this weight cannot be used: {error}"
    held = float(used.filter(used["zone"] == "red")["gpus_use_mean"][0])
    return None if abs(held - target()) < 0.1 else f"red holds {held:.2f} GPUs on average with this weight; expected {target()}"


def verify_lab(answer: Any) -> str | None:
    """A quota of the lab with which its job of a whole node starts at once."""
    from ...infra.quotas import Quota
    from ...resources import ResourceRequest
    from ...runs.replay import replay
    from ...workload import JobTrace

    if not isinstance(answer, Quota) or answer.name != "lab":
        return "expected a quota of the lab: mp.Quota('lab', …)"
    trace = JobTrace.build(
        submit=[0, 0, 0, 0, HOUR],
        duration=[hours * HOUR for hours in (5, 3, 4, 6, 1)],
        request=[0, 0, 0, 0, 1],
        requests=[ResourceRequest(gpus=4), ResourceRequest(gpus=8)],
        group=[0, 0, 0, 0, 1],
        groups=["shop", "lab"],
    )
    try:
        result = replay(cluster(), trace, zones=[Quota("shop", guarantee={"gpus": 24}), answer], placement="worst-fit")
    except MlplatError as error:
        return f"this quota cannot be used: {error}"
    wait = result.jobs["wait_s"][4]
    if wait is None:
        return f"the job does not start at all: {result.jobs['reason'][4] or result.jobs['state'][4]}"
    return None if wait == 0 else f"the job waits {wait / HOUR:.1f} h: eight GPUs are free, but on no node together; keep a node free"


LESSON = Lesson(
    "lesson-05",
    "Fairness and zones",
    (
        Question("stopped", "The shop is guaranteed 16 GPUs and lends them all. How many attempts of the lab are stopped?", verify_stopped),
        Question(
            "zones",
            "A list of quotas under which 95 % of the shop's jobs start within 10 minutes, nobody is ever stopped, and the lab waits no "
            "longer than it must.",
            verify_zones,
        ),
        Question(
            "weight", "The weight with which red holds, on average, as many of the eight GPUs as the notebook asks for.", verify_weight
        ),
        Question("lab", "A quota of the lab with which its job of eight GPUs of one node starts at once.", verify_lab),
    ),
)
