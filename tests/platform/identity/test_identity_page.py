"""The page on the Identity Provider: its tables are what the code declares."""

from __future__ import annotations

import re
from pathlib import Path

from mlplat.platform.identity import ROLES, DecisionReason
from mlplat.platform.identity.decisions import SENTENCES

PAGE = Path(__file__).resolve().parents[3] / "docs" / "platform" / "identity.md"


def _between(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_table_of_reasons_is_made_from_the_code() -> None:
    rows = "".join(f"| `{reason.value}` | {SENTENCES[reason]} |\n" for reason in DecisionReason)
    assert _between("reasons") == "| reason | meaning |\n|---|---|\n" + rows


def test_the_table_of_roles_is_made_from_the_code() -> None:
    assert _between("roles") == "".join(f"| `{role}` | {', '.join(sorted(rights))} |\n" for role, rights in ROLES.items())
