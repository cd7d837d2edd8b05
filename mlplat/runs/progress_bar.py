"""A progress bar: on standard error of a terminal, in a notebook in the output of the cell. It is gone at the end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol


class Told(Protocol):
    """To be told how many of how many are done, and what else there is to say."""

    def __call__(self, done: int, total: int, remark: str = "") -> None: ...


def progress_bar(title: str, unit: str, shown: bool = True) -> AbstractContextManager[Told | None]:
    """A bar of so many `unit`s; None where it is not to be shown."""
    if not shown:
        return _nothing()
    if in_notebook():
        from .notebook_bar import notebook_bar

        return notebook_bar(title, unit)
    return _terminal_bar(title, unit)


@contextmanager
def asked_progress(progress: Any, title: str, unit: str) -> Iterator[Any]:
    """What to tell of progress: the caller's function, a bar where `progress` is true, else None."""
    if callable(progress):
        yield progress
        return
    with progress_bar(title, unit, bool(progress)) as told:
        yield told


def in_notebook() -> bool:
    """Whether this is a kernel whose outputs a notebook shows. IPython in a terminal is none, and without IPython there is none."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and getattr(shell, "kernel", None) is not None


@contextmanager
def _nothing() -> Iterator[None]:
    yield None


@contextmanager
def _terminal_bar(title: str, unit: str) -> Iterator[Told]:
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
