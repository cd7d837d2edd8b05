"""Many tests at once: p-values adjusted, so that they can be compared with the level as if each were the only one."""

from __future__ import annotations

import numpy as np

from ...errors import OptionError
from .samples import Floats, Values, sample


def holm(p_values: Values) -> list[float]:
    """Adjusted so that the chance of any false alarm among all of them is at most the level, whatever they have to do with each other
    (Holm, Scandinavian Journal of Statistics 6, 1979). Raises OptionError.

    >>> holm([0.01, 0.04, 0.02])
    [0.03, 0.04, 0.04]
    """
    from ...platform.automation.monitoring.drift.correction import holm as adjusted

    return [float(p) for p in adjusted(_checked(p_values))]


def benjamini_hochberg(p_values: Values) -> list[float]:
    """Adjusted so that on average at most the level of what is found is false (Benjamini and Hochberg, JRSS B 57, 1995): finds more than
    `holm`, for independent or positively dependent tests. Raises OptionError.

    >>> benjamini_hochberg([0.01, 0.04, 0.02])
    [0.03, 0.04, 0.03]
    """
    p = _checked(p_values)
    if not len(p):
        return []
    order = np.argsort(-p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(p[order] * len(p) / np.arange(len(p), 0, -1)))
    return [float(value) for value in adjusted]


def _checked(p_values: Values) -> Floats:
    p = sample("p_values", p_values, 0)
    if ((p < 0) | (p > 1)).any():
        at = int(np.argmax((p < 0) | (p > 1)))
        raise OptionError(f"p_values[{at}] is {p[at]:g}; expected a probability from 0 to 1")
    return p
