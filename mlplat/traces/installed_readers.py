"""Readers that other installed packages bring along, as entry points of the group `mlplat.trace_readers`."""

from __future__ import annotations

from importlib import metadata

from ..errors import OptionError, shown
from .trace_reader import TraceReader

GROUP = "mlplat.trace_readers"


def installed_reader(name: str) -> TraceReader | None:
    """The reader of that name that an installed package declares, or None. Raises OptionError where it cannot be loaded.

    >>> installed_reader("no-such-format") is None
    True
    """
    for point in metadata.entry_points(group=GROUP, name=name):
        try:
            found = point.load()
            reader = found() if isinstance(found, type) else found
        except Exception as error:  # another package's code
            raise OptionError(f"trace format {name!r}: {shown(point.value)} cannot be loaded: {shown(error)}") from None
        if not isinstance(reader, TraceReader):
            raise OptionError(f"trace format {name!r}: {shown(point.value)} is no TraceReader")
        return reader
    return None


def installed_names() -> list[str]:
    """The names of such readers, in order."""
    return sorted({point.name for point in metadata.entry_points(group=GROUP)})
