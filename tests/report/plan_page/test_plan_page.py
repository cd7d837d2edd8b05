"""The page of a plan as text, and its pictures as data."""

from __future__ import annotations

import re
from pathlib import Path

from typer.testing import CliRunner

import mlplat as mp
from mlplat.cli import app
from mlplat.planning.search.proof import Standing
from mlplat.report.plan_page import plan_page
from mlplat.report.plan_page.choices import AREAS, MARKS, choices_map
from mlplat.report.plan_page.margins import MOST, margins

from .plans import NASTY, ONE, one_group, two_groups, unreachable


def shown(page: str, section: str) -> str:
    return re.search(f'<section id="{section}".*?</section>', page, re.S).group()  # type: ignore[union-attr]


def test_the_map_shows_every_choice_once() -> None:
    plan = two_groups()
    figure = choices_map(plan)
    heat, marks = figure.data[0], [t for t in figure.data[1:] if t.hovertemplate and t.x[0] is not None]
    closed = sum(code is not None for line in heat.z for code in line)
    run = {(x, y) for trace in marks for x, y in zip(trace.x, trace.y, strict=True)}
    assert run == set(plan.found.verdicts)
    assert closed + len(run) == plan.space.size
    met = [trace for trace in marks if trace.name == f"run: {Standing.MET}"]
    assert {(x, y) for trace in met for x, y in zip(trace.x, trace.y, strict=True)} == {
        counts for counts, verdict in plan.found.verdicts.items() if verdict.met
    }


def test_every_standing_of_a_choice_has_a_colour() -> None:
    assert set(MARKS) | set(AREAS) == set(Standing) - {Standing.OUTSIDE}


def test_margins_are_times_the_bound() -> None:
    plan = one_group()
    figure = margins(plan)
    assert figure is not None
    counts = dict(zip(figure.data[0].x, figure.data[0].y, strict=True))
    for verdict in plan.found.verdicts.values():
        mean = verdict.findings[0].mean
        assert mean is not None
        assert counts[verdict.counts[0]] == max(0.01, min(MOST, mean / 600.0))


def test_the_sensitivity_is_told_where_it_was_asked_for() -> None:
    plan = one_group()
    assert "Not asked for" in shown(plan_page(plan), "sensitivity")
    told = shown(plan_page(plan, sensitivity=plan.sensitivity(failures=0, load=0)), "sensitivity")
    assert "data-plotly-figure" in told and told.count("<td>prices</td>") == 2


def test_an_unreachable_plan_says_so_and_why() -> None:
    answer = shown(plan_page(unreachable()), "answer")
    assert "no choice meets all objectives" in answer and "Best reachable: 2 nodes" in answer and "Why: " in answer


def test_names_are_escaped_and_pages_are_the_same_each_time() -> None:
    page = plan_page(one_group())
    assert NASTY not in page and page.count("&lt;script&gt;") >= 2 and "next &lt;b&gt;year&lt;/b&gt;" in page
    assert page == plan_page(mp.plan(mp.Scenario.from_yaml(ONE)))


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    scenario = tmp_path / "s.yaml"
    scenario.write_text(ONE)
    ran = CliRunner().invoke(app, ["plan", str(scenario), "--report", str(tmp_path / "plan.html")])
    assert ran.exit_code == 0, ran.output
    assert "Plan: " in (tmp_path / "plan.html").read_text("utf-8")
