"""Grants: which rights somebody holds on which resources; the table in which they are looked up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import inf

from ..references import covering
from .decisions import DecisionReason
from .rights import Right


@dataclass(frozen=True, slots=True)
class Grant:
    """`rights` of `grantee` (the id of a principal or group) on `resource` and what it covers (`references.covering`).

    `id`: counted from 1. `zone`: in this zone only; empty for all. `until`: seconds; it ends then, infinity for never. `giver`: the id of
    who granted it. `created_s`, `revoked_s`: seconds; None while it was not revoked.
    """

    id: int
    grantee: str
    rights: frozenset[Right]
    resource: str
    zone: str = ""
    until: float = inf
    giver: str = ""
    created_s: float = 0.0
    revoked_s: float | None = None

    def why_not(self, zone: str, now: float) -> DecisionReason | None:
        """Why it does not hold in a zone at a time (s); None where it holds."""
        if self.revoked_s is not None:
            return DecisionReason.GRANT_REVOKED
        if now >= self.until:
            return DecisionReason.GRANT_EXPIRED
        return DecisionReason.OTHER_ZONE if self.zone and self.zone != zone else None


_RANK = (DecisionReason.OTHER_ZONE, DecisionReason.GRANT_EXPIRED, DecisionReason.GRANT_REVOKED)
"""Which of several reasons is told."""


class Grants:
    """All grants there ever were, by grantee and resource. A lookup takes time by the grants on the resource, not by their total."""

    def __init__(self) -> None:
        self._by_id: dict[int, Grant] = {}
        self._on: dict[tuple[str, str], list[int]] = {}

    def add(self, grant: Grant) -> None:
        """One more."""
        self._by_id[grant.id] = grant
        self._on.setdefault((grant.grantee, grant.resource), []).append(grant.id)

    def revoke(self, number: int, now: float) -> Grant:
        """It holds no longer."""
        grant = self._by_id[number] = replace(self._by_id[number], revoked_s=now)
        return grant

    def get(self, number: int) -> Grant | None:
        """By its id."""
        return self._by_id.get(number)

    def __iter__(self) -> Iterator[Grant]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def find(self, grantees: Iterable[str], right: Right, resource: str, zone: str, now: float) -> tuple[DecisionReason, int]:
        """GRANTED and the first grant that holds, the nearest resource first; else why none does, and 0."""
        why = DecisionReason.NO_GRANT
        by_id, on = self._by_id, self._on
        who = tuple(grantees)
        for place in covering(resource):
            for grantee in who:
                for number in on.get((grantee, place), ()):
                    grant = by_id[number]
                    if right not in grant.rights:
                        continue
                    reason = grant.why_not(zone, now)
                    if reason is None:
                        return DecisionReason.GRANTED, number
                    if why is DecisionReason.NO_GRANT or _RANK.index(reason) < _RANK.index(why):
                        why = reason
        return why, 0
