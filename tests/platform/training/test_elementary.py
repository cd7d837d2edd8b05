"""The library's own exp and log against decimal arithmetic of 60 digits, in units of the last place (ulp)."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.platform.training import portable
from mlplat.streams import stream

Exact = Callable[[Decimal], Decimal]


def spread(name: str, *ranges: tuple[float, float]) -> np.ndarray:
    """Arguments all over these ranges, the ends among them."""
    draw = stream(0, f"test/{name}")
    return np.concatenate([np.concatenate([draw.uniform(low, high, 800), [low, high]]) for low, high in ranges])


def worst(function: Callable[[Any], np.ndarray], exact: Exact, arguments: np.ndarray) -> float:
    """The largest error, in ulp of the exact value."""
    found, errors = function(arguments), []
    with localcontext() as context:
        context.prec = 60
        for argument, value in zip(arguments.tolist(), found.tolist(), strict=True):
            true = exact(Decimal(argument))
            errors.append(abs(Decimal(value) - true) / Decimal(math.ulp(float(true))))
    return float(max(errors))


CASES: list[tuple[str, Exact, tuple[tuple[float, float], ...], float]] = [
    ("exp", lambda x: x.exp(), ((-708.0, 709.7), (-1.0, 1.0), (-1e-3, 1e-3), (-40.0, 40.0)), 0.9),
    ("log", lambda x: x.ln(), ((1e-300, 1e-290), (0.4, 2.5), (0.999, 1.001), (1.0, 1e308)), 0.9),
    ("log1p", lambda x: (1 + x).ln(), ((0.0, 1.0), (1e-20, 1e-3), (-0.9, 0.0), (1.0, 1e6)), 1.5),
    ("sigmoid", lambda x: 1 / (1 + (-x).exp()), ((-700.0, -40.0), (-40.0, 40.0), (-2.0, 2.0)), 2.5),
    ("softplus", lambda x: (1 + x.exp()).ln(), ((-100.0, 100.0), (-5.0, 5.0)), 2.5),
]


@pytest.mark.parametrize(("name", "exact", "ranges", "limit"), CASES, ids=[case[0] for case in CASES])
def test_errors_stay_within_what_is_said(name: str, exact: Exact, ranges: tuple[tuple[float, float], ...], limit: float) -> None:
    assert worst(getattr(portable, name), exact, spread(name, *ranges)) <= limit


def test_ends_of_the_range() -> None:
    inf, nan = math.inf, math.nan
    assert portable.exp([-inf, -1e308, -746.0, 0.0, 710.0, 1e308, inf]).tolist() == [0.0, 0.0, 0.0, 1.0, inf, inf, inf]
    assert portable.exp([math.log(5e-324), 709.782712893384]).tolist() == pytest.approx([5e-324, 1.797693134862273e308], rel=1e-13)
    assert portable.log([-0.0, 1.0, inf, 5e-324]).tolist() == [-inf, 0.0, inf, math.log(5e-324)]
    assert (
        np.isnan(portable.log([-1.0, -inf, nan])).all() and np.isnan(portable.exp([nan])).all() and np.isnan(portable.sigmoid([nan])).all()
    )
    assert portable.log1p([-1.0, inf, -0.0]).tolist() == [-inf, inf, 0.0] and np.isnan(portable.log1p([-2.0, nan])).all()
    assert portable.sigmoid([-inf, -800.0, 800.0, inf]).tolist() == [0.0, 0.0, 1.0, 1.0]
    assert portable.softplus([-inf, -800.0, 800.0, inf]).tolist() == [0.0, 0.0, 800.0, inf]


@given(st.floats(-745.0, 709.0), st.floats(0.0, 1.0))
def test_exp_never_falls_by_more_than_its_error(x: float, more: float) -> None:
    here, there = portable.exp([x, x + more])
    assert there >= here - 2 * math.ulp(here)


def test_shapes_are_kept() -> None:
    assert (
        portable.exp(0.0).shape == () and portable.exp(np.zeros((2, 3))).shape == (2, 3) and portable.log(np.ones((0, 2))).shape == (0, 2)
    )
    assert portable.exp(np.arange(6.0).reshape(2, 3).T)[2, 1] == portable.exp(5.0)
