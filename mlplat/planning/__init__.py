"""Capacity planning: scenarios, replications and their statistics, comparisons, searches for the smallest cluster, sweeps (docs/planning).

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_names import lazy_names

if TYPE_CHECKING:
    from .scenario import Scenario

__all__ = ["Scenario"]

_HOME = {"Scenario": "scenario"}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
