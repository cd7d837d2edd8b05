"""Content that nothing names any more is given up: by all components of a store together, since equal content is kept once for all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from .store import Store


class HoldsContent(Protocol):
    """A component, as far as it has content in a store."""

    def _contents(self) -> Iterable[str]:
        """Digests of the content that its state names."""


def sweep(store: Store, holders: Iterable[HoldsContent]) -> tuple[str, ...]:
    """Discard what none of `holders` names, which must be all components over this store. Returns the digests, sorted.

    A component never discards by itself: another one may have been given the same bytes.
    """
    held = {digest for holder in holders for digest in holder._contents()}
    loose = tuple(digest for digest in store.digests() if digest not in held)
    for digest in loose:
        store.discard(digest)
    return loose
