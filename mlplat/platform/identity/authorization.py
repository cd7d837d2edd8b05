"""`Authorization`: who calls, and whether they may. Asked by every component before it does anything; it denies by default."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from ...errors import AccessDenied, MlplatError, printable
from ..references import PLATFORM, plain
from .audit import AuditLog
from .decisions import SENTENCES, Decision, DecisionReason
from .directory import Directory
from .grant_table import Grants
from .principals import Principal, PrincipalKind, TokenBearer, same
from .rights import Right
from .tokens import Token, Tokens

if TYPE_CHECKING:
    from ...context import Simulation
    from ..storage.store import Store

Actor = Principal | str | None
"""Who calls: a principal, the text of a token, or None for somebody who does not say."""

NOBODY = ""


class Caller(NamedTuple):
    """Who calls: the id, why that cannot be taken for true (None where it can), the principal, and the token, if any."""

    id: str
    wrong: DecisionReason | None
    principal: Principal | None = None
    token: Token | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether it calls with a token that is for less than its principal may."""
        return self.token is not None and self.token.is_narrow


_ANONYMOUS = Caller(NOBODY, DecisionReason.ANONYMOUS)
_BAD_TOKEN = Caller(NOBODY, DecisionReason.BAD_TOKEN)


def _bearer(principal: Principal, token: Token) -> TokenBearer:
    return TokenBearer(principal.id, principal.name, principal.kind, principal.project, principal.origin, token=token)


