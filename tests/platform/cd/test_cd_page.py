"""The tables of docs/platform/cd.md name what is there."""

from __future__ import annotations

import re
from pathlib import Path

from mlplat.platform.automation.cd import CD, Reason
from mlplat.platform.automation.cd.rollouts.states import INFRASTRUCTURE

from ..matrix import calls_of

PAGE = Path(__file__).resolve().parents[3] / "docs" / "platform" / "cd.md"


def test_the_page_has_every_call_and_every_reason() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = text.partition("## Who may do what")[2].partition("## Events")[0]
    named = {name for line in rows.splitlines() if line.startswith("| `") for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert named == calls_of(CD)
    reasons = dict(
        re.findall(r"^\| `([A-Z_]+)` \| (\w+) \|", text.partition("<!-- reasons -->")[2].partition("<!-- end -->")[0], re.MULTILINE)
    )
    assert reasons.keys() == {reason.value for reason in Reason}
    assert all((reasons[reason.value] == "error") is (reason in INFRASTRUCTURE or reason is Reason.DENIED) for reason in Reason)
