"""The examples of the pages in docs/how-to are true."""

from __future__ import annotations

import doctest
from pathlib import Path

import numba
import pytest

PAGES = sorted((Path(__file__).resolve().parents[1] / "docs" / "how-to").glob("*.md"))


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")
@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_the_examples_of_a_how_to_page_are_true(page: Path) -> None:
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert failed == 0
    assert tried > 0 or ">>>" not in page.read_text(encoding="utf-8")
