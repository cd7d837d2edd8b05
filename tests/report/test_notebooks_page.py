"""The page on notebooks and plots names the figures that there are. Its snippets run with those of all pages."""

from __future__ import annotations

import re
from pathlib import Path

from mlplat.plotting import RUN_FIGURES
from mlplat.report import figures

PAGE = Path(__file__).resolve().parents[2] / "docs" / "notebooks_and_plots.md"


def test_the_table_names_every_figure() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)", row.split("|")[2])}
    assert named == set(figures.__all__) - {"COLOURS", "themed"}
    assert set(RUN_FIGURES) <= named
