"""The page on the SCM: its table of reasons is what the code declares."""

from __future__ import annotations

import re
from pathlib import Path

from mlplat.platform.artifacts.scm.errors import SENTENCES, Refusal

PAGE = Path(__file__).resolve().parents[3] / "docs" / "platform" / "scm.md"


def test_the_table_of_reasons_is_made_from_the_code() -> None:
    between = re.search(r"<!-- reasons -->\n(.*)<!-- end -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert between is not None
    rows = "".join(f"| `{reason.value}` | {SENTENCES[reason]} |\n" for reason in Refusal)
    assert between[1] == "| reason of `MoveRefused` | meaning |\n|---|---|\n" + rows
