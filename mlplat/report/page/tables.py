"""Tables that can be sorted by each column, filtered by a word and saved as CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .elements import Html, attribute, text

if TYPE_CHECKING:
    from polars import DataFrame

Rows = Sequence[Mapping[str, Any]]
Formats = Mapping[str, Callable[[Any], object]]


def table_html(
    rows: DataFrame | Rows,
    *,
    caption: object,
    columns: Mapping[str, object] | Sequence[str] | None = None,
    formats: Formats | None = None,
    download: str = "",
    filter: bool = False,
    most_rows: int = 500,
) -> Html:
    """A table of a frame, or of rows that map names of columns to values.

    `columns`: which columns, in this order; a mapping also gives their titles. `formats`: by column, what is shown of a value (a text,
    which is escaped, or `Html`); sorting and saving go by the value itself. `download`: name of the CSV file that a button below saves.
    `filter`: with a field that keeps the rows which contain a word. At most `most_rows` rows are shown, and below it how many more
    there are.

    >>> table = table_html([{"job": "<i>", "wait_s": 1.25}], caption="Jobs", formats={"wait_s": lambda v: f"{v:.0f} s"})
    >>> '<tr><td>&lt;i&gt;</td><td class="number" data-value="1.25">1 s</td></tr>' in table
    True
    """
    count = len(rows)
    shown = _first(rows, most_rows)
    titles = _titles(rows, columns)
    numeric = {name for name in titles if _is_numeric([row.get(name) for row in shown])}
    head = "".join(
        f'<th scope="col"{_number(name in numeric)}><button type="button">{text(title)}</button></th>' for name, title in titles.items()
    )
    body = "".join(
        "<tr>" + "".join(_cell(row.get(name), (formats or {}).get(name), name in numeric) for name in titles) + "</tr>" for row in shown
    )
    table = f"<table><caption>{text(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    scrolled = f'<div class="table" tabindex="0" role="region" aria-label="{text(caption)}">{table}</div>'
    sought = '<label class="filter">Rows with <input type="search" data-filter-rows></label>' if filter else ""
    rest = f'<p class="rest">{count - len(shown):,} more rows are not shown.</p>' if count > len(shown) else ""
    button = f'<button type="button" class="download" data-save-table="{attribute(download)}">Save as CSV</button>' if download else ""
    below = rest + button
    return Html(f'<div class="with-table">{sought}{scrolled}{below}</div>' if sought or below else scrolled)


def _first(rows: DataFrame | Rows, most: int) -> Rows:
    return rows[:most] if isinstance(rows, Sequence) else rows.head(most).to_dicts()


def _titles(rows: DataFrame | Rows, columns: Mapping[str, object] | Sequence[str] | None) -> dict[str, object]:
    if isinstance(columns, Mapping):
        return dict(columns)
    if columns is None:
        columns = rows.columns if hasattr(rows, "columns") else list(dict.fromkeys(name for row in rows for name in row))
    return {name: name for name in columns}


def _is_numeric(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in known)


def _number(numeric: bool) -> str:
    return ' class="number"' if numeric else ""


def _cell(value: Any, form: Callable[[Any], object] | None, numeric: bool) -> str:
    shown = text(None if value is None else form(value) if form else _plain(value))
    exact = "" if value is None or (str(value) == shown and not isinstance(value, Html)) else f' data-value="{attribute(value)}"'
    if isinstance(value, Html) or (not numeric and form is None):
        exact = ""
    return f"<td{_number(numeric)}{exact}>{shown}</td>"


def _plain(value: Any) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.6g}" if isinstance(value, float) else value
