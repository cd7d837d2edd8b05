"""Frames without drift of one kind or another, and with a shift, for the benchmark of drift tests and for their tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

FEATURES = 20
DAY = 86_400.0


def normal(random: np.random.Generator, rows: int, shift: float = 0.0) -> dict[str, np.ndarray]:
    """20 columns, the first shifted."""
    values = random.normal(size=(FEATURES, rows))
    values[0] += shift
    return dict(zip(names(), values, strict=True))


def ties(random: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    return dict(zip(names(), random.poisson(np.linspace(0.2, 5, FEATURES)[:, None], (FEATURES, rows)).astype(float), strict=True))


def heavy(random: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    return dict(zip(names(), random.standard_cauchy((FEATURES, rows)), strict=True))


def correlated(random: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    values = 0.8 * random.normal(size=rows) + 0.6 * random.normal(size=(FEATURES, rows))
    return dict(zip(names(), values, strict=True))


def categorical(random: np.random.Generator, rows: int) -> pl.DataFrame:
    """Of 2 to 40 categories each, evenly and with a long tail."""
    columns = {}
    for i, name in enumerate(names()):
        size = 2 + 2 * i
        weights = 1.0 / np.arange(1, size + 1) if i % 2 else np.ones(size)
        codes = random.choice(size, rows, p=weights / weights.sum())
        columns[name] = pl.Series(name, codes).cast(pl.String)
    return pl.DataFrame(columns)


def missing(random: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    """Normal, from never to often missing."""
    values = normal(random, rows)
    for i, column in enumerate(values.values()):
        column[random.random(rows) < i / 40] = np.nan
    return values


KINDS: dict[str, Callable[[np.random.Generator, int], Any]] = {
    "normal": normal,
    "ties": ties,
    "heavy": heavy,
    "correlated": correlated,
    "categorical": categorical,
    "missing": missing,
}


def names() -> list[str]:
    return [f"f{i}" for i in range(FEATURES)]


def days(random: np.random.Generator, number: int, rows: int = 12_000, swing: float = 1.5) -> pl.DataFrame:
    """Rows a day with their seconds `t`, of which column `x` goes with the hour and `y` does not."""
    at = np.sort(random.random(rows * number)) * DAY * number
    x = swing * np.sin(2 * np.pi * at / DAY) + random.normal(size=len(at))
    return pl.DataFrame({"t": at, "x": x, "y": random.normal(size=len(at))})
