"""Principals: who can call. Each has an id that was never another's and never will be."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tokens import Token


class PrincipalKind(StrEnum):
    """What a principal is."""

    USER = "user"
    SERVICE_ACCOUNT = "service-account"
    """An automatic component that acts for a project."""
    THIRD_PARTY = "third-party"
    """Somebody outside, who sees what was shared with them and nothing else."""
    GROUP = "group"
    """Several of the others. It cannot call; what is granted to it is granted to its members."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A user, a service account, a third party or a group.

    `id`: such as `user-3`, unique for ever. `name`: unique among the living of its kind. `project`: of a service account, whom it acts
    for, else empty. `origin`: of one who is known from another platform, the id there, else empty.
    """

    id: str
    name: str
    kind: PrincipalKind
    project: str = ""
    origin: str = ""

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class TokenBearer(Principal):
    """A principal who called with a token: it may what both its grants and the token allow, while the token is good."""

    token: Token = field(kw_only=True)

    def __str__(self) -> str:
        return self.id


def same(known: Principal, given: Principal) -> bool:
    """Whether they are one: of another platform somebody else may have the same id. What is no text is equal to none."""
    if not (type(given.name) is type(given.project) is type(given.origin) is str):
        return False
    return (known.id, known.name, known.kind, known.project, known.origin) == (
        given.id,
        given.name,
        given.kind,
        given.project,
        given.origin,
    )
