"""`WindowVerdict`: what was decided about a window, and what every test found."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from .....errors import printable
from .....html_tables import table
from .....plotting import Plots


class Outcome(StrEnum):
    """What is said of a window."""

    STEADY = "steady"
    DRIFT = "drift"
    INSUFFICIENT = "insufficient"


class FindingKind(StrEnum):
    """What a finding is about. `SCHEMA`: a column is gone, or holds something else; known without a test."""

    DISTRIBUTION = "distribution"
    MISSING = "missing"
    NEW_CATEGORY = "new_category"
    SCHEMA = "schema"


class Reason(StrEnum):
    """Why there is no p-value: of a window (the first two), of a column or test, or since what was found needs none (the last three)."""

    WINDOW_TOO_SHORT = "window_too_short"
    REFERENCE_TOO_SMALL = "reference_too_small"
    TOO_FEW_VALUES = "too_few_values"
    NEEDS_VALUES = "needs_values"
    COLUMN_ABSENT = "column_absent"
    COLUMN_UNKNOWN = "column_unknown"
    KIND_CHANGED = "kind_changed"


class Finding(NamedTuple):
    """About one column, by one test. `column`: empty for all together. `adjusted`: p after Holm's correction over all tests of the window.
    `effect`, `floor`: how large the change is, and from where it matters; `psi`: of the same cells, the other way to matter. `alarm`:
    significant and large, or a break of the schema. `reason`: where nothing was tested. `detail`: such as new categories."""

    column: str
    kind: FindingKind
    test: str
    alarm: bool = False
    statistic: float = 0.0
    p: float = 1.0
    adjusted: float = 1.0
    effect: float = 0.0
    floor: float = 0.0
    psi: float = 0.0
    reference_n: int = 0
    window_n: int = 0
    reason: Reason | None = None
    detail: tuple[str, ...] = ()

    def __str__(self) -> str:
        what = printable(self.column) or "all columns"
        if self.reason is not None:
            return f"{what}: {self.reason}"
        new = f" {', '.join(map(printable, self.detail[:3]))}{'…' if len(self.detail) > 3 else ''}" if self.detail else ""
        return f"{what}: {self.kind}{new} ({self.test} {self.statistic:.3g}, adjusted p {self.adjusted:.2g}, effect {self.effect:.3g})"


class WindowVerdict(NamedTuple):
    """About one window. `alpha`: chance of a false alarm that was allowed. `findings`: of every test, in order of the columns."""

    outcome: Outcome
    rows: int
    minimum: int
    alpha: float
    findings: tuple[Finding, ...]
    reason: Reason | None = None

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """What the alarm is about."""
        return tuple(each for each in self.findings if each.alarm)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the alarm, each once."""
        return tuple(dict.fromkeys(each.column for each in self.alarms))

    @property
    def worst(self) -> Finding | None:
        """The alarm with the smallest adjusted p, the largest effect among equal ones; None where there is none."""
        return min(self.alarms, key=lambda each: (each.adjusted, -each.effect), default=None)

    @property
    def plot(self) -> Plots:
        """What the tests found, as a figure: `plot()` (docs/notebooks_and_plots.md)."""
        return Plots(self, "drift")

    def __str__(self) -> str:
        if self.outcome is Outcome.INSUFFICIENT:
            return f"insufficient: {self.reason} ({self.rows:,} rows; expected at least {self.minimum:,})"
        return f"{self.outcome}: {self.rows:,} rows" + "".join(f"; {each}" for each in self.alarms)

    def _repr_html_(self) -> str:
        heads = ("column", "about", "test", "statistic", "adjusted p", "effect", "PSI", "alarm")
        rows = [
            (f.column, f.kind, f.test or f.reason, f"{f.statistic:.4g}", f"{f.adjusted:.3g}", f"{f.effect:.3g}", f"{f.psi:.3g}", f.alarm)
            for f in self.findings
        ]
        return table(heads, rows, lead=[self])
