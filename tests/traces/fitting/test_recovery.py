"""What is known of a stream is found again by fitting it, within the interval that its size allows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mlplat.errors import InputError, OptionError
from mlplat.resources import ResourceRequest
from mlplat.traces import queueing, synthetic
from mlplat.traces.fitting import fit
from mlplat.traces.fitting.bursts import burst_starts
from mlplat.traces.fitting.durations import capped_mean, fit_mixture
from mlplat.traces.fitting.groups import zipf_exponent
from mlplat.traces.fitting.modulation import Modulation, gamma_factors, gamma_hermite
from mlplat.traces.fitting.week_cycle import fit_week_cycle
from mlplat.workload import JobTrace

from .models import flat_gaps, model


@pytest.mark.parametrize("seed", range(5))
def test_a_poisson_stream_is_found_to_be_one(seed: int) -> None:
    found = fit(queueing(50_000, arrival_rate=0.05, mean_service=300.0, seed=seed))
    assert (found.arrivals.cycle, found.arrivals.variance, found.bursts.within_s) == ("constant", 0.0, 0.0)
    assert abs(found.arrivals.per_hour - 180) < 4 * 180 / math.sqrt(50_000)


@pytest.mark.parametrize("seed", range(3))
def test_the_day_and_the_weekend_of_a_stream_are_found(seed: int) -> None:
    hours = np.array(fit(synthetic(days=56, gpus=700, day_night=3.0, weekend=0.5, seed=seed)).arrivals.hours).reshape(7, 24)
    days = hours.mean(1)
    assert days[5:].mean() / days[:5].mean() == pytest.approx(0.5, abs=0.04)
    assert hours[2].argmax() in (14, 15) and hours[2].max() / hours[2].min() == pytest.approx(3.0, abs=0.4)


def test_a_table_of_the_week_is_taken_where_the_counts_bear_it() -> None:
    rates = 100.0 * (1 + (np.arange(168) * 37 % 11))
    counts = np.random.default_rng(1).poisson(np.tile(rates, 10))
    cycle = fit_week_cycle(counts, np.tile(np.arange(168), 10))
    assert cycle.name == "hours of the week"
    assert np.abs(cycle.hours / (rates / rates.mean()) - 1).max() < 5 / math.sqrt(1000)


def test_overdispersed_counts_do_not_make_a_cycle() -> None:
    drawn = np.random.default_rng(2)
    counts = drawn.poisson(drawn.gamma(0.2, 50 / 0.2, 168 * 12))
    assert fit_week_cycle(counts, np.tile(np.arange(168), 12)).name == "constant"


def test_ups_and_downs_are_found() -> None:
    known = {"variance": 0.5, "fast": 0.5, "fast_h": 2.0, "slow_h": 48.0}
    found = [fit(model(arrivals=known | {"per_hour": 20.0}).generate(days=200, seed=seed)).arrivals for seed in range(4)]
    variance = [a.variance for a in found]
    assert np.mean(variance) == pytest.approx(0.5, abs=3 * float(np.std(variance, ddof=1)) / 2 + 0.02) and max(variance) < 1
    assert all(0.2 <= a.fast <= 0.8 and a.fast_h <= 6 and a.slow_h >= 12 for a in found)
    assert all(a.per_hour == pytest.approx(20, rel=0.3) for a in found)


def test_factors_have_mean_one_their_variance_and_the_correlations_of_mehlers_formula() -> None:
    factors = gamma_factors(Modulation(0.8, 0.6, 2.0, 24.0), 400_000, np.random.default_rng(0))
    assert factors.mean() == pytest.approx(1, abs=0.03) and factors.var() == pytest.approx(0.8, rel=0.1)
    weights = gamma_hermite(0.8)
    for lag in (1, 4, 24):
        rho = 0.6 * math.exp(-lag / 2) + 0.4 * math.exp(-lag / 24)
        expected = sum(w * rho ** (k + 1) for k, w in enumerate(weights))
        found = float(((factors[lag:] - 1) * (factors[:-lag] - 1)).mean()) / factors.var()
        assert found == pytest.approx(expected, abs=0.03)


def test_bursts_are_found() -> None:
    known = model(bursts={"within_s": 15.0, "gaps_s": flat_gaps(10.0), "stay": 0.8}, sizes={1: 0.5, 8: 0.5}, arrivals={"per_hour": 6.0})
    found = fit(known.generate(seed=3))
    assert found.bursts.within_s in (15.0, 60.0)
    assert found.arrivals.per_hour == pytest.approx(6, rel=0.1)
    assert found.bursts.stay == pytest.approx(0.8, abs=0.06)
    sizes = [float(np.average(table.sizes, weights=table.weights)) for table in found.bursts.tables]
    assert all(size == pytest.approx(4.5, abs=0.4) for size in sizes)


def test_a_burst_begins_where_the_group_was_silent() -> None:
    times, group = np.array([0.0, 15.0, 31.0, 3.0]), np.array([1, 1, 1, 2])
    assert burst_starts(times, group, 15.0).tolist() == [True, False, True, True]


@pytest.mark.parametrize("seed", range(5))
def test_the_components_of_durations_are_found(seed: int) -> None:
    drawn = np.random.default_rng(seed)
    first = drawn.random(20_000) < 0.7
    found = fit_mixture(np.exp(np.where(first, drawn.normal(4.0, 0.6, 20_000), drawn.normal(8.5, 0.9, 20_000))))
    assert len(found.mu) == 2
    assert found.mu == pytest.approx([4.0, 8.5], abs=4 * 0.9 / math.sqrt(6000))
    assert found.sigma == pytest.approx([0.6, 0.9], abs=4 * 0.9 / math.sqrt(2 * 6000))
    assert found.weight[0] == pytest.approx(0.7, abs=4 * math.sqrt(0.21 / 20_000))


def test_few_long_jobs_are_a_component_and_the_mean_is_kept() -> None:
    drawn = np.random.default_rng(4)
    durations = np.concatenate((np.exp(drawn.normal(4, 0.7, 5000)), np.full(15, 1e7)))
    found = fit_mixture(durations)
    fitted = sum(w * capped_mean(m, s, 1e7) for w, m, s in zip(found.weight, found.mu, found.sigma, strict=True))
    assert abs(fitted - durations.mean()) < 3.1 * durations.std() / math.sqrt(len(durations)) and found.weight[-1] == pytest.approx(
        15 / 5015, rel=0.1
    )


def test_the_law_of_zipf_is_found() -> None:
    weights = np.arange(1, 501.0) ** -1.3
    counts = np.random.default_rng(5).multinomial(100_000, weights / weights.sum())
    assert zipf_exponent(counts, 1) == pytest.approx(1.3, abs=0.02)


def test_many_groups_are_kept_by_name_and_the_others_as_a_tail() -> None:
    found = fit(synthetic(60_000, users=1000, zipf=0.9, seed=1))
    assert len(found.groups) == 200 and found.tail is not None and found.tail.exponent == pytest.approx(0.9, abs=0.15)
    drawn = found.generate(seed=2)
    named = np.bincount(drawn.group)[:200].sum() / len(drawn)
    assert named == pytest.approx(1 - np.sum(np.arange(201, 1001.0) ** -0.9) / np.sum(np.arange(1, 1001.0) ** -0.9), abs=0.02)
    assert found.groups[0].name == "user-1" and drawn.groups[200] == "other-1"


def test_a_mix_of_groups_and_kinds_is_found() -> None:
    found = fit(model().generate(seed=4))
    assert [group.name for group in found.groups] == ["many", "few"]
    parts = [group.weight / sum(g.weight for g in found.groups) for group in found.groups]
    assert parts == pytest.approx([0.75, 0.25], abs=0.01)
    assert [job_class.name for job_class in found.classes] == ["1 GPU", "8 GPUs"]
    assert found.groups[0].kinds == pytest.approx([0.6, 0.3, 0.1], abs=0.02)
    assert [kind.mu for kind in found.kinds] == pytest.approx([5, 9, 7], abs=0.1)


def test_estimates_are_limits_again() -> None:
    trace = synthetic(20_000, estimates="walltime", seed=2)
    drawn = fit(trace).generate(20_000, seed=1)
    assert set(np.unique(drawn.estimate).tolist()) <= set(np.unique(trace.estimate).tolist()) | set(drawn.duration.tolist())
    ratios = [np.median(t.estimate / t.duration) for t in (trace, drawn)]
    assert ratios[1] == pytest.approx(ratios[0], rel=0.15)
    assert (drawn.estimate >= drawn.duration).all()


def test_exact_estimates_stay_exact_and_odd_jobs_stay() -> None:
    durations = np.where(np.arange(4000) % 10 == 0, np.inf, np.where(np.arange(4000) % 10 == 1, 0.0, 60.0))
    requests = [ResourceRequest(cpus=2), ResourceRequest(cpus=3)]
    replicas = np.where(np.arange(4000) % 4 == 0, 5, 1)
    trace = JobTrace.build(
        submit=np.arange(4000) * 30.0,
        duration=durations,
        request=np.zeros(4000, dtype=int),
        last_request=np.ones(4000, dtype=int),
        replicas=replicas,
        priority=np.arange(4000) % 2 * 7,
        requests=requests,
        split="cores",
    )
    drawn = fit(trace).generate(4000, seed=1)
    assert np.array_equal(drawn.duration, drawn.estimate) and drawn.split == "cores"
    assert np.isinf(drawn.duration).mean() == pytest.approx(0.1, abs=0.03) and (drawn.duration == 0).mean() == pytest.approx(0.1, abs=0.03)
    assert set(drawn.replicas.tolist()) == {1, 5} and set(drawn.priority.tolist()) == {0, 7}
    assert set(drawn.width("cpu_milli").tolist()) == {3000, 11_000}


def test_too_little_is_refused() -> None:
    one = [ResourceRequest(cpus=1)]
    with pytest.raises(InputError, match=r"too little to fit: 3 jobs.*expected 100 jobs over an hour"):
        fit(JobTrace.build(submit=[0, 1, 2], duration=[1, 1, 1], request=[0] * 3, requests=one))
    with pytest.raises(InputError, match="too little to fit: 500 jobs in 0 s"):
        fit(JobTrace.build(submit=[0] * 500, duration=[1] * 500, request=[0] * 500, requests=one))
    with pytest.raises(OptionError, match="seed"):
        fit(queueing(200, 0.01), seed=-1)
