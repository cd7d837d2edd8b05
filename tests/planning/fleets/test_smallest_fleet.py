"""The smallest fleet: that of Erlang where Erlang is exact, that of a scan elsewhere, and an honest answer where there is none."""

from __future__ import annotations

import json
import math
from typing import Any

import numba
import pytest

from mlplat.errors import MlplatError
from mlplat.planning import FleetPlan, smallest_fleet
from mlplat.planning.fleets import fleet_by_formula, latency_quantile
from mlplat.planning.fleets.approximations import service_time
from mlplat.planning.fleets.objective import time_objective
from mlplat.planning.fleets.trials import quantile, sized, student
from mlplat.platform.serving import Concurrency, Version

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")


@pytest.mark.parametrize(("rate", "expected"), [(8.0, 2), (30.0, 5), (90.0, 11), (200.0, 22)])
def test_for_mmc_the_fleet_is_that_of_erlang(rate: float, expected: int) -> None:
    service = service_time("100ms")
    fewer, more = (min(latency_quantile(c, rate, service, 0.99), 3.0) for c in (expected - 1, expected))
    assert fewer > 1.06 * more, "too close to say by simulation"
    bound = math.sqrt(fewer * more)
    assert fleet_by_formula(rate, service, 0.99, bound) == expected
    plan = smallest_fleet(rate, "100ms", bound=bound, requests=50_000, seed=1)
    assert plan.replicas == plan.by_formula == expected
    assert plan.trial is not None and plan.trial.estimate == pytest.approx(latency_quantile(expected, rate, service, 0.99), rel=0.05)


def scan(rate: float, **options: Any) -> int:
    """The first fleet that is found to keep the objective, from one replica on."""
    for replicas in range(1, 100):
        made = options["version"]
        least = smallest_fleet(rate, most=replicas, **options | {"version": made})
        tried = [trial for trial in least.trials if trial.replicas == replicas]
        if tried and tried[0].meets(least.bound_s):
            return replicas
    raise AssertionError("no fleet")


@pytest.mark.parametrize(
    "options",
    [
        {"service": "50ms", "distribution": "lognormal", "scv": 2.0, "bound": "500ms", "version": Version("v", slots=2)},
        {"service": "1ms", "distribution": "deterministic", "bound": "90ms", "version": Version("v", batch=8, base="30ms", each="3ms")},
        {"service": "50ms", "bound": "300ms", "version": Version("v", queue=4)},
        {"service": "50ms", "bound": "300ms", "objective": "p95_wait", "version": Version("v", timeout="400ms")},
    ],
)
def test_the_answer_is_that_of_a_scan(options: dict[str, Any]) -> None:
    common = options | {"requests": 5_000, "replications": 2, "most_replications": 4}
    plan = smallest_fleet(60.0, **common)
    assert plan.replicas == scan(60.0, **common)


def test_the_interval_of_the_number_and_the_neighbours_are_told() -> None:
    plan = smallest_fleet(40.0, "100ms", bound="600ms", requests=20_000, price_per_hour=2.0)
    assert plan.replicas is not None and plan.interval is not None
    low, high = plan.interval
    assert low <= plan.replicas and (high is None or high >= low)
    assert {plan.replicas - 1, plan.replicas} <= set(plan.frame["replicas"].to_list())
    assert plan.cost_per_month == plan.replicas * 2.0 * 730
    text = str(plan)
    assert text.startswith(f"{plan.replicas} replicas keep P99 of the latency within 600 ms at 40 requests a second")
    assert f"{plan.replicas - 1} would have" in text and "a month" in text
    assert json.loads(json.dumps(plan.to_dict(), allow_nan=False))["replicas"] == plan.replicas


def test_equal_arguments_give_equal_answers_and_other_seeds_other_figures() -> None:
    def ask(seed: int) -> FleetPlan:
        return smallest_fleet(40.0, "100ms", bound="600ms", requests=5000, seed=seed)

    assert ask(3).to_dict() == ask(3).to_dict()
    assert ask(3).frame["p99_latency_s"].to_list() != ask(4).frame["p99_latency_s"].to_list()


