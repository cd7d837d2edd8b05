"""A progress bar in the output of a notebook's cell: one display that is updated in place. It needs no widgets."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..html_tables import text, view
from ..units import format_seconds

if TYPE_CHECKING:
    from .progress_bar import Told

PERIOD_S = 0.2
"""Seconds of the wall clock between two updates: each is a message to the notebook."""


@contextmanager
def notebook_bar(title: str, unit: str) -> Iterator[Told]:
    """A bar of so many `unit`s. At the end the display is empty, so that a notebook is the same whenever it is run."""
    display = importlib.import_module("IPython.display").display
    handle = display(_shown(title, unit, 0, 0, "", ""), raw=True, display_id=True)
    begun: tuple[float, int] | None = None
    latest = 0.0

    def told(done: int, total: int, remark: str = "") -> None:
        nonlocal begun, latest
        now = time.monotonic()
        if begun is None:  # what was there before says nothing about the speed
            begun = (now, done)
        if now - latest < PERIOD_S:
            return
        latest = now
        since, before = begun
        left = "" if done <= before else f", {format_seconds((now - since) * (total - done) / (done - before))} left"
        handle.update(_shown(title, unit, done, total, remark, left), raw=True)

    try:
        yield told
    finally:
        handle.update({"text/plain": "", "text/html": ""}, raw=True)


def _shown(title: str, unit: str, done: int, total: int, remark: str, left: str) -> dict[str, str]:
    """The bar as text and as HTML; without a total it only moves."""
    count = f"{done:,} of {total:,} {unit}{remark}{left}" if total else unit
    bar = f'<progress value="{done}" max="{total}"></progress>' if total else "<progress></progress>"
    return {"text/plain": f"{title}: {count}", "text/html": view(f"<p>{text(title)} {bar} {text(count)}</p>")}
