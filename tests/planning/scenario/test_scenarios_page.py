"""The table of docs/planning/scenarios.md is true."""

from __future__ import annotations

from pathlib import Path

from mlplat.planning.scenario.measures import MEASURES
from mlplat.planning.scenario.scenario import Scenario
from mlplat.planning.scenario.templates import TEMPLATES

PAGE = Path(__file__).parents[3] / "docs" / "planning" / "scenarios.md"


def test_the_page_has_every_figure_every_field_and_every_template() -> None:
    text = PAGE.read_text()
    for each in MEASURES.values():
        assert f"| `{each.name}` | {each.unit} | {each.better} | {'yes' if each.of_zones else ''} | {each.meaning} |" in text
    for name in [*TEMPLATES, *(field for field in Scenario.model_fields if field not in ("name", "description"))]:
        assert f"`{name}`" in text
