"""Lesson 11: when a model is trained anew. The exercises are a rule, a delay, a chain of causes, and a day that is no drift."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ...errors import MlplatError
from ...units import seconds
from ..answers import kind, near
from ..lesson import Lesson, Question
from ..seeds import student_seed

if TYPE_CHECKING:
    import polars as pl

    from ...events import Event
    from ...platform.automation.monitoring.drift import DriftRule, Reference

ROWS, CALM, MOVED, SHIFT = 500, 60, 60, 0.25
CHAIN = ("service.upgraded", "canary.judged", "retraining.requested", "incident.detected", "window.evaluated")


@cache
def reference() -> Reference:
    """3,000 customers, as a baseline."""
    from ...platform.automation.monitoring.drift import Reference
    from ...platform.training import churn

    return Reference.of(churn(3000, seed=900).frame().drop("churned"))


@cache
def windows(count: int, shift: float, seed: int, rows: int = ROWS) -> list[pl.DataFrame]:
    """Windows of customers of whom nothing has changed, or whose monthly charge has moved by so many standard deviations."""
    from ...platform.training import churn

    drawn = churn(count * rows, seed=1000 + seed, shift=shift).frame().drop("churned")
    return [drawn[i * rows : (i + 1) * rows] for i in range(count)]


def alarms(rule: DriftRule, shift: float, count: int, seed: int = 0) -> float:
    """The part of the windows that are an alarm by a rule."""
    from ...platform.automation.monitoring.drift import decide

    found = [decide(reference(), window, rule).outcome.value == "drift" for window in windows(count, shift, seed)]
    return sum(found) / count


def verify_rule(answer: Any) -> str | None:
    """A rule that says nothing of calm windows and finds a shift of 0.25 standard deviations."""
    from ...platform.automation.monitoring.drift import DriftRule

    if not isinstance(answer, DriftRule):
        return f"expected a DriftRule, found a {kind(answer)}"
    seed = student_seed() + 1
    false, found = alarms(answer, 0.0, CALM, seed), alarms(answer, SHIFT, MOVED, seed)
    if false > 0.05:
        return f"{false:.0%} of {CALM} calm windows are alarms; expected at most 5 %"
    if found < 0.9:
        return f"only {found:.0%} of {MOVED} windows that moved by {SHIFT:g} standard deviations are found; expected 90 %"
    return None


def verify_delay(answer: Any) -> str | None:
    """How long the run has to wait for 2,000 labelled rows of the changed customers."""
    try:
        given = seconds(answer)
    except MlplatError:
        return "expected a time, such as 3600, '90m' or '2h'"
    return near(given, delay_s(), "labels come an hour late; then 2 of 3 of the sampled rows go to training", relative=0.15, unit="seconds")


def delay_s() -> float:
    """From the alarm to the instant from which 2,000 labelled rows of changed customers are there to train on, at two requests a second."""
    rate, sampled, kept, late_s, detected_s = 2.0, 0.5, 2 / 3, 3600.0, 300.0
    return late_s + 2000 / (rate * sampled * kept) - detected_s


def verify_chain(answer: Any) -> str | None:
    """Events from the promotion back to traffic from outside, each the cause of the one before."""
    from ...events import Event

    if isinstance(answer, (str, bytes)) or not isinstance(answer, Iterable):
        return f"expected a list of events, found a {kind(answer)}"
    chain: list[Event] = list(answer)
    if not chain or not all(isinstance(event, Event) for event in chain):
        return "expected events, as sim.log has them"
    if chain[0].predicate != CHAIN[0]:
        return f"it begins with {chain[0].predicate}; expected {CHAIN[0]}, then what led to it"
    for later, earlier in pairwise(chain):
        if later.cause != earlier.id:
            return f"{earlier.predicate} (event {earlier.id}) is not the cause of {later.predicate} (event {later.id})"
    if chain[-1].cause is not None:
        return f"it ends with {chain[-1].predicate}, which has a cause too: go on to what has none"
    seen = [event.predicate for event in chain]
    if missing := [predicate for predicate in CHAIN if predicate not in seen]:
        return f"{', '.join(missing)} is not in it: this service was upgraded for another reason"
    return None


def day_of(seed: int) -> pl.DataFrame:
    """Two days of requests whose hour shows in what they ask: seconds `t` and a feature `x`."""
    import numpy as np
    import polars as pl

    draws = np.random.default_rng(seed)
    time = np.sort(draws.random(20_000)) * 2 * 86_400
    period = (43_200.0, 86_400.0)[seed % 2]
    return pl.DataFrame({"t": time, "x": 1.5 * np.sin(time / period * 2 * np.pi) + draws.normal(size=20_000)})


@cache
def _advised(seed: int) -> float:
    from ...platform.automation.monitoring.drift import recommend_window

    return recommend_window(day_of(seed), "t").length_s or 0.0


def verify_window(answer: Any) -> str | None:
    """The shortest window that does not take the hour of the day for drift."""
    try:
        given = seconds(answer)
    except MlplatError:
        return "expected a time, such as 3600, '6h' or '1d'"
    return near(given, _advised(student_seed()), "plot x over t: a window has to cover what repeats", relative=0.05, unit="seconds")


LESSON = Lesson(
    "lesson-11",
    "Drift and continuous training",
    (
        Question("rule", "A DriftRule that is silent on calm windows and finds a shift of 0.25 standard deviations.", verify_rule),
        Question("delay", "How long after the alarm there are 2,000 labelled rows of the changed customers to train on.", verify_delay),
        Question("chain", "The events from service.upgraded back to what has no cause, each the cause of the one before.", verify_chain),
        Question(
            "window", "The shortest window that does not take the hour of the day in `day_of(student_seed())` for drift.", verify_window
        ),
    ),
)
