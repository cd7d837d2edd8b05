"""The table in which grants are looked up: those in force by grantee and resource, and what is left to say of those that are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from heapq import heappop, heappush

from ..references import covering
from .decisions import DecisionReason
from .grants import Grant
from .reliance import Reliance
from .rights import Right

_RANK = (DecisionReason.OTHER_ZONE, DecisionReason.GIVER_LOST, DecisionReason.GRANT_EXPIRED, DecisionReason.GRANT_REVOKED)
"""Which of several reasons is told."""


class Grants:
    """All grants there ever were. A lookup takes time by the grants in force on the resource, not by their total, nor by history.

    `names_of`: in whose names a principal holds what it holds: its own id and those of its groups.

    Time passes when it is asked (`advance`): a grant that has expired is gone, and with it what relied on it, before anything later.
    """

    def __init__(self, names_of: Callable[[str], Sequence[str]]) -> None:
        self._names_of = names_of
        self._all: dict[int, Grant] = {}
        self._live: dict[tuple[str, str], tuple[Grant, ...]] = {}
        self._ids_to: dict[str, dict[int, None]] = {}
        self._ids_on: dict[str, dict[int, None]] = {}
        self._past: dict[tuple[str, str], dict[Right, DecisionReason]] = {}
        self._expiries: list[tuple[float, int]] = []
        self._reliance = Reliance(self._held_by_giver)
        self.ends: list[int] = []
        """Ids of the grants that have ended, in that order."""

    def add(self, grant: Grant) -> None:
        """One more. It ends at once if its giver does not hold what it needs."""
        self.advance(grant.created_s)
        self._all[grant.id] = grant
        place = grant.grantee, grant.resource
        self._live[place] = (*self._live.get(place, ()), grant)
        self._ids_to.setdefault(grant.grantee, {})[grant.id] = None
        self._ids_on.setdefault(grant.resource, {})[grant.id] = None
        if grant.until < float("inf"):
            heappush(self._expiries, (grant.until, grant.id))
        if not self._reliance.add(grant):
            self._end({grant.id: DecisionReason.GIVER_LOST}, (), grant.created_s)

    def revoke(self, number: int, now: float) -> None:
        """A grant ends, and what relied on it and on nothing else."""
        self.advance(now)
        if self._all[number].ended is None:
            self._end({number: DecisionReason.GRANT_REVOKED}, (), now)

    def lose(self, principal: str, now: float) -> None:
        """A principal or group is no more: what it was granted ends, and what it gave."""
        self.advance(now)
        first = dict.fromkeys(self._ids_to.get(principal, ()), DecisionReason.GRANT_REVOKED)
        self._end(first, self._reliance.given_by(principal), now)

    def left(self, member: str, now: float) -> None:
        """A principal is in one group less: what it gave by what that group holds ends, unless it holds the same otherwise."""
        self.advance(now)
        self._end({}, self._reliance.given_by(member), now)

    def advance(self, now: float) -> None:
        """Let the grants end that end until `now` (s), instant by instant."""
        expiries = self._expiries
        while expiries and expiries[0][0] <= now:
            instant, due = expiries[0][0], {}
            while expiries and expiries[0][0] == instant:
                _, number = heappop(expiries)
                if self._all[number].ended is None:
                    due[number] = DecisionReason.GRANT_EXPIRED
            if due:
                self._end(due, (), instant)

    def get(self, number: object) -> Grant | None:
        """By its id."""
        return self._all.get(number) if isinstance(number, int) else None

    def on(self, resource: str) -> list[Grant]:
        """Those in force on exactly this resource, by id."""
        return [self._all[number] for number in sorted(self._ids_on.get(resource, ()))]

    def to(self, grantee: str) -> list[Grant]:
        """Those in force of a principal or group itself, by id."""
        return [self._all[number] for number in sorted(self._ids_to.get(grantee, ()))]

    def in_force(self) -> Iterator[Grant]:
        """All that have not ended, by id."""
        return (grant for grant in self._all.values() if grant.ended is None)

    def __iter__(self) -> Iterator[Grant]:
        return iter(self._all.values())

    def __len__(self) -> int:
        return len(self._all)

    def held(self, names: Sequence[str], right: Right, zone: str, now: float) -> frozenset[str]:
        """The resources that a right is held on: it holds on those that one of these covers (`covering`), and on no other."""
        self.advance(now)
        grants = (self._all[number] for name in names for number in self._ids_to.get(name, ()))
        return frozenset(grant.resource for grant in grants if right in grant.rights and grant.zone in ("", zone))

    def find(self, names: Sequence[str], right: Right, resource: str, zone: str, now: float) -> tuple[DecisionReason, int]:
        """GRANTED and the first grant that holds, the nearest resource first; else why none does, and 0."""
        if self._expiries and self._expiries[0][0] <= now:
            self.advance(now)
        live, elsewhere = self._live, False
        for name in names:  # the resource itself before what covers it is named at all: most often that is enough
            for grant in live.get((name, resource), ()):
                if right in grant.rights:
                    if not grant.zone or grant.zone == zone:
                        return DecisionReason.GRANTED, grant.id
                    elsewhere = True
        for place in covering(resource)[1:]:
            for name in names:
                for grant in live.get((name, place), ()):
                    if right in grant.rights:
                        if not grant.zone or grant.zone == zone:
                            return DecisionReason.GRANTED, grant.id
                        elsewhere = True
        return (DecisionReason.OTHER_ZONE if elsewhere else self._why_not(names, right, resource)), 0

    def _why_not(self, names: Sequence[str], right: Right, resource: str) -> DecisionReason:
        found = [
            self._past[name, place][right]
            for place in covering(resource)
            for name in names
            if (name, place) in self._past and right in self._past[name, place]
        ]
        return min(found, key=_RANK.index, default=DecisionReason.NO_GRANT)

    def _held_by_giver(self, grant: Grant) -> Iterator[Grant]:
        """Grants in force by which the giver of a grant may hold what it needs, the nearest resource first."""
        names = self._names_of(grant.giver)
        for place in covering(grant.resource):
            for name in names:
                for held in self._live.get((name, place), ()):
                    if not held.zone or held.zone == grant.zone:
                        yield held

    def _end(self, first: dict[int, DecisionReason], doubtful: Sequence[int], now: float) -> None:
        lost = self._reliance.end(first, doubtful)
        for number in (*first, *sorted(lost)):
            self._remove(replace(self._all[number], ended_s=now, ended=first.get(number, DecisionReason.GIVER_LOST)))

    def _remove(self, grant: Grant) -> None:
        """A grant that has ended leaves the live index; for each right the last reason is kept."""
        assert grant.ended is not None
        self._all[grant.id] = grant
        place = grant.grantee, grant.resource
        rest = tuple(other for other in self._live[place] if other.id != grant.id)
        if rest:
            self._live[place] = rest
        else:
            del self._live[place]
        for index, key in ((self._ids_to, grant.grantee), (self._ids_on, grant.resource)):
            del index[key][grant.id]
            if not index[key]:
                del index[key]
        self._past.setdefault(place, {}).update(dict.fromkeys(grant.rights, grant.ended))
        self.ends.append(grant.id)
