"""What the records of a journal are made of, declared once for each component and checked when the journal is folded.

A journal on disk may be of another version of the library, or made by hand; below the fold nothing looks at types again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from ..errors import MlplatError, OptionError, printable
from .storage.digests import is_digest
from .storage.store import checked_record

LARGEST = 1.7976931348623157e308
checks_writing: bool = sys.flags.dev_mode
"""Whether records are checked before they are written, too: with `python -X dev`, and in the tests. It takes about 5 µs a record."""


class Shape(NamedTuple):
    """`holds`: whether a value has it. `expected`: it in words."""

    expected: str
    holds: Callable[[Any], bool]


class ShapeError(OptionError):
    """A value has not the shape that is expected of it."""


class RecordError(MlplatError):
    """A component was about to write a record that it could not read again: a defect of the library. Nothing was written or changed.

    Attributes: `journal`, `problem`.
    """

    def __init__(self, journal: str, problem: str) -> None:
        self.journal, self.problem = journal, problem
        super().__init__(f"a record of {printable(journal)[:80]} that could not be read again: {printable(problem)[:300]}")


def _is_number(value: Any) -> bool:
    return type(value) is float or (type(value) is int and -LARGEST <= value <= LARGEST)


TEXT = Shape("text", lambda value: type(value) is str)
FLAG = Shape("true or false", lambda value: type(value) is bool)
NUMBER = Shape("a number", _is_number)
COUNT = Shape("a whole number of at least 0", lambda value: type(value) is int and 0 <= value < 2**63)
WHOLE = Shape("a whole number", lambda value: type(value) is int and -(2**63) <= value < 2**64)
DIGEST = Shape("a digest", lambda value: type(value) is str and is_digest(value))
ANY = Shape("anything", lambda value: True)
MAPPING = Shape("values by name", lambda value: isinstance(value, Mapping))


def maybe(shape: Shape, nothing: object = None) -> Shape:
    """That, or `nothing`."""
    holds = shape.holds
    return Shape(f"{shape.expected}, or {nothing!r}", lambda value: value == nothing or holds(value))


def each(shape: Shape) -> Shape:
    """A list of that."""
    holds = shape.holds
    return Shape(f"a list of {shape.expected}", lambda value: isinstance(value, (tuple, list)) and all(map(holds, value)))


def by_name(shape: Shape) -> Shape:
    """That by name."""
    holds = shape.holds
    return Shape(f"{shape.expected}, by name", lambda value: isinstance(value, Mapping) and all(map(holds, value.values())))


def row(*shapes: Shape) -> Shape:
    """A list with these in it."""
    expected = f"[{', '.join(shape.expected for shape in shapes)}]"
    places = [shape.holds for shape in shapes]
    return Shape(
        expected,
        lambda value: (
            isinstance(value, (tuple, list))
            and len(value) == len(places)
            and all(holds(part) for holds, part in zip(places, value, strict=True))
        ),
    )


def one_of(*values: str) -> Shape:
    """One of these texts."""
    known = frozenset(values)
    return Shape(f"one of {', '.join(sorted(known))}", lambda value: type(value) is str and value in known)


def fields(shapes: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Shape:
    """Values under these names, and under those of `optional` where they are there."""
    wanted = [(name, shape.holds) for name, shape in shapes.items()]
    others = [(name, shape.holds) for name, shape in (optional or {}).items()]
    return Shape(
        f"{{{', '.join(shapes)}}}",
        lambda value: (
            isinstance(value, Mapping)
            and all(name in value and holds(value[name]) for name, holds in wanted)
            and all(name not in value or holds(value[name]) for name, holds in others)
        ),
    )


TEXTS = each(TEXT)


def check(value: Mapping[str, Any], shapes: Mapping[str, Shape], what: str) -> None:
    """Raises ShapeError for the first value in a mapping that is missing or of another shape."""
    for name, shape in shapes.items():
        if name not in value:
            raise ShapeError(f"{what}: {name!r} is missing; expected {shape.expected}")
        if not shape.holds(value[name]):
            raise ShapeError(f"{what}: {name!r} is {ascii(value[name])[:60]}; expected {shape.expected[:200]}")


def check_record(record: Mapping[str, Any], records: Mapping[str, Mapping[str, Shape]]) -> None:
    """Raises ShapeError for a record that is none of `records`, which are declared by their `what`."""
    what = record.get("what")
    shapes = records.get(what) if isinstance(what, str) else None
    if shapes is None:
        raise ShapeError(f"what is {printable(ascii(what))[:60]}; expected one of {', '.join(records)}"[:300])
    check(record, shapes, what or "")


def check_before_writing(journal: str, given: Iterable[Mapping[str, Any]], records: Mapping[str, Mapping[str, Shape]]) -> None:
    """Raises RecordError for a record of which a journal could not be read again, where `checks_writing`. `records`: as declared."""
    if not checks_writing or not records:
        return
    for record in given:
        try:
            try:
                check_record(record, records)
            except ShapeError:
                check_record(checked_record(record), records)  # as it is read again: of a word of an enumeration, its text
        except ShapeError as error:
            raise RecordError(journal, str(error)) from error


def ensure(holds: object, problem: str) -> None:
    """Raises ShapeError unless a record fits what was recorded before it."""
    if not holds:
        raise ShapeError(problem)
