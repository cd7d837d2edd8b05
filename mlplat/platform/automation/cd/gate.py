"""The gate before a deployment zone: what has to be approved, by whom, and until when."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from ....errors import OptionError, printable
from ....units import format_seconds, seconds
from .specs import Desired

LIFETIME_S = 7 * 86400.0


class Decision(StrEnum):
    """How an approval ended."""

    GRANTED = "granted"
    DENIED = "denied"
    EXPIRED = "expired"


class Refusal(StrEnum):
    """Why somebody does not decide an approval."""

    CLOSED = "CLOSED"
    EXPIRED = "EXPIRED"
    FOUR_EYES = "FOUR_EYES"
    """Who asked for it or made it does not approve it."""


SENTENCES = {
    Refusal.CLOSED: "it is closed already",
    Refusal.EXPIRED: "it has expired",
    Refusal.FOUR_EYES: "who asked for it, or made what it is about, does not approve it",
}


@dataclass(frozen=True, slots=True)
class GateRule:
    """What a zone asks of what goes into it. `required`: nothing goes in without an approval. `four_eyes`: its authors do not approve it.
    `expires_s`: so long an approval is waited for (s). `tests`: nothing goes in without a test that succeeded.

    >>> GateRule(required=True, expires_s="2d").expires_s
    172800.0
    """

    required: bool = False
    four_eyes: bool = True
    expires_s: float = LIFETIME_S
    tests: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "expires_s", seconds(self.expires_s))
        for name in ("required", "four_eyes", "tests"):
            if type(getattr(self, name)) is not bool:
                raise OptionError(f"{name}: a {type(getattr(self, name)).__name__}; expected True or False")
        if not self.expires_s > 0:
            raise OptionError(f"expires={self.expires_s:g} s: expected more than 0 s")

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {"required": self.required, "four_eyes": self.four_eyes, "expires_s": self.expires_s, "tests": self.tests}


@dataclass(frozen=True, slots=True)
class Approval:
    """A version that waits at the gate, or did.

    `desired`: what would be deployed, with digests. `asked_s`, `asked_by`; `authors`: ids of who asked for it and who made it. `evidence`:
    tests, each {kind, name, outcome, external}. `difference`: what is other than in the version that is deployed. `expires_s`: when it
    closes by itself. `decision`: None while it is open; `decided_by`: an id, `decided_s`, `comment`.
    """

    number: int
    desired: Desired
    asked_s: float
    asked_by: str
    authors: tuple[str, ...]
    evidence: tuple[Mapping[str, Any], ...]
    difference: Mapping[str, Any]
    expires_s: float
    four_eyes: bool
    decision: Decision | None = None
    decided_by: str = ""
    decided_s: float | None = None
    comment: str = ""

    @property
    def open(self) -> bool:
        """Whether it can be decided."""
        return self.decision is None

    def refusal(self, principal: str, decision: Decision, now: float) -> Refusal | None:
        """Why a principal does not take a decision now; None where they may. Who asked may always deny, which is to take it back."""
        if not self.open:
            return Refusal.CLOSED
        if now >= self.expires_s:
            return Refusal.EXPIRED
        if decision is Decision.GRANTED and self.four_eyes and principal in self.authors:
            return Refusal.FOUR_EYES
        return None

    def closed(self, decision: str, by: str, time: float, comment: str = "") -> Approval:
        """The same, decided."""
        return replace(self, decision=Decision(decision), decided_by=by, decided_s=time, comment=comment)

    def __str__(self) -> str:
        state = f"open until {format_seconds(self.expires_s)}" if self.decision is None else f"{self.decision.value} by {self.decided_by}"
        lines = [f"approval {self.number} of {self.desired.what} for {self.desired.name} in {self.desired.zone}: {state}"]
        lines.append(f"  digest: {self.desired.digest}")
        lines += [f"  {_test(each)}" for each in self.evidence] or ["  no test is known"]
        lines += [f"  {printable(str(key))}: {printable(str(value))}" for key, value in self.difference.items()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        first, *rest = str(self).split("\n")
        return f"<p>{html.escape(first)}</p><ul>{''.join(f'<li>{html.escape(line)}</li>' for line in rest)}</ul>"


def _test(each: Mapping[str, Any]) -> str:
    external = " (external)" if each.get("external") else ""
    return printable(f"{each.get('kind', 'test')} {each.get('name', '')}: {each.get('outcome', 'unknown')}{external}")
