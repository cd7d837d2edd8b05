"""Loss systems against Erlang's B, systems without limit against M/G/infinity, and Little's law, which holds for every single run."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest

from mlplat.hardware import ClusterSpec
from mlplat.infra.queueing import QUEUES
from mlplat.runs.replay import replay
from mlplat.runs.result import Result
from mlplat.traces import queueing

from .formulas import erlang_b
from .replications import JOBS, assert_theory, obeying_littles_law, replications, with_classes

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")


def _lost(result: Result) -> float:
    return float((result.jobs["state"][JOBS // 10 :] == "lost").mean())  # type: ignore[operator]


def test_erlang_b_is_its_closed_form() -> None:
    servers, load = 10, 7.0
    closed = load**servers / math.factorial(servers) / sum(load**k / math.factorial(k) for k in range(servers + 1))
    assert erlang_b(servers, load) == pytest.approx(closed)


@pytest.mark.parametrize("service", ["exponential", "deterministic", "hyperexponential", "lognormal"])
def test_a_loss_system_clears_what_erlang_b_says_whatever_the_service(service: str) -> None:
    results = replications(10, 7.0, service, queue="loss", first_seed=3000)
    assert_theory(results, _lost, erlang_b(10, 7.0), precision=0.03)


def test_a_single_server_that_never_queues_loses_the_busy_part() -> None:
    assert_theory(replications(1, 2.0, queue="loss", first_seed=3100), _lost, 2 / 3, precision=0.005)


def test_a_loss_system_carries_the_load_it_does_not_lose() -> None:
    for result in replications(5, 6.0, queue="loss", first_seed=3200).round(0)[:3]:
        jobs, figures = result.jobs, result.summary()
        kept = jobs["state"].to_numpy() == "completed"
        carried = result.trace.duration[kept].sum() / (5 * figures["makespan_s"])
        assert figures["cpu_utilization"] == pytest.approx(carried, rel=1e-9)
        assert set(jobs["wait_s"].drop_nulls()) == {0.0}
        assert figures["rejected"] == (~kept).sum()


@pytest.mark.parametrize("service", ["exponential", "lognormal"])
def test_without_limit_nobody_waits_and_the_number_running_is_poisson(service: str) -> None:
    # Looked at every 40 mean services the numbers are as good as independent, so their mean is normal and their dispersion chi-square.
    trace = queueing(200_000, 20.0, service, seed=4)  # type: ignore[arg-type]
    result = replay(ClusterSpec.parse("pool:8gpu"), trace)  # its cores have no limit
    assert result.jobs["wait_s"].max() == 0.0
    assert result.summary()["cpu_utilization"] is None
    time, running = result.timeline["time_s"].to_numpy(), result.timeline["running"].to_numpy()
    looked_at = np.arange(200.0, trace.submit[-1], 40.0)
    numbers = running[np.searchsorted(time, looked_at, side="right") - 1]
    assert len(numbers) > 200
    assert abs(numbers.mean() - 20.0) < 3.3 * math.sqrt(20.0 / len(numbers))
    dispersion = ((numbers - numbers.mean()) ** 2).sum() / numbers.mean()
    assert abs(dispersion - (len(numbers) - 1)) < 3.3 * math.sqrt(2 * (len(numbers) - 1))


@pytest.mark.parametrize("queue", sorted(QUEUES))
@pytest.mark.parametrize("until", [None, 500.0])
def test_littles_law_holds_to_rounding(queue: str, until: float | None) -> None:
    trace = with_classes(queueing(3_000, 3.6, "hyperexponential", seed=9), 9, [0.5, 0.5], [1, 1])
    result = obeying_littles_law(replay(ClusterSpec.parse("pool:4cpu"), trace, queue=queue, until=until))
    time = np.append(result.timeline["time_s"].to_numpy(), result.end_s)
    held = (result.timeline["cpu_milli"].to_numpy() * np.diff(time)).sum() / 4000
    assert result.summary()["cpu_utilization"] == pytest.approx(held / (time[-1] - time[0]), rel=1e-9)


def test_the_busy_part_of_a_server_is_its_load() -> None:
    results = replications(1, 0.6, "lognormal", 2.0, first_seed=5000)
    assert_theory(results, lambda result: float(result.summary()["cpu_utilization"]), 0.6, precision=0.005)
