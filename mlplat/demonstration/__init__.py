"""The demonstration: the life of a model on a platform, by itself, from the first commit to a model that was retrained and reproduced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_names import lazy_names

if TYPE_CHECKING:
    from .loop import Demonstration, demonstrate
    from .story import show

__all__ = ["Demonstration", "demonstrate", "show"]

_HOME = {"Demonstration": "loop", "demonstrate": "loop", "show": "story"}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
