"""What a platform can do: which of the capabilities CB-1 … CB-17 it realises, worked out from what is wired.

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .table import CAPABILITIES, Capabilities, Mark
    from .wiring import capabilities_of

__all__ = ["CAPABILITIES", "Capabilities", "Mark", "capabilities_of"]

_HOME = {"CAPABILITIES": "table", "Capabilities": "table", "Mark": "table", "capabilities_of": "wiring"}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
