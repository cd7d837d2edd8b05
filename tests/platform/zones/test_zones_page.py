"""The reasons of docs/platform/zones.md are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

from mlplat.platform.zones.looking import SENTENCES

PAGE = Path(__file__).resolve().parents[3] / "docs" / "platform" / "zones.md"


def test_the_table_of_reasons_is_made_from_the_code() -> None:
    found = re.search(r"<!-- reasons -->\n(.*?)<!-- end -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    rows = "".join(f"| `{reason}` | {sentence} |\n" for reason, sentence in SENTENCES.items() if reason)
    assert found[1] == "| reason | why the next workload of the zone waits |\n|---|---|\n" + rows
