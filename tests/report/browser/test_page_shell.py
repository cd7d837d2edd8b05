"""The shell of every page, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl
import pytest

from mlplat.report.page import Section, badge, data_download, document, figure_html, key_figures, paragraph, table_html, write_page

NASTY = "<script>document.title = 'run'</script><img src=x onerror=\"document.title = 'run'\">"
FRAME = pl.DataFrame({"job": [NASTY, "=1+1", "b"], "gpus": [2, 10, 1], "wait_s": [1.5, None, 1e-3], "done": [True, False, True]})


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Path:
    figure = go.Figure(go.Scatter(x=[0, 1, 2], y=[3, 1, 2], name="waiting")).update_layout(xaxis_title="time [h]", yaxis_title="jobs")
    table = table_html(FRAME, caption="Jobs", download="jobs.csv", filter=True)
    sections = [
        Section(
            "answer",
            "The answer",
            key_figures([("nodes", 12, "10 to 13")]) + paragraph("Goal ", badge("met", "good"), badge("missed", "bad")),
        ),
        Section(
            "queue",
            "The queue",
            figure_html(figure, f"Jobs waiting, {NASTY}", table=table_html([{"t": 0, "jobs": 3}], caption="The queue")),
        ),
        Section("jobs", f"Jobs {NASTY}", table + data_download("All jobs", "jobs", "all.csv")),
    ]
    data = {"jobs": FRAME, "times": np.arange(5) * 2**40, "names": {"first": NASTY}}
    page = document("A page", sections, subtitle=NASTY, facts=[("seed", 7)], data=data)
    return write_page(tmp_path_factory.mktemp("shell") / "page.html", page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_page_is_whole_and_accessible_in_both_themes(
    shell: Path, visitor: Any, axe: Callable[[Any], None], screenshot: Callable[[Any, str], Path], theme: str
) -> None:
    page = visitor.open(shell, theme=theme)
    assert page.locator(".plot-area .main-svg").count() > 0
    axe(page)
    screenshot(page, f"shell-{theme}")


def test_names_are_shown_and_not_run(shell: Path, visitor: Any) -> None:
    page = visitor.open(shell)
    assert page.title() == "A page"
    assert NASTY in page.locator("#jobs td").first.inner_text()
    assert page.evaluate("async () => (await mlplat.data('names')).first") == NASTY
    assert page.locator("img").count() == 0


def test_a_script_that_is_not_the_pages_own_does_not_run(tmp_path: Path, chromium: Any) -> None:
    path = write_page(tmp_path / "page.html", document("A page", [Section("a", "A", "<script>document.title = 'run'</script>")]))
    page = chromium.new_page()
    page.goto(path.as_uri())
    assert page.title() == "A page"
    page.close()


def test_the_theme_follows_the_system_and_the_switch_and_is_remembered(shell: Path, visitor: Any) -> None:
    page = visitor.open(shell, theme="dark")
    ground, text = (
        "() => getComputedStyle(document.body).backgroundColor",
        "() => document.querySelector('.plot-area')._fullLayout.font.color",
    )
    dark, dark_text = page.evaluate(ground), page.evaluate(text)
    page.select_option("#theme", "light")
    page.wait_for_function("before => document.querySelector('.plot-area')._fullLayout.font.color !== before", arg=dark_text)
    assert page.evaluate(ground) != dark
    page.reload()
    assert page.evaluate(ground) != dark and page.input_value("#theme") == "light"
    page.select_option("#theme", "auto")
    assert page.evaluate(ground) == dark


def test_data_comes_back_as_it_went_in(shell: Path, visitor: Any) -> None:
    page = visitor.open(shell)
    assert page.evaluate("async () => Array.from(await mlplat.data('times'))") == [i * 2**40 for i in range(5)]
    jobs = page.evaluate("async () => Object.fromEntries(Object.entries(await mlplat.data('jobs')).map(([k, v]) => [k, Array.from(v)]))")
    assert jobs["job"] == FRAME["job"].to_list() and jobs["gpus"] == [2, 10, 1] and jobs["done"] == [1, 0, 1]
    assert jobs["wait_s"][0] == 1.5 and jobs["wait_s"][1] != jobs["wait_s"][1]


def test_tables_are_sorted_filtered_and_saved(shell: Path, visitor: Any) -> None:
    page = visitor.open(shell)
    column = page.locator("#jobs th", has_text="gpus").get_by_role("button")
    column.click()
    assert page.locator("#jobs td:nth-child(2)").all_inner_texts() == ["1", "2", "10"]
    column.click()
    assert page.locator("#jobs td:nth-child(2)").all_inner_texts() == ["10", "2", "1"]
    page.fill("#jobs input", "1+1")
    with page.expect_download() as saved:
        page.click("#jobs [data-save-table]")
    assert saved.value.path().read_text() == "job,gpus,wait_s,done\n'=1+1,10,–,no\n"
    with page.expect_download() as saved:
        page.click("#jobs [data-download]")
    assert pl.read_csv(saved.value.path())["gpus"].to_list() == [2, 10, 1]


def test_a_page_is_readable_on_a_narrow_screen_and_by_keyboard(
    shell: Path, visitor: Any, no_sideways_scrolling: Callable[[Any], None], screenshot: Callable[[Any, str], Path]
) -> None:
    page = visitor.open(shell, width=360, height=740)
    no_sideways_scrolling(page)
    screenshot(page, "shell-narrow")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "content"
