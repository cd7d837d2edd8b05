"""A progress bar on standard error: how much is done, and the time that is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Told(Protocol):
    """To be told how many of how many are done, and what else there is to say."""

    def __call__(self, done: int, total: int, remark: str = "") -> None: ...


@contextmanager
def progress_bar(title: str, unit: str, shown: bool = True) -> Iterator[Told | None]:
    """A bar of so many `unit`s, gone at the end; None where it is not to be shown."""
    if not shown:
        yield None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{unit}{{task.fields[remark]}}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(title), total=None, remark="")
        begun = False

        def told(done: int, total: int, remark: str = "") -> None:
            nonlocal begun
            if not begun:  # what was there before says nothing about the speed
                begun = True
                bar.reset(task, total=total, completed=done)
            bar.update(task, completed=done, total=total, remark=remark)

        yield told
