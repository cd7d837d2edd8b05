"""Several observers of environments as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .environments import RuntimeEnvironment
    from .lifecycle import Observer


class Observers:
    """Tells `first`, then `second`; an environment begins only where both let it."""

    def __init__(self, first: Observer, second: Observer) -> None:
        self._first, self._second = first, second

    def begins(self, env: RuntimeEnvironment) -> bool:
        """See `lifecycle.Observer`."""
        return self._first.begins(env) and self._second.begins(env)

    def ready(self, env: RuntimeEnvironment) -> None:
        """See `lifecycle.Observer`."""
        self._first.ready(env)
        self._second.ready(env)

    def unready(self, env: RuntimeEnvironment) -> None:
        """See `lifecycle.Observer`."""
        self._first.unready(env)
        self._second.unready(env)

    def ended(self, env: RuntimeEnvironment) -> None:
        """See `lifecycle.Observer`."""
        self._first.ended(env)
        self._second.ended(env)

    def cut_off(self, node: int) -> None:
        """See `lifecycle.Observer`."""
        self._first.cut_off(node)
        self._second.cut_off(node)

    def restored(self, node: int) -> None:
        """See `lifecycle.Observer`."""
        self._first.restored(node)
        self._second.restored(node)
