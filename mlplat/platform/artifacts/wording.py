"""What callers say in words, checked: text for people, lists of names, and what is unknown of an artifact that was made elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ...errors import OptionError, printable

_LINES = re.compile(r"[\n\t]")


def check_words(words: object, what: str, most: int = 10_000, *, empty: bool = False) -> str:
    """Text for people, which may have lines, of at most `most` characters. Raises OptionError."""
    if not isinstance(words, str) or not (words.strip() or empty) or len(words) > most or not _LINES.sub("", words).isprintable():
        raise OptionError(f"{what}: {_found(words)}; expected printable text of at most {most:,} characters")
    return words


def check_line(words: object, what: str) -> str:
    """Text for people in one line of at most 200 characters. Raises OptionError."""
    if not isinstance(words, str) or not words.strip() or len(words) > 200 or not words.isprintable():
        raise OptionError(f"{what}: {_found(words)}; expected one line of printable text of at most 200 characters")
    return words


def check_several(given: Iterable[Any], what: str, such_as: str) -> tuple[Any, ...]:
    """Several values, in order. Raises OptionError for a text, whose letters nobody means, and for what is no list."""
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise OptionError(f"{what}={printable(str(given)[:60])!r}: expected a list, such as {such_as}")
    return tuple(given)


def check_external(external: Iterable[str]) -> tuple[str, ...]:
    """What is unknown of an artifact that is marked external, in words; maybe nothing: it is listed, never guessed. Raises OptionError.

    >>> check_external(["data", "seed"])
    ('data', 'seed')
    """
    return tuple(check_line(word, "external") for word in check_several(external, "external", "['data', 'seed']"))


def _found(words: object) -> str:
    """What was given, without saying it: what somebody writes by mistake does not belong into a log."""
    return f"{len(words):,} characters" if isinstance(words, str) else f"a {type(words).__name__}"
