"""The page of a sweep, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlplat as mp

SCENARIO = """
name: more nodes
cluster: 2x8xV100
workload: {synthetic: {jobs: 60, gpus: 16, load: 0.9, longest: 4h}}
objectives: {p95_wait: 1h}
replications: 2
"""


def test_a_sweep_is_whole_accessible_and_readable_on_a_narrow_screen(
    tmp_path: Path,
    visitor: Any,
    axe: Callable[[Any], None],
    no_sideways_scrolling: Callable[[Any], None],
    screenshot: Callable[[Any, str], Path],
) -> None:
    axes = {"cluster.groups.node.count": "2:3", "policies.queue": ["fifo", "easy"]}
    made = mp.sweep(mp.Scenario.from_yaml(SCENARIO), axes, folder=tmp_path / "runs", backend="serial")
    page = visitor.open(made.to_html(tmp_path / "sweep.html"), width=360, height=740, theme="dark")
    assert page.locator(".plot-area .main-svg").count() >= 3
    no_sideways_scrolling(page)
    axe(page)
    screenshot(page, "sweep-narrow")
    page.set_viewport_size({"width": 1280, "height": 900})
    screenshot(page, "sweep")
