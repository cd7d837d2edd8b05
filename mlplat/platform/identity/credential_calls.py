"""Calls about credentials: signing in, passwords, tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ...errors import OptionError, printable
from ...streams import stream
from ...units import Duration, seconds
from ..component import call, call_of_anybody
from ..references import PLATFORM, check_zone
from .authorization import Actor
from .decisions import Decision, DecisionReason
from .part import IdentityPart
from .passwords import Attempts, AuthenticationError, PasswordHash
from .principals import Principal, PrincipalKind
from .rights import Right
from .tokens import Scope, Token, scopes_of

if TYPE_CHECKING:
    from ...context import Simulation
    from ..storage.store import Store
    from .provider import IdentityProvider

PEOPLE = (PrincipalKind.USER, PrincipalKind.THIRD_PARTY)
"""Who can have a password; of two of one name the first kind is meant."""
STRANGERS = 10_000
"""Names that nobody has, of which failed attempts are remembered."""


@dataclass(frozen=True, slots=True)
class Session:
    """A token as it is issued: `token` is the text to call with (`actor=`), which is told this once and shown nowhere.

    `id`: of the token. `expires_s`: seconds. `zone`, `scopes`: what it is limited to.
    """

    token: str = field(repr=False)
    id: int
    principal: Principal
    expires_s: float
    zone: str = ""
    scopes: tuple[Scope, ...] | None = None


class CredentialCalls(IdentityPart):
    """How a principal proves who it is."""

    UNCHECKED: ClassVar[Mapping[str, str]] = {"authenticate": "who signs in is not known yet; the password is the check"}

    def __init__(self, sim: Simulation, identity: IdentityProvider, store: Store | None, *, cost: int, lifetime_s: float) -> None:
        self._cost, self._lifetime_s = cost, lifetime_s
        self._passwords: dict[str, PasswordHash] = {}
        self._salts: dict[str, int] = {}
        self._attempts, self._strangers = Attempts(), Attempts(STRANGERS)
        self._nobody = PasswordHash(stream(sim.seed, "identity.salt:").bytes(16), bytes(32), cost)
        super().__init__(sim, identity, store)

    def authenticate(self, name: str, password: str, *, zone: str = "") -> Session:
        """Sign in, by name or id. Answers a session whose token is good for 8 h (`token_lifetime` of the provider), in a zone only if
        that is said. Of a user and a third party of one name the user is meant.

        Raises AuthenticationError for a name that is unknown, a password that is wrong, and while too many attempts have failed, after
        one event `access.denied`.
        """
        check_zone(zone)
        principal = self._authorization.directory.named(name, PEOPLE) if isinstance(name, str) else None
        if principal is None:
            self._check_password(self._strangers, str(name)[:200], "", self._nobody, password, "authenticate")
            raise AssertionError("nobody has no password")
        known = self._passwords.get(principal.id, self._nobody)
        self._check_password(self._attempts, principal.id, principal.id, known, password, "authenticate")
        stronger = [self._password_record(principal.id, principal.id, password)] if known.n != self._cost else []
        token = self._write_token(principal.id, principal, self._lifetime_s, *stronger, zone=zone, session=True)
        self._authorization.note(
            Decision(True, DecisionReason.GRANTED, principal.id, Right.READ, PLATFORM, zone), "identity.authenticate", token
        )
        return self._session(token, principal)

    @call(Right.ADMIN, resource=PLATFORM)
    def set_password(self, principal: Principal | str, password: str, *, actor: Actor) -> None:
        """Give a user or third party a password. Its tokens end. Raises OptionError, UnknownNameError."""
        found = self._authorization.directory.find(principal)
        if found.kind not in PEOPLE:
            raise OptionError(f"{found.id}: a {found.kind.value} has no password; expected a user or a third party")
        self._write(self._password_record(actor, found.id, password), self._record("tokens.revoked", actor, principal=found.id))
        self._attempts.succeeded(found.id)

    @call_of_anybody
    def change_password(self, old: str, new: str, *, actor: Actor) -> None:
        """Change one's own password. One's tokens end. Raises AuthenticationError where `old` is wrong, OptionError."""
        caller = self._authorization.require_whole(actor, call="identity.change_password").id
        self._check_password(self._attempts, caller, caller, self._passwords.get(caller, self._nobody), old, "change_password")
        self._write(self._password_record(actor, caller, new), self._record("tokens.revoked", actor, principal=caller))

    @call_of_anybody
    def create_token(
        self,
        scopes: Mapping[str, str | Right | Iterable[str | Right]] | None = None,
        *,
        principal: Principal | str | None = None,
        lifetime: Duration = "90d",
        zone: str = "",
        label: str = "",
        actor: Actor,
    ) -> Session:
        """A token for oneself, or for a service account by who holds `admin` on its project.

        `scopes`: resources, and the rights on each (or on what it covers) that it is for, such as `{"dataset:shop/*": "read"}`; None for
        all that the principal may. It never allows more than the principal's grants do. Raises AccessDenied, OptionError.
        """
        authorization = self._authorization
        caller = authorization.require_whole(actor, call="identity.create_token")
        found = self._known(caller.id) if principal is None else self._find(principal, actor)
        if found.id != caller.id:
            self._require_account(actor, found, "create_token")
        given, lasts = scopes_of(scopes, authorization.directory.roles), seconds(lifetime)
        if not lasts > 0:
            raise OptionError(f"lifetime={lifetime!r}: expected more than 0 s")
        if not isinstance(label, str) or len(label) > 200 or not label.isprintable():
            raise OptionError(f"label {printable(str(label)[:80])!r}: expected at most 200 characters")
        return self._session(self._write_token(actor, found, lasts, zone=check_zone(zone), scopes=given, label=label), found)

    @call_of_anybody
    def tokens(self, principal: Principal | str | None = None, *, actor: Actor) -> tuple[Token, ...]:
        """The tokens that are good now, without their texts: one's own, or of a principal whose tokens one may revoke."""
        found = self._owner_of_tokens(principal, actor, "tokens")
        return tuple(self._authorization.tokens.of(found.id, self._sim.now))

    @call_of_anybody
    def revoke_token(self, token: Token | Session | int, *, actor: Actor) -> None:
        """A token is good no longer, from the next call on. By whose it is, who holds `admin` on the platform, or on the project of a
        service account. Raises AccessDenied, OptionError for one that was revoked already.
        """
        number = token.id if isinstance(token, (Token, Session)) else token
        found, authorization = self._authorization.tokens.get(number), self._authorization
        owner = None if found is None else authorization.directory.get(found.principal)
        if found is None or owner is None or not self._may_revoke(owner, actor):
            resource = f"token:{number if isinstance(number, int) else '?'}"
            authorization.refuse(actor, Right.ADMIN, resource, DecisionReason.NO_GRANT, call="identity.revoke_token")
        if found.ended_s is not None:
            raise OptionError(f"token {found.id} was revoked already")
        self._write(self._record("token.revoked", actor, id=found.id))

    @call_of_anybody
    def revoke_tokens(self, principal: Principal | str | None = None, *, actor: Actor) -> None:
        """All tokens of a principal, the caller's if not said, are good no longer. Raises AccessDenied."""
        found = self._owner_of_tokens(principal, actor, "revoke_tokens")
        self._write(self._record("tokens.revoked", actor, principal=found.id))

    # -- inside

    def _check_password(self, attempts: Attempts, key: str, number: str, known: PasswordHash, password: str, verb: str) -> None:
        """Raises AuthenticationError, after telling of it, for a wrong password, or where too many attempts have failed."""
        now, reason = self._sim.now, DecisionReason.TOO_MANY_ATTEMPTS
        if not attempts.wait_s(key, now):
            if known.matches(password):
                attempts.succeeded(key)
                return
            attempts.failed(key, now)
            reason = DecisionReason.WRONG_CREDENTIALS
        decision = Decision(False, reason, number, Right.READ, PLATFORM)
        self._authorization.note(decision, f"identity.{verb}")
        self._authorization.tell(decision, f"identity.{verb}", self.SOURCE)
        raise AuthenticationError(attempts.wait_s(key, now))

    def _password_record(self, actor: Actor, number: str, password: str) -> dict[str, Any]:
        salt = stream(self._sim.seed, f"identity.salt:{number}/{self._salts.get(number, 0)}").bytes(16)
        return self._record("password.set", actor, id=number, **PasswordHash.make(password, salt, self._cost).record())

    def _write_token(
        self,
        actor: Actor,
        principal: Principal,
        lifetime_s: float,
        *others: Mapping[str, Any],
        zone: str = "",
        scopes: tuple[Scope, ...] | None = None,
        session: bool = False,
        label: str = "",
    ) -> Token:
        """The next token; `others`: records that are kept with it."""
        tokens, now = self._authorization.tokens, self._sim.now
        number = len(tokens) + 1
        nonce = stream(self._sim.seed, f"identity.token:{number}").bytes(12).hex()
        token = Token(number, principal.id, now, now + lifetime_s, zone, scopes, session, label, nonce)
        self._write(*others, self._record("token.issued", actor, **token.record()))
        return token

    def _session(self, token: Token, principal: Principal) -> Session:
        text = self._authorization.tokens.text(token)
        return Session(text, token.id, principal, token.expires_s, token.zone, token.scopes)

    def _owner_of_tokens(self, principal: Principal | str | None, actor: Actor, verb: str) -> Principal:
        caller = self._authorization.require_whole(actor, call=f"identity.{verb}")
        if principal is None:
            return caller
        found = self._find(principal, actor)
        if not self._may_revoke(found, actor):
            self._authorization.refuse(actor, Right.ADMIN, f"principal:{found.id}", DecisionReason.NO_GRANT, call=f"identity.{verb}")
        return found

    def _require_account(self, actor: Actor, found: Principal, verb: str) -> None:
        """Raises AccessDenied for whoever may not act for this service account."""
        if found.kind is PrincipalKind.SERVICE_ACCOUNT:
            self._authorization.require(actor, Right.ADMIN, f"project:{found.project}", call=f"identity.{verb}")
        else:
            self._authorization.refuse(actor, Right.ADMIN, f"principal:{found.id}", DecisionReason.NO_GRANT, call=f"identity.{verb}")

    def _may_revoke(self, owner: Principal, actor: Actor) -> bool:
        authorization = self._authorization
        caller = authorization.caller(actor)
        if caller.id == owner.id:
            return not caller.is_narrow
        places = [PLATFORM, *([f"project:{owner.project}"] if owner.kind is PrincipalKind.SERVICE_ACCOUNT else [])]
        return any(authorization.may(actor, Right.ADMIN, place) for place in places)
