"""The examples of docs/clusters.md are true."""

from __future__ import annotations

import doctest
from pathlib import Path


def test_examples_of_the_clusters_page_are_true() -> None:
    page = Path(__file__).parents[2] / "docs" / "clusters.md"
    options = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    outcome = doctest.testfile(str(page), module_relative=False, optionflags=options)
    assert outcome.failed == 0 and outcome.attempted >= 8
