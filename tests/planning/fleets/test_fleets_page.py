"""The examples of docs/planning/fleets.md are true."""

from __future__ import annotations

import doctest
from pathlib import Path

import numba
import pytest

PAGE = Path(__file__).parents[3] / "docs" / "planning" / "fleets.md"


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")
def test_examples_of_the_page_are_true() -> None:
    outcome = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert outcome.failed == 0 and outcome.attempted >= 12
