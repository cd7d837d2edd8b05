"""`Authorization`: who calls, and whether they may. Asked by every component before it does anything; it denies by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import AccessDenied
from .audit import AuditLog
from .decisions import SENTENCES, Decision, DecisionReason
from .directory import Directory
from .grants import Grants
from .principals import Principal
from .rights import Right

if TYPE_CHECKING:
    from ...context import Simulation

Actor = Principal | str | None
"""Who calls: a principal, the text of a token, or None for somebody who does not say."""

NOBODY = ""


class Authorization:
    """Takes decisions from a directory and grants, and writes them all down."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim
        self.directory = Directory()
        self.grants = Grants()
        self.audit = AuditLog()

    def who(self, actor: Actor) -> tuple[str, DecisionReason | None]:
        """The id of who calls, and why that cannot be taken for true; None where it can."""
        if isinstance(actor, Principal):
            if self.directory.get(actor.id) != actor:
                return actor.id, DecisionReason.UNKNOWN_PRINCIPAL
            return actor.id, None if self.directory.is_living(actor.id) else DecisionReason.PRINCIPAL_DELETED
        if actor is None:
            return NOBODY, DecisionReason.ANONYMOUS
        return NOBODY, DecisionReason.BAD_TOKEN

    def decide(self, actor: Actor, right: Right, resource: str, zone: str = "") -> Decision:
        """Whether `actor` may use a right on a resource in a zone. Nothing is written down."""
        number, wrong = self.who(actor)
        if wrong is not None:
            return Decision(False, wrong, number, right, resource, zone)
        reason, grant = self.grants.find(self.directory.grantees(number), right, resource, zone, self.sim.env._now)
        return Decision(reason is DecisionReason.GRANTED, reason, number, right, resource, zone, grant)

    def require(self, actor: Actor, right: Right, resource: str, zone: str = "", *, call: str = "", source: str = "identity") -> Principal:
        """Who calls, if they may. The decision is in the audit log.

        Raises AccessDenied for everybody else, after one event `access.denied` {action, resource, reason}.
        """
        decision = self.decide(actor, right, resource, zone)
        self.audit.add(self.sim.env._now, call, decision)
        if not decision.allowed:
            self._deny(decision, call, source)
        found = self.directory.get(decision.principal)
        assert found is not None
        return found

    def require_known(self, actor: Actor, resource: str, *, call: str = "", source: str = "identity") -> Principal:
        """Who calls, whoever that is; for calls whose answer holds only what the caller may see. Raises AccessDenied for nobody."""
        number, wrong = self.who(actor)
        found = self.directory.get(number)
        decision = Decision(wrong is None, wrong or DecisionReason.GRANTED, number, Right.READ, resource)
        self.audit.add(self.sim.env._now, call, decision)
        if wrong is not None or found is None:
            self._deny(decision, call, source)
        assert found is not None
        return found

    def _deny(self, decision: Decision, call: str, source: str) -> None:
        who = decision.principal or "anonymous"
        data = {"action": call or decision.right.value, "resource": decision.resource, "reason": decision.reason.value}
        self.sim.emit(f"principal:{who}", "access.denied", source=source, actor=who, data=data)
        raise AccessDenied(who, decision.right.value, decision.resource, SENTENCES[decision.reason])

    def may(self, principal: Principal, right: Right, resource: str, zone: str = "") -> bool:
        """Whether a principal may: for choosing what to show. Nothing is written down."""
        return self.decide(principal, right, resource, zone).allowed
