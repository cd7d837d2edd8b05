"""The site builds without a warning, fetches nothing, and no link or anchor of it or of the project's own pages leads nowhere."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from docs_build.repository_pages import broken_links

from .pages import OTHERS, PAGES, ROOT, name

MADE = frozenset({ROOT / "docs" / "explanation" / "performance.md", ROOT / "docs" / "explanation" / "how-we-know.md"})
"""Pages that are made when the site is built."""


class Anchors(HTMLParser):
    """What a page of the site has (ids) and where it leads (links), and what a browser fetches for it."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.ids.update({given["id"]} if "id" in given else ())
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in ("script", "img", "iframe", "source") and given.get("src"):
            self.fetched.append(given["src"])
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload", "preconnect", "dns-prefetch"):
            self.fetched.append(given["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Anchors]:
    if any(importlib.util.find_spec(name) is None for name in ("mkdocs", "material", "mkdocstrings")):
        pytest.skip("MkDocs and its theme are not installed (pip install 'mlplat[docs]')")
    folder = tmp_path_factory.mktemp("site")
    ran = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    return {path.resolve(): Anchors(path) for path in folder.rglob("*.html")}


def test_no_link_or_anchor_of_the_site_leads_nowhere(site: dict[Path, Anchors]) -> None:
    assert len(site) > 60
    broken = []
    for page, found in site.items():
        for link in found.links if page.name != "404.html" else ():
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            target = target / "index.html" if target.is_dir() else target
            if not target.exists() or (parts.fragment and target in site and unquote(parts.fragment) not in {*site[target].ids, "__skip"}):
                broken.append((page.name, link))
    assert broken == []


def test_a_browser_fetches_nothing_from_elsewhere(site: dict[Path, Anchors]) -> None:
    assert [(page.name, each) for page, found in site.items() for each in found.fetched if urlsplit(each).netloc] == []


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=name)
def test_no_link_of_a_page_in_the_repository_leads_nowhere(page: Path) -> None:
    assert list(broken_links(page, MADE)) == []


def test_every_page_has_its_place_in_one_section() -> None:
    text = re.sub(r"!!python/\S+ \S+ \{.*\}|!!python\S+", "x", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    nav = yaml.safe_load(re.search(r"^nav:\n(?:[ -].*\n|\n)+", text, re.MULTILINE)[0])["nav"]  # type: ignore[index]
    sections = {title: str(content) for entry in nav for title, content in entry.items()}
    assert list(sections) == ["Home", "Tutorials", "How-to guides", "Explanation", "Reference"]
    for page in sorted((ROOT / "docs").rglob("*.md")):
        place = page.relative_to(ROOT / "docs").as_posix()
        assert sum(f"'{place}'" in content or content == place for content in sections.values()) == 1, place
