"""The explanations that a page carries whole: made of a `Result` in one run more, or saved with the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...runs.saved_run import SavedRun

if TYPE_CHECKING:
    from ...runs.result import Result


def explanations(run: Result | SavedRun, most: int) -> dict[int, str]:
    """Text by row of the job, of at most `most` jobs."""
    if isinstance(run, SavedRun):
        return dict(list(run.explanations.items())[:most])
    return run.explain_longest(most)
