"""Capacity planning: scenarios, replications and their statistics, comparisons, searches for the smallest cluster, sweeps (docs/planning).

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_names import lazy_names

if TYPE_CHECKING:
    from .comparison import Comparison, compare
    from .fleets import FleetPlan, smallest_fleet
    from .scenario import Scenario
    from .search.plan import Plan, plan

__all__ = ["Comparison", "FleetPlan", "Plan", "Scenario", "compare", "plan", "smallest_fleet"]

_HOME = {
    "Comparison": "comparison",
    "FleetPlan": "fleets",
    "Plan": "search.plan",
    "Scenario": "scenario",
    "compare": "comparison",
    "plan": "search.plan",
    "smallest_fleet": "fleets",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
