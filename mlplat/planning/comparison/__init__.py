"""Policies compared on the same jobs: differences with intervals, and a verdict only where it is significant (docs/planning/comparison.md).

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .comparing import compare
    from .comparison_result import COLUMNS, Comparison
    from .policies import Policy

__all__ = ["COLUMNS", "Comparison", "Policy", "compare"]

_HOME = {"COLUMNS": "comparison_result", "Comparison": "comparison_result", "Policy": "policies", "compare": "comparing"}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
