"""Sweeps: many runs of a scenario over values of its fields, on one machine or many, none of them made twice (docs/planning/sweeps.md).

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .axes import Between
    from .designs import Design, grid, latin_hypercube, random
    from .errors import OtherSweepError, SweepError, SweepInUseError
    from .outcome import Sweep
    from .sweeping import sweep

__all__ = [
    "Between",
    "Design",
    "OtherSweepError",
    "Sweep",
    "SweepError",
    "SweepInUseError",
    "grid",
    "latin_hypercube",
    "random",
    "sweep",
]

_HOME = {
    "Between": "axes",
    "Design": "designs",
    "OtherSweepError": "errors",
    "Sweep": "outcome",
    "SweepError": "errors",
    "SweepInUseError": "errors",
    "grid": "designs",
    "latin_hypercube": "designs",
    "random": "designs",
    "sweep": "sweeping",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
