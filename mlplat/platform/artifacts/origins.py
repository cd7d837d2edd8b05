"""The origin of an artifact that was made elsewhere: what is unknown of it is listed, never guessed."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import OptionError, printable


def check_external(external: object) -> tuple[str, ...]:
    """What is unknown of an artifact that is marked external, in words; maybe nothing. Raises OptionError.

    >>> check_external(["data", "seed"])
    ('data', 'seed')
    """
    if isinstance(external, Iterable) and not isinstance(external, (str, bytes)):
        names = tuple(external)
        if all(isinstance(name, str) and name and name.isprintable() and len(name) <= 200 for name in names):
            return names
    raise OptionError(f"external={printable(str(external)[:60])}: expected what is unknown, a list of words")
