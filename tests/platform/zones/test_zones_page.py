"""The examples of docs/platform/zones.md are true, and its reasons are those of the code."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

from mlplat.platform.zones.looking import SENTENCES

PAGE = Path(__file__).resolve().parents[3] / "docs" / "platform" / "zones.md"


def test_examples_of_the_zones_page_are_true() -> None:
    outcome = doctest.testfile(str(PAGE), module_relative=False)
    assert outcome.failed == 0 and outcome.attempted >= 25


def test_the_table_of_reasons_is_made_from_the_code() -> None:
    found = re.search(r"<!-- reasons -->\n(.*?)<!-- end -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    rows = "".join(f"| `{reason}` | {sentence} |\n" for reason, sentence in SENTENCES.items() if reason)
    assert found[1] == "| reason | why the next workload of the zone waits |\n|---|---|\n" + rows
