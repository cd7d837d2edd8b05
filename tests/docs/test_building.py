"""What the site is made with: links are moved, examples fenced, and the page on validation says what the tests say."""

from __future__ import annotations

import doctest
import importlib
import re

import pytest

from docs_build import validation_page as validation
from mlplat.infra.placement import PLACEMENTS
from mlplat.infra.queueing import QUEUES

from .pages import ROOT

EXPLANATION = ROOT / "docs" / "explanation"


@pytest.mark.parametrize("module", ["doctest_blocks", "repository_links", "repository_pages"])
def test_examples_of_what_builds_the_site_are_true(module: str) -> None:
    if module == "doctest_blocks":
        pytest.importorskip("griffe", reason="griffe is not installed (pip install 'mlplat[docs]')")
    outcome = doctest.testmod(importlib.import_module(f"docs_build.{module}"))
    assert outcome.failed == 0 and outcome.attempted > 0


def test_the_page_on_validation_counts_every_file_of_its_folders() -> None:
    text = validation.validation_page(ROOT)
    for folder in validation.KINDS:
        files = {file.name: file.tests for file in validation.held(ROOT / "tests" / folder)}
        assert files and all(f"| {count} | `{name}` |" in text for name, count in files.items())
    assert "||" not in text and re.search(r"\b(A|S|IP|CB)-\d", text) is None


def test_differences_from_the_published_values_are_computed_from_the_record() -> None:
    record = "\n## FGD\n\n| policy | a | b | c |\n|---|---|---|---|\n| `fgd` | 95.23 | 95.20 | 95.19 |\n\n## Next\n"
    assert validation.published(record).endswith("| `fgd` | 95.20 | 95.23 | +0.03 | 95.19 | -0.01 |")
    with pytest.raises(ValueError, match="published values"):
        validation.published("# Benchmarks\n")


def test_every_queue_policy_has_a_page_with_its_algorithm_and_source() -> None:
    pages = {path.stem: path.read_text(encoding="utf-8") for path in (EXPLANATION / "queues").glob("*.md")}
    assert pages.keys() == {*QUEUES}
    assert all("```text\n" in text and "## Source" in text for text in pages.values())
    options = {name: policy.options for name, policy in QUEUES.items()}
    assert [(name, each) for name, given in options.items() for each in given if f"`{each}`" not in pages[name]] == []


def test_every_placement_policy_is_on_the_page_of_its_family() -> None:
    pages = [path.read_text(encoding="utf-8") for path in (EXPLANATION / "placement").glob("*.md")]
    assert all("```text\n" in text and "## Source" in text for text in pages)
    named = [name for text in pages for name in re.findall(r"`([\w-]+)`", text.partition("Policies: ")[2].partition("\n")[0])]
    assert sorted(named) == sorted(PLACEMENTS)
