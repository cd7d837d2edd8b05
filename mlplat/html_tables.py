"""What notebooks show: tables of one look, with every text escaped, no wider than the cell and of a bounded number of rows.

Names come from users. They are escaped here, so that nobody who makes a table can forget it.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import islice
from typing import Any, TypeVar

from .errors import printable

MOST_ROWS = 60
"""Rows of a table; how many more there are is said below it."""

LONGEST = 300
"""Characters of a cell."""

LONGEST_SENTENCE = 4000
"""Characters of what is said above or below a table."""

NOTHING = "–"

_NUMBER = re.compile(r"[-+$]?[$∞\d][\d,.e+-]*( ?[%\w/·]{1,8})?", re.ASCII | re.IGNORECASE)
_STYLE = (
    ".mlplat{max-width:100%;overflow-x:auto}"
    ".mlplat table{border-collapse:collapse;margin:.3em 0}"
    ".mlplat th,.mlplat td{text-align:left;vertical-align:top;padding:.15em .7em .15em 0;white-space:normal}"
    ".mlplat th,.mlplat td,.mlplat p{overflow-wrap:break-word;max-width:36em}"
    ".mlplat p{margin:.3em 0}"
)
K = TypeVar("K")
V = TypeVar("V")


def text(value: object, longest: int = LONGEST) -> str:
    """A value as a cell shows it: one line of plain text that is safe in HTML.

    >>> text("<b>"), text(None), text(12345), text(True), text({"a": 1}), text(("x", "y"))
    ('&lt;b&gt;', '–', '12,345', 'yes', 'a=1', 'x, y')
    """
    said = printable(_said(value))
    return html.escape(said if len(said) <= longest else said[: longest - 1] + "…")


def _said(value: object) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:,.6g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_said(one)}" for key, one in value.items())
    if isinstance(value, (tuple, list)):
        return ", ".join(map(_said, value))
    return str(value)


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: object = "",
    lead: Iterable[object] = (),
    notes: Iterable[object] = (),
    more: int = 0,
) -> str:
    """A table with a head. `rows`: the first 60 are shown. `more`: how many the caller has left out already. `lead`: sentences above the
    table, `notes`: below it.

    >>> page = table(("job", "wait"), [("<i>", "2 s"), ("b", "10 s")], title="jobs")
    >>> "<td>&lt;i&gt;</td><td>2 s</td>" in page, "<i>" in page
    (True, False)
    """
    shown, left_out = _bounded(rows)
    cells = [[text(cell) for cell in row] for row in shown]
    head = "".join(f"<th>{text(name)}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in cells)
    made = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if cells else ""
    return view(made, title=title, lead=lead, notes=[*_rest(left_out + more), *notes], numbers=_numbers(len(heads), cells))


def facts(rows: Iterable[tuple[str, object]], *, title: object = "", lead: Iterable[object] = (), notes: Iterable[object] = ()) -> str:
    """What is known of one thing: a row for each name and value.

    >>> "<tr><th>cores</th><td>64</td></tr>" in facts([("cores", 64)], title="node-0")
    True
    """
    shown, left_out = _bounded(rows)
    body = "".join(f"<tr><th>{text(name)}</th><td>{text(value)}</td></tr>" for name, value in shown)
    made = f"<table><tbody>{body}</tbody></table>" if body else ""
    return view(made, title=title, lead=lead, notes=[*_rest(left_out), *notes])


def fields_of(thing: object, *, title: object = "") -> str:
    """The public fields of a dataclass, a named tuple or a model, without those that are empty."""
    names: Iterable[str] = getattr(type(thing), "model_fields", getattr(thing, "__dataclass_fields__", ()))
    told = [(name, getattr(thing, name)) for name in names if not name.startswith("_")]
    empty: tuple[object, ...] = (None, "", (), [], {}, math.inf)
    return facts([(name, value) for name, value in told if value not in empty], title=title or type(thing).__name__)


def said(lines: str) -> str:
    """A text of several lines, such as what `print` shows, as it stands."""
    return f"<pre>{html.escape(chr(10).join(map(printable, lines.split(chr(10)))))}</pre>"


def _bounded(rows: Iterable[V]) -> tuple[list[V], int]:
    found = iter(rows)
    shown = list(islice(found, MOST_ROWS))
    return shown, sum(1 for _ in found)


def _rest(left_out: int) -> list[str]:
    return [f"… and {left_out:,} more"] if left_out > 0 else []


def _numbers(columns: int, cells: list[list[str]]) -> tuple[int, ...]:
    """Columns, from 1, in which every cell that says something is a number: they are right-aligned."""

    def all_numbers(i: int) -> bool:
        told = [row[i] for row in cells if i < len(row) and row[i] not in ("", NOTHING)]
        return bool(told) and all(_NUMBER.fullmatch(cell) for cell in told)

    return tuple(i + 1 for i in range(columns) if all_numbers(i))


def view(body: str, *, title: object = "", lead: Iterable[object] = (), notes: Iterable[object] = (), numbers: Sequence[int] = ()) -> str:
    """HTML in the look of all tables. `body` is HTML, in which `text` has made users' texts safe; title, lead and notes are text."""
    aligned = "".join(f".mlplat.n{i} :is(th,td):nth-child({i}){{text-align:right}}" for i in numbers)
    classes = "".join(f" n{i}" for i in numbers)
    head = f"<p><strong>{text(title)}</strong></p>" if title else ""
    above, below = ("".join(f"<p>{text(line, LONGEST_SENTENCE)}</p>" for line in lines) for lines in (lead, notes))
    return f'<div class="mlplat{classes}"><style>{_STYLE}{aligned}</style>{head}{above}{body}{below}</div>'


class ShownMapping(Mapping[K, V]):
    """A mapping that notebooks show as a table: `heads` and, of each entry, `row`."""

    def __init__(self, entries: Mapping[K, V], title: str, heads: Sequence[str], row: Callable[[K, V], Sequence[Any]]) -> None:
        self._entries, self._title, self._heads, self._row = dict(entries), title, tuple(heads), row

    def __getitem__(self, key: K) -> V:
        return self._entries[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"{self._title}: {', '.join(map(str, self._entries))}"

    def _repr_html_(self) -> str:
        return table(self._heads, (self._row(key, value) for key, value in self._entries.items()), title=self._title)
