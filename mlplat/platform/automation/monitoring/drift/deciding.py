"""`decide`: whether a window has drifted. All tests of a window together, and only what is significant and large is an alarm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .....errors import OptionError
from .cells import merged_neighbours, psi
from .chi_square import ChiSquare
from .columns import ColumnData, ColumnKind, finite_sorted, read_columns
from .correction import holm
from .drift_test import DriftTest
from .kolmogorov_smirnov import KolmogorovSmirnov
from .reference import Reference
from .reference_columns import CategoricalColumn, NumericColumn, ReferenceColumn
from .shares import new_categories, share_effect, share_p
from .verdict import Finding, FindingKind, Outcome, Reason, WindowVerdict

if TYPE_CHECKING:
    from .columns import Frame

LEAST_REFERENCE = 100
"""Rows that a reference must have."""
DEFAULT_TESTS: tuple[DriftTest, ...] = (KolmogorovSmirnov(), ChiSquare())


@dataclass(frozen=True, slots=True)
class DriftRule:
    """When a window is an alarm. `alpha`: the chance of a false alarm per window, all columns together. `minimum`: rows below which nothing
    is said. `psi_floor`, `share_floor`: from where a PSI, or a change of a share, matters; what a test measures has the test's own floor.
    `tests`: each is made on every column that it is for. `shares`: whether missing values and new categories are tested too.

    Raises OptionError for values that make no rule.

    >>> DriftRule(alpha=0.001, minimum=1000).minimum
    1000
    """

    alpha: float = 0.01
    minimum: int = 500
    psi_floor: float = 0.1
    share_floor: float = 0.1
    tests: tuple[DriftTest, ...] = DEFAULT_TESTS
    shares: bool = True

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < 1.0:
            raise OptionError(f"alpha={self.alpha!r}: expected a chance between 0 and 1")
        if self.minimum < 1:
            raise OptionError(f"minimum={self.minimum!r}: expected at least 1 row")
        if not (self.psi_floor >= 0.0 and self.share_floor >= 0.0):
            raise OptionError(f"psi_floor={self.psi_floor!r}, share_floor={self.share_floor!r}: expected at least 0")
        if not isinstance(self.tests, Sequence) or not all(isinstance(test, DriftTest) for test in self.tests):
            raise OptionError("tests: expected instances of DriftTest")


def decide(reference: Reference, window: Frame, rule: DriftRule | None = None) -> WindowVerdict:
    """Whether a window has drifted from a reference.

    A column is an alarm if its p-value is at most alpha after Holm's correction over all tests of the window, and the effect reaches the
    floor of the test or the PSI its own. Columns that are gone, are new, or hold something else are alarms as they are. What is in the
    columns (nothing, constants, ties, NaN, one row) never raises; OptionError for what is no frame.

    >>> import numpy as np
    >>> random = np.random.default_rng(0)
    >>> reference = Reference.of({"x": random.normal(size=5000), "y": random.normal(size=5000)})
    >>> decide(reference, {"x": random.normal(size=500), "y": random.normal(size=500)}).outcome.value
    'steady'
    >>> verdict = decide(reference, {"x": random.normal(0.5, 1, 500), "y": random.normal(size=500)})
    >>> verdict.outcome.value, verdict.columns
    ('drift', ('x',))
    >>> print(decide(reference, {"x": [1.0], "y": [2.0]}))
    insufficient: window_too_short (1 rows; expected at least 500)
    """
    rule = rule or DriftRule()
    data = read_columns(window, {name: column.kind for name, column in reference.columns.items()})
    rows = next((each.rows for each in data.values()), 0)
    findings = _schema(reference, data)
    if rows < rule.minimum:
        return WindowVerdict(Outcome.INSUFFICIENT, rows, rule.minimum, rule.alpha, tuple(findings), Reason.WINDOW_TOO_SHORT)
    if reference.rows < LEAST_REFERENCE:
        return WindowVerdict(Outcome.INSUFFICIENT, rows, rule.minimum, rule.alpha, tuple(findings), Reason.REFERENCE_TOO_SMALL)
    for name, column in reference.columns.items():
        if name in data and data[name].kind is column.kind:
            findings += _of_column(column, data[name], rule)
    findings += [_joint(reference, data, test) for test in rule.tests if test.kind is ColumnKind.JOINT]
    judged = _corrected(findings, rule)
    outcome = Outcome.DRIFT if any(each.alarm for each in judged) else Outcome.STEADY
    return WindowVerdict(outcome, rows, rule.minimum, rule.alpha, tuple(judged))


def _schema(reference: Reference, data: Mapping[str, ColumnData]) -> list[Finding]:
    """Columns that are gone or hold something else, and those that nobody knows."""
    found = []
    for name, column in reference.columns.items():
        if name not in data:
            found.append(Finding(name, FindingKind.SCHEMA, "", True, reason=Reason.COLUMN_ABSENT))
        elif data[name].kind is not column.kind and data[name].present:
            found.append(Finding(name, FindingKind.SCHEMA, "", True, reason=Reason.KIND_CHANGED, detail=(column.kind, data[name].kind)))
    known = {*reference.columns, *reference.left_out}
    return found + [Finding(name, FindingKind.SCHEMA, "", True, reason=Reason.COLUMN_UNKNOWN) for name in data if name not in known]


def _of_column(column: ReferenceColumn, data: ColumnData, rule: DriftRule) -> list[Finding]:
    found = []
    ordered = finite_sorted(data.numbers) if isinstance(column, NumericColumn) else None
    for test in rule.tests:
        if test.kind is column.kind:
            if isinstance(column, NumericColumn):
                assert ordered is not None
                lacking, sample = test.needs_values and column.values is None, ordered
                index = psi(*merged_neighbours(column.cells, column.cells_of(ordered)))
            else:
                lacking, sample, index = False, data.counts, 0.0  # type: ignore[assignment]
            if lacking or min(column.present, data.present) < test.minimum:
                reason = Reason.NEEDS_VALUES if lacking else Reason.TOO_FEW_VALUES
                found.append(Finding(column.name, FindingKind.DISTRIBUTION, test.name, reason=reason))
                continue
            evidence = test.compare(column, sample)
            found.append(_tested(column.name, FindingKind.DISTRIBUTION, test.name, evidence, test.floor, index))
    if rule.shares:
        found += _shares(column, data, rule)
    return found


def _shares(column: ReferenceColumn, data: ColumnData, rule: DriftRule) -> list[Finding]:
    found = []
    counts = (column.missing, column.rows, data.missing, data.rows)
    if column.missing + data.missing:
        p, (change, index) = share_p(*counts), share_effect(*counts)
        evidence = (change, p, change, column.rows, data.rows)
        found.append(_tested(column.name, FindingKind.MISSING, "share", evidence, rule.share_floor, index))
    if isinstance(column, CategoricalColumn) and min(column.present, data.present) > 0:
        names, p = new_categories(column, data.counts)
        new = sum(data.counts[name] for name in names)
        change, index = share_effect(0, column.present, new, data.present) if names else (0.0, 0.0)
        evidence = (change, p, change, column.present, data.present)
        found.append(_tested(column.name, FindingKind.NEW_CATEGORY, "share", evidence, rule.share_floor, index, names))
    return found


def _joint(reference: Reference, data: Mapping[str, ColumnData], test: DriftTest) -> Finding:
    if reference.joint is None:
        return Finding("", FindingKind.DISTRIBUTION, test.name, reason=Reason.NEEDS_VALUES)
    rows = reference.joint.scaled(data)
    if min(len(reference.joint.rows), len(rows)) < test.minimum:
        return Finding("", FindingKind.DISTRIBUTION, test.name, reason=Reason.TOO_FEW_VALUES)
    return _tested("", FindingKind.DISTRIBUTION, test.name, test.compare(reference.joint, rows), test.floor, 0.0)


def _tested(
    column: str,
    kind: FindingKind,
    test: str,
    evidence: tuple[float, float, float, int, int],
    floor: float,
    index: float,
    detail: tuple[str, ...] = (),
) -> Finding:
    statistic, p, effect, m, n = evidence
    return Finding(column, kind, test, False, statistic, p, 1.0, effect, floor, index, m, n, None, detail)


def _corrected(findings: list[Finding], rule: DriftRule) -> list[Finding]:
    """The findings with adjusted p-values, and those that are alarms marked."""
    import numpy as np

    tested = [i for i, each in enumerate(findings) if each.reason is None]
    adjusted = holm(np.array([findings[i].p for i in tested]))
    judged = list(findings)
    for i, p in zip(tested, adjusted.tolist(), strict=True):
        each = findings[i]
        large = each.effect >= each.floor or each.psi >= rule.psi_floor
        judged[i] = each._replace(adjusted=p, alarm=p <= rule.alpha and large)
    return judged
