"""The page of runs side by side, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mlplat as mp
from mlplat.report.comparison_page import write_comparison_page
from mlplat.runs.saved_run import SavedRun


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    spec = mp.ClusterSpec.parse("2x8xV100").model_copy(update={"name": "<script>document.title='run'</script>"})
    for seed in (1, 2):
        trace = mp.traces.synthetic(100, gpus=16, load=1.2, seed=seed)
        for queue in ("fifo", "sjf"):
            mp.replay(spec, trace, queue=queue, seed=seed).save(folder / f"{queue}-{seed}")
    runs = [SavedRun.open(one) for one in sorted(folder.iterdir())]
    return write_comparison_page(runs, folder / "runs.html")


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 360)])
def test_runs_side_by_side_are_whole_and_accessible(
    path: Path,
    visitor: Any,
    axe: Callable[[Any], None],
    no_sideways_scrolling: Callable[[Any], None],
    screenshot: Callable[[Any, str], Path],
    theme: str,
    width: int,
) -> None:
    page = visitor.open(path, theme=theme, width=width)
    assert page.title() == "4 runs side by side"
    assert page.locator(".plot-area .main-svg").count() >= 5
    assert "<script>document.title='run'</script>" in page.inner_text("#inputs")
    no_sideways_scrolling(page)
    axe(page)
    screenshot(page, f"comparison-{theme}")
