"""Content on its way to a place in a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ....errors import OptionError

if TYPE_CHECKING:
    import simpy

    from .versions import DatasetVersion


class Fetch:
    """A version on its way: `content = yield fetch.done`.

    `version`: which. `to`: where to; empty without a cluster. `mib`: how much. `done`: an event of the simulation that happens when the
    last byte is there, with the content as its value; it never does if the environment ends before.
    """

    __slots__ = ("_content", "done", "mib", "to", "version")

    def __init__(self, version: DatasetVersion, to: str, mib: float, content: Any, done: simpy.Event) -> None:
        self.version, self.to, self.mib, self._content, self.done = version, to, mib, content, done

    @property
    def over(self) -> bool:
        """Whether all of it is there."""
        return self.done.triggered

    @property
    def content(self) -> Any:
        """What has come. Raises OptionError while it is on its way."""
        if not self.over:
            raise OptionError(f"{self.version.reference} is on its way to {self.to}; expected to be asked when `done` has happened")
        return self._content

    def __repr__(self) -> str:
        return f"Fetch({self.version.reference}, {self.mib:g} MiB: {'there' if self.over else 'on its way'})"
