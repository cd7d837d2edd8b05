"""Secrets: values by name that only those see whom a grant lets read them, in the whole of a project or in one zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .component import Secrets
    from .sealing import SecretKeyError
    from .values import Secret, SecretVersion

__all__ = ["Secret", "SecretKeyError", "SecretVersion", "Secrets"]

_HOME = {"Secret": "values", "SecretKeyError": "sealing", "SecretVersion": "values", "Secrets": "component"}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
