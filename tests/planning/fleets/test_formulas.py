"""Erlang's formulas exactly, and the approximations where they are exact and against simulation where they are not."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import MlplatError
from mlplat.planning.fleets import erlang_b, erlang_c, fleet_by_formula, latency_quantile, mean_wait, wait_quantile
from mlplat.planning.fleets.approximations import ServiceTime, service_time
from mlplat.platform.serving import Requests, Version, serve

ONE = service_time(1.0)


def exact_b(servers: int, load: Fraction) -> Fraction:
    """Erlang B from its sum, in fractions."""
    terms, term = [Fraction(1)], Fraction(1)
    for k in range(1, servers + 1):
        term = term * load / k
        terms.append(term)
    return terms[-1] / sum(terms)


@given(servers=st.integers(0, 60), load=st.fractions(0, 80, max_denominator=50))
def test_erlangs_formulas_are_those_of_exact_arithmetic(servers: int, load: Fraction) -> None:
    blocked = exact_b(servers, load)
    assert erlang_b(servers, float(load)) == pytest.approx(float(blocked), rel=1e-12, abs=1e-300)
    if load < servers:
        waiting = servers * blocked / (servers - load * (1 - blocked))
        assert erlang_c(servers, float(load)) == pytest.approx(float(waiting), rel=1e-11, abs=1e-300)
    else:
        assert erlang_c(servers, float(load)) == 1.0


def test_published_values_of_erlang_b() -> None:
    assert erlang_b(10, 4.461) == pytest.approx(0.01, abs=2e-5)  # traffic tables: 10 trunks at 1 % take 4.46 erlangs
    assert erlang_b(100, 84.06) == pytest.approx(0.01, abs=2e-5)


def test_large_fleets_neither_overflow_nor_cancel() -> None:
    assert 0 < erlang_c(100_000, 99_900.0) < 1 and erlang_c(100_000, 10.0) == 0.0
    values = [erlang_c(c, 1000.0) for c in range(1001, 1200)]
    assert all(a > b for a, b in pairwise(values))


@given(load=st.floats(0.05, 0.95))
def test_one_server_is_pollaczek_and_khinchine_and_its_latency_is_exponential(load: float) -> None:
    assert mean_wait(1, load, ONE) == pytest.approx(load / (1 - load))
    assert mean_wait(1, load, service_time(1.0, "deterministic")) == pytest.approx(load / (1 - load) / 2)
    assert mean_wait(1, load, service_time(1.0, "lognormal", 3.0)) == pytest.approx(2 * load / (1 - load))
    for q in (0.5, 0.99):
        assert latency_quantile(1, load, ONE, q) == pytest.approx(-math.log(1 - q) / (1 - load), rel=1e-6)


@pytest.mark.parametrize(("servers", "load"), [(2, 1.6), (5, 4.0), (20, 17.5), (3, 1.0)])
def test_the_latency_of_mmc_is_its_textbook_distribution(servers: int, load: float) -> None:
    waiting = erlang_c(servers, load)
    for q in (0.5, 0.9, 0.99):
        t = latency_quantile(servers, load, ONE, q)
        free = servers - load - 1
        if abs(free) < 1e-12:
            above = math.exp(-t) * (1 + waiting * t)
        else:
            above = math.exp(-t) * (1 + waiting * (1 - math.exp(-free * t)) / free)
        assert above == pytest.approx(1 - q, rel=1e-6)


def test_the_wait_of_mmc_has_an_exponential_tail() -> None:
    t = wait_quantile(4, 3.2, ONE, 0.999)
    assert erlang_c(4, 3.2) * math.exp(-(4 - 3.2) * t) == pytest.approx(0.001)
    assert wait_quantile(4, 0.1, ONE, 0.9) == 0.0 and wait_quantile(4, 4.0, ONE, 0.5) == math.inf


SERVICES: dict[str, tuple[Callable[[], ServiceTime], dict[str, Any]]] = {
    "deterministic": (lambda: service_time(1.0, "deterministic"), {}),
    "lognormal": (lambda: service_time(1.0, "lognormal", 2.0), {"scv": 2.0}),
    "hyperexponential": (lambda: service_time(1.0, "hyperexponential", 3.0), {"scv": 3.0}),
}


@pytest.mark.parametrize("name", list(SERVICES))
@pytest.mark.parametrize(("servers", "load"), [(1, 0.8), (4, 3.4), (16, 14.5)])
def test_mgc_is_near_what_is_simulated(name: str, servers: int, load: float) -> None:
    made, options = SERVICES[name]
    service = made()
    waits, latencies = [], []
    for seed in range(4):
        requests = Requests.poisson(load, count=100_000, service=name, mean=1.0, seed=seed, **options)  # type: ignore[arg-type]
        frame = serve(Version("v", replicas=servers), requests).requests[10_000:]
        waits.append(frame["wait_s"].mean())
        latencies.append(np.quantile(frame["latency_s"].to_numpy(), 0.99))
    assert mean_wait(servers, load, service) == pytest.approx(np.mean(waits), rel=0.15)
    heavy = name == "lognormal"  # a tail that is not exponential
    assert latency_quantile(servers, load, service, 0.99) == pytest.approx(np.mean(latencies), rel=0.25 if heavy else 0.15)


@pytest.mark.parametrize("distribution", ["exponential", "deterministic", "lognormal", "hyperexponential"])
def test_quantiles_of_services_have_their_mean_and_variation(distribution: str) -> None:
    scv = None if distribution in ("exponential", "deterministic") else 2.0
    service = service_time(3.0, distribution, scv)
    points = service.quantiles((np.arange(400_000) + 0.5) / 400_000)
    assert points.mean() == pytest.approx(3.0, rel=0.01)
    assert points.var() / 9 == pytest.approx(service.scv, rel=0.06, abs=1e-9)
    assert (np.diff(points) >= 0).all()


@given(load=st.floats(0.3, 60), bound=st.floats(4.7, 30))
def test_the_fleet_by_formula_is_the_first_of_a_scan(load: float, bound: float) -> None:
    found = fleet_by_formula(load, ONE, 0.99, bound)
    assert found is not None
    assert latency_quantile(found, load, ONE, 0.99) <= bound
    assert found == 1 or latency_quantile(found - 1, load, ONE, 0.99) > bound


def test_what_no_fleet_can_keep() -> None:
    assert fleet_by_formula(1.0, ONE, 0.99, 4.0) is None
    assert fleet_by_formula(100.0, ONE, 0.99, 10.0, most=50) is None


@pytest.mark.parametrize(
    "call",
    [
        lambda: erlang_b(-1, 1.0),
        lambda: erlang_b(1.5, 1.0),  # type: ignore[arg-type]
        lambda: erlang_c(2, math.nan),
        lambda: erlang_c(2, "1"),  # type: ignore[arg-type]
        lambda: service_time(0.0),
        lambda: service_time(1.0, "weibull"),
        lambda: service_time(1.0, "exponential", 2.0),
        lambda: service_time(1.0, "hyperexponential", 0.5),
        lambda: wait_quantile(1, 0.5, ONE, 1.0),
        lambda: fleet_by_formula(-1.0, ONE, 0.99, 1.0),
        lambda: fleet_by_formula(1.0, ONE, 0.99, 9.0, of="joy"),
    ],
)
def test_what_cannot_be_asked(call: Callable[[], object]) -> None:
    with pytest.raises(MlplatError, match=r"expected|Known|leave"):
        call()
