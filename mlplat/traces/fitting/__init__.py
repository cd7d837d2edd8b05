"""Generators fitted from a trace: `fit`, `FittedWorkload`, and how well one fits (docs/planning/fitting.md).

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .fitting import fit
    from .goodness import Check, GoodnessOfFit, held_out
    from .model import FittedWorkload

__all__ = ["Check", "FittedWorkload", "GoodnessOfFit", "fit", "held_out"]

_HOME = {"Check": "goodness", "FittedWorkload": "model", "GoodnessOfFit": "goodness", "fit": "fitting", "held_out": "goodness"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
