"""The page of a platform, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.report.platform_page.shop import NASTY, shop


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shop().to_html(tmp_path_factory.mktemp("platform") / "platform.html")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_node_that_is_chosen_shows_its_record(
    path: Path, visitor: Any, axe: Callable[[Any], None], screenshot: Callable[[Any, str], Path], theme: str
) -> None:
    page = visitor.open(path, theme=theme)
    page.locator(".node.kind-run").first.focus()
    page.keyboard.press("Enter")
    record = page.locator("#lineage-record")
    record.get_by_text("parameter note").wait_for()
    assert NASTY in record.inner_text() and page.title() == "A platform"
    assert page.locator(".node.is-lit").count() == 3
    record.get_by_role("button", name="model:shop/churn@1").click()
    page.locator(".node.kind-model.is-chosen").wait_for()
    axe(page)
    screenshot(page, f"platform-{theme}")


def test_events_are_found_and_causes_followed(path: Path, visitor: Any) -> None:
    page = visitor.open(path)
    page.fill("#event-words", "incident.detected n1")
    assert page.locator("#event-table tbody tr").count() == 1
    page.locator("#event-table tbody button").first.click()
    record = page.locator("#event-record")
    record.get_by_role("button", name="node.failed node:n1").click()
    assert "it came from outside" in record.inner_text() and "incident.detected incident:n1" in record.inner_text()
    assert NASTY in record.inner_text() and page.title() == "A platform"


def test_a_platform_is_readable_on_a_narrow_screen(
    path: Path, visitor: Any, no_sideways_scrolling: Callable[[Any], None], screenshot: Callable[[Any, str], Path]
) -> None:
    page = visitor.open(path, width=360, height=740)
    no_sideways_scrolling(page)
    screenshot(page, "platform-narrow")
