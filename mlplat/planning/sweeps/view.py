"""A sweep for people: a table of its points, as text and as HTML, and what failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...errors import printable
from ...html_tables import table

if TYPE_CHECKING:
    from .outcome import Sweep

MOST_POINTS = 40
MOST_FAILURES = 5


def table_of(sweep: Sweep, figures: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Heads and rows: the varied fields, the runs, and the mean of some figures, of the first points."""
    points = sweep.points.head(MOST_POINTS)
    fields = [name for name in sweep.varied if name in points.columns]
    shown = [name for name in figures if name in points.columns and name not in fields and points[name].is_not_null().any()]
    rows = [
        [*(_text(row[name]) for name in fields), _runs(row), *("–" if row[name] is None else _text(row[name]) for name in shown)]
        for row in points.to_dicts()
    ]
    return [*(printable(name) for name in fields), "runs", *shown], rows


def remarks_of(sweep: Sweep) -> list[str]:
    """What is said below the table."""
    remarks = []
    more = sweep.points.height - MOST_POINTS
    if more > 0:
        remarks.append(f"… and {more:,} more points")
    failed = sweep.failed
    kinds = failed.group_by("error_kind", "error", maintain_order=True).len().head(MOST_FAILURES)
    remarks += [f"failed, {row['len']:,} runs: {row['error_kind']}: {printable(str(row['error']))[:300]}" for row in kinds.to_dicts()]
    remarks += [f"not made: {one.run.name[:12]}…: {printable(one.problem)[:300]}" for one in sweep.unkept[:MOST_FAILURES]]
    if not sweep.complete:
        remarks.append(f"{sweep.total - sweep.finished:,} runs are missing: the same sweep in the same folder goes on with them")
    return remarks


def title_of(sweep: Sweep) -> str:
    """What it is, in one line."""
    failed = sweep.failed.height
    kind = {"grid": "grid", "random": "random points", "lhs": "Latin hypercube"}.get(str(sweep.design.get("kind")), "points")
    text = f"{printable(sweep.name)}: {sweep.points.height:,} points of a {kind}, {sweep.finished:,} of {sweep.total:,} runs"
    return text + (f", {failed:,} failed" if failed else "")


def as_text(sweep: Sweep, figures: Sequence[str]) -> str:
    """Title, table, remarks."""
    heads, rows = table_of(sweep, figures)
    width = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    lines = ["  ".join(cell.rjust(width[i]) for i, cell in enumerate(row)).rstrip() for row in [heads, *rows]]
    return "\n".join([title_of(sweep), *lines, *remarks_of(sweep)])


def as_html(sweep: Sweep, figures: Sequence[str]) -> str:
    """The same for a notebook."""
    heads, rows = table_of(sweep, figures)
    return table(heads, rows, title=title_of(sweep), notes=remarks_of(sweep))


def _runs(row: dict[str, Any]) -> str:
    return f"{row['runs']:,}" + (f" ({row['failed']:,} failed)" if row["failed"] else "")


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return printable(str(value))[:40]
