"""`Grant`: which rights somebody holds on which resource, by whom and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from .decisions import DecisionReason
from .rights import Right


@dataclass(frozen=True, slots=True)
class Grant:
    """`rights` of `grantee` (the id of a principal or group) on `resource` and what it covers (`references.covering`).

    `id`: counted from 1. `zone`: in this zone only; empty for all. `until`: seconds; it ends then, infinity for never. `giver`: the id of
    who granted it. `created_s`: seconds. `role`: by whose name the rights were given, or empty.

    `on_behalf_of`: `project:shop` of a membership, `zone:ada-dev` of whose a development zone is, `platform` of the first administrator's
    grant: it relies on nobody. Empty for all others, which are in force only as long as the giver holds `share` and these rights there.

    `ended_s`, `ended`: when (s) and why it ended, GRANT_REVOKED, GRANT_EXPIRED or GIVER_LOST; None while it is in force.
    """

    id: int
    grantee: str
    rights: frozenset[Right]
    resource: str
    zone: str = ""
    until: float = inf
    giver: str = ""
    created_s: float = 0.0
    role: str = ""
    on_behalf_of: str = ""
    ended_s: float | None = None
    ended: DecisionReason | None = None

    @property
    def needs(self) -> frozenset[Right]:
        """What its giver must hold."""
        return self.rights | {Right.SHARE}

    def __str__(self) -> str:
        rights = ", ".join(sorted(right.value for right in self.rights))
        zone = f" in zone {self.zone}" if self.zone else ""
        until = "" if self.until == inf else f" until {self.until:.10g} s"
        role = f" ({self.role})" if self.role else ""
        ended = "" if self.ended is None else f", ended: {self.ended.value}"
        return f"grant {self.id}: {self.grantee} may {rights} {self.resource}{zone}{until}{role}{ended}"

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Grant:
        """As a record of the journal says."""
        return cls(
            record["id"],
            record["grantee"],
            frozenset(Right(right) for right in record["rights"]),
            record["resource"],
            record["zone"],
            inf if record["until"] is None else record["until"],
            record["giver"],
            record["time"],
            record["role"],
            record["on_behalf_of"],
        )
