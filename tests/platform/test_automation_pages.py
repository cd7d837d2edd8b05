"""The examples of the pages on retraining, reproduction and maturity are true, and their tables are those of the code."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from mlplat.platform.automation.retraining import RetrainingReason, SuppressedReason
from mlplat.platform.maturity import LEVELS
from mlplat.platform.reproduction import Outcome

PAGES = Path(__file__).resolve().parents[2] / "docs" / "platform"


@pytest.mark.parametrize(("page", "least"), [("retraining", 20), ("reproduction", 18), ("maturity", 7)])
def test_examples_are_true(page: str, least: int) -> None:
    outcome = doctest.testfile(str(PAGES / f"{page}.md"), module_relative=False)
    assert outcome.failed == 0 and outcome.attempted >= least


def test_levels_are_those_of_the_code() -> None:
    found = re.search(r"<!-- levels -->\n(.*?)<!-- end -->", (PAGES / "maturity.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    rows = "".join(f"| {level.value} | {sentence} |\n" for level, sentence in LEVELS.items())
    assert found[1] == "| level | |\n|---|---|\n" + rows


def test_all_reasons_and_verdicts_are_told() -> None:
    retraining, reproduction = ((PAGES / f"{page}.md").read_text(encoding="utf-8") for page in ("retraining", "reproduction"))
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", retraining, re.MULTILINE)) >= {*SuppressedReason}
    assert all(f"`{reason}`" in retraining for reason in RetrainingReason)
    assert set(re.findall(r"^\| `([a-z_]+)` \|", reproduction, re.MULTILINE)) == {*Outcome}
