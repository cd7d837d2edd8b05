"""The reasons of docs/platform/work.md are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

from mlplat.platform.work.outcomes import OUTCOME, SENTENCE, Outcome

PAGE = Path(__file__).resolve().parents[3] / "docs" / "platform" / "work.md"


def test_the_table_of_reasons_is_made_from_the_code() -> None:
    found = re.search(r"<!-- reasons -->\n(.*?)<!-- end -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    told = [(reason, OUTCOME.get(reason, Outcome.RUNNING), sentence) for reason, sentence in SENTENCE.items() if reason]
    rows = "".join(f"| `{reason}` | {outcome} | {sentence} |\n" for reason, outcome, sentence in told)
    assert found[1] == "| reason | outcome | |\n|---|---|---|\n" + rows