class Authorization:
    """Takes decisions from a directory, grants and tokens, and writes them all down."""

    def __init__(self, sim: Simulation, store: Store, secret: bytes) -> None:
        self.sim = sim
        self.directory = Directory()
        self.grants = Grants(self.directory.grantees)
        self.tokens = Tokens(secret)
        self.audit = AuditLog(store)
        self.last_change_s = 0.0
        """When principals, grants or tokens were changed last (s)."""

    @property
    def last_use_s(self) -> float:
        """When a change was made or a decision taken last, as the store tells (s): the earliest at which a platform can go on, or what
        had expired would be good again. Decisions that a killed process had not written down do not count. Raises JournalError.
        """
        return max(self.last_change_s, self.audit.latest_s)

    def caller(self, actor: Actor) -> Caller:
        """Who calls, as the platform knows them: what the caller made is looked at once and not passed on."""
        if isinstance(actor, Principal):
            return self._principal(actor)
        if actor is None:
            return _ANONYMOUS
        if not isinstance(actor, str):
            return _BAD_TOKEN
        token, wrong = self.tokens.read(plain(actor), self.sim.env._now)
        if token is None:
            return _BAD_TOKEN
        principal = self.directory.get(token.principal)
        assert principal is not None
        if not self.directory.is_living(principal.id):
            wrong = DecisionReason.PRINCIPAL_DELETED
        return Caller(principal.id, wrong, _bearer(principal, token), token)

    def _principal(self, actor: Principal) -> Caller:
        if type(actor) not in (Principal, TokenBearer) or type(actor.id) is not str:
            return Caller(NOBODY, DecisionReason.UNKNOWN_PRINCIPAL)
        number = actor.id
        known = self.directory.get(number)
        if known is None:
            return Caller(printable(number[:80]), DecisionReason.UNKNOWN_PRINCIPAL)
        if not same(known, actor):
            return Caller(number, DecisionReason.UNKNOWN_PRINCIPAL)
        token = None
        if type(actor) is TokenBearer:  # inside a call: the token may have ended since
            given = actor.token
            token = self.tokens.get(given.id) if type(given) is Token else None
            if token is None or token.principal != number or not (token is given or replace(token, ended_s=None) == given):
                return Caller(number, DecisionReason.UNKNOWN_PRINCIPAL)
        wrong = None
        if not self.directory.is_living(number):
            wrong = DecisionReason.PRINCIPAL_DELETED
        elif actor.kind is PrincipalKind.GROUP:
            wrong = DecisionReason.GROUP
        elif token is not None and token.ended_s is not None:
            wrong = DecisionReason.TOKEN_REVOKED
        elif token is not None and self.sim.env._now >= token.expires_s:
            wrong = DecisionReason.TOKEN_EXPIRED
        return Caller(number, wrong, known if token is None else _bearer(known, token), token)

    def who(self, actor: Actor) -> tuple[str, DecisionReason | None]:
        """The id of who calls, and why that cannot be taken for true; None where it can."""
        caller = self.caller(actor)
        return caller.id, caller.wrong

    def decide(self, actor: Actor, right: Right, resource: str, zone: str = "") -> Decision:
        """Whether `actor` may use a right on a resource in a zone. Nothing is written down."""
        if type(actor) is Principal and self.directory.callers.get(actor.id) is actor:  # as is most frequent
            return self._granted(actor.id, right, resource, zone)
        return self._decide(self.caller(actor), right, resource, zone)

    def _decide(self, caller: Caller, right: Right, resource: str, zone: str) -> Decision:
        number, wrong, _, token = caller
        if wrong is None and token is not None and not token.allows(right, resource, zone):
            wrong = DecisionReason.OUT_OF_SCOPE
        if wrong is not None:
            return Decision(False, wrong, number, right, resource, zone)
        return self._granted(number, right, resource, zone)

    def _granted(self, number: str, right: Right, resource: str, zone: str) -> Decision:
        reason, grant = self.grants.find(self.directory.grantees(number), right, resource, zone, self.sim.env._now)
        return Decision(reason is DecisionReason.GRANTED, reason, number, right, resource, zone, grant)

    def require(
        self,
        actor: Actor,
        right: Right,
        resource: str,
        zone: str = "",
        *,
        call: str = "",
        source: str = "identity",
        named: Callable[[], str] | None = None,
    ) -> Principal:
        """Who calls, if they may. The decision is in the audit log.

        `named`: how a refusal names the resource, such as by the alias that was given: who may not read it is not told what that means,
        by the error, the event or their part of the audit log. Raises AccessDenied for everybody else, after one event `access.denied`
        {action, resource, reason}.
        """
        caller = self.caller(actor)
        decision = self._decide(caller, right, resource, zone)
        if named is not None and not decision.allowed:
            decision = decision._replace(resource=named())
        return self._settle(caller, decision, call, source)

    def require_one(
        self, actor: Actor, rights: Iterable[Right], resource: str, zone: str = "", *, call: str = "", source: str = "identity"
    ) -> Principal:
        """Who calls, if they may by any of several rights. As `require`; what is written down is the first that holds, or else the last."""
        caller = self.caller(actor)
        for right in rights:
            decision = self._decide(caller, right, resource, zone)
            if decision.allowed:
                break
        return self._settle(caller, decision, call, source)

    def require_known(self, actor: Actor, resource: str = PLATFORM, *, call: str = "", source: str = "identity") -> Principal:
        """Who calls, whoever that is; for calls whose answer holds only what the caller may see. Raises AccessDenied for nobody."""
        caller = self.caller(actor)
        decision = Decision(caller.wrong is None, caller.wrong or DecisionReason.GRANTED, caller.id, Right.READ, resource)
        return self._settle(caller, decision, call, source)

    def require_whole(self, actor: Actor, *, call: str, source: str = "identity") -> Principal:
        """Who calls, unless with a token that is for something narrower. Raises AccessDenied as `require` does."""
        caller = self.caller(actor)
        wrong = caller.wrong or (DecisionReason.OUT_OF_SCOPE if caller.is_narrow else None)
        decision = Decision(wrong is None, wrong or DecisionReason.GRANTED, caller.id, Right.ADMIN, f"principal:{caller.id}")
        return self._settle(caller, decision, call, source)

    def refuse(self, actor: Actor, right: Right, resource: str, reason: DecisionReason, *, call: str, source: str = "identity") -> NoReturn:
        """Refuse what no right decides. Raises AccessDenied as `require` does."""
        caller = self.caller(actor)
        self._settle(caller, Decision(False, caller.wrong or reason, caller.id, right, resource), call, source)
        raise AssertionError("refused")

    def _settle(self, caller: Caller, decision: Decision, call: str, source: str) -> Principal:
        self.note(decision, call, caller.token)
        if not decision.allowed:
            self.tell(decision, call, source)
            who = decision.principal or "anonymous"
            raise AccessDenied(who, decision.right.value, decision.resource, SENTENCES[decision.reason])
        assert caller.principal is not None
        return caller.principal

    def note(self, decision: Decision, call: str, token: Token | None = None) -> None:
        """Into the audit log."""
        self.audit.add(self.sim.env._now, call, decision, 0 if token is None else token.id)

    def tell(self, decision: Decision, call: str, source: str) -> None:
        """The event of a refusal."""
        who = decision.principal or "anonymous"
        data = {"action": call or decision.right.value, "resource": decision.resource, "reason": decision.reason.value}
        self.sim.emit(f"principal:{who}", "access.denied", source=source, actor=who, data=data)

    def called(self, principal: str) -> Principal | None:
        """Who is meant by an id, or by a name that only one has; None for nobody. For calls that come with no more than that."""
        try:
            return self.directory.find(principal)
        except MlplatError:
            return None

    def may(self, principal: Actor, right: Right, resource: str, zone: str = "") -> bool:
        """Whether a principal may: for choosing what to show. Nothing is written down."""
        return self.decide(principal, right, resource, zone).allowed

    def held(self, principal: Actor, right: Right, zone: str = "") -> frozenset[str]:
        """The resources that a principal holds a right on; with it on all that these cover (`covering`), and on no other.

        For choosing what to show among very many. Nothing is written down.
        """
        number, wrong, _, token = self.caller(principal)
        if wrong is not None:
            return frozenset()
        held = self.grants.held(self.directory.grantees(number), right, zone, self.sim.env._now)
        return held if token is None else token.within(held, right, zone)
