"""How far a sweep is: the runs there are, those that failed, and the time that is left, or whatever the caller makes of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...runs.progress_bar import progress_bar
from .driving import Told


@contextmanager
def shown_progress(progress: bool | Callable[[int, int, int], object] | None, title: str) -> Iterator[Told]:
    """What to tell of runs there are, of how many, and how many failed. None shows the bar on a terminal."""
    if callable(progress):
        yield progress
        return
    if not (sys.stderr.isatty() if progress is None else progress):
        yield lambda finished, total, failed: None
        return
    with progress_bar(title, "runs") as bar:
        assert bar is not None
        yield lambda finished, total, failed: bar(finished, total, f", {failed:,} failed" if failed else "")
