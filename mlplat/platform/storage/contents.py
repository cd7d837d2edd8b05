"""Content that is read as something, and may be something else: of another version, or made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import MlplatError, printable
from .store import told


class ContentError(MlplatError):
    """Content is not what a record says. Attributes: `digest`, `expected` (in words), `problem`."""

    def __init__(self, digest: str, expected: str, problem: str) -> None:
        self.digest, self.expected, self.problem = digest, expected, problem
        super().__init__(f"content {printable(digest)}: expected {printable(expected)}; {printable(problem)[:300]}")


@contextmanager
def reading(digest: str, expected: str) -> Iterator[None]:
    """A `with` block that makes something of content. What goes wrong in it is a ContentError, if it is not typed already."""
    try:
        yield
    except MlplatError:
        raise
    except Exception as error:
        raise ContentError(digest, expected, told(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of polars, on values that it takes for granted
            raise
        raise ContentError(digest, expected, "not readable") from error
