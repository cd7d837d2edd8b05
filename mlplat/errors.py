"""The errors a user can meet. Every one names the place and what was expected; nothing below raises bare exceptions at a user."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable


class MlplatError(Exception):
    """Base of every error this library raises on purpose. Its text is fit to be shown to a user as it is.

    >>> from mlplat import ClusterSpec
    >>> try:
    ...     ClusterSpec.parse("2x8xV10")
    ... except MlplatError as error:
    ...     print(type(error).__name__)
    UnknownNameError
    """


class InputError(MlplatError):
    """A file or table holds something that cannot be read as what it should be.

    Attributes: `path`, `line` (1-based, counting the header), `column` (its name), `value` (as found), `expected`.
    Each may be None where it does not apply.

    >>> error = InputError("is no number", path="jobs.csv", line=3, column="duration", value="soon", expected="seconds")
    >>> print(error)
    jobs.csv, line 3, column 'duration': is no number (found 'soon'); expected seconds
    """

    def __init__(
        self,
        problem: str,
        *,
        path: object = None,
        line: int | None = None,
        column: str | None = None,
        value: object = None,
        expected: str | None = None,
    ) -> None:
        self.problem = problem
        self.path = None if path is None else str(path)
        self.line, self.column, self.value, self.expected = line, column, value, expected
        place = [p for p in (self.path, f"line {line}" if line is not None else None, f"column {column!r}" if column else None) if p]
        text = (", ".join(place) + ": " if place else "") + problem
        if value is not None:
            shown = repr(value)
            text += f" (found {shown if len(shown) <= 80 else shown[:77] + '...'})"
        if expected:
            text += f"; expected {expected}"
        super().__init__(text)


class SpecError(MlplatError):
    """A description (cluster, scenario) is not valid. `where` is its path inside the document, such as `groups[2].gpus`."""

    def __init__(self, problem: str, *, where: str = "", source: object = None) -> None:
        self.problem, self.where = problem, where
        self.source = None if source is None else str(source)
        super().__init__(": ".join(p for p in (self.source, where, problem) if p))


class UnknownNameError(MlplatError):
    """A name is none of the known ones. The closest known name comes first in the text."""

    def __init__(self, kind: str, name: object, known: Iterable[str], remark: str = "") -> None:
        self.kind, self.name = kind, name
        names = sorted(known)
        close = difflib.get_close_matches(str(name), names, n=max(1, len(names)), cutoff=0.5)
        self.known = close + [n for n in names if n not in close]
        hint = f"; did you mean {close[0]!r}?" if close else ""
        aside = f" ({remark})" if remark else ""
        listed = f"{'' if hint else '.'} Known: {', '.join(self.known)}" if names else ""
        super().__init__(f"unknown {kind} {str(name)!r}{aside}{hint}{listed}")


class OptionError(MlplatError):
    """An option has a value that cannot be used."""


class AccessDenied(MlplatError):
    """A principal may not do what was asked; nothing was changed. Attributes: `principal`, `action`, `resource`, `reason` (in words)."""

    def __init__(self, principal: str, action: str, resource: str, reason: str) -> None:
        self.principal, self.action, self.resource, self.reason = principal, action, resource, reason
        super().__init__(f"{printable(principal)!r} may not {action} {printable(resource)}: {reason}")


class IntegrityError(MlplatError):
    """Content is not what its digest says. Attribute: `digest`, as it should be."""

    def __init__(self, digest: str, found: str, place: str = "") -> None:
        self.digest, self.found = digest, found
        super().__init__(f"{place + ': ' if place else ''}expected content with digest {digest}, found {found}")


class MissingExtraError(MlplatError):
    """A feature needs an optional dependency that is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f"{feature} needs an optional dependency: pip install 'mlplat[{extra}]'")


class FetchError(MlplatError):
    """A download did not succeed or did not match its pinned digest."""


def printable(text: str) -> str:
    """A user's name for something, without the characters that a terminal would obey.

    >>> printable("a\\nb")
    'a?b'
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def shown(path: object) -> str:
    """A file name fit to stand in a message: one line, not too long.

    >>> shown("a\\nb.csv")
    'a?b.csv'
    """
    text = printable(os.fsdecode(path) if isinstance(path, (bytes, os.PathLike)) else str(path))
    return text if len(text) <= 200 else text[:197] + "..."
