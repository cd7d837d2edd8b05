"""The page on the endpoint: its tables of reasons are what the code declares."""

from __future__ import annotations

import re
from pathlib import Path

from mlplat.infra.endpoint import NodeReason
from mlplat.infra.quotas.reasons import WaitReason

PAGE = Path(__file__).resolve().parents[3] / "docs" / "endpoint.md"


def test_the_table_of_reasons_is_made_from_the_code() -> None:
    between = re.search(r"<!-- reasons -->\n(.*)<!-- end -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert between is not None
    rows = "".join(f"| `{reason.word}` | {reason.sentence} |\n" for reason in NodeReason)
    assert between[1] == "| reason | meaning |\n|---|---|\n" + rows


def test_the_table_of_what_is_waited_for_under_quotas_is_made_from_the_code() -> None:
    between = re.search(r"<!-- waits -->\n(.*)<!-- end of waits -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert between is not None
    rows = "".join(f"| `{reason.value}` | {reason.sentence} |\n" for reason in WaitReason)
    assert between[1] == "| reason | meaning |\n|---|---|\n" + rows
