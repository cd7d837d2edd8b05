"""Answers that are lists: an entry a line, and a table in notebooks."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from ...html_tables import table

T_co = TypeVar("T_co", covariant=True)


class Listing(tuple[T_co, ...]):
    """Several answers of one kind, in order. `HEADS`: attributes that the table has as columns.

    >>> Listing(["a", "b"])
    a
    b
    """

    __slots__ = ()
    HEADS: ClassVar[tuple[str, ...]] = ()

    def __repr__(self) -> str:
        return "\n".join(map(str, self)) or "nothing"

    def _repr_html_(self) -> str:
        return table(self.HEADS, [[_shown(getattr(each, head)) for head in self.HEADS] for each in self])


def _shown(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value))
    return "" if value is None else value
