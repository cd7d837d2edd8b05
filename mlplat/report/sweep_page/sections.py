"""The page of a sweep: how much of it is there, its figures over what was varied, its points, and what failed."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from ...errors import printable
from ...planning.comparison.comparison_result import amount
from ...planning.scenario.measures import MEASURES
from ...planning.search.words import figure_words
from ...planning.sweeps.view import remarks_of, title_of
from ..figures import points
from ..page import Section, badge, data_download, document, figure_html, key_figures, paragraph, table_html, write_page

if TYPE_CHECKING:
    from ...planning.sweeps.outcome import Sweep

MOST_FIGURES = 4
MOST_FIELDS = 3
"""Figures of runs, and varied fields over which each is drawn."""

MOST_ROWS = 1000


def sweep_page(sweep: Sweep) -> str:
    """The text of the page, of a sweep that is not complete as far as it is. Raises MissingExtraError."""
    failed = sweep.failed
    sections = [Section("answer", "What is there", _there(sweep)), Section("figures", "Over what was varied", _figures(sweep))]
    sections.append(Section("points", "Points", _points(sweep)))
    if failed.height:
        table = table_html(failed, caption="Runs that failed", download="failed.csv", most_rows=MOST_ROWS)
        sections.append(Section("failed", "What failed", table))
    facts = [("fingerprint", sweep.fingerprint[:16]), ("version", sweep.version)]
    return document(f"Sweep: {printable(sweep.name)}", sections, facts=facts, data={"runs": sweep.frame})


def write_sweep_page(sweep: Sweep, path: str | os.PathLike[str]) -> Path:
    """Write the page to a file and return where. Raises InputError, MissingExtraError."""
    return write_page(path, sweep_page(sweep))


def _there(sweep: Sweep) -> str:
    state = badge("complete", "good") if sweep.complete else badge("not complete", "bad")
    cards = [
        ("points", f"{sweep.points.height:,}", str(sweep.design.get("kind", ""))),
        ("runs", f"{sweep.finished:,}", f"of {sweep.total:,}"),
        ("failed", f"{sweep.failed.height:,}"),
    ]
    rest = "".join(map(paragraph, remarks_of(sweep)))
    return paragraph(state) + key_figures(cards) + paragraph(title_of(sweep)) + rest


def _figures(sweep: Sweep) -> str:
    fields = [name for name in sweep.varied if name in sweep.frame.columns]
    measures = [name for name in sweep.figure_names if _is_measured(sweep, name)][:MOST_FIGURES]
    if not fields or not measures:
        return paragraph("No run is there of which there is something to draw.")
    drawn = []
    for measure in measures:
        meaning = MEASURES[measure].meaning if measure in MEASURES else measure
        drawn += [
            figure_html(points(sweep, measure, field), f"{figure_words(measure)}: {meaning}. A mark is a run, the line the mean.")
            for field in fields[:MOST_FIELDS]
        ]
        if len(fields) > 1:
            drawn.append(
                figure_html(points(sweep, measure, (fields[0], fields[1])), f"{figure_words(measure)}: the mean, over two fields.")
            )
    return "".join(drawn)


def _is_measured(sweep: Sweep, name: str) -> bool:
    frame = sweep.frame
    return name in frame.columns and frame[name].dtype.is_numeric() and bool(frame[name].is_not_null().any())


def _points(sweep: Sweep) -> str:
    frame = sweep.points
    fields = [name for name in sweep.varied if name in frame.columns]
    measures = [name for name in frame.columns if name in MEASURES and name not in fields and frame[name].is_not_null().any()]
    first = [name for name in sweep.figure_names if name in measures]
    shown = [*fields, "runs", "failed", *first, *(name for name in measures if name not in first)]
    formats = {name: partial(amount, unit=MEASURES[name].unit) for name in measures}
    titles = {name: figure_words(name) if name in measures else name for name in shown}
    lists = [name for name in fields if isinstance(frame[name].dtype, (pl.List, pl.Struct))]
    texts = frame.with_columns(pl.Series(name, list(map(str, frame[name].to_list()))) for name in lists)
    caption = "Each point, with the means of its runs"
    table = table_html(texts, columns=titles, formats=formats, caption=caption, filter=True, download="points.csv", most_rows=MOST_ROWS)
    return table + data_download("All figures of all runs (CSV)", "runs", "runs.csv")
