"""The standard deviation of a reference as drift tests use it: one that heavy tails do not blow up, and that no number overflows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .columns import Floats

_QUARTILES = 1.3489795003921634
"""Standard deviations between the quartiles of a normal distribution."""


def spread(values: Floats) -> float:
    """Standard deviation by the quartiles, as of a normal distribution; by all values where the quartiles are equal. 0 of a constant.

    >>> import numpy as np
    >>> spread(np.array([3.0, 3.0, 3.0])), round(spread(np.arange(1001.0)), 1)
    (0.0, 370.7)
    """
    import numpy as np

    unit = float(np.abs(values).max(initial=0.0))
    if unit == 0.0:
        return 0.0
    scaled = values / unit
    low, high = np.quantile(scaled, (0.25, 0.75), method="inverted_cdf")
    if low < high:
        return min(float(high - low) / _QUARTILES * unit, sys.float_info.max)
    return float(np.std(scaled)) * unit if scaled.min() < scaled.max() else 0.0
