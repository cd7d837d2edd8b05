"""On which grants each grant relies: whoever gave it must go on holding `share` and what they gave.

A grant remembers the grants that its giver held it by. When one of those ends, others are looked for among the grants that stood before
it, so that two grants never hold each other up; what finds none there waits, and is tried once more with all that is sure to remain, as
SQL's REVOKE … CASCADE would leave it (truth maintenance with justifications, Doyle 1979; delete and rederive, Gupta et al. 1993).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from .grants import Grant


class Reliance:
    """Grants in force, in an order in which each relies on earlier ones only.

    `held_by_giver`: of a grant those by which its giver may hold what it needs; it may still name some that are about to end.
    """

    def __init__(self, held_by_giver: Callable[[Grant], Iterable[Grant]]) -> None:
        self._held_by_giver = held_by_giver
        self._grants: dict[int, Grant] = {}
        self._order: dict[int, int] = {}
        self._next = 0
        self._relies_on: dict[int, tuple[int, ...]] = {}
        self._relied_on_by: dict[int, dict[int, None]] = {}
        self._given_by: dict[str, dict[int, None]] = {}

    def add(self, grant: Grant) -> bool:
        """One more. Returns whether its giver holds what it needs."""
        self._grants[grant.id] = grant
        if not grant.on_behalf_of:
            self._given_by.setdefault(grant.giver, {})[grant.id] = None
        found = self._support(grant, (), self._next)
        self._stand(grant.id, found or ())
        return found is not None

    def given_by(self, giver: str) -> tuple[int, ...]:
        """Ids of the grants in force that somebody gave in their own name."""
        return tuple(self._given_by.get(giver, ()))

    def end(self, first: Mapping[int, object], doubtful: Iterable[int] = ()) -> set[int]:
        """The grants `first` end. Returns the others that end with them; `doubtful` are ids of some whose giver's groups have changed."""
        lost: dict[int, None] = dict.fromkeys(first)
        ended = list(first)
        self._examine(doubtful, lost, ended)
        while ended:
            self._examine(self._relied_on_by.get(ended.pop(), ()), lost, ended)
        waiting = sorted(number for number in lost if number not in first)
        while waiting:
            left = [number for number in waiting if not self._stands_again(number, lost)]
            if len(left) == len(waiting):
                break
            waiting = left
        for number in lost:
            self._forget(number)
        return set(waiting)

    def _examine(self, numbers: Iterable[int], lost: dict[int, None], ended: list[int]) -> None:
        for number in tuple(numbers):
            if number in lost:
                continue
            found = self._support(self._grants[number], lost, self._order[number])
            if found is None:
                lost[number] = None
                ended.append(number)
            else:
                self._rely(number, found)

    def _stands_again(self, number: int, lost: dict[int, None]) -> bool:
        found = self._support(self._grants[number], lost, self._next)
        if found is None:
            return False
        del lost[number]
        self._stand(number, found)
        return True

    def _support(self, grant: Grant, lost: Collection[int], before: int) -> tuple[int, ...] | None:
        """Ids of grants by which the giver holds what it needs, out of those that came `before`; None where something is missing."""
        if grant.on_behalf_of:
            return ()
        missing, chosen = grant.needs, []
        for held in self._held_by_giver(grant):
            if held.id != grant.id and held.id not in lost and self._order[held.id] < before and missing & held.rights:
                chosen.append(held.id)
                missing -= held.rights
                if not missing:
                    return tuple(chosen)
        return None

    def _stand(self, number: int, support: tuple[int, ...]) -> None:
        self._order[number] = self._next
        self._next += 1
        self._rely(number, support)

    def _rely(self, number: int, support: tuple[int, ...]) -> None:
        for old in self._relies_on.get(number, ()):
            self._relied_on_by[old].pop(number, None)
        self._relies_on[number] = support
        for held in support:
            self._relied_on_by.setdefault(held, {})[number] = None

    def _forget(self, number: int) -> None:
        for held in self._relies_on.pop(number, ()):
            self._relied_on_by.get(held, {}).pop(number, None)
        self._relied_on_by.pop(number, None)
        del self._order[number]
        grant = self._grants.pop(number)
        given = self._given_by.get(grant.giver, {})
        given.pop(number, None)
        if not given:
            self._given_by.pop(grant.giver, None)
