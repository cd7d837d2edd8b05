"""Tokens: text that says who calls, signed by the platform; it expires, can be revoked, and may be for less than its principal may."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from ...canonical import canonical_json
from ...errors import OptionError
from ..references import covering
from .decisions import DecisionReason
from .resources import check_resource
from .rights import Right, rights_of

MARK = "mlp1"
"""How every token begins: format and version."""
LONGEST = 4096
"""Characters of a text that is looked at."""


class Scope(NamedTuple):
    """`rights` on `resource` and what it covers (`references.covering`)."""

    rights: frozenset[Right]
    resource: str


def scopes_of(given: Mapping[str, Any] | None, roles: Mapping[str, frozenset[Right]]) -> tuple[Scope, ...] | None:
    """Scopes from a mapping of resources to rights or roles; None for no limit. Raises OptionError, UnknownNameError.

    >>> from mlplat.platform.identity import ROLES
    >>> scopes_of({"dataset:shop/*": "read"}, ROLES)
    (Scope(rights=frozenset({<Right.READ: 'read'>}), resource='dataset:shop/*'),)
    """
    if given is None:
        return None
    if not isinstance(given, Mapping) or not given:
        raise OptionError("scopes: expected resources and the rights on each, such as {'dataset:shop/*': 'read'}, or None for no limit")
    return tuple(Scope(rights_of(rights, roles), check_resource(resource)) for resource, rights in given.items())


@dataclass(frozen=True, slots=True)
class Token:
    """What the platform knows of a token; its text is told once, to whom it is issued.

    `id`: counted from 1. `principal`: the id of who calls with it. `issued_s`, `expires_s`: seconds. `zone`: it is good for calls in this
    zone only; empty for all. `scopes`: what it is for; None for all that its principal may. `session`: from signing in. `label`: its
    owner's word for it. `ended_s`: when it was revoked (s), None if it was not.
    """

    id: int
    principal: str
    issued_s: float
    expires_s: float
    zone: str = ""
    scopes: tuple[Scope, ...] | None = None
    session: bool = False
    label: str = ""
    nonce: str = field(default="", repr=False)
    ended_s: float | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether it allows less than its principal may."""
        return self.scopes is not None or bool(self.zone)

    def allows(self, right: Right, resource: str, zone: str = "") -> bool:
        """Whether a right on a resource in a zone is within its scope."""
        if self.zone and self.zone != zone:
            return False
        if self.scopes is None:
            return True
        places = covering(resource)
        return any(right in scope.rights and scope.resource in places for scope in self.scopes)

    def within(self, held: frozenset[str], right: Right, zone: str = "") -> frozenset[str]:
        """Of resources that a right is held on, with what they cover, those within its scope, or the parts of them that are."""
        if self.zone and self.zone != zone:
            return frozenset()
        if self.scopes is None:
            return held
        scopes = frozenset(scope.resource for scope in self.scopes if right in scope.rights)
        wholes = (one for one in held if not scopes.isdisjoint(covering(one)))
        return frozenset(wholes) | frozenset(scope for scope in scopes if not held.isdisjoint(covering(scope)))

    def record(self) -> dict[str, Any]:
        """For the journal; without its text, which needs the platform's secret to be made again."""
        scopes = None if self.scopes is None else [[sorted(right.value for right in s.rights), s.resource] for s in self.scopes]
        names = ("id", "principal", "issued_s", "expires_s", "zone", "session", "label", "nonce")
        return {name: getattr(self, name) for name in names} | {"scopes": scopes}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Token:
        """As a record of the journal says."""
        given = record["scopes"]
        scopes = None if given is None else tuple(Scope(frozenset(Right(right) for right in rights), place) for rights, place in given)
        names = ("id", "principal", "issued_s", "expires_s", "zone", "session", "label", "nonce")
        return cls(**{name: record[name] for name in names}, scopes=scopes)


class Tokens:
    """All tokens that were issued, and the secret that signs them."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._all: dict[int, Token] = {}
        self._of: dict[str, dict[int, None]] = {}
        self._verified: dict[str, int] = {}
        """Ids by text, of tokens whose signature was found good."""

    def add(self, token: Token) -> None:
        """One more."""
        self._all[token.id] = token
        self._of.setdefault(token.principal, {})[token.id] = None

    def revoke(self, number: int, now: float) -> None:
        """One is good no longer."""
        token = self._all[number]
        if token.ended_s is None:
            self._all[number] = replace(token, ended_s=now)
            self._of[token.principal].pop(number, None)

    def revoke_all(self, principal: str, now: float) -> None:
        """No token of a principal that was issued until now is good any longer."""
        for number in tuple(self._of.get(principal, ())):
            self.revoke(number, now)

    def get(self, number: object) -> Token | None:
        """By its id."""
        return self._all.get(number) if isinstance(number, int) else None

    def of(self, principal: str, now: float) -> Iterator[Token]:
        """Those of a principal that are good now (s)."""
        return (self._all[number] for number in self._of.get(principal, ()) if now < self._all[number].expires_s)

    def __len__(self) -> int:
        return len(self._all)

    def text(self, token: Token) -> str:
        """What its holder sends: mark, claims and signature (HMAC-SHA256 over mark and claims)."""
        claims = {
            "aud": token.zone,
            "exp": token.expires_s,
            "iat": token.issued_s,
            "jti": token.id,
            "nonce": token.nonce,
            "sub": token.principal,
        }
        signed = f"{MARK}.{base64.urlsafe_b64encode(canonical_json(claims)).decode().rstrip('=')}"
        return f"{signed}.{self._signature(signed)}"

    def read(self, text: str, now: float) -> tuple[Token | None, DecisionReason | None]:
        """The token of a text, and why it is not good now (s); None where it is. There is no token of a text that is not signed.

        The signature is compared as text, in constant time, so that there is one spelling only of each token.
        """
        number = self._verified.get(text)
        if number is None:
            number = self._verify(text)
            if number is None:
                return None, DecisionReason.BAD_TOKEN
            self._verified[text] = number
        token = self._all[number]
        if token.ended_s is None and now < token.expires_s:
            return token, None
        del self._verified[text]
        return token, DecisionReason.TOKEN_EXPIRED if token.ended_s is None else DecisionReason.TOKEN_REVOKED

    def _signature(self, signed: str) -> str:
        return hmac.new(self._secret, signed.encode("ascii"), hashlib.sha256).hexdigest()

    def _verify(self, text: str) -> int | None:
        if len(text) > LONGEST or not text.isascii():
            return None
        signed, _, signature = text.rpartition(".")
        if not hmac.compare_digest(self._signature(signed), signature):
            return None
        try:  # what we signed ourselves; a secret may sign for another platform too, whose tokens are none of ours
            claims = signed.partition(".")[2]
            token = self.get(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["jti"])
        except (ValueError, KeyError, TypeError):
            return None
        return token.id if token is not None and hmac.compare_digest(self.text(token), text) else None
