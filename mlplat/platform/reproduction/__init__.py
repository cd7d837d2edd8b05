"""Reproduction: a model is made again from its lineage, and compared bit for bit.

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .reproducer import Reproducer, Reproduction
    from .verdict import Difference, Outcome, Verdict

__all__ = ["Difference", "Outcome", "Reproducer", "Reproduction", "Verdict"]

_HOME = {
    "Difference": "verdict",
    "Outcome": "verdict",
    "Reproducer": "reproducer",
    "Reproduction": "reproducer",
    "Verdict": "verdict",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
