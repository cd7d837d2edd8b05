"""Generators fitted from a trace: `fit`, `FittedWorkload`, and how well one fits (docs/planning/fitting.md).

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .fitting import fit
    from .goodness import Check, GoodnessOfFit, held_out
    from .model import FittedWorkload

__all__ = ["Check", "FittedWorkload", "GoodnessOfFit", "fit", "held_out"]

_HOME = {"Check": "goodness", "FittedWorkload": "model", "GoodnessOfFit": "goodness", "fit": "fitting", "held_out": "goodness"}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
