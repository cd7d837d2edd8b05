"""The Identity Provider: principals, rights, grants, decisions and the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .audit import AuditEntry, AuditLog
    from .decisions import Decision, DecisionReason
    from .grants import Grant
    from .principals import Principal, PrincipalKind
    from .provider import IdentityProvider
    from .rights import ROLES, Right

__all__ = [
    "ROLES",
    "AuditEntry",
    "AuditLog",
    "Decision",
    "DecisionReason",
    "Grant",
    "IdentityProvider",
    "Principal",
    "PrincipalKind",
    "Right",
]

_HOME = {
    "AuditEntry": "audit",
    "AuditLog": "audit",
    "Decision": "decisions",
    "DecisionReason": "decisions",
    "Grant": "grants",
    "IdentityProvider": "provider",
    "Principal": "principals",
    "PrincipalKind": "principals",
    "ROLES": "rights",
    "Right": "rights",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
