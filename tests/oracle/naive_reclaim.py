"""The naive oracle's reclaim: whom a job that does not start may have stopped, and who is, found by trying. From docs/quotas.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from .naive_attempts import NaiveAttempt
from .naive_quota_tree import Amounts, Books, NaiveQuota
from .naive_state import copy_state, give_back

if TYPE_CHECKING:
    from .naive_quotas import Claim, NaiveQuotas

Permission = Callable[[NaiveAttempt, Books], bool]
"""Whether a running attempt is a candidate, with those chosen so far taken off the books."""


class Reclaim:
    """The search for the victims of one job in one flavor."""

    def __init__(self, quotas: NaiveQuotas, job: int, flavor: str, earlier: Sequence[Claim] = (), claims: bool = False) -> None:
        self.quotas, self.run, self.tree = quotas, quotas.run, quotas.tree
        self.job, self.flavor = job, flavor
        self.quota: NaiveQuota = quotas.quota_of(job)
        self.ask = quotas.ask(job, flavor)
        self.stopping = [a for a in self.run.running if a.stopping]
        self.state = quotas.after_claims(earlier)
        self.claims = claims

    def books_without(self, taken: Iterable[NaiveAttempt]) -> Books:
        """The books as if those that are stopping, and some more, had gone."""
        return self.quotas.books(without=[*self.stopping, *taken])

    def fits_without(self, taken: Iterable[NaiveAttempt]) -> bool:
        """Whether the job fits its quota and its gang fits on the nodes as if those had gone. Under fair sharing a job for which only jobs
        of its own quota are stopped leaves the quota with no larger share.
        """
        taken = list(taken)
        books = self.books_without(taken)
        if not books.fits(self.quota.name, self.ask):
            return False
        own = bool(taken) and all(self.quotas.quota_of(attempt.job) == self.quota for attempt in taken)
        if own and self.quotas.fair_preemption and self.share(books) > self.books_without([]).share(self.quota.name):
            return False
        return self.place_without(taken) is not None

    def place_without(self, taken: Iterable[NaiveAttempt]) -> list[int] | None:
        """The node of each replica when those have gone too; None if the job does not fit."""
        state = copy_state(self.state)
        for attempt in taken:
            for replica in attempt.replicas:
                give_back(state[replica.node], replica)
        with self.quotas.only_open(state, self.flavor, set()):
            replicas = self.run.placer.place_gang(state, self.run.jobs[self.job], self.job)
        return None if replicas is None else [replica.node for replica in replicas]

    def may_look(self) -> bool:
        """Whether the job has a claim, or might find candidates at all."""
        if self.claims:
            return True
        quota, queue_may = self.quota, self.quotas.within_of(self.quota) != "never"
        if queue_may or quota.borrow_within != "never" or self.quotas.fair_preemption:
            return True
        books = self.quotas.books()
        return quota.reclaim != "never" and any(books.within(quota.name, v, self.ask) for v in self.tree.path(quota.name))

    def victims(self) -> list[NaiveAttempt] | None:
        """Those to stop, in the order in which they were taken: none where the job has only to wait; None where nothing helps."""
        if not self.may_look():
            return None
        if self.fits_without([]):
            return []
        running = [a for a in self.run.running if not a.stopping]
        youngest_first = sorted(running, key=self.run.attempts.index, reverse=True)
        in_order = sorted(youngest_first, key=lambda a: self.run.jobs[a.job].priority)
        taken: list[NaiveAttempt] = []
        for permission in self.passes():
            for attempt in in_order:
                if attempt in taken or not permission(attempt, self.books_without(taken)):
                    continue
                taken.append(attempt)
                if self.fits_without(taken):
                    return self.spared(taken)
        return None

    def spared(self, taken: list[NaiveAttempt]) -> list[NaiveAttempt]:
        """Without those without which the job still fits, looked at from the last one on."""
        for attempt in taken[::-1]:
            others = [a for a in taken if a is not attempt]
            if self.fits_without(others):
                taken = others
        return taken

    def passes(self) -> list[Permission]:
        """Who is a candidate, in the order in which they are asked."""

        def spare(rule: Permission) -> Permission:
            return lambda attempt, books: rule(attempt, books) and self.spare(attempt, books)

        if not self.quotas.fair_preemption:
            return [spare(self.of_another_quota), self.of_another_quota, self.of_the_same_quota]
        final, initial = (name in self.quotas.fair_preemption for name in ("final-share", "initial-share"))
        first = self.by_final_share if final or self.job in self.quotas.yielded else self.guaranteed
        return [spare(first), first, *([self.by_initial_share] if initial else []), self.of_the_same_quota]

    def of_the_same_quota(self, attempt: NaiveAttempt, books: Books) -> bool:
        """A job of the same quota."""
        if self.quotas.quota_of(attempt.job) != self.quota:
            return False
        within = self.quotas.within_of(self.quota)
        lower, same = self.lower(attempt), self.priority(attempt.job) == self.priority(self.job)
        return (within != "never" and lower) or (within == "lower-or-newer" and same and attempt.job > self.job)

    def of_another_quota(self, attempt: NaiveAttempt, books: Books) -> bool:
        """A job of another quota, without fair sharing."""
        z = self.quotas.quota_of(attempt.job)
        if z == self.quota or not all(books.over(v, self.in_common(attempt)) for v in self.below_ancestor(z, self.quota)):
            return False
        if books.within(self.quota.name, self.below_ancestor(self.quota, z)[-1], self.ask):
            return self.quota.reclaim == "any" or (self.quota.reclaim == "lower-priority" and self.lower(attempt))
        allowed = self.quota.borrow_within == "lower-priority" and self.lower(attempt) and self.job not in self.quotas.yielded
        return allowed and self.priority(attempt.job) <= self.quota.threshold

    def by_final_share(self, attempt: NaiveAttempt, books: Books) -> bool:
        """A job of a quota whose share would be no smaller than that of the job's quota, whatever is borrowed."""
        fair = self.may_share_out(attempt, books) and self.share(books) <= self.share_of(attempt, self.off_the_books(books, attempt))
        return fair or self.guaranteed(attempt, books)

    def guaranteed(self, attempt: NaiveAttempt, books: Books) -> bool:
        """A job of a quota from which what is guaranteed is taken back, whatever the shares."""
        z = self.quotas.quota_of(attempt.job)
        return self.may_share_out(attempt, books) and books.within(self.quota.name, self.below_ancestor(self.quota, z)[-1], self.ask)

    def by_initial_share(self, attempt: NaiveAttempt, books: Books) -> bool:
        """A job of a quota whose share is larger than that of the job's quota."""
        fair = self.may_share_out(attempt, books) and self.share(books) < self.share_of(attempt, books)
        return (fair and self.job not in self.quotas.yielded) or self.guaranteed(attempt, books)

    def yielding(self, victims: Sequence[NaiveAttempt]) -> set[int]:
        """The victims of other quotas: under fair sharing all, else those from which the job takes back what is guaranteed to its quota,
        they and those that are stopping being gone.
        """
        books, others = self.books_without(victims), [a for a in victims if self.quotas.quota_of(a.job) != self.quota]
        if self.quotas.fair_preemption:
            return {a.job for a in others}
        towards = {a.job: self.below_ancestor(self.quota, self.quotas.quota_of(a.job))[-1] for a in others}
        return {job for job, above in towards.items() if books.within(self.quota.name, above, self.ask)}

    def may_share_out(self, attempt: NaiveAttempt, books: Books) -> bool:
        """Whether `reclaim` lets a job of another quota be looked at, and that quota has borrowed."""
        z = self.quotas.quota_of(attempt.job)
        if z == self.quota or not all(books.over(v, self.in_common(attempt)) for v in self.below_ancestor(z, self.quota)):
            return False
        return self.quota.reclaim == "any" or (self.quota.reclaim == "lower-priority" and self.lower(attempt))

    def in_common(self, attempt: NaiveAttempt) -> Amounts:
        """What the job asks for in the dimensions in which another asks for something too."""
        other = self.quotas.ask(attempt.job, self.quotas.flavor_of[attempt.job])
        return {d: amount if other[d] > 0 else 0 for d, amount in self.ask.items()}

    def share(self, books: Books) -> float:
        """Of the job's quota with the job."""
        return books.with_one(self.quota.name, self.ask).share(self.quota.name)

    def share_of(self, attempt: NaiveAttempt, books: Books) -> float:
        """Of the quota of an attempt."""
        return books.share(self.quotas.quota_of(attempt.job).name)

    def spare(self, attempt: NaiveAttempt, books: Books) -> bool:
        """Whether stopping a job takes nothing that is guaranteed to a quota and in use."""
        z, later = self.quotas.quota_of(attempt.job), self.off_the_books(books, attempt)
        asked = self.quotas.ask(attempt.job, self.quotas.flavor_of[attempt.job])
        return not any(later.below(v, asked) for v in self.below_ancestor(z, self.quota))

    def off_the_books(self, books: Books, attempt: NaiveAttempt) -> Books:
        """The books as if one attempt had gone."""
        gone = (self.quotas.quota_of(attempt.job).name, self.quotas.ask(attempt.job, self.quotas.flavor_of[attempt.job]))
        rest = list(books.charged)
        rest.remove(gone)
        return Books(self.tree, rest)

    def below_ancestor(self, one: NaiveQuota, other: NaiveQuota) -> list[str]:
        """From a quota up to the child of the lowest node that is above both."""
        above_other = self.tree.path(other.name)
        return [v for v in self.tree.path(one.name) if v not in above_other]

    def lower(self, attempt: NaiveAttempt) -> bool:
        """Whether a running job has a lower priority."""
        return self.priority(attempt.job) < self.priority(self.job)

    def priority(self, job: int) -> int:
        """Of a job."""
        return self.run.jobs[job].priority
