"""Lesson 10: how many replicas, and when. The exercises are a fleet, a day with an autoscaler, and a replica that falls silent."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from ...errors import MlplatError
from ..answers import kind, number
from ..lesson import Lesson, Question
from ..seeds import student_seed

if TYPE_CHECKING:
    from ...planning.fleets.fleet_plan import FleetPlan
    from ...platform.serving import Requests, ServingResult, Version

SERVICE, BOUND_S = "80ms", 0.45
DAY_BOUND_S, DAY_COLD_S, DAY_MOST_READY = 1.0, 30.0, 10.0
SILENT_AT_S, NOTICED_S, MOST_LATE = 120.0, 40.0, 2


def rate() -> float:
    """Requests a second of the first exercise."""
    return 90.0 + 30.0 * (student_seed() % 4)


@cache
def _fleet(requests_per_second: float) -> FleetPlan:
    from ...planning import smallest_fleet

    return smallest_fleet(requests_per_second, SERVICE, bound=BOUND_S, requests=20_000)


def verify_replicas(answer: Any) -> str | None:
    """The fewest replicas that keep the P99, or one of those that the simulation leaves open."""
    given, plan = number(answer), _fleet(rate())
    if given is None:
        return f"expected a number of replicas, found a {kind(answer)}"
    found = plan.replicas or 0
    low, high = plan.interval or (found, found)
    if min(low, found) <= given <= max(high or found, found) and given == int(given):
        return None
    return "too few: the P99 is above 450 ms" if given < found else "too many: fewer keep it too"


@cache
def day() -> Requests:
    """A day of requests that swings between a tenth and almost twice its mean of 30 a second, 200 ms each."""
    from ...platform.serving import Requests

    return Requests.diurnal(rate=30.0, until="1d", swing=0.9, service="exponential", mean="200ms", seed=3)


def in_time(result: ServingResult, bound_s: float) -> float:
    """The part of all requests that were answered, without an error, within `bound_s` of the first sending."""
    done = result.answered & ~result.erroneous
    arrays = result.arrays
    return float((done & (arrays.end - arrays.sent <= bound_s)).mean())


def verify_version(answer: Any) -> str | None:
    """A version that keeps 99 % of the day within a second on few replicas, each of which needs half a minute to come up."""
    from ...platform.serving import Version, serve

    if not isinstance(answer, Version):
        return f"expected a Version, found a {kind(answer)}"
    if answer.start < DAY_COLD_S:  # type: ignore[operator]
        return f"a replica takes {DAY_COLD_S:g} s to come up: start={DAY_COLD_S:g}"
    if answer.slots != 1 or answer.batch != 1 or answer.pace != 1.0:
        return "slots, batch and pace stay as they are: a replica works on one request at a time"
    result = serve(answer, day(), until="1d")
    good, ready = in_time(result, DAY_BOUND_S), result.replica_seconds / 86_400
    if good < 0.99:
        return f"{good:.2%} of the requests are answered within {DAY_BOUND_S:g} s; expected 99 % ({ready:.1f} replicas on average)"
    if ready > DAY_MOST_READY:
        return f"{ready:.1f} replicas are ready on average; expected at most {DAY_MOST_READY:g} ({good:.2%} within {DAY_BOUND_S:g} s)"
    return None


def silent(version: Version, retries: int) -> ServingResult:
    """Ten minutes of which in the third a replica falls silent, which is noticed 40 s later."""
    from ...platform.serving import Requests, Silence, serve

    requests = Requests.poisson(20.0, until="10m", service="exponential", mean="80ms", seed=1)
    return serve(version, requests, retries=retries, changes=[Silence(SILENT_AT_S, version.name, 0, NOTICED_S)], until="15m")


def verify_client(answer: Any) -> str | None:
    """A timeout and retries with which at most two requests take more than five seconds though a replica falls silent."""
    from ...platform.serving import Version

    if not isinstance(answer, Mapping) or set(answer) != {"timeout", "retries"}:
        return f"expected {{'timeout': …, 'retries': …}}, found a {kind(answer)}"
    retries = number(answer["retries"])
    if retries is None or retries != int(retries) or not 0 <= retries <= 3:
        return "expected 0 to 3 retries"
    try:
        result = silent(Version("v1", replicas=3, slots=4, timeout=answer["timeout"]), int(retries))
    except MlplatError as error:
        return f"this cannot be served: {error}"
    good, sent = in_time(result, 5.0), result.summary()["sent"] / len(result.answered)
    late = round((1 - good) * len(result.answered))
    if late > MOST_LATE:
        return (
            f"{late} of {len(result.answered):,} are not answered within 5 s: a request that hangs has to be given up soon, and sent again"
        )
    if sent > 1.1:
        return f"each request is sent {sent:.2f} times on average; expected at most 1.1: the timeout cuts off sound answers"
    return None


LESSON = Lesson(
    "lesson-10",
    "Serving and autoscaling",
    (
        Question(
            "replicas", "The fewest replicas that keep the P99 of the latency within 450 ms at the rate of the notebook.", verify_replicas
        ),
        Question("version", "A Version that answers 99 % of the day within a second on at most 10 replicas on average.", verify_version),
        Question(
            "client",
            "A timeout and retries of clients with which at most two requests take more than 5 s though a replica falls silent.",
            verify_client,
        ),
    ),
)
