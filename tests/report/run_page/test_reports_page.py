"""The page of the documentation on reports: its snippets run, and its options are those of the code."""

from __future__ import annotations

import doctest
import inspect
from pathlib import Path

import pytest

from mlplat.report.run_page.choice import MOST_RECORDS, SAMPLE_RECORDS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reports.md"


def test_every_snippet_of_the_page_gives_what_it_says() -> None:
    pytest.importorskip("plotly")
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert failed == 0
    assert tried > 3


def test_it_names_every_option_and_the_limits() -> None:
    pytest.importorskip("plotly")
    from mlplat.report.run_page import run_page

    text = PAGE.read_text("utf-8")
    for name in list(inspect.signature(run_page).parameters)[1:]:
        assert f"`{name}`" in text
    assert f"({MOST_RECORDS:,})" in text and f"({SAMPLE_RECORDS:,})" in text
