"""The Identity Provider: principals, rights, grants, credentials, decisions and the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .audit import AuditEntry, AuditTrail
    from .credential_calls import Session
    from .decisions import Decision, DecisionReason
    from .grants import Grant
    from .passwords import AuthenticationError
    from .principal_calls import Standing
    from .principals import Principal, PrincipalKind
    from .project_calls import Member
    from .provider import IdentityProvider
    from .rights import ROLES, Right
    from .tokens import Scope, Token

__all__ = [
    "ROLES",
    "AuditEntry",
    "AuditTrail",
    "AuthenticationError",
    "Decision",
    "DecisionReason",
    "Grant",
    "IdentityProvider",
    "Member",
    "Principal",
    "PrincipalKind",
    "Right",
    "Scope",
    "Session",
    "Standing",
    "Token",
]

_HOME = {
    "AuditEntry": "audit",
    "AuditTrail": "audit",
    "AuthenticationError": "passwords",
    "Decision": "decisions",
    "DecisionReason": "decisions",
    "Grant": "grants",
    "IdentityProvider": "provider",
    "Member": "project_calls",
    "Principal": "principals",
    "PrincipalKind": "principals",
    "ROLES": "rights",
    "Right": "rights",
    "Scope": "tokens",
    "Session": "credential_calls",
    "Standing": "principal_calls",
    "Token": "tokens",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
