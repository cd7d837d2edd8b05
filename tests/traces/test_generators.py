"""The generated traces against their own stated distributions. Seeds are fixed, so that a bound of 4 standard errors never flickers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mlplat.errors import MlplatError, OptionError, UnknownNameError
from mlplat.traces.generators import SHARES, WALLTIME_LIMITS, WIDTHS, queueing, synthetic
from mlplat.units import seconds
from mlplat.workload import JobTrace

COLUMNS = ("submit", "duration", "estimate", "request", "replicas", "last_request", "priority", "group")
WEEK = 604800.0


def equal(one: JobTrace, other: JobTrace) -> bool:
    same = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in COLUMNS)
    return same and one.requests == other.requests and one.groups == other.groups


def assert_mean(sample: np.ndarray, expected: float) -> None:
    """The sample mean lies within 4 standard errors of the expected one."""
    assert abs(sample.mean() - expected) < 4 * sample.std(ddof=1) / math.sqrt(len(sample))


def chi_square(observed: np.ndarray, weights: np.ndarray) -> float:
    expected = weights / weights.sum() * observed.sum()
    return float(((observed - expected) ** 2 / expected).sum())


def test_one_seed_gives_one_trace_and_another_seed_another() -> None:
    assert equal(synthetic(2000, seed=0), synthetic(2000, seed=0))
    for name in ("submit", "duration", "request", "group"):
        assert not np.array_equal(getattr(synthetic(2000, seed=0), name), getattr(synthetic(2000, seed=1), name))


def test_ten_thousand_jobs_of_at_most_24_requests_by_default() -> None:
    trace = synthetic()
    assert len(trace) == 10_000
    assert len(trace.requests) == 24
    assert (trace.replicas == 1).all()
    assert trace.split == "nodes"


def test_a_longer_trace_begins_with_the_shorter_one() -> None:
    long, short = synthetic(3000, estimates="walltime"), synthetic(1000, estimates="walltime")
    for name in COLUMNS:
        assert np.array_equal(getattr(long, name)[:1000], getattr(short, name))
    by_days = synthetic(days=0.5, estimates="walltime")
    assert np.array_equal(by_days.submit, short.submit[: len(by_days)])


def test_an_option_of_one_column_leaves_the_draws_of_the_others_alone() -> None:
    plain, few_users = synthetic(2000), synthetic(2000, users=3, zipf=0.0)
    for name in ("submit", "duration", "request"):
        assert np.array_equal(getattr(plain, name), getattr(few_users, name))
    limits = synthetic(2000, estimates="walltime")
    for name in ("submit", "duration", "request", "group"):
        assert np.array_equal(getattr(plain, name), getattr(limits, name))
    busier = synthetic(2000, load=1.6)
    for name in ("duration", "request", "group"):
        assert np.array_equal(getattr(plain, name), getattr(busier, name))


def test_durations_are_lognormal_with_the_stated_median_and_spread() -> None:
    trace = synthetic(50_000, widths={1: 1}, median="10m", sigma=1.5, longest="3650d")
    logs = np.log(trace.duration)
    assert_mean(logs, math.log(600))
    assert_mean((logs - math.log(600)) ** 2, 1.5**2)
    assert_mean(trace.duration, 600 * math.exp(1.5**2 / 2))


def test_durations_grow_with_the_width_and_end_at_the_longest() -> None:
    trace = synthetic(50_000, cpu_only=0, shared=0, longest="3d")
    for width in WIDTHS:
        assert np.median(trace.duration[trace.width("gpus") == width]) == pytest.approx(min(1380 * width, 3 * 86400), rel=0.1)
    assert trace.duration.max() == 3 * 86400


def test_wide_jobs_hold_most_of_the_device_time() -> None:
    trace = synthetic(200_000)
    device_time = trace.gpu_milli * trace.duration
    assert 0.5 < device_time[trace.gpu_milli >= 8000].sum() / device_time.sum() < 0.7


@pytest.mark.parametrize("options", [{}, {"longest": "12h"}, {"sigma": 0.0}, {"widths": {4: 1.0, 16: 1.0}, "median": "5m"}], ids=str)
def test_the_offered_load_is_the_one_asked_for(options: dict[str, Any]) -> None:
    trace = synthetic(days=28 * 7, gpus=200, load=0.9, **options)
    offered = trace.gpu_milli / 1000 * trace.duration
    total = 28 * WEEK * 200 * 0.9  # a compound Poisson sum: its variance is n times the mean square
    assert abs(offered.sum() - total) < 4 * math.sqrt((offered**2).sum())


def test_days_bound_the_trace_and_the_count_is_poisson() -> None:
    counts = np.array([len(synthetic(days=1, gpus=64, day_night=1.0, seed=seed)) for seed in range(200)])
    assert synthetic(days=1).submit[-1] < 86400
    assert counts.var(ddof=1) / counts.mean() == pytest.approx(1.0, abs=4 * math.sqrt(2 / 199))


def test_the_busiest_hour_has_the_stated_multiple_of_the_quietest() -> None:
    trace = synthetic(400_000, day_night=4.0)
    hours = np.bincount((trace.submit % 86400 // 3600).astype(int), minlength=24)
    assert set(np.argsort(hours)[-2:]) == {14, 15}
    assert set(np.argsort(hours)[:2]) == {2, 3}
    ratio = hours[[14, 15]].sum() / hours[[2, 3]].sum()
    assert ratio == pytest.approx(4.0, abs=4 * ratio * math.sqrt(1 / hours[[14, 15]].sum() + 1 / hours[[2, 3]].sum()))


def test_a_flat_day_is_a_poisson_process() -> None:
    trace = synthetic(50_000, day_night=1.0)
    gaps = np.diff(trace.submit)
    assert gaps.std() / gaps.mean() == pytest.approx(1.0, abs=0.03)
    hours = np.bincount((trace.submit % 86400 // 3600).astype(int), minlength=24)
    assert chi_square(hours, np.ones(24)) < 49.7  # 99.9 % of chi-square with 23 degrees of freedom


@pytest.mark.parametrize("weekend", [0.0, 0.5])
def test_weekend_days_have_the_stated_part_of_a_working_day(weekend: float) -> None:
    trace = synthetic(days=70, weekend=weekend)
    days = np.bincount((trace.submit % WEEK // 86400).astype(int), minlength=7)
    working, free = days[:5].mean(), days[5:].mean()
    assert free / working == pytest.approx(weekend, abs=4 / math.sqrt(days[5:].sum() + 1) * weekend)


def test_kinds_of_jobs_come_in_the_stated_parts() -> None:
    trace = synthetic(100_000, cpu_only=0.2, shared=0.3)
    gpus, milli = trace.width("gpus"), trace.width("gpu_milli")
    kinds = np.array([((gpus == 0) & (milli == 0)).sum(), (milli > 0).sum(), (gpus > 0).sum()])
    assert chi_square(kinds, np.array([0.2, 0.3, 0.5])) < 13.8  # 99.9 %, 2 degrees of freedom
    widths = np.array([(gpus == width).sum() for width in WIDTHS])
    assert chi_square(widths, np.array(list(WIDTHS.values()))) < 16.3  # 3
    shares = np.array([(milli == share).sum() for share in SHARES])
    assert chi_square(shares, np.array(list(SHARES.values()))) < 26.1  # 8


def test_cpu_and_memory_grow_with_the_devices_and_fit_beside_all_devices_of_a_node() -> None:
    for request in synthetic(20_000).requests:
        devices = request.gpus + request.gpu_milli / 1000
        if devices:
            assert 4000 <= request.cpu_milli / devices <= 8000
            assert 16 * 1024 <= request.memory_mib / devices <= 64 * 1024


def test_the_top_users_submit_the_share_of_zipfs_law() -> None:
    trace = synthetic(100_000, users=100, zipf=1.5)
    weights = np.arange(1, 101, dtype=float) ** -1.5
    counts = np.bincount(trace.group, minlength=100)
    assert chi_square(counts, weights) < 148.3  # 99.9 %, 99 degrees of freedom
    assert counts[:5].sum() / counts.sum() == pytest.approx(0.73, abs=0.01)
    assert trace.groups[0] == "user-1"


def test_walltime_estimates_are_usual_limits_and_never_below_the_duration() -> None:
    trace = synthetic(20_000, estimates="walltime", longest="3d")
    assert (trace.estimate >= trace.duration).all()
    assert set(trace.estimate) <= {seconds(limit) for limit in WALLTIME_LIMITS if seconds(limit) <= 3 * 86400}
    short = trace.duration < 1800
    assert np.median(trace.estimate[short] / trace.duration[short]) > 2


def test_exact_estimates_are_the_durations() -> None:
    trace = synthetic(1000)
    assert np.array_equal(trace.estimate, trace.duration)


def test_times_are_whole_milliseconds_in_order() -> None:
    trace = synthetic(10_000)
    for times in (trace.submit, trace.duration):
        assert np.array_equal(np.rint(times * 1000) / 1000, times)
    assert (np.diff(trace.submit) >= 0).all()


def test_a_day_without_arrivals_gives_an_empty_trace() -> None:
    assert len(synthetic(days=0.001, gpus=1, load=0.001)) == 0


@pytest.mark.parametrize(
    "options",
    [
        {"jobs": 0}, {"jobs": -5}, {"jobs": 2.5}, {"jobs": True}, {"jobs": 2**40}, {"jobs": "many"}, {"jobs": 10, "days": 1},
        {"days": 0}, {"days": math.nan}, {"days": 1e30}, {"gpus": 0}, {"gpus": 1.5}, {"load": 0}, {"load": math.inf}, {"load": "0.8"},
        {"median": "soon"}, {"median": 0}, {"sigma": -1}, {"sigma": 1000}, {"longest": 0}, {"day_night": 0.5}, {"weekend": -0.1},
        {"cpu_only": 1.1}, {"shared": -0.1}, {"cpu_only": 0.7, "shared": 0.7}, {"cpu_only": 1.0, "shared": 0.0}, {"widths": {}},
        {"widths": {0: 1}}, {"widths": {1: -1}}, {"widths": {1.5: 1}}, {"widths": {1: 0}}, {"widths": [1, 2]}, {"users": 0},
        {"users": 10**9}, {"zipf": -1}, {"seed": -1}, {"seed": 0.5}, {"estimates": "walltimes"},
        {"load": 1e300, "days": 1},
    ],
    ids=str,
)  # fmt: skip
def test_an_option_that_cannot_be_used_is_named(options: dict[str, Any]) -> None:
    with pytest.raises(MlplatError) as caught:
        synthetic(**options)
    assert isinstance(caught.value, OptionError | UnknownNameError)
    assert any(name in str(caught.value) or repr(value) in str(caught.value) for name, value in options.items())


@pytest.mark.parametrize(
    ("service", "options", "scv"),
    [
        ("exponential", {}, 1.0),
        ("deterministic", {}, 0.0),
        ("hyperexponential", {}, 4.0),
        ("hyperexponential", {"scv": 9.0}, 9.0),
        ("lognormal", {"scv": 0.5}, 0.5),
    ],
)
def test_service_times_have_the_stated_mean_and_variation(service: Any, options: dict[str, float], scv: float) -> None:
    trace = queueing(200_000, 2.0, service, mean_service=3.0, **options)
    assert_mean(np.diff(trace.submit, prepend=0.0), 0.5)
    if scv == 0:
        assert (trace.duration == 3.0).all()
    else:
        assert_mean(trace.duration, 3.0)
        assert_mean((trace.duration - 3.0) ** 2, scv * 9.0)


def test_queueing_arrivals_do_not_depend_on_the_service() -> None:
    one, other = queueing(1000, 2.0, "exponential"), queueing(1000, 2.0, "hyperexponential")
    assert np.array_equal(one.submit, other.submit)
    assert equal(one, queueing(1000, 2.0, "exponential", seed=0))
    assert np.array_equal(queueing(2000, 2.0, "hyperexponential").duration[:1000], other.duration)


def test_queueing_jobs_ask_for_one_core() -> None:
    trace = queueing(10, 1.0)
    assert [str(request) for request in trace.requests] == ["1 CPU"]


@pytest.mark.parametrize(
    "options",
    [
        {"jobs": 0}, {"arrival_rate": 0}, {"arrival_rate": -1.0}, {"mean_service": 0}, {"mean_service": math.nan}, {"service": "erlang"},
        {"scv": 2.0}, {"service": "deterministic", "scv": 0.0}, {"service": "hyperexponential", "scv": 1.0},
        {"service": "lognormal", "scv": 0.0}, {"seed": -1},
    ],
    ids=str,
)  # fmt: skip
def test_a_queueing_option_that_cannot_be_used_is_named(options: dict[str, Any]) -> None:
    with pytest.raises(MlplatError) as caught:
        queueing(**{"jobs": 10, "arrival_rate": 1.0} | options)
    assert isinstance(caught.value, OptionError | UnknownNameError)
    assert list(options)[-1] in str(caught.value)
