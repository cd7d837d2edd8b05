"""What must hold of every run under quotas, asked of the oracle after each instant and at its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .naive_attempts import NaiveAttempt
from .naive_quota_tree import ROOT, Books

if TYPE_CHECKING:
    from .naive_quotas import NaiveQuotas
    from .naive_reclaim import Reclaim


def check_books(quotas: NaiveQuotas) -> None:
    """No limit is exceeded by what is held, nothing more than there is is used, and no claim outlives those that it waits for."""
    run, tree = quotas.run, quotas.tree
    held = [(quotas.quota_of(a.job).name, quotas.ask(a.job, quotas.flavor_of[a.job])) for a in run.running]
    books = Books(tree, held)
    for name in tree.nodes:
        for d in tree.dimensions:
            assert books.use(name, d) <= tree.limit(name, d)
    for d in tree.dimensions:
        assert run.lost or books.use(ROOT, d) <= tree.brought(ROOT, d)
        assert books.use(ROOT, d) + kept_in_use(books, ROOT, d) == sum(ask[d] for _, ask in held)
    for claim in quotas.claims:
        assert run.now < claim.deadline or failed_between(quotas, claim.since, run.now)
        assert run.outcomes[claim.job].state in ("waiting", "held")


def kept_in_use(books: Books, name: str, d: str) -> float:
    """What is used below a node out of what its children and theirs keep for themselves."""
    tree = books.tree
    return sum(min(books.use(c, d), tree.kept(c, d)) + kept_in_use(books, c, d) for c in tree.children(name))


def check_victims(reclaim: Reclaim, victims: Sequence[NaiveAttempt]) -> None:
    """Each victim of another quota had borrowed, also with those before it gone, and each is needed."""
    for i, victim in enumerate(victims):
        z = reclaim.quotas.quota_of(victim.job)
        if z != reclaim.quota:
            books = reclaim.books_without(victims[:i])
            assert all(books.over(v, reclaim.ask) for v in reclaim.below_ancestor(z, reclaim.quota))
    assert reclaim.fits_without(victims)


def check_reclaims(quotas: NaiveQuotas) -> None:
    """Whoever had others stopped has started once they had gone, unless hardware failed or the run ended before."""
    for stopped in quotas.stopped:
        starts = [a.start for a in quotas.run.attempts if a.job == stopped.job and a.start >= stopped.time]
        if not any(start <= stopped.deadline for start in starts):
            assert quotas.run.now < stopped.deadline or failed_between(quotas, stopped.time, stopped.deadline), stopped


def failed_between(quotas: NaiveQuotas, since: float, until: float) -> bool:
    """Whether anything befell the hardware."""
    return any(since <= t <= until for t in quotas.hardware)
