"""Statistics agree with scipy to 1e-10 and with their definitions, on ties, extremes and tiny samples too."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mlplat.platform.automation.monitoring.drift import (
    PSI,
    ChiSquare,
    KolmogorovSmirnov,
    MaximumMeanDiscrepancy,
    Reference,
    Wasserstein,
    holm,
)
from mlplat.platform.automation.monitoring.drift.cells import chi_square, merged_neighbours, merged_rare, psi
from mlplat.platform.automation.monitoring.drift.joint_sample import JointSample
from mlplat.platform.automation.monitoring.drift.reference_columns import NumericColumn
from mlplat.platform.automation.monitoring.drift.shares import share_p
from mlplat.platform.automation.monitoring.drift.wasserstein import _Permuted
from mlplat.streams import stream

from .naive_statistics import naive_holm, naive_ks, naive_mmd, naive_psi, naive_wasserstein

SMALL = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6))
SAMPLES = st.lists(SMALL, min_size=1, max_size=40)
COUNTS = st.lists(st.integers(0, 60), min_size=1, max_size=12)


def numeric(values: list[float] | np.ndarray) -> NumericColumn:
    column = Reference.of({"x": values}).columns["x"]
    assert isinstance(column, NumericColumn)
    return column


@given(SAMPLES, SAMPLES)
def test_ks_agrees_with_scipy_and_with_its_definition(a: list[float], b: list[float]) -> None:
    found = KolmogorovSmirnov().compare(numeric(a), np.sort(b))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its p-value
        assert found.statistic == pytest.approx(stats.ks_2samp(a, b).statistic, abs=1e-10)
    assert found.statistic == pytest.approx(naive_ks(a, b), abs=1e-10)
    assert found.p == pytest.approx(stats.kstwobign.sf(math.sqrt(len(a) * len(b) / (len(a) + len(b))) * found.statistic), abs=1e-10)


def test_the_p_value_of_ks_is_on_the_safe_side_of_the_exact_one() -> None:
    random = stream(0, "test")
    for n in (30, 100, 500):
        a, b = random.normal(size=700), random.normal(0.2, 1, n)
        exact = stats.ks_2samp(a, b, method="exact").pvalue
        assert exact <= KolmogorovSmirnov().compare(numeric(a), np.sort(b)).p <= 2.5 * exact + 0.05


@given(SAMPLES, SAMPLES)
def test_wasserstein_agrees_with_scipy_and_with_its_definition(a: list[float], b: list[float]) -> None:
    found = Wasserstein(permutations=20).compare(numeric(a), np.sort(b))
    scale = max(map(abs, [*a, *b, 1.0]))
    assert found.statistic == pytest.approx(stats.wasserstein_distance(a, b), abs=1e-10 * scale)
    assert found.statistic == pytest.approx(naive_wasserstein(a, b), abs=1e-10 * scale)


@given(SAMPLES, SAMPLES)
def test_a_permuted_wasserstein_distance_is_the_one_of_the_split(a: list[float], b: list[float]) -> None:
    pooled = np.sort(np.concatenate((a, b)))

    class Fixed:
        """A generator that always picks these."""

        def choice(self, size: int, n: int, *, replace: bool, shuffle: bool) -> np.ndarray:
            return chosen

    chosen = stream(0, "test").choice(len(pooled), len(b), replace=False)
    rest = np.delete(pooled, chosen)
    found = _Permuted(pooled, len(b), Fixed()).draw(1)[0]  # type: ignore[arg-type]
    assert found == pytest.approx(stats.wasserstein_distance(rest, pooled[chosen]), abs=1e-9 * max(1.0, np.abs(pooled).max()))


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), min_size=1, max_size=12))
def test_psi_is_the_symmetric_divergence_of_scipy(cells: list[tuple[int, int]]) -> None:
    a, b = np.array(cells).T
    p, q = a / a.sum(), b / b.sum()
    assert psi(a, b) == pytest.approx(stats.entropy(p, q) + stats.entropy(q, p), abs=1e-10)
    assert psi(a, b) == pytest.approx(naive_psi(a.tolist(), b.tolist()), abs=1e-10)


def test_the_cells_of_psi_are_those_of_its_definition() -> None:
    random = stream(1, "test")
    a, b = random.normal(size=3_000), random.normal(0.3, 1.2, 800)
    edges = np.sort(a)[np.arange(1, 10) * 300]
    bins = [-math.inf, *edges, math.inf]
    before, after = (np.histogram(sample, bins)[0].tolist() for sample in (a, b))
    found = PSI().compare(numeric(a), np.sort(b))
    assert found.statistic == pytest.approx(naive_psi(before, after), abs=1e-10)
    assert found.p == pytest.approx(stats.chi2_contingency([before, after], correction=False).pvalue, abs=1e-10)


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(st.integers(1, 400), st.integers(1, 400)), min_size=2))
def test_chi_square_agrees_with_scipy(cells: dict[str, tuple[int, int]]) -> None:
    a, b = {name: m for name, (m, _) in cells.items()}, {name: n for name, (_, n) in cells.items()}
    column = Reference.of({"c": [name for name, m in a.items() for _ in range(m)]}).columns["c"]
    found = ChiSquare().compare(column, b)
    names = sorted(cells)
    table = np.array(merged_rare(np.array([a[name] for name in names]), np.array([b[name] for name in names])))
    if table.shape[1] < 2:
        assert found.p == 1.0
        return
    wanted = stats.chi2_contingency(table, correction=False)
    assert found.statistic == pytest.approx(wanted.statistic, abs=1e-10 * max(1.0, wanted.statistic))
    assert found.p == pytest.approx(wanted.pvalue, abs=1e-10)


@given(COUNTS, COUNTS)
def test_joining_cells_loses_no_row_and_leaves_no_rare_cell(a: list[int], b: list[int]) -> None:
    size = min(len(a), len(b))
    before, after = np.array(a[:size]), np.array(b[:size])
    for join in (merged_neighbours, merged_rare):
        joined = join(before.copy(), after.copy())
        assert joined[0].sum() == before.sum() and joined[1].sum() == after.sum()
        smaller, both = min(before.sum(), after.sum()), before.sum() + after.sum()
        if len(joined[0]) > 1 and smaller:
            assert all((joined[0] + joined[1]) * smaller / both >= 5 - 1e-9)
        swapped = join(after.copy(), before.copy())
        assert swapped[0].tolist() == joined[1].tolist() and swapped[1].tolist() == joined[0].tolist()


def test_mmd_agrees_with_its_definition() -> None:
    random = stream(2, "test")
    a, b = random.normal(size=(30, 3)), random.normal(0.5, 1, (20, 3))
    sample = JointSample(("x", "y", "z"), np.zeros(3), np.ones(3), a)
    found = MaximumMeanDiscrepancy(permutations=50).compare(sample, b)
    assert found.statistic == pytest.approx(naive_mmd(a.tolist(), b.tolist()), abs=1e-10)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_agrees_with_its_definition(p: list[float]) -> None:
    assert holm(np.array(p)).tolist() == pytest.approx(naive_holm(p), abs=1e-15)


@given(st.integers(0, 40), st.integers(0, 400), st.integers(0, 40), st.integers(0, 400))
def test_a_share_is_tested_as_scipy_does(a: int, rest_a: int, b: int, rest_b: int) -> None:
    m, n = a + rest_a, b + rest_b
    found = share_p(a, m, b, n)
    if 0 in (m, n, a + b, rest_a + rest_b):
        assert found == 1.0
    else:
        table = [[b, a], [rest_b, rest_a]]
        sides = [stats.fisher_exact(table, alternative=side).pvalue for side in ("less", "greater")]
        frequent = min(stats.contingency.expected_freq(table).ravel()) >= 90
        assert found == pytest.approx(min(1.0, 2 * min(sides)), rel=0.2 if frequent else 1e-6, abs=1e-10)


def test_frequent_shares_are_tested_as_a_table() -> None:
    wanted = stats.chi2_contingency([[4_000, 6_000], [2_100, 2_900]], correction=False)
    assert share_p(4_000, 10_000, 2_100, 5_000) == pytest.approx(wanted.pvalue, abs=1e-10)
    assert chi_square(np.array([4_000, 6_000]), np.array([2_100, 2_900])) == pytest.approx(wanted.statistic, abs=1e-10)
