"""`DriftTest`: what every drift test says of itself and of two samples. The point at which own tests are added."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from .columns import ColumnKind

if TYPE_CHECKING:
    from .columns import Floats
    from .joint_sample import JointSample
    from .reference_columns import CategoricalColumn, NumericColumn


class Evidence(NamedTuple):
    """What a test found. `statistic`: its own. `p`: the chance of one at least as large if nothing has changed, the reference being a
    sample too. `effect`: how large the change is, whatever the number of rows. `reference_n`, `window_n`: values that were compared."""

    statistic: float
    p: float
    effect: float
    reference_n: int
    window_n: int


class DriftTest(ABC):
    """A test of whether a window is from the distribution of a reference. Subclass it (by way of `NumericTest`, `CategoricalTest` or
    `JointTest`, which say what it is given) and write `measure`.

    `name`: as shown. `kind`: the columns it is for. `minimum`: values of reference and window below which it does not judge.
    `floor`: the effect from which a change matters. `needs_values`: that bins of a reference are not enough.
    """

    name: ClassVar[str]
    kind: ClassVar[ColumnKind]
    minimum: ClassVar[int] = 20
    needs_values: ClassVar[bool] = False
    floor: float

    def compare(self, reference: Any, window: Any) -> Evidence:
        """What `measure` finds; nothing (statistic 0, p 1, effect 0) where either side has no value. Never raises for what is in them."""
        n, m = self._sizes(reference, window)
        if n == 0 or m == 0:
            return Evidence(0.0, 1.0, 0.0, m, n)
        statistic, p, effect = self.measure(reference, window)
        return Evidence(float(statistic), min(1.0, max(0.0, float(p))), float(effect), m, n)

    @abstractmethod
    def measure(self, reference: Any, window: Any) -> tuple[float, float, float]:
        """Statistic, p and effect of two samples with at least one value each."""

    def _sizes(self, reference: Any, window: Any) -> tuple[int, int]:
        return len(window), int(reference.present)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class NumericTest(DriftTest):
    """A test of numbers. The window is float64 without NaN, the least first. docs/how-to/add-a-drift-test.md has a whole one.

    >>> class Means(NumericTest):
    ...     name, floor, needs_values = "means", 0.1, True
    ...
    ...     def measure(self, reference, window):
    ...         apart = abs(float(window.mean() - reference.values.mean()))
    ...         return apart, 1.0 if apart < 1 else 0.0, apart
    >>> Means().kind.value
    'numeric'
    """

    kind = ColumnKind.NUMERIC

    @abstractmethod
    def measure(self, reference: NumericColumn, window: Floats) -> tuple[float, float, float]:
        """Statistic, p and effect of numbers, at least one on each side."""


class CategoricalTest(DriftTest):
    """A test of categories. The window is rows by name."""

    kind = ColumnKind.CATEGORICAL

    @abstractmethod
    def measure(self, reference: CategoricalColumn, window: dict[str, int]) -> tuple[float, float, float]:
        """Statistic, p and effect of counts by category, at least one on each side."""

    def _sizes(self, reference: Any, window: Any) -> tuple[int, int]:
        return sum(window.values()), int(reference.present)


class JointTest(DriftTest):
    """A test of all numeric columns together. The window is rows as in `JointSample.scaled`."""

    kind = ColumnKind.JOINT
    needs_values = True

    @abstractmethod
    def measure(self, reference: JointSample, window: Floats) -> tuple[float, float, float]:
        """Statistic, p and effect of rows, at least one on each side."""

    def _sizes(self, reference: Any, window: Any) -> tuple[int, int]:
        return len(window), len(reference.rows)
