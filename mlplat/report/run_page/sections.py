"""One run as a page: its sections put together from figures, tables and the scripts that draw the cluster and the jobs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import printable
from .. import figures
from ..page import Section, document, figure_html, paragraph, write_page
from .choice import MOST_RECORDS, SAMPLE_RECORDS, choose
from .contents import contents
from .drawn import jobs_html, map_html
from .explained import explanations
from .tables import cost_table, failure_table, series_downloads, summary, zone_table
from .verdicts import measured, read_goals, verdicts

if TYPE_CHECKING:
    from ...runs.result import Result
    from ...runs.saved_run import SavedRun

ASSETS = Path(__file__).with_name("assets")
SCRIPTS = ("run_data.js", "cluster_state.js", "strip.js", "heat_map.js", "scrubber.js", "bars.js", "gantt.js", "explained.js")
EXPLAINED = 50
"""Jobs whose full explanation a page has, where it is made of a `Result`."""


def run_page(
    run: Result | SavedRun,
    *,
    objectives: str | Mapping[str, Any] | None = None,
    explain: int = EXPLAINED,
    most: int = MOST_RECORDS,
    sample: int = SAMPLE_RECORDS,
) -> str:
    """The HTML of the page of a run, which needs nothing but itself.

    `objectives`: what the run was to achieve, as `p95_wait=10m,gpu_utilization>=0.7`, as a mapping, or a scenario's file. `explain`: for
    how many jobs, those that waited longest, the whole explanation is made where `run` is a `Result` (`Result.explain_longest`); of a
    `SavedRun` those that were saved. `most`: jobs and records of attempts up to which the page has all of them; else it has about `sample`.
    Raises OptionError, SpecError, UnknownNameError or InputError for objectives that cannot be used, MissingExtraError without Plotly or
    jinja2.
    """
    goals = read_goals(objectives)
    values = measured(run, goals.costs)
    judged = verdicts(goals, values)
    choice = choose(run, most, sample)
    told = explanations(run, explain)
    sections = [
        Section("summary", "Summary", summary(run, judged)),
        Section("time", "Queue and use over time", _over_time(run) + series_downloads(choice)),
        Section("cluster", "The cluster at an instant", map_html(run, choice)),
        Section("jobs", "Jobs", jobs_html(choice, told)),
        Section(
            "waits", "Waits", figure_html(figures.waits(run), "From submission to the first start, and the part that waited no longer.")
        ),
        Section("zones", "Zones", figure_html(figures.zones(run), "What zones were promised and held.") + zone_table(run)),
        Section(
            "failures",
            "Interruptions",
            figure_html(figures.failures(run), "What ended attempts before their job was done.") + failure_table(run),
        ),
        Section("goodput", "Useful work", figure_html(figures.goodput(run), "From what was there to what was useful.")),
        Section(
            "cost",
            "Cost",
            figure_html(figures.cost(run), "By node group, at the prices of the cluster's description.") + cost_table(values, goals.costs),
        ),
    ]
    if not len(run.zones):
        sections = [section for section in sections if section.id != "zones"]
    if not len(run.jobs):
        sections.insert(1, Section("empty", "No jobs", paragraph("The trace of this run has no jobs.")))
    name = printable(run.spec.name)
    return document(
        f"{printable(run.queue)} / {printable(run.placement)} on {name}",
        sections,
        subtitle=_subtitle(run),
        facts=_facts(run),
        data=contents(run, choice, told),
        scripts=[_asset(name) for name in SCRIPTS],
        styles=[_asset("run_page.css")],
    )


def _over_time(run: Result | SavedRun) -> str:
    """The queue and what was held."""
    queue = figure_html(
        figures.queue(run), "Jobs that wait and jobs that run. Drag to zoom, double-click for all of it.", id="figure-queue"
    )
    return queue + figure_html(figures.utilization(run), "Held parts of what the cluster has.", id="figure-utilization")


def write_run_page(run: Result | SavedRun, path: str | os.PathLike[str], **options: Any) -> Path:
    """Write `run_page(run, **options)` to a file and return where. Raises InputError where that cannot be done, and as `run_page`."""
    return write_page(path, run_page(run, **options))


def _subtitle(run: Result | SavedRun) -> str:
    source = Path(str(run.manifest["trace"].get("source") or "a trace")).name
    return f"{len(run.jobs):,} jobs of {printable(source)} on {len(run.nodes):,} nodes"


def _facts(run: Result | SavedRun) -> list[tuple[str, object]]:
    manifest = run.manifest
    facts = [("fingerprint", str(manifest["fingerprint"])[:16] + "…"), ("seed", manifest.get("seed")), ("clock", manifest.get("clock"))]
    facts += [("version", manifest.get("version"))]
    return [(name, printable(str(value))) for name, value in facts]


@cache
def _asset(name: str) -> str:
    return (ASSETS / name).read_text("utf-8")
