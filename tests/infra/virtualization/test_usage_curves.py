"""Usage curves against slow integration and search."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mlplat.errors import OptionError
from mlplat.infra.virtualization import Usage, UsageCurve

AMOUNTS = st.integers(0, 40)


@st.composite
def curves(draw: st.DrawFn) -> UsageCurve:
    times = [0, *sorted(draw(st.lists(st.integers(0, 30), max_size=5)))]
    amounts = draw(st.lists(AMOUNTS, min_size=len(times), max_size=len(times)))
    return UsageCurve(tuple(map(float, times)), tuple(map(float, amounts)), float(draw(st.sampled_from([0, 0, 1, 3]))))


def naive_at(curve: UsageCurve, position: float) -> float:
    last = max(i for i, time in enumerate(curve.times) if time <= position)
    if last + 1 == len(curve.times):
        return curve.amounts[last] + curve.growth * (position - curve.times[last])
    span = curve.times[last + 1] - curve.times[last]
    return curve.amounts[last] + (curve.amounts[last + 1] - curve.amounts[last]) / span * (position - curve.times[last])


@given(curves(), st.integers(0, 400))
def test_the_amount_is_on_the_line_between_the_points(curve: UsageCurve, tenths: int) -> None:
    assert curve.at(tenths / 10) == pytest.approx(naive_at(curve, tenths / 10), abs=1e-9)


@given(curves(), st.integers(0, 40), st.integers(0, 300))
def test_nothing_is_above_the_limit_before_the_crossing_and_something_right_after(curve: UsageCurve, limit: int, after_tenths: int) -> None:
    after = after_tenths / 10
    crossing = curve.first_crossing(limit, after=after)
    assert crossing >= after
    end = min(crossing, 60.0)
    for k in range(200):
        position = after + (end - after) * k / 200
        assert position >= crossing or naive_at(curve, position) <= limit + 1e-6
    if crossing < math.inf:
        assert naive_at(curve, crossing + 1e-6) > limit - 1e-6
        assert any(naive_at(curve, crossing + d) > limit for d in (0, 1e-7, 1e-5, 1e-3))


@given(curves(), st.integers(1, 40), st.integers(0, 350))
def test_time_taken_is_the_integral_of_the_slowing(curve: UsageCurve, limit: int, tenths: int) -> None:
    position = tenths / 10
    steps = 4000
    width = position / steps
    middle = sum(max(1.0, naive_at(curve, (k + 0.5) * width) / limit) * width for k in range(steps))
    assert curve.stretched(position, limit) == pytest.approx(middle, abs=1e-2, rel=1e-3)


@given(curves(), st.integers(1, 40), st.floats(0, 100))
def test_position_is_the_inverse_of_time_taken(curve: UsageCurve, limit: int, position: float) -> None:
    assume(position == 0 or position > 1e-9)
    taken = curve.stretched(position, limit)
    assert taken >= position * (1 - 1e-12)
    assert curve.position(taken, limit) == pytest.approx(position, rel=1e-9, abs=1e-9)


def test_an_unlimited_program_keeps_its_own_time_bit_for_bit() -> None:
    assert UsageCurve.constant(1000).stretched(0.1 + 0.2, 1000) == 0.1 + 0.2
    assert UsageCurve.constant(2000).stretched(math.inf, 1000) == math.inf


@pytest.mark.parametrize(
    "make",
    [
        lambda: UsageCurve.points([]),
        lambda: UsageCurve.points([(1, 5)]),
        lambda: UsageCurve.points([(0, 5), (10, 5), (5, 5)]),
        lambda: UsageCurve.points([(0, -5)]),
        lambda: UsageCurve.points([("soon", 5)]),
        lambda: UsageCurve.constant(math.nan),
        lambda: UsageCurve.constant(math.inf),
        lambda: UsageCurve.ramp(0, -1),
        lambda: UsageCurve.ramp(0, 1, per=0),
        lambda: Usage(cpu="much"),  # type: ignore[arg-type]
        lambda: Usage(memory=True),
    ],
)
def test_a_bad_curve_is_refused(make: object) -> None:
    with pytest.raises(OptionError):
        make()  # type: ignore[operator]


@given(st.integers(1, 1000), st.integers(1, 1000), st.integers(1, 1000))
def test_a_line_that_ends_at_the_limit_does_not_cross_it(first: int, limit: int, span: int) -> None:
    assert UsageCurve.points([(0, min(first, limit)), (span, limit), (span, 0)]).first_crossing(limit) == math.inf
    assert UsageCurve.points([(0, min(first, limit)), (span, limit)]).first_crossing(limit) == math.inf
