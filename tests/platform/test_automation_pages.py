"""The tables of the pages on retraining, reproduction and maturity are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

from mlplat.platform.automation.retraining import RetrainingReason, SuppressedReason
from mlplat.platform.maturity import LEVELS
from mlplat.platform.reproduction import Outcome

PAGES = Path(__file__).resolve().parents[2] / "docs" / "platform"


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
