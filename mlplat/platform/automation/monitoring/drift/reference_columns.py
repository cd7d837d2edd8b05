"""`NumericColumn` and `CategoricalColumn`: one column of a reference, in the form in which windows are compared with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from .columns import ColumnData, ColumnKind, finite_sorted

if TYPE_CHECKING:
    from .columns import Counts, Floats


@dataclass(frozen=True, slots=True, eq=False)
class NumericColumn:
    """Numbers of a reference. `values`: those that are there, the least first; None where only bins are known.

    `cuts`, `below`: where the distribution is known if there are no values, and how many lie below each. `edges`, `cells`: cell i holds
    what is at least edges[i-1] and less than edges[i]; the outer two are open. `present`, `missing`: rows with and without a number.
    """

    kind: ClassVar[ColumnKind] = ColumnKind.NUMERIC
    name: str
    present: int
    missing: int
    values: Floats | None
    cuts: Floats
    below: Counts
    edges: Floats
    cells: Counts

    @property
    def rows(self) -> int:
        return self.present + self.missing

    def cells_of(self, ordered: Floats) -> Counts:
        """How many of the numbers, which stand in order, fall into each cell."""
        import numpy as np

        return np.diff(np.searchsorted(ordered, self.edges, "left"), prepend=0, append=len(ordered))


@dataclass(frozen=True, slots=True, eq=False)
class CategoricalColumn:
    """Categories of a reference: `counts` of rows by name, in order of the names."""

    kind: ClassVar[ColumnKind] = ColumnKind.CATEGORICAL
    name: str
    present: int
    missing: int
    counts: Mapping[str, int]

    @property
    def rows(self) -> int:
        return self.present + self.missing

    def beside(self, window: Mapping[str, int]) -> tuple[tuple[str, ...], Counts, Counts]:
        """The names that either has, in order, with their rows in the reference and in the window."""
        import numpy as np

        names = tuple(sorted({**self.counts, **window}))
        size = len(names)
        a = np.fromiter((self.counts.get(name, 0) for name in names), np.int64, size)
        b = np.fromiter((window.get(name, 0) for name in names), np.int64, size)
        return names, a, b


ReferenceColumn: TypeAlias = NumericColumn | CategoricalColumn


def column_of(data: ColumnData, bins: int) -> ReferenceColumn:
    """A column of a frame as reference, numbers in about `bins` cells of equal size."""
    import numpy as np

    if data.kind is ColumnKind.CATEGORICAL:
        return CategoricalColumn(data.name, data.present, data.missing, data.counts)
    values = finite_sorted(data.numbers)
    edges = equal_edges(values, bins)
    cells = np.diff(np.searchsorted(values, edges, "left"), prepend=0, append=len(values))
    return NumericColumn(data.name, data.present, data.missing, values, np.empty(0), np.empty(0, np.int64), edges, cells)


def column_of_distribution(name: str, given: Mapping[str, Any], bins: int) -> ReferenceColumn | None:
    """A distribution of a baseline as reference; None where it has no counts. Fewer than `bins` cells are joined of its own bins."""
    import numpy as np

    if given.get("categories") is not None:
        counts = {str(category): round(count) for category, count in sorted(given["categories"].items()) if count > 0}
        present = sum(counts.values())
        return CategoricalColumn(name, present, _missing(given, present), counts)
    if given.get("edges") is None:
        return None
    cuts, counts_of_bins = np.array(given["edges"], float), np.rint(np.array(given["counts"], float)).astype(np.int64)
    if not len(counts_of_bins):
        return None
    cuts[-1] = just_above(cuts[-1:])[0]  # the last bin holds its upper edge too
    below = np.concatenate(([0], np.cumsum(counts_of_bins)))
    present = int(below[-1])
    edges = _joined(cuts, below, bins)
    cells = np.diff(below[np.searchsorted(cuts, edges)], prepend=0, append=present)
    return NumericColumn(name, present, _missing(given, present), None, cuts, below, edges, cells)


def equal_edges(values: Floats, bins: int) -> Floats:
    """Edges between about `bins` cells of equal size, of numbers that stand in order. A number that many rows have gets a cell of its own,
    so that a constant is told from what is above and below it."""
    import numpy as np

    size = len(values)
    if size == 0:
        return np.empty(0)
    inner = np.unique(values[(np.arange(1, bins) * size) // bins])
    often = np.searchsorted(values, inner, "right") - np.searchsorted(values, inner, "left") > size / (2 * bins)
    return np.unique(np.concatenate((inner, just_above(inner[often]))))


def just_above(numbers: Floats) -> Floats:
    """Of each number the next larger one, infinity after the largest."""
    import numpy as np

    with np.errstate(over="ignore"):
        return np.nextafter(numbers, np.inf)


def _joined(cuts: Floats, below: Counts, bins: int) -> Floats:
    """Those of the cuts at which a further share of 1 / bins is reached. The outermost always: beyond them the reference has nothing."""
    import numpy as np

    share = below * bins // max(1, int(below[-1]))
    inner = np.flatnonzero(np.diff(share) > 0) + 1
    chosen: Floats = cuts[np.unique(np.concatenate(([0], inner, [len(cuts) - 1])))]
    return chosen


def _missing(given: Mapping[str, Any], present: int) -> int:
    rows, share = given.get("rows"), given.get("missing") or 0.0
    if isinstance(rows, int) and rows >= present:
        return rows - present
    return round(present * share / (1.0 - share)) if 0.0 <= share < 1.0 else 0
