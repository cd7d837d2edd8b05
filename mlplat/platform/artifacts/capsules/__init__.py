"""Capsules: a model with all that it was made of, as one file.

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....lazy_names import lazy_names

if TYPE_CHECKING:
    from .capsules import Capsules
    from .errors import CapsuleError, IncompleteLineageError
    from .stores import Stores
    from .summary import CapsuleImport, CapsuleSummary, Member

__all__ = ["CapsuleError", "CapsuleImport", "CapsuleSummary", "Capsules", "IncompleteLineageError", "Member", "Stores"]

_HOME = {
    "CapsuleError": "errors",
    "CapsuleImport": "summary",
    "CapsuleSummary": "summary",
    "Capsules": "capsules",
    "IncompleteLineageError": "errors",
    "Member": "summary",
    "Stores": "stores",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
