"""What can be said of simulated figures: intervals, warm-up, paired comparison, stopping rules, selection of the best, many tests at once.

One method a file, each with its source. Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .allocation import allocate_ocba
    from .batches import BatchInterval, batch_means, batch_quantile
    from .corrections import benjamini_hochberg, holm
    from .interval import Interval
    from .means import mean_interval
    from .pairs import Paired, paired
    from .quantiles import quantile_interval
    from .ratios import ratio_interval
    from .selection import Elimination, Selection, select_best
    from .sequential import Sequential, until_narrow
    from .warm_up import WarmUp, mser5, warm_up

__all__ = [
    "BatchInterval",
    "Elimination",
    "Interval",
    "Paired",
    "Selection",
    "Sequential",
    "WarmUp",
    "allocate_ocba",
    "batch_means",
    "batch_quantile",
    "benjamini_hochberg",
    "holm",
    "mean_interval",
    "mser5",
    "paired",
    "quantile_interval",
    "ratio_interval",
    "select_best",
    "until_narrow",
    "warm_up",
]

_HOME = {
    "BatchInterval": "batches",
    "Elimination": "selection",
    "Interval": "interval",
    "Paired": "pairs",
    "Selection": "selection",
    "Sequential": "sequential",
    "WarmUp": "warm_up",
    "allocate_ocba": "allocation",
    "batch_means": "batches",
    "batch_quantile": "batches",
    "benjamini_hochberg": "corrections",
    "holm": "corrections",
    "mean_interval": "means",
    "mser5": "warm_up",
    "paired": "pairs",
    "quantile_interval": "quantiles",
    "ratio_interval": "ratios",
    "select_best": "selection",
    "until_narrow": "sequential",
    "warm_up": "warm_up",
}
__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
