"""The tables of docs/platform/ci.md name what is there."""

from __future__ import annotations

import re
from pathlib import Path

from mlplat.platform.automation.ci import CI, CIReason
from mlplat.platform.automation.ci.runs import CI_SENTENCE

from ..matrix import calls_of

PAGE = Path(__file__).resolve().parents[3] / "docs" / "platform" / "ci.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_has_every_call() -> None:
    table = TEXT.partition("## Calls")[2].partition("`inbox.messages()`")[0]
    assert set(re.findall(r"`(\w+)\(", table)) == calls_of(CI)


def test_the_page_has_every_reason_in_its_words() -> None:
    told = dict(re.findall(r"^\| `([A-Z_]+)` \| \w+ \| (.+) \|$", TEXT, re.MULTILINE))
    assert told.keys() == set(CIReason)
    assert all(CI_SENTENCE[reason] == sentence for reason, sentence in told.items())
