"""The page of a plan, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.report.plan_page.plans import two_groups, unreachable


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plans")
    plan = two_groups()
    plan.to_html(folder / "two.html", sensitivity=plan.sensitivity(failures=0, load=0))
    unreachable().to_html(folder / "unreachable.html")
    return folder


def test_a_plan_is_whole_and_accessible(
    pages: Path, visitor: Any, axe: Callable[[Any], None], screenshot: Callable[[Any, str], Path]
) -> None:
    page = visitor.open(pages / "two.html", theme="dark")
    assert page.locator(".plot-area .main-svg").count() >= 3
    assert page.locator("img").count() == 0
    axe(page)
    screenshot(page, "plan-dark")
    page.locator("#objectives th button").nth(1).click()
    with page.expect_download() as saved:
        page.click("#scenario [data-download]")
    assert '"met": true' in saved.value.path().read_text()


def test_an_unreachable_plan_is_readable_on_a_narrow_screen(
    pages: Path,
    visitor: Any,
    no_sideways_scrolling: Callable[[Any], None],
    axe: Callable[[Any], None],
    screenshot: Callable[[Any, str], Path],
) -> None:
    page = visitor.open(pages / "unreachable.html", width=360, height=740)
    assert "no choice meets all objectives" in page.inner_text("#answer")
    no_sideways_scrolling(page)
    axe(page)
    screenshot(page, "plan-unreachable-narrow")
