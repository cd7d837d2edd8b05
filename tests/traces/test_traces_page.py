"""The examples and tables of docs/traces.md are true."""

from __future__ import annotations

import doctest
from pathlib import Path

from mlplat.traces import FORMATS
from mlplat.traces.mlplat_files import COLUMNS

PAGE = Path(__file__).parents[2] / "docs" / "traces.md"


def test_examples_of_the_traces_page_are_true() -> None:
    options = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL | doctest.NORMALIZE_WHITESPACE
    outcome = doctest.testfile(str(PAGE), module_relative=False, optionflags=options)
    assert outcome.failed == 0 and outcome.attempted >= 20


def test_the_tables_of_the_page_are_those_of_the_code() -> None:
    text = PAGE.read_text()
    for name, unit, meaning in COLUMNS:
        assert f"| `{name}` | {unit} | {meaning} |" in text
    for name in FORMATS:
        assert f"`{name}`" in text
