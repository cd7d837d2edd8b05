"""`IdentityProvider`: who is who, and who may do what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ...errors import OptionError
from ...streams import stream
from ...units import Duration, seconds
from ..capabilities.table import Mark, marks
from ..record_shapes import ShapeError, ensure
from ..references import PLATFORM, check_name, check_project
from ..storage.store import JournalError, Store
from .authorization import Authorization
from .credential_calls import CredentialCalls
from .grant_calls import GrantCalls
from .grants import Grant
from .passwords import COST, PasswordHash, check_cost
from .principal_calls import PrincipalCalls
from .principals import Principal, PrincipalKind
from .project_calls import ProjectCalls
from .resources import check_resource
from .rights import Right
from .tokens import Token

if TYPE_CHECKING:
    from ...context import Simulation

ADMINISTRATOR = "admin"


class IdentityProvider(PrincipalCalls, ProjectCalls, GrantCalls, CredentialCalls):
    """Who is who, and who may do what: everything is denied that no grant allows.

    `admin`: the first principal, a user who holds every right on the platform and makes the others.

    `secret`: bytes, at least 16, that sign its tokens; drawn from the seed unless said, so that runs repeat: then who knows the seed can
    sign. Tokens of a store that is opened again are good under the same secret. `password_cost`: n of scrypt, a power of 2; small unless
    said, because the passwords of a simulation protect nothing. `token_lifetime`: of a session. Raises OptionError.

    >>> import mlplat as mp
    >>> identity = IdentityProvider(mp.Simulation())
    >>> ada = identity.create_user("ada", actor=identity.admin)
    >>> project = identity.create_project("shop", owner=ada, actor=identity.admin)
    >>> bob = identity.create_user("bob", actor=identity.admin)
    >>> share = identity.grant(bob, "read", "dataset:shop/clicks@3", actor=ada)
    >>> print(identity.decide("read", "dataset:shop/clicks@4", actor=bob))
    user-3 may not read dataset:shop/clicks@4: nothing grants that
    """

    UNCHECKED: ClassVar[Mapping[str, str]] = {
        **CredentialCalls.UNCHECKED,
        "admin": "who holds the provider may begin as its first administrator",
    }

    def __init__(
        self,
        sim: Simulation,
        store: Store | None = None,
        *,
        secret: bytes | None = None,
        password_cost: int = COST,
        token_lifetime: Duration = "8h",
    ) -> None:
        store = Store() if store is None else store
        lifetime_s = seconds(token_lifetime)
        if not lifetime_s > 0:
            raise OptionError(f"token_lifetime={token_lifetime!r}: expected more than 0 s")
        self._authorization = Authorization(sim, store, _secret(sim, secret))
        super().__init__(sim, self, store, cost=check_cost(password_cost), lifetime_s=lifetime_s)
        first = self._authorization.directory.get("user-1")
        if first is None:
            if self._authorization.directory.living():
                raise JournalError(store.place, self.SOURCE, 0, "expected the first administrator")
            self._write(
                self._principal_record("user-1", "user-1", ADMINISTRATOR, PrincipalKind.USER),
                self._grant_record("user-1", "user-1", frozenset(Right), PLATFORM, role="owner", on_behalf_of=PLATFORM),
            )
            first = self._authorization.directory.get("user-1")
        assert first is not None
        self.admin = first
        """Holds every right on the platform."""

    def _apply(self, record: Mapping[str, Any]) -> None:
        authorization, now = self._authorization, record["time"]
        directory, grants, tokens = authorization.directory, authorization.grants, authorization.tokens
        grants.advance(now)
        authorization.last_change_s = max(authorization.last_change_s, float(now))
        match record["what"]:
            case "principal.created":
                kind = PrincipalKind(record["kind"])
                ensure(record["id"] == directory.next_id(kind), f"{record['id']} is not the next id")
                ensure(directory.is_free(kind, check_name(record["name"])), f"{kind.value} {record['name']} is there already")
                directory.add(Principal(record["id"], record["name"], kind, record["project"], record["origin"]))
            case "principal.deleted":
                self._there(record["id"])
                directory.delete(record["id"])
                tokens.revoke_all(record["id"], now)
                self._passwords.pop(record["id"], None)
                grants.lose(record["id"], now)
            case "member.added":
                self._there(record["group"], PrincipalKind.GROUP)
                ensure(self._there(record["member"]) is not PrincipalKind.GROUP, "a group in a group")
                directory.add_member(record["group"], record["member"])
            case "member.removed":
                self._there(record["group"], PrincipalKind.GROUP)
                directory.remove_member(record["group"], record["member"])
                grants.left(record["member"], now)
            case "project.created":
                self._there(record["owner"])
                directory.projects[check_project(record["name"])] = record["owner"]
            case "role.created":
                directory.roles[record["name"]] = frozenset(Right(right) for right in record["rights"])
            case "grant.created":
                ensure(record["id"] == self._next_grant, f"{record['id']} is not the id of the next grant")
                self._there(record["grantee"])
                check_resource(record["resource"])
                grants.add(Grant.of(record))
            case "grant.revoked":
                grants.revoke(record["id"], now)
            case "password.set":
                self._there(record["id"])
                self._passwords[record["id"]] = PasswordHash.of(record)
                self._salts[record["id"]] = self._salts.get(record["id"], 0) + 1
            case "token.issued":
                ensure(record["id"] == len(tokens) + 1, f"{record['id']} is not the id of the next token")
                self._there(record["principal"])
                tokens.add(Token.of(record))
            case "token.revoked":
                tokens.revoke(record["id"], now)
            case "tokens.revoked":
                tokens.revoke_all(record["principal"], now)

    def _there(self, number: str, kind: PrincipalKind | None = None) -> PrincipalKind:
        """The kind of a living principal. Raises ShapeError for an id that is nobody's, or not of this kind."""
        found = self._authorization.directory.get(number)
        if found is None or not self._authorization.directory.is_living(number) or kind not in (None, found.kind):
            raise ShapeError(f"{number}: expected the id of a {kind or 'principal'} who is there")
        return found.kind

    def _capabilities(self) -> Mapping[str, Mapping[str, Mark]]:
        return {"Identity Provider": marks("s5 R11")}


def _secret(sim: Simulation, given: bytes | None) -> bytes:
    if given is None:
        return stream(sim.seed, "identity.secret").bytes(32)
    if not isinstance(given, bytes) or len(given) < 16:
        raise OptionError("secret: expected at least 16 bytes")
    return given
