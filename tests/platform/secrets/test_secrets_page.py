"""The tables of docs/platform/secrets.md name what is there."""

from __future__ import annotations

import re
from pathlib import Path

from mlplat.platform.secrets import Secrets

from ..matrix import calls_of

PAGE = Path(__file__).resolve().parents[3] / "docs" / "platform" / "secrets.md"


def test_the_page_has_every_call() -> None:
    assert set(re.findall(r"^\| `(\w+)\(", PAGE.read_text(encoding="utf-8"), re.MULTILINE)) == calls_of(Secrets)
