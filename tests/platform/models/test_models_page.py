"""The table of stages in docs/platform/models.md is true."""

from __future__ import annotations

from pathlib import Path

from mlplat.platform.artifacts.models import TRANSITIONS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "platform" / "models.md"


def test_the_table_of_stages_is_the_one_in_force() -> None:
    rows = [f"| `{stage.value}` | {', '.join(f'`{after.value}`' for after in following)} |" for stage, following in TRANSITIONS.items()]
    said = PAGE.read_text(encoding="utf-8").partition("<!-- stages -->")[2].partition("<!-- end -->")[0]
    assert said.strip().splitlines()[2:] == rows
