"""The examples of docs/failures.md are true."""

from __future__ import annotations

import doctest
from pathlib import Path


def test_examples_of_the_failures_page_are_true() -> None:
    page = Path(__file__).parents[2] / "docs" / "failures.md"
    options = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    outcome = doctest.testfile(str(page), module_relative=False, optionflags=options)
    assert outcome.failed == 0 and outcome.attempted >= 20
