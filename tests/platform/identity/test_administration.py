"""Roles, members, lists of grants and principals, the audit log."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, OptionError, UnknownNameError
from mlplat.platform.identity import DecisionReason, IdentityProvider, PrincipalKind, Right
from mlplat.platform.identity.audit import BATCH
from mlplat.platform.storage import Store

DATA = "dataset:shop/clicks"


class _Office:
    def __init__(self) -> None:
        self.sim, self.store = mp.Simulation(), Store()
        self.identity = IdentityProvider(self.sim, self.store)
        self.admin = self.identity.admin
        self.ada, self.bob, self.carl = (self.identity.create_user(name, actor=self.admin) for name in ("ada", "bob", "carl"))
        self.identity.create_project("shop", owner=self.ada, actor=self.admin)


def test_a_role_of_the_platform_is_given_like_every_other_and_listed() -> None:
    office = _Office()
    identity = office.identity
    identity.create_role("reviewer", ["read", "approve"], actor=office.admin)
    identity.add_member("shop", office.bob, "reviewer", actor=office.ada)
    grant = identity.grant(office.carl, "reviewer", DATA, actor=office.ada)
    assert grant.role == "reviewer" and grant.rights == {Right.READ, Right.APPROVE}
    assert identity.roles(actor=office.bob)["reviewer"] == {Right.READ, Right.APPROVE}
    for taken in ("owner", "reviewer", "read"):
        with pytest.raises(OptionError, match="is a role or right already"):
            identity.create_role(taken, "read", actor=office.admin)
    with pytest.raises(UnknownNameError, match="reviewer"):
        identity.add_member("shop", office.carl, "revewer", actor=office.ada)
    again = IdentityProvider(mp.Simulation(), office.store)
    assert again.roles(actor=office.bob) == identity.roles(actor=office.bob)


def test_a_new_role_takes_the_place_of_the_old_and_ends_what_was_given_by_it() -> None:
    office = _Office()
    identity = office.identity
    identity.add_member("shop", office.bob, "maintainer", actor=office.ada)
    kept = identity.grant(office.carl, "read", DATA, actor=office.bob)
    identity.add_member("shop", office.bob, "owner", actor=office.ada)
    assert identity.grants_of(office.carl, actor=office.carl) == (kept,)
    identity.add_member("shop", office.bob, "viewer", actor=office.ada)
    assert [(member.principal.name, member.role) for member in identity.members("shop", actor=office.bob)] == [
        ("ada", "owner"),
        ("bob", "viewer"),
    ]
    assert identity.grants_of(actor=office.carl) == ()
    assert identity.decide("read", DATA, actor=office.carl).reason is DecisionReason.GIVER_LOST
    assert not identity.decide("write", DATA, actor=office.bob)


def test_a_member_who_is_removed_holds_only_what_was_shared_with_them() -> None:
    office = _Office()
    identity = office.identity
    identity.add_member("shop", office.bob, actor=office.ada)
    identity.grant(office.bob, "read", f"{DATA}@1", actor=office.ada)
    identity.remove_member("shop", office.bob, actor=office.ada)
    assert identity.decide("read", f"{DATA}@1", actor=office.bob) and not identity.decide("read", DATA, actor=office.bob)
    with pytest.raises(UnknownNameError, match="unknown member"):
        identity.remove_member("shop", office.bob, actor=office.ada)
    with pytest.raises(AccessDenied):
        identity.members("shop", actor=office.bob)
    with pytest.raises(UnknownNameError, match="unknown project"):
        identity.members("shoop", actor=office.admin)


def test_grants_are_shown_to_who_gave_them_has_them_or_may_give_them() -> None:
    office = _Office()
    identity = office.identity
    first = identity.grant(office.bob, ["read", "share"], DATA, actor=office.ada)
    second = identity.grant(office.carl, "read", DATA, actor=office.bob)
    other = identity.grant(office.carl, "read", "model:shop/churn", actor=office.ada)
    assert identity.grants_on(DATA, actor=office.bob) == (first, second)
    assert [grant.resource for grant in identity.grants_on(DATA, actor=office.ada)] == [DATA, DATA, "project:shop"]
    assert identity.grants_of(actor=office.carl) == (second, other) == identity.grants_of(office.carl, actor=office.ada)
    assert identity.grants_of(office.carl, actor=office.bob) == (second,)
    assert identity.grants_of(office.bob, actor=office.carl) == ()
    with pytest.raises(AccessDenied):
        identity.grants_on(DATA, actor=office.carl)


def test_a_third_party_sees_nobody_but_itself_and_its_groups() -> None:
    office = _Office()
    identity = office.identity
    lab = identity.create_third_party("lab", origin="elsewhere/user-3", actor=office.admin)
    team = identity.create_group("partners", [lab], actor=office.admin)
    assert identity.principals(actor=lab) == (lab, team)
    assert identity.principals("user", actor=office.bob) == (office.admin, office.ada, office.bob, office.carl)
    assert identity.principals(PrincipalKind.THIRD_PARTY, actor=office.bob) == (lab,)
    with pytest.raises(OptionError, match="expected one of user, service-account"):
        identity.principals("robot", actor=office.bob)
    with pytest.raises(OptionError, match="is there already"):
        identity.create_third_party("laboratory", origin="elsewhere/user-3", actor=office.admin)
    with pytest.raises(UnknownNameError, match=r"Known: lab, partners$"):
        identity.grants_of("labb", actor=lab)
    identity.delete(lab, actor=office.admin)
    again = identity.create_third_party("lab", origin="elsewhere/user-3", actor=office.admin)
    assert again.id != lab.id and identity.principals(actor=again) == (again,)


def test_whoami_says_by_which_token_and_in_which_groups() -> None:
    office = _Office()
    identity = office.identity
    team = identity.create_group("team", [office.bob], actor=office.admin)
    assert identity.whoami(actor=office.bob) == (office.bob, (team.id,), 0, None, "", None)
    session = identity.create_token({DATA: "read"}, lifetime="1h", actor=office.bob)
    assert identity.whoami(actor=session.token)[:4] == (office.bob, (team.id,), session.id, 3600.0)


def test_s97_the_audit_log_is_for_administrators_and_of_oneself() -> None:
    office = _Office()
    identity = office.identity
    grant = identity.grant(office.bob, ["read", "share"], DATA, actor=office.ada)
    identity.revoke(grant, actor=office.ada)
    with pytest.raises(AccessDenied):
        identity.grant(office.carl, "read", DATA, actor=office.bob)
    own = identity.audit(actor=office.bob)
    assert {entry.decision.principal for entry in own} == {office.bob.id}
    assert [(entry.call, entry.decision.reason) for entry in own if not entry.decision.allowed] == [
        ("identity.grant", DecisionReason.GRANT_REVOKED)
    ]
    assert identity.audit(principal=office.ada, resource=DATA, actor=office.admin)[0].call == "identity.grant"
    with pytest.raises(AccessDenied):
        identity.audit(principal=office.ada, actor=office.bob)
    frame = identity.audit(allowed=False, actor=office.admin).to_polars()
    assert frame.columns == ["time", "call", "principal", "right", "resource", "zone", "allowed", "reason", "grant", "token"]
    assert frame["reason"].to_list() == ["GRANT_REVOKED", "NO_GRANT"]


def test_the_audit_log_names_the_token() -> None:
    office = _Office()
    session = office.identity.create_token(actor=office.bob)
    office.identity.decide("read", DATA, actor=session.token)
    assert office.identity.audit(actor=office.bob)[-2].token == session.id


def test_the_audit_log_outlives_the_provider_but_for_what_was_not_written_yet() -> None:
    office = _Office()
    identity = office.identity
    identity.audit(actor=office.admin)  # written down
    written = len(list(identity._authorization.audit))
    for _ in range(BATCH + 3):
        identity.roles(actor=office.bob)
    again = IdentityProvider(mp.Simulation(), office.store)
    assert list(again._authorization.audit) == list(identity._authorization.audit)[: written + BATCH]
    identity._authorization.audit.flush()
    assert len(list(again._authorization.audit)) == written + BATCH + 3


def test_a_transaction_that_fails_takes_no_decisions_with_it() -> None:
    office = _Office()

    def _fail() -> None:
        with office.store.transaction():
            for _ in range(BATCH + 1):
                office.identity.roles(actor=office.bob)
            raise KeyError

    with pytest.raises(KeyError):
        _fail()
    assert len([entry for entry in office.identity._authorization.audit if entry.call == "identity.roles"]) == BATCH + 1


def test_what_is_kept_together_is_kept_together() -> None:
    office = _Office()

    class Broken(Store):
        def append(self, journal: str, *records: Any) -> None:
            if len(records) > 1 and journal == "identity":
                raise OSError("disk full")
            super().append(journal, *records)

    office.identity._store = broken = Broken()
    with pytest.raises(OSError, match="disk full"):
        office.identity.create_project("books", owner=office.bob, actor=office.admin)
    assert "books" not in office.identity._authorization.directory.projects and not list(broken.records("identity"))