def test_a_day_with_a_peak_needs_more_than_a_steady_one() -> None:
    options: dict[str, Any] = {"bound": "2100ms", "until": "1d", "replications": 2, "most_replications": 2}
    steady, swinging = (smallest_fleet(1.5, "400ms", swing=swing, **options) for swing in (0.0, 1.0))
    assert steady.replicas is not None and swinging.replicas is not None and steady.replicas < swinging.replicas
    assert swinging.trial is not None and steady.trial is not None and swinging.trial.busy < steady.trial.busy


def test_a_cold_start_makes_an_autoscaled_fleet_larger_or_slower() -> None:
    def ask(start: str) -> FleetPlan:
        version = Version("v", start=start, scale=Concurrency(target=1.0, least=1))
        return smallest_fleet(4.0, "200ms", bound="3s", swing=0.9, until="12h", version=version, replications=2, most_replications=2)

    warm, cold = ask("0s"), ask("2m")
    assert warm.met and "are ready on average" in str(warm) and str(warm).startswith("up to ")
    assert not cold.met or (cold.replicas or 0) >= (warm.replicas or 0)
    slower = cold.trial.estimate if cold.trial is not None else math.inf
    assert warm.trial is not None and slower > warm.trial.estimate


def test_what_is_never_answered_is_later_than_any_bound() -> None:
    version = Version("v", timeout="350ms")
    plan = smallest_fleet(40.0, "100ms", bound="2s", version=version, requests=5000, most=4)
    assert not plan.met and plan.trial is not None and plan.trial.estimate == math.inf
    assert "without an answer" in str(plan) and plan.to_dict()["estimate_s"] is None and plan.cost_per_month is None


def test_what_no_fleet_can_do_is_said() -> None:
    hopeless = smallest_fleet(10.0, "100ms", bound="300ms")
    assert not hopeless.met and hopeless.unreachable == pytest.approx(0.46, rel=0.05) and hopeless.trials == ()
    assert "requests that never wait have" in str(hopeless)
    few = smallest_fleet(100.0, "100ms", bound="1s", most=3, requests=2000)
    assert not few.met and few.replicas is None and "no fleet of up to 3 replicas" in str(few)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rate": 0}, "rate=0"),
        ({"rate": math.inf}, "rate=inf"),
        ({"bound": 0}, "bound=0"),
        ({"bound": "soon"}, "not a duration"),
        ({"objective": "p99"}, "objective='p99'.*such as p99_latency"),
        ({"objective": "p0_latency"}, "objective="),
        ({"distribution": "weibull"}, "Known: deterministic"),
        ({"version": "v"}, "version='v'"),
        ({"swing": 2}, "swing=2"),
        ({"swing": 0.5, "rate": 1000.0}, r"expected at most 5,000,000; plan for the busiest hour \(rate=1500"),
        ({"until": "1s"}, "at least 100"),
        ({"requests": 5}, "requests=5"),
        ({"replications": 1}, "replications=1"),
        ({"most_replications": 2}, "most_replications=2"),
        ({"confidence": 1.0}, "confidence=1.0"),
        ({"price_per_hour": -1}, "price_per_hour=-1"),
        ({"most": 0}, "most=0"),
        ({"seed": -1}, "seed"),
    ],
)
def test_options_that_cannot_be_used(options: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"rate": 10.0, "service": "100ms", "bound": "1s"} | options
    with pytest.raises(MlplatError, match=message):
        smallest_fleet(given.pop("rate"), given.pop("service"), **given)


def test_parts() -> None:
    assert quantile([3.0, 1.0, math.inf, 2.0], 0.75) == 3.0 and quantile([3.0, 1.0, math.inf, 2.0], 0.76) == math.inf
    mean, low, high = student([1.0, 2.0, 3.0], 0.95)
    assert (mean, high - mean) == (2.0, pytest.approx(4.302653 / math.sqrt(3))) and low == 0.0
    assert student([1.0, math.inf], 0.95)[0] == math.inf
    assert time_objective("p99.9_wait").words == "P99.9 of the wait"
    scaled = sized(Version("v", scale=Concurrency(target=1.0, least=3)), 2)
    assert (scaled.replicas, scaled.limit, scaled.scale.least, scaled.scale.most) == (2, 2, 2, 2)  # type: ignore[union-attr]
