"""Grants end with what their giver held."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.errors import AccessDenied, OptionError
from mlplat.platform.identity import DecisionReason, IdentityProvider, Principal, Right
from mlplat.platform.storage import Store

from .naive_grants import NaiveGrant, NaiveGrants

DATA = "dataset:shop/clicks"


class _Chain:
    """ada, who owns the project, and bob, carl and dora."""

    def __init__(self) -> None:
        self.sim = mp.Simulation()
        self.identity = IdentityProvider(self.sim)
        self.admin = self.identity.admin
        self.ada, self.bob, self.carl, self.dora = (
            self.identity.create_user(name, actor=self.admin) for name in ("ada", "bob", "carl", "dora")
        )
        self.identity.create_project("shop", owner=self.ada, actor=self.admin)

    def give(self, giver: Principal, to: Principal, rights: Any = ("read", "share"), **options: Any) -> Any:
        return self.identity.grant(to, rights, DATA, actor=giver, **options)

    def why_inside(self, who: Principal) -> DecisionReason:
        """As a component asks, of one who may be deleted."""
        return self.identity._authorization.decide(who, Right.READ, DATA).reason

    def why(self, who: Principal) -> DecisionReason:
        return self.identity.decide("read", DATA, actor=who).reason


def test_what_a_giver_gave_ends_with_what_the_giver_held_at_once_and_all_along_the_chain() -> None:
    chain = _Chain()
    first = chain.give(chain.ada, chain.bob)
    second = chain.give(chain.bob, chain.carl)
    third = chain.give(chain.carl, chain.dora, "read")
    before = len(chain.sim.log)
    chain.identity.revoke(first, actor=chain.ada)
    assert chain.why(chain.bob) is DecisionReason.GRANT_REVOKED
    assert chain.why(chain.carl) is chain.why(chain.dora) is DecisionReason.GIVER_LOST
    told = chain.sim.log[before:]
    assert [(event.subject, event.predicate, event.data["reason"]) for event in told] == [
        (f"grant:{first.id}", "grant.revoked", "GRANT_REVOKED"),
        (f"grant:{second.id}", "grant.revoked", "GIVER_LOST"),
        (f"grant:{third.id}", "grant.revoked", "GIVER_LOST"),
    ]
    assert [event.cause for event in told[1:]] == [told[0].id] * 2


def test_two_who_grant_to_each_other_do_not_hold_each_other_up() -> None:
    chain = _Chain()
    root = chain.give(chain.ada, chain.bob)
    chain.give(chain.bob, chain.carl)
    chain.give(chain.carl, chain.bob)
    chain.identity.revoke(root, actor=chain.ada)
    assert chain.why(chain.bob) is chain.why(chain.carl) is DecisionReason.GIVER_LOST
    assert not list(chain.identity.grants_of(chain.carl, actor=chain.carl))


def test_what_is_held_twice_stands_on_the_other_and_ends_with_that() -> None:
    chain = _Chain()
    old = chain.give(chain.ada, chain.bob)
    chain.give(chain.bob, chain.carl)
    new = chain.give(chain.ada, chain.bob)
    chain.give(chain.carl, chain.bob)
    chain.identity.revoke(old, actor=chain.ada)
    assert chain.why(chain.carl) is DecisionReason.GRANTED
    chain.identity.revoke(new, actor=chain.ada)
    assert chain.why(chain.bob) is not DecisionReason.GRANTED and chain.why(chain.carl) is DecisionReason.GIVER_LOST


def test_expiry_removal_from_a_group_and_deletion_end_what_was_given_too_and_nothing_comes_back() -> None:
    chain = _Chain()
    chain.give(chain.ada, chain.bob, until="1h")
    chain.give(chain.bob, chain.carl, "read")
    chain.sim.run(until="1h")
    assert chain.why(chain.carl) is DecisionReason.GIVER_LOST and chain.why(chain.bob) is DecisionReason.GRANT_EXPIRED
    chain.give(chain.ada, chain.bob)
    assert chain.why(chain.carl) is DecisionReason.GIVER_LOST
    team = chain.identity.create_group("team", [chain.dora], actor=chain.admin)
    chain.give(chain.ada, team)
    chain.give(chain.dora, chain.carl, "read")
    chain.identity.remove_from_group(team, chain.dora, actor=chain.admin)
    assert chain.why(chain.carl) is DecisionReason.GIVER_LOST
    chain.give(chain.bob, chain.carl, "read")
    chain.identity.delete(chain.bob, actor=chain.admin)
    assert chain.why(chain.carl) is DecisionReason.GIVER_LOST


def test_what_stood_up_again_on_a_later_grant_does_not_hold_that_one_up() -> None:
    chain = _Chain()
    first = chain.give(chain.ada, chain.bob)
    chain.give(chain.bob, chain.carl)
    second = chain.give(chain.ada, chain.carl)
    chain.give(chain.carl, chain.bob)
    chain.identity.revoke(first, actor=chain.ada)
    assert chain.why(chain.bob) is chain.why(chain.carl) is DecisionReason.GRANTED
    chain.identity.revoke(second, actor=chain.ada)
    assert chain.why(chain.bob) is chain.why(chain.carl) is DecisionReason.GIVER_LOST


def test_what_is_held_in_one_zone_holds_up_what_was_given_in_that_zone_only() -> None:
    chain = _Chain()
    everywhere = chain.give(chain.ada, chain.bob)
    chain.give(chain.ada, chain.bob, zone="prod")
    chain.give(chain.bob, chain.carl, "read")
    chain.give(chain.bob, chain.dora, "read", zone="prod")
    chain.identity.revoke(everywhere, actor=chain.ada)
    assert chain.why(chain.carl) is DecisionReason.GIVER_LOST
    assert chain.identity.decide("read", DATA, zone="prod", actor=chain.dora)


def test_who_is_deleted_gave_by_a_group_too_and_a_group_that_is_deleted_takes_what_its_members_gave() -> None:
    chain = _Chain()
    first, second = (chain.identity.create_group(name, [chain.bob], actor=chain.admin) for name in ("first", "second"))
    chain.give(chain.ada, first)
    chain.give(chain.bob, chain.carl, "read")
    chain.identity.delete(first, actor=chain.admin)
    assert chain.why(chain.carl) is DecisionReason.GIVER_LOST
    chain.give(chain.ada, second)
    chain.give(chain.bob, chain.carl, "read")
    chain.identity.delete(chain.bob, actor=chain.admin)
    assert chain.why(chain.carl) is DecisionReason.GIVER_LOST and chain.why_inside(chain.bob) is DecisionReason.PRINCIPAL_DELETED


def test_expiry_leaves_no_event_and_none_is_told_later() -> None:
    chain = _Chain()
    chain.give(chain.ada, chain.bob, until="1h")
    chain.give(chain.bob, chain.carl, "read")
    chain.identity.set_password(chain.ada, "a password", actor=chain.admin)
    chain.sim.run(until="2h")
    chain.identity.authenticate("ada", "a password")
    chain.give(chain.ada, chain.dora)
    assert chain.sim.log.select(predicate="grant.revoked") == []
    assert chain.why(chain.carl) is DecisionReason.GIVER_LOST


def test_a10_4_members_stay_with_the_project_when_who_admitted_them_is_deleted() -> None:
    chain = _Chain()
    chain.identity.add_member("shop", chain.bob, actor=chain.ada)
    chain.give(chain.ada, chain.carl, "read")
    chain.identity.delete(chain.ada, actor=chain.admin)
    assert chain.why(chain.bob) is DecisionReason.GRANTED and chain.why(chain.carl) is DecisionReason.GIVER_LOST
    assert chain.identity.create_user("ada", actor=chain.admin).id not in (chain.ada.id, chain.bob.id, chain.carl.id)


def test_the_first_administrators_grant_and_ended_grants_cannot_be_revoked() -> None:
    chain = _Chain()
    with pytest.raises(OptionError, match="first administrator"):
        chain.identity.revoke(1, actor=chain.admin)
    grant = chain.give(chain.ada, chain.bob)
    chain.identity.revoke(grant, actor=chain.ada)
    with pytest.raises(OptionError, match="has ended already: GRANT_REVOKED"):
        chain.identity.revoke(grant, actor=chain.ada)


def test_a_refused_revocation_looks_the_same_for_grants_that_are_not_there_and_leaves_one_event() -> None:
    chain = _Chain()
    grant = chain.give(chain.ada, chain.bob)
    before = len(chain.sim.log)
    for number in (grant.id, 99):
        with pytest.raises(AccessDenied, match=f"may not share grant:{number}: nothing grants that"):
            chain.identity.revoke(number, actor=chain.carl)
    assert [event.predicate for event in chain.sim.log[before:]] == ["access.denied"] * 2


def test_a_maintainer_does_not_end_a_membership() -> None:
    chain = _Chain()
    chain.identity.add_member("shop", chain.bob, "maintainer", actor=chain.ada)
    owner = chain.identity.members("shop", actor=chain.bob)[0]
    with pytest.raises(AccessDenied):
        chain.identity.revoke(owner.grant, actor=chain.bob)


def test_lookups_do_not_grow_with_what_was_revoked() -> None:
    chain = _Chain()
    for _ in range(300):
        chain.identity.revoke(chain.give(chain.ada, chain.bob), actor=chain.ada)
    grants = chain.identity._authorization.grants
    assert sum(map(len, grants._live.values())) == 2 and len(grants) == 302
    assert {len(reasons) for reasons in grants._past.values()} == {2}


PEOPLE, GROUPS, ZONES = 4, 2, ("", "prod")
PLACES = ("project:shop", "dataset:shop/*", DATA, f"{DATA}@1", "model:shop/churn")
RIGHTS = ("read", "write", "share")

_who = st.integers(0, PEOPLE - 1)
_steps = st.one_of(
    st.tuples(
        st.just("grant"),
        _who,
        st.integers(0, PEOPLE + GROUPS - 1),
        st.sets(st.sampled_from(RIGHTS), min_size=1),
        st.sampled_from(PLACES),
        st.sampled_from(ZONES),
        st.one_of(st.none(), st.integers(1, 30)),
    ),
    st.tuples(st.just("share all"), _who, st.integers(0, PEOPLE + GROUPS - 1), st.sampled_from(PLACES)),
    st.tuples(st.just("revoke"), st.integers(0, 40)),
    st.tuples(st.just("join"), st.integers(0, GROUPS - 1), _who),
    st.tuples(st.just("leave"), st.integers(0, GROUPS - 1), _who),
    st.tuples(st.just("delete"), st.integers(1, PEOPLE + GROUPS - 1)),
    st.tuples(st.just("wait"), st.integers(1, 10)),
)


class _Both:
    """The provider and the naive model, one step after another."""

    def __init__(self) -> None:
        self.sim, self.store = mp.Simulation(), Store()
        self.identity = IdentityProvider(self.sim, self.store)
        admin = self.admin = self.identity.admin
        self.people = [self.identity.create_user(f"p{i}", actor=admin) for i in range(PEOPLE)]
        self.groups = [self.identity.create_group(f"g{i}", actor=admin) for i in range(GROUPS)]
        self.all = [*self.people, *self.groups]
        self.identity.create_project("shop", self.people[0], actor=admin)
        self.naive = NaiveGrants(members={group.id: set() for group in self.groups})
        for grant in self.identity._authorization.grants:
            rights = frozenset(right.value for right in grant.rights)
            self.naive.give(NaiveGrant(grant.id, grant.grantee, rights, grant.resource, "", inf, None))
        self.living = {each.id for each in self.all}

    def do(self, what: str, *values: Any) -> None:
        getattr(self, "_" + what.replace(" ", "_"))(*values)

    def _share_all(self, giver: int, to: int, place: str) -> None:
        self._grant(giver, to, set(RIGHTS), place, "", None)

    def _grant(self, giver: int, to: int, rights: set[str], place: str, zone: str, after: int | None) -> None:
        who, whom = self.all[giver], self.all[to]
        if who.id not in self.living or whom.id not in self.living:
            return
        until = inf if after is None else self.sim.now + after
        number = len(self.identity._authorization.grants) + 1
        allowed = self.naive.give(NaiveGrant(number, whom.id, frozenset(rights), place, zone, until, who.id))
        try:
            self.identity.grant(whom, rights, place, zone=zone, until=None if after is None else until, actor=who)
        except AccessDenied:
            assert not allowed
        else:
            assert allowed

    def _revoke(self, place: int) -> None:
        numbers = sorted(number for number in self.naive.grants if number > 1)
        if numbers:
            number = numbers[place % len(numbers)]
            self.identity.revoke(number, actor=self.admin)
            self.naive.end(number)

    def _join(self, group: int, who: int) -> None:
        if {self.groups[group].id, self.people[who].id} <= self.living:
            self.identity.add_to_group(self.groups[group], self.people[who], actor=self.admin)
            self.naive.members[self.groups[group].id].add(self.people[who].id)

    def _leave(self, group: int, who: int) -> None:
        if {self.groups[group].id, self.people[who].id} <= self.living:
            self.identity.remove_from_group(self.groups[group], self.people[who], actor=self.admin)
            self.naive.members[self.groups[group].id].discard(self.people[who].id)
            self.naive.settle()

    def _delete(self, who: int) -> None:
        if self.all[who].id in self.living:
            self.identity.delete(self.all[who], actor=self.admin)
            self.living.discard(self.all[who].id)
            self.naive.delete(self.all[who].id)

    def _wait(self, length: int) -> None:
        self.sim.run(until=self.sim.now + length)
        self.naive.pass_to(self.sim.now)

    def compare(self) -> None:
        for person in self.people:
            for right in RIGHTS:
                for place in PLACES:
                    for zone in ZONES:
                        found = self.identity._authorization.decide(person, Right(right), place, zone).allowed
                        assert found == (person.id in self.living and self.naive.holds(person.id, right, place, zone))
        assert {grant.id for grant in self.identity._authorization.grants.in_force()} == set(self.naive.grants)


_tangle = st.one_of(
    st.tuples(st.just("share all"), _who, st.integers(0, PEOPLE + GROUPS - 1), st.just(DATA)),
    st.tuples(st.just("share all"), st.just(0), _who, st.just(DATA)),
    st.tuples(st.just("revoke"), st.integers(0, 40)),
    st.tuples(st.sampled_from(("join", "leave")), st.integers(0, GROUPS - 1), _who),
)
"""Everybody shares one thing with everybody: cycles, and rights that are held several times."""


@given(st.one_of(st.lists(_steps, max_size=40), st.lists(_tangle, min_size=10, max_size=40)))
def test_the_grants_in_force_are_the_least_set_that_holds_itself_up(steps: list[Any]) -> None:
    both = _Both()
    for step in steps:
        both.do(*step)
        both.compare()
    again = IdentityProvider(mp.Simulation(), both.store)
    again._authorization.grants.advance(both.sim.now)
    assert {grant.id for grant in again._authorization.grants.in_force()} == set(both.naive.grants)
    assert [(g.id, g.ended, g.ended_s) for g in again._authorization.grants] == [
        (g.id, g.ended, g.ended_s) for g in both.identity._authorization.grants
    ]
