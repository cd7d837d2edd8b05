"""The examples of docs/platform/inbox.md are true."""

from __future__ import annotations

import doctest
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "platform" / "inbox.md"


def test_examples_of_the_inbox_page_are_true() -> None:
    outcome = doctest.testfile(str(PAGE), module_relative=False)
    assert outcome.failed == 0 and outcome.attempted >= 6
