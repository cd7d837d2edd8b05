"""Simulations that can be watched while they run: in the terminal, and on a page that only this machine can open.

The wall clock paces what is shown and nothing else: a simulation comes to the same end whether it is watched or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .paced_runs import watch, watch_scenario, watching

__all__ = ["watch", "watch_scenario", "watching"]

_HOME = {"watch": "paced_runs", "watch_scenario": "paced_runs", "watching": "paced_runs"}
__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
