"""The Identity Provider: what grants allow, from one call to the next."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, OptionError, UnknownNameError
from mlplat.platform.identity import DecisionReason, IdentityProvider, Principal, Right
from mlplat.platform.references import covering

DATA = "dataset:shop/clicks"


class _People:
    def __init__(self) -> None:
        self.sim = mp.Simulation()
        self.identity = IdentityProvider(self.sim)
        self.admin = self.identity.admin
        self.ada, self.bob = (self.identity.create_user(name, actor=self.admin) for name in ("ada", "bob"))
        self.identity.create_project("shop", owner=self.ada, actor=self.admin)

    def may(self, who: Principal | None, right: str = "read", resource: str = DATA, zone: str = "") -> bool:
        return self.identity._authorization.decide(who, Right(right), resource, zone).allowed


def test_everything_is_denied_that_no_grant_allows() -> None:
    people = _People()
    assert people.may(people.admin) and people.may(people.ada)
    assert not people.may(people.bob) and not people.may(None)


def test_s97_a_grant_holds_from_the_next_call_and_its_revocation_from_the_next_after() -> None:
    people = _People()
    grant = people.identity.grant(people.bob, "read", f"{DATA}@3", actor=people.ada)
    assert people.may(people.bob, resource=f"{DATA}@3") and not people.may(people.bob, resource=f"{DATA}@4")
    people.identity.revoke(grant, actor=people.ada)
    decision = people.identity.decide("read", f"{DATA}@3", actor=people.bob)
    assert not decision and decision.reason is DecisionReason.GRANT_REVOKED
    told = people.sim.log.select(predicate="grant.*", subject=f"grant:{grant.id}")
    assert [(event.predicate, event.actor) for event in told] == [("grant.created", people.ada.id), ("grant.revoked", people.ada.id)]


def test_a_grant_ends_at_its_instant() -> None:
    people = _People()
    people.identity.grant(people.bob, "read", DATA, until="1h", actor=people.ada)
    people.sim.run(until=3599)
    assert people.may(people.bob)
    people.sim.run(until=3600)
    assert people.identity.decide("read", DATA, actor=people.bob).reason is DecisionReason.GRANT_EXPIRED


def test_a_grant_for_a_zone_holds_in_that_zone_only() -> None:
    people = _People()
    people.identity.grant(people.bob, "deploy", "model:shop/*", zone="prod", actor=people.ada)
    assert people.may(people.bob, "deploy", "model:shop/churn@1", "prod")
    assert not people.may(people.bob, "deploy", "model:shop/churn@1", "stage")
    assert people.identity.decide("deploy", "model:shop/churn", actor=people.bob).reason is DecisionReason.OTHER_ZONE


def test_members_of_a_group_hold_what_it_holds_while_they_are() -> None:
    people = _People()
    team = people.identity.create_group("team", [people.bob], actor=people.admin)
    people.identity.grant(team, "viewer", DATA, actor=people.ada)
    assert people.may(people.bob)
    people.identity.remove_from_group(team, people.bob, actor=people.admin)
    assert not people.may(people.bob)


def test_nobody_gives_what_they_do_not_hold() -> None:
    people = _People()
    people.identity.grant(people.bob, ["read", "share"], DATA, actor=people.ada)
    carl = people.identity.create_user("carl", actor=people.admin)
    people.identity.grant(carl, "read", DATA, actor=people.bob)
    with pytest.raises(AccessDenied, match="may not write"):
        people.identity.grant(carl, "write", DATA, actor=people.bob)
    with pytest.raises(AccessDenied, match="may not share"):
        people.identity.grant(people.bob, "read", DATA, actor=carl)
    assert people.sim.log.select(predicate="access.denied")[-1].data["reason"] == "NO_GRANT"


def test_s95_a_name_that_is_made_again_gets_a_new_id_without_the_old_rights() -> None:
    people = _People()
    people.identity.grant(people.bob, "read", DATA, actor=people.ada)
    people.identity.delete(people.bob, actor=people.admin)
    again = people.identity.create_user("bob", actor=people.admin)
    assert again.id != people.bob.id and not people.may(again) and not people.may(people.bob)
    with pytest.raises(AccessDenied, match="was deleted"):
        people.identity.decide("read", DATA, actor=people.bob)


MADE: dict[str, Callable[[IdentityProvider], Principal]] = {
    "user": lambda identity: identity.create_user("eve", actor=identity.admin),
    "service-account": lambda identity: identity.create_service_account("shop", "eve", actor=identity.admin),
    "third-party": lambda identity: identity.create_third_party("eve", actor=identity.admin),
    "group": lambda identity: identity.create_group("eve", actor=identity.admin),
}


@pytest.mark.parametrize("kind", MADE)
def test_s95_an_id_of_whatever_kind_never_returns_and_a_name_that_does_brings_nothing_along(kind: str) -> None:
    """S-95, A-10.4: over many deletions, and over providers of one store."""
    from mlplat.platform.storage import Store

    store = Store()
    seen: list[str] = []
    old: list[str] = []
    for _ in range(3):
        identity = IdentityProvider(mp.Simulation(), store, secret=b"a secret of some length")
        admin = identity.admin
        if not seen:
            bob = identity.create_user("bob", actor=admin)
            identity.create_project("shop", owner=bob, actor=admin)
            team = identity.create_group("team", actor=admin)
        for _ in range(2):
            who = MADE[kind](identity)
            assert who.id not in seen and who.id.startswith(kind)
            seen.append(who.id)
            assert identity.grants_of(who, actor=admin) == () and identity._authorization.grants.to(who.id) == []
            if kind == "group":
                identity.grant(who, "read", DATA, actor=bob)
                identity.add_to_group(who, bob, actor=admin)
            else:
                assert identity._authorization.directory.grantees(who.id) == (who.id,)
                assert not identity.decide("read", DATA, actor=who)
                for token in old:
                    with pytest.raises(AccessDenied):
                        identity.whoami(actor=token)
                identity.grant(team, "read", DATA, actor=bob)
                identity.add_to_group(team, who, actor=admin)
                identity.grant(who, "read", DATA, actor=bob)
                old.append(identity.create_token({DATA: "read"}, actor=who).token)
                assert identity.decide("read", DATA, actor=who)
            identity.delete(who, actor=admin)
    assert len(seen) == 6


def test_what_cannot_be_meant_is_refused_with_one_event() -> None:
    people = _People()
    before = len(people.sim.log)
    with pytest.raises(UnknownNameError, match="unknown right or role 'raed'"):
        people.identity.grant(people.bob, "raed", DATA, actor=people.ada)
    with pytest.raises(OptionError, match="is there already"):
        people.identity.create_project("shop", owner=people.bob, actor=people.admin)
    assert [event.predicate for event in people.sim.log[before:]] == ["call.refused"] * 2


def test_a_provider_over_the_same_store_decides_the_same() -> None:
    from mlplat.platform.storage import Store

    store = Store()
    first = IdentityProvider(mp.Simulation(), store)
    ada = first.create_user("ada", actor=first.admin)
    first.create_project("shop", owner=ada, actor=first.admin)
    second = IdentityProvider(mp.Simulation(), store)
    assert second.decide("write", DATA, actor=ada).allowed and second.admin == first.admin


def test_what_is_held_covers_exactly_what_is_allowed() -> None:
    people = _People()
    team = people.identity.create_group("team", [people.bob], actor=people.admin)
    people.identity.grant(team, "read", f"{DATA}@3", actor=people.ada)
    people.identity.grant(people.bob, ["read", "write"], "model:shop/*", until="1h", actor=people.ada)
    people.identity.grant(people.bob, "read", "image:shop/train", zone="prod", actor=people.ada)
    gone = people.identity.grant(people.bob, "read", "run:shop/r1", actor=people.ada)
    people.identity.revoke(gone, actor=people.ada)
    resources = (DATA, f"{DATA}@3", f"{DATA}@4", "model:shop/churn@1", "image:shop/train@1", "run:shop/r1", "project:shop")
    for now in (0, 3600):
        people.sim.run(until=now)
        for who in (people.admin, people.ada, people.bob):
            for right in ("read", "write"):
                held = people.identity._authorization.held(who, Right(right))
                for resource in resources:
                    assert people.may(who, right, resource) is not held.isdisjoint(covering(resource)), (who, right, resource, now)
    people.identity.delete(people.bob, actor=people.admin)
    assert people.identity._authorization.held(people.bob, Right.READ) == frozenset()


def test_a_grant_on_a_kind_that_is_none_is_refused_with_the_closest() -> None:
    people = _People()
    with pytest.raises(UnknownNameError, match="unknown kind of resource 'datasets'; did you mean 'dataset'"):
        people.identity.grant(people.bob, "read", "datasets:shop/clicks", actor=people.ada)
