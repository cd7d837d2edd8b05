"""The scenario: what is asked of which cluster, and what one run of it is (docs/planning/scenarios.md).

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .measures import MEASURES, Measure
    from .objectives import Objective
    from .running import Figures, is_random, replication_seed, result_of, run_once, trace_of
    from .scenario import Scenario

__all__ = [
    "MEASURES",
    "Figures",
    "Measure",
    "Objective",
    "Scenario",
    "is_random",
    "replication_seed",
    "result_of",
    "run_once",
    "trace_of",
]

_HOME = {
    "Figures": "running",
    "MEASURES": "measures",
    "Measure": "measures",
    "Objective": "objectives",
    "Scenario": "scenario",
    "is_random": "running",
    "replication_seed": "running",
    "result_of": "running",
    "run_once": "running",
    "trace_of": "running",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
