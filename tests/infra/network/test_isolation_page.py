"""The tables of docs/network/isolation.md are those of the code."""

from __future__ import annotations

from pathlib import Path

from mlplat.infra.network.connections import RULE_COLUMNS
from mlplat.infra.network.peers import REASONS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "network" / "isolation.md"


def test_tables_of_the_isolation_page_are_those_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    reasons = [f"| `{reason}` | {'allowed' if allows else 'denied'} | {meaning} |" for reason, (allows, meaning) in REASONS.items()]
    assert "\n".join(reasons) in text.partition("<!-- reasons -->")[2].partition("<!-- end -->")[0]
    columns = [f"| `{name}` | {kind} | {unit} | {meaning} |" for name, kind, unit, meaning in RULE_COLUMNS]
    assert "\n".join(columns) in text.partition("<!-- rules -->")[2].partition("<!-- end -->")[0]
