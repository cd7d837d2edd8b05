"""Who names an artifact: whoever does is asked before it is deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ...errors import MlplatError, printable


class Referrers:
    """The components that name artifacts of others: lineage records, deployments, running environments.

    >>> referrers = Referrers()
    >>> referrers.register(lambda resource: ["run:shop/r1"] if resource == "dataset:shop/clicks@3" else [])
    >>> referrers.of("dataset:shop/clicks@3"), referrers.of("dataset:shop/clicks@4")
    (('run:shop/r1',), ())
    """

    def __init__(self) -> None:
        self._ask: list[Callable[[str], Iterable[str]]] = []

    def register(self, ask: Callable[[str], Iterable[str]]) -> None:
        """`ask(resource)` gives who names a resource, as far as the one who registers knows."""
        self._ask.append(ask)

    def of(self, resource: str) -> tuple[str, ...]:
        """Who names a resource; sorted, each once."""
        return tuple(sorted({name for ask in self._ask for name in ask(resource)}))


class ReferencedError(MlplatError):
    """An artifact is not deleted, since somebody names it. Attributes: `resource`, `referrers`: those that the caller may read, and
    `withheld:` for others.
    """

    def __init__(self, resource: str, referrers: Iterable[str]) -> None:
        self.resource, self.referrers = resource, tuple(referrers)
        named = ", ".join(self.referrers[:10]) + (f" and {len(self.referrers) - 10:,} more" if len(self.referrers) > 10 else "")
        super().__init__(f"{printable(resource)} is named by {printable(named)}: it stays while they do")
