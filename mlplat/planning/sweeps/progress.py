"""How far a sweep is, on standard error: a bar, the runs there are, those that failed, and the time that is left."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("runs{task.fields[failed]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(title), total=None, failed="")
        begun = False

        def told(finished: int, total: int, failed: int) -> None:
            nonlocal begun
            if not begun:  # what was there before says nothing about the speed
                begun = True
                bar.reset(task, total=total, completed=finished)
            bar.update(task, completed=finished, failed=f", {failed:,} failed" if failed else "")

        yield told
