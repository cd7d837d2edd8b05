"""Decisions: whether a principal may do something, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from .rights import Right


class DecisionReason(StrEnum):
    """Why a call is allowed or refused."""

    GRANTED = "GRANTED"
    NO_GRANT = "NO_GRANT"
    GRANT_EXPIRED = "GRANT_EXPIRED"
    GRANT_REVOKED = "GRANT_REVOKED"
    GIVER_LOST = "GIVER_LOST"
    """Who gave the grant holds no longer what they gave, or `share`."""
    OTHER_ZONE = "OTHER_ZONE"
    """There is a grant, for another zone."""
    NOT_OWNER = "NOT_OWNER"
    """Only the developer whose zone it is may start something there, whatever is granted."""
    OUT_OF_SCOPE = "OUT_OF_SCOPE"
    """The token is for something narrower."""
    ANONYMOUS = "ANONYMOUS"
    UNKNOWN_PRINCIPAL = "UNKNOWN_PRINCIPAL"
    PRINCIPAL_DELETED = "PRINCIPAL_DELETED"
    GROUP = "GROUP"
    """A group cannot call; its members can."""
    BAD_TOKEN = "BAD_TOKEN"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"
    TOKEN_REVOKED = "TOKEN_REVOKED"
    WRONG_CREDENTIALS = "WRONG_CREDENTIALS"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"


SENTENCES = {
    DecisionReason.GRANTED: "a grant allows it",
    DecisionReason.NO_GRANT: "nothing grants that",
    DecisionReason.GRANT_EXPIRED: "the grant has expired",
    DecisionReason.GRANT_REVOKED: "the grant was revoked",
    DecisionReason.GIVER_LOST: "who granted it does not hold it any more",
    DecisionReason.OUT_OF_SCOPE: "the token is for something narrower",
    DecisionReason.OTHER_ZONE: "the grant is for another zone",
    DecisionReason.NOT_OWNER: "it is another developer's zone",
    DecisionReason.ANONYMOUS: "nobody said who calls",
    DecisionReason.UNKNOWN_PRINCIPAL: "no such principal is known here",
    DecisionReason.PRINCIPAL_DELETED: "the principal was deleted",
    DecisionReason.GROUP: "a group cannot call",
    DecisionReason.BAD_TOKEN: "who calls is neither a principal nor the text of a token of this platform",
    DecisionReason.TOKEN_EXPIRED: "the token has expired",
    DecisionReason.TOKEN_REVOKED: "the token was revoked",
    DecisionReason.WRONG_CREDENTIALS: "the name or the password is wrong",
    DecisionReason.TOO_MANY_ATTEMPTS: "too many attempts have failed",
}


class Decision(NamedTuple):
    """Whether `principal` (an id, empty if nobody said) may use `right` on `resource`, why, and by which grant (0 for none)."""

    allowed: bool
    reason: DecisionReason
    principal: str
    right: Right
    resource: str
    zone: str = ""
    grant: int = 0

    def __bool__(self) -> bool:
        return self.allowed

    def __str__(self) -> str:
        who = self.principal or "nobody"
        where = f" in zone {self.zone}" if self.zone else ""
        by = f" (grant {self.grant})" if self.grant else ""
        return f"{who} {'may' if self.allowed else 'may not'} {self.right.value} {self.resource}{where}: {SENTENCES[self.reason]}{by}"
