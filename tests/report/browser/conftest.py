"""A headless Chromium for the tests of pages, and what holds of every page in it: no error, no request to a network.

`MLPLAT_SCREENSHOTS` names a folder in which screenshots are kept; without it they go to the temporary folder of the tests.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
NAMES = ("chromium", "google-chrome", "chromium-browser", "google-chrome-stable")
GRAVE = ("serious", "critical")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser for all tests. Skips where there is none, or no playwright to drive it."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no test of pages in a browser")
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no browser is on PATH (looked for {', '.join(NAMES)}): no test of pages in a browser")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


class Visitor:
    """A visit to pages that are files: opens them at a width, in a theme, and remembers everything that went wrong."""

    def __init__(self, chromium: Any) -> None:
        self.wrongs: list[str] = []
        self._chromium = chromium
        self._contexts: list[Any] = []

    def open(self, path: str | os.PathLike[str], *, width: int = 1280, height: int = 900, theme: str = "light", draw: bool = True) -> Any:
        """The page in a file, drawn as a whole if `draw`. `theme`: that of the system, `light` or `dark`."""
        page = self.blank(width=width, height=height, theme=theme)
        page.goto(Path(path).resolve().as_uri())
        if draw:
            page.evaluate("() => window.mlplat?.drawAll?.()")
        return page

    def blank(self, *, width: int = 1280, height: int = 900, theme: str = "light") -> Any:
        """An empty page, watched from now on."""
        context = self._chromium.new_context(viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce")
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: message.type in ("error", "warning") and self.wrongs.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.wrongs.append(f"error: {error}"))
        page.on("request", lambda request: self._asked(request.url))
        return page

    def _asked(self, url: str) -> None:
        if not url.startswith(("file:", "data:", "blob:")):
            self.wrongs.append(f"request: {url}")

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def visitor(chromium: Any) -> Iterator[Visitor]:
    """`visitor.open(path)` opens a page; at the end the test fails if any page had an error or asked a network for something."""
    visit = Visitor(chromium)
    yield visit
    visit.close()
    assert visit.wrongs == []


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """An empty page of the browser (1280 × 900); the test fails on errors and on requests to a network."""
    visit = Visitor(chromium)
    yield visit.blank()
    visit.close()
    assert visit.wrongs == []


@pytest.fixture(scope="session")
def axe() -> Callable[[Any], None]:
    """Assert that axe finds nothing serious or critical in a page."""
    module = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

    def check(page: Any) -> None:
        found = module.Axe().run(page).response["violations"]
        grave = [f"{v['id']}: {v['help']}: {[node['target'] for node in v['nodes']][:5]}" for v in found if v["impact"] in GRAVE]
        assert grave == []

    return check


@pytest.fixture
def screenshot(tmp_path: Path) -> Callable[[Any, str], Path]:
    """Keep a picture of a whole page under a name."""
    folder = Path(os.environ.get("MLPLAT_SCREENSHOTS", tmp_path))

    def take(page: Any, name: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        page.screenshot(path=path, full_page=True)
        return path

    return take


@pytest.fixture(scope="session")
def no_sideways_scrolling() -> Callable[[Any], None]:
    """Assert that a page is no wider than the window."""

    def check(page: Any) -> None:
        wide = page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
        assert wide[0] <= wide[1], f"the page is {wide[0]} pixels wide in a window of {wide[1]}"

    return check
