"""The page of a sweep as text."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import mlplat as mp
from mlplat.cli import app
from mlplat.planning.sweeps.outcome import Sweep
from mlplat.report.sweep_page import sweep_page

NASTY = "<script>document.title='run'</script>"


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    scenario = mp.Scenario.from_yaml(f"""
name: "{NASTY}"
cluster: 2x8xV100
workload: {{synthetic: {{jobs: 60, gpus: 16, load: 0.9, longest: 4h}}}}
objectives: {{p95_wait: 1h}}
replications: 2
""")
    axes = {"cluster.groups.node.count": "2:3", "policies.queue": ["fifo", "easy"]}
    return mp.sweep(scenario, axes, folder=tmp_path_factory.mktemp("sweep") / "runs", backend="serial")


def test_the_page_has_all_points_and_figures_and_escapes_names(sweep: Sweep) -> None:
    page = sweep_page(sweep)
    assert NASTY not in page and "&lt;script&gt;" in page
    assert page.count("data-plotly-figure style") == 3 * len(sweep.figure_names)
    body = page.partition('<section id="points"')[2].partition("</section>")[0]
    assert body.count("<tr>") == 1 + sweep.points.height
    assert page == sweep_page(Sweep.open(sweep.folder))


def test_the_command_writes_the_page(sweep: Sweep, tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["sweep", "show", str(sweep.folder), "--report", str(tmp_path / "sweep.html")])
    assert ran.exit_code == 0, ran.output
    assert "Sweep: " in (tmp_path / "sweep.html").read_text("utf-8")
