"""Lesson 9: what happens by itself between a push and production. The exercises are a test, the levels of maturity, and a canary."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from ...errors import printable
from ..answers import kind, near, number
from ..lesson import Lesson, Question
from ..seeds import student_seed

if TYPE_CHECKING:
    from ...platform.automation.cd import CanaryPolicy
    from ..shop.shop import Shop

MOST_ANSWERED, SOON_S = 300, 90 * 60.0


def bobs(features: str) -> str:
    """Bob's `features.py`, in which those who have been customers for long are no customers."""
    return features.replace('pl.col("tenure_months") >= 0', 'pl.col("tenure_months").is_between(0, 60)')


def _tested(shop: Shop, features: str, tests: str) -> tuple[str, str]:
    """The outcome of the tests of a commit with these files, and what is said of it."""
    commit = shop.commit({"features.py": features, "test_more.py": tests}, "More tests")
    shop.sim.run(until=shop.sim.now + 1200)
    statuses = shop.platform.scm.statuses(f"shop/churn@{commit}", actor=shop.ada)
    return (str(statuses[0].outcome), statuses[0].description) if statuses else ("", "it was not tested")


def verify_tests(answer: Any) -> str | None:
    """Tests that pass with Ada's features and fail with Bob's, by the continuous integration of a platform."""
    from ..shop.files import FILES
    from ..shop.shop import Shop

    if not isinstance(answer, str):
        return f"expected the text of a Python file, found a {kind(answer)}"
    if "def test_" not in answer:
        return "there is no test in it: a function whose name begins with test_"
    shop, features = Shop(2), FILES["features.py"]
    good, said = _tested(shop, features, answer)
    if good != "success":
        return f"with Ada's features.py they do not pass: {printable(' '.join(said.split()))[:200]}"
    bad, said = _tested(shop, bobs(features), answer)
    if bad == "failure" and "test_more.py::" in said:
        return None
    return "with Bob's features.py they pass too: which customers does he leave out that Ada keeps?"


@cache
def _by_itself(level: int) -> Mapping[str, bool]:
    """What happens on a platform of a level where somebody pushes and where data changes, and nobody does anything."""
    from ...platform.training import churn
    from ..shop.serving import bind_pipeline, open_api
    from ..shop.shop import Shop

    shop = Shop(level)
    shop.train()
    open_api(shop)
    bind_pipeline(shop, triggers=["dataset:shop/customers"], on=("dataset",), accept="not-worse", margin=0.02)
    began = shop.sim.now
    shop.commit({"notes.txt": "Nothing of importance.\n"}, "Push")
    shop.platform.data.append("shop/customers", churn(1000, seed=77).frame(), actor=shop.robot)
    shop.sim.run(until=began + 6 * 3600)
    happened = {event.predicate for event in shop.sim.log.select(since=began)}
    return {
        "tested when pushed": "testsuiterun.finished" in happened,
        "trained again on new data": "pipelinerun.finished" in happened and "retraining.requested" in happened,
        "in production when good": "service.upgraded" in happened,
    }


def verify_level(answer: Any) -> str | None:
    """Of each thing the lowest level at which it happens by itself."""
    truth = {thing: next(level for level in (0, 1, 2) if _by_itself(level)[thing]) for thing in _by_itself(2)}
    if not isinstance(answer, Mapping) or set(answer) != set(truth):
        return f"expected a level for each of: {', '.join(truth)}"
    wrong = [thing for thing, level in truth.items() if number(answer[thing]) != level]
    return f"not so at that level: {', '.join(wrong)}" if wrong else None


def verify_first_step(answer: Any) -> str | None:
    """How long it takes until 5 % of the requests are 500."""
    return near(
        answer, 500 / (0.05 * (1 + student_seed() % 4)), "5 % of the requests go to the new version, and it needs 500", unit="seconds"
    )


def _rollout(policy: CanaryPolicy, error_rate: float) -> tuple[bool, float, int]:
    """Whether a second version was promoted under a policy, after how long (s), and how many requests it has answered."""
    from ...platform.automation.cd import Canary
    from ..shop.serving import open_api
    from ..shop.shop import Shop

    shop = Shop(2)
    shop.train()
    shop.train(parameters={"strength": 0.9})
    if error_rate:
        shop.platform.models.set_tags("shop/churn@2", {"serving.error_rate": str(error_rate)}, actor=shop.ada)
    began = open_api(shop)
    shop.sim.run(until=began + 3600)
    change = shop.platform.cd.deploy("shop/api", "shop/churn@2", zone="prod", strategy=Canary(policy=policy), actor=shop.ada)
    shop.sim.run(until=began + 9 * 3600)
    ended = [
        event for event in shop.sim.log.select(predicate="canary.finished", since=began + 3600) if event.data["deployment"] == change.id
    ]
    status = shop.platform.serving.status("shop/api", actor=shop.ada)
    answered = sum(version.counts["answered"] for version in status.versions if version.model == "shop/churn@2")
    if not ended:
        return False, float("inf"), answered
    return ended[0].data["outcome"] == "success", ended[0].time - began - 3600, answered


def verify_policy(answer: Any) -> str | None:
    """A policy under which the bad version goes back soon, and an equal one passes soon."""
    from ...platform.automation.cd import CanaryPolicy

    if not isinstance(answer, CanaryPolicy):
        return f"expected a CanaryPolicy, found a {kind(answer)}"
    if answer.alpha > 0.05:
        return f"an equal version is rolled back with a probability of up to {answer.alpha:g}; expected at most 0.05"
    promoted, _, answered = _rollout(answer, 0.05)
    if promoted:
        return "the bad version is promoted"
    if answered > MOST_ANSWERED:
        return f"the bad version has answered {answered:,} requests; expected at most {MOST_ANSWERED}: look earlier, at fewer requests"
    promoted, after, _ = _rollout(answer, 0.0)
    if not promoted:
        return "an equal version is not promoted"
    if after > SOON_S:
        return (
            f"an equal version takes {after / 60:.0f} minutes; expected at most {SOON_S / 60:.0f}: fewer or larger steps, or fewer requests"
        )
    return None


LESSON = Lesson(
    "lesson-09",
    "Integration and delivery",
    (
        Question("tests", "The text of a file of tests that pass with Ada's features.py and fail with Bob's.", verify_tests),
        Question("level", "Of each thing the lowest level of maturity at which it happens without a call.", verify_level),
        Question(
            "first_step", "How many seconds the first step of a canary lasts at least, at the rate of the notebook.", verify_first_step
        ),
        Question(
            "policy", "A CanaryPolicy that sends the bad version back after few requests and lets an equal one pass soon.", verify_policy
        ),
    ),
)
