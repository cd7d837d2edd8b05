"""The rules that are in common use, for comparison: how often they cry wolf is why `decide` is not one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .cells import psi
from .columns import finite_sorted, read_columns
from .kolmogorov_smirnov import KolmogorovSmirnov
from .reference import Reference
from .reference_columns import NumericColumn

if TYPE_CHECKING:
    from .columns import Frame

PSI_LIMIT, KS_LEVEL = 0.1, 0.05


class NaiveVerdict(NamedTuple):
    """What naive rules say of a window. `psi`: columns with a PSI over 0.1, whatever the number of rows. `ks`: columns with a p-value of
    at most 0.05, whatever the number of columns."""

    rows: int
    psi: tuple[str, ...]
    ks: tuple[str, ...]

    def __str__(self) -> str:
        return f"PSI > {PSI_LIMIT}: {len(self.psi)} columns; KS at {KS_LEVEL}: {len(self.ks)} columns ({self.rows:,} rows)"


def naive_rules(reference: Reference, window: Frame) -> NaiveVerdict:
    """What the rules "PSI over 0.1" and "any KS test at 0.05" say of the numeric columns of a window.

    >>> import numpy as np
    >>> random = np.random.default_rng(0)
    >>> reference = Reference.of({"x": random.normal(size=5000)})
    >>> print(naive_rules(reference, {"x": random.normal(size=50)}))
    PSI > 0.1: 1 columns; KS at 0.05: 0 columns (50 rows)
    """
    data, test = read_columns(window), KolmogorovSmirnov()
    over, significant = [], []
    for name, column in reference.columns.items():
        if isinstance(column, NumericColumn) and name in data:
            ordered = finite_sorted(data[name].numbers)
            if psi(column.cells, column.cells_of(ordered)) > PSI_LIMIT:
                over.append(name)
            if test.compare(column, ordered).p <= KS_LEVEL:
                significant.append(name)
    return NaiveVerdict(next((each.rows for each in data.values()), 0), tuple(over), tuple(significant))
