"""The platform layer: identity, artifacts, zones and automation, on top of the infrastructure's Management Endpoint.

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_names import lazy_names

if TYPE_CHECKING:
    from .facade import Platform
    from .references import Reference
    from .storage.store import Store

__all__ = ["Platform", "Reference", "Store"]

_HOME = {"Platform": "facade", "Reference": "references", "Store": "storage.store"}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
