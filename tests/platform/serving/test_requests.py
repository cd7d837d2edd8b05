"""Streams of requests: what they are drawn as, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mlplat.errors import MlplatError, OptionError
from mlplat.platform.serving import Requests


def test_a_poisson_stream_has_its_rate_and_its_service() -> None:
    stream = Requests.poisson(20.0, count=100_000, service="lognormal", mean="50ms", scv=2.0, seed=1)
    gaps = np.diff(stream.sent)
    assert abs(gaps.mean() * 20 - 1) < 0.02 and abs(gaps.std() / gaps.mean() - 1) < 0.02
    assert abs(stream.service.mean() / 0.05 - 1) < 0.03
    assert abs(stream.service.var() / stream.service.mean() ** 2 - 2.0) < 0.3


@pytest.mark.parametrize("service", ["exponential", "deterministic", "lognormal", "hyperexponential"])
def test_services_have_their_mean(service: Any) -> None:
    stream = Requests.poisson(1.0, count=100_000, service=service, mean=2.0, seed=3)
    assert abs(stream.service.mean() / 2 - 1) < 0.03


def test_options_of_one_column_leave_the_draws_of_the_others_alone() -> None:
    plain = Requests.poisson(5.0, count=100, seed=7)
    other = Requests.poisson(5.0, count=100, seed=7, service="exponential", mean=1.0, keys=3)
    longer = Requests.poisson(5.0, count=200, seed=7)
    assert (plain.sent == other.sent).all() and (plain.sent == longer.sent[:100]).all()
    assert set(other.key.tolist()) == {0, 1, 2} and len(set(plain.key.tolist())) == 100
    assert (plain.sent != Requests.poisson(5.0, count=100, seed=7, name="others").sent).any()


def test_a_rate_that_varies_is_met_in_each_step() -> None:
    stream = Requests.varying([("100s", 50.0), ("100s", 0.0), ("50s", 200.0)], seed=4)
    counts = np.histogram(stream.sent, [0, 100, 200, 250])[0].tolist()
    assert counts[1] == 0
    assert abs(counts[0] - 5000) < 3.3 * math.sqrt(5000) and abs(counts[2] - 10_000) < 3.3 * math.sqrt(10_000)


def test_a_daily_cycle_peaks_at_its_hour_and_keeps_its_mean() -> None:
    stream = Requests.diurnal(2.0, until="3d", swing=0.8, peak="15h", seed=5)
    by_hour = np.bincount((stream.sent // 3600 % 24).astype(int), minlength=24)
    assert abs(len(stream) - 2 * 3 * 86400) < 3.3 * math.sqrt(2 * 3 * 86400)
    assert by_hour.argmax() in (14, 15) and by_hour.argmin() in (2, 3)
    assert Requests.diurnal(1.0, until="90m", seed=1).sent[-1] < 5400


def test_until_ends_a_stream() -> None:
    stream = Requests.poisson(10.0, until="100s", seed=6)
    assert stream.sent[-1] < 100 and abs(len(stream) - 1000) < 110


def test_a_trace_keeps_keys_of_text_apart_and_together() -> None:
    stream = Requests.build([0.0, 1.0, 2.0], 0.5, key=["a", "b", "a"])
    assert stream.key[0] == stream.key[2] != stream.key[1]
    assert len(Requests.build([])) == 0
    assert math.copysign(1, Requests.build([-0.0]).sent[0]) == 1


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Requests.build([1.0, 0.5]), "row 1"),
        (lambda: Requests.build([0.0, math.nan]), "row 1"),
        (lambda: Requests.build([-1.0]), "at least 0"),
        (lambda: Requests.build(["x"]), "sent: expected numbers"),
        (lambda: Requests.build([[1.0]]), "2 dimensions"),
        (lambda: Requests.build([0.0], [1.0, 2.0]), "2 times for 1 requests"),
        (lambda: Requests.build([0.0], -1.0), "service"),
        (lambda: Requests.build([0.0], key=["a", "b"]), "keys for 1 requests"),
        (lambda: Requests.build([0.0], key=[1.5]), "text or whole numbers"),
        (lambda: Requests.poisson(0.0), "rate"),
        (lambda: Requests.poisson(1.0, count=-1), "count"),
        (lambda: Requests.poisson(1.0, count=5, until=3), "one of the two"),
        (lambda: Requests.poisson(1.0, count=5, service="gamma"), "exponential"),  # type: ignore[arg-type]
        (lambda: Requests.poisson(1.0, count=5, keys=0), "keys"),
        (lambda: Requests.varying([("1d", 1e9)]), "expected fewer"),
        (lambda: Requests.varying([("1s", -1.0)]), "steps[0]"),
        (lambda: Requests.diurnal(1.0, until="1d", swing=1.5), "swing"),
    ],
)
def test_what_cannot_be_a_stream_is_refused_by_name(make: Any, said: str) -> None:
    with pytest.raises(MlplatError) as refused:
        make()
    assert said in str(refused.value) and isinstance(refused.value, (OptionError, MlplatError))
