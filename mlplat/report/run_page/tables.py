"""The tables of the page of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from ...planning.scenario.accounts import Costs
from ...planning.scenario.measures import MEASURES
from ...units import format_seconds
from ..page import badge, data_download, details, key_figures, paragraph, table_html
from .choice import Choice
from .verdicts import Verdict

if TYPE_CHECKING:
    from ...runs.result import Result
    from ...runs.saved_run import SavedRun

_SHOWN = (
    ("completed", "completed", "count"),
    ("wait_mean_s", "mean wait", "s"),
    ("wait_p95_s", "95th percentile of waits", "s"),
    ("jct_mean_s", "mean completion time", "s"),
    ("gpu_utilization", "GPU utilization", "part"),
    ("cpu_utilization", "CPU utilization", "part"),
    ("goodput", "goodput", "part"),
    ("makespan_s", "makespan", "s"),
)


def summary(run: Result | SavedRun, judged: Sequence[Verdict]) -> str:
    """Key figures, objectives met or missed, and all figures as a table."""
    found = run.summary()
    shown = []
    for key, name, unit in _SHOWN:
        value = found[key]
        if value is None:
            continue
        remark = (
            (f"of {found['jobs']:,} jobs; {found['rejected']:,} rejected, {found['unfinished']:,} unfinished",)
            if key == "completed"
            else ()
        )
        shown.append((name, _figure(value, unit), *remark))
    rows = [{"figure": name, "value": value} for name, value in found.items() if not isinstance(value, dict)]
    every = table_html(rows, caption="Every figure of the run, as result.summary() gives them", download="summary.csv")
    return _judged(judged) + key_figures(shown) + details("All figures", every)


def _judged(judged: Sequence[Verdict]) -> str:
    if not judged:
        return ""
    missed = [verdict for verdict in judged if not verdict.met]
    told = f"{len(judged) - len(missed)} of {len(judged)} objectives are met."
    rows = [
        {
            "verdict": badge("met", "good") if verdict.met else badge("missed", "bad"),
            "objective": str(verdict.objective),
            "figure": verdict.objective.shown(verdict.value),
            "meaning": MEASURES[verdict.objective.measure.rpartition(".")[2]].meaning,
        }
        for verdict in judged
    ]
    said = badge("all objectives met", "good") if not missed else badge(f"{len(missed)} missed", "bad")
    return paragraph(said, " ", told) + table_html(rows, caption="Objectives", download="objectives.csv")


def _figure(value: Any, unit: str) -> str:
    if unit == "s":
        return format_seconds(value)
    return f"{100 * value:.1f} %" if unit == "part" else f"{value:,}"


def series_downloads(choice: Choice) -> str:
    """Buttons that save what the page carries."""
    those = "all" if choice.exact else "those in the page"
    buttons = (
        data_download("Queue and use (CSV)", "series", "series.csv"),
        " ",
        data_download(f"Jobs, {those} (CSV)", "jobs", "jobs.csv"),
        " ",
        data_download(f"Attempts, {those} (CSV)", "attempts", "attempts.csv"),
        " ",
        data_download("Nodes (CSV)", "nodes", "nodes.csv"),
        " ",
        data_download("Run (JSON)", "run", "run.json"),
    )
    return paragraph(*buttons)


def zone_table(run: Result | SavedRun) -> str:
    """The frame `zones`, of one resource: devices, or cores where the cluster has none; all of it as CSV."""
    resource, unit = ("gpus", "devices") if run.spec.capacity()["gpus"] else ("cpus", "cores")
    kinds = {"guarantee": "promised", "limit": "limit", "use_mean": "held, mean", "use_max": "held, most", "borrowed_mean": "above, mean"}
    columns = {"zone": "zone", "jobs": "jobs", "completed": "completed"}
    columns |= {f"{resource}_{kind}": title for kind, title in kinds.items()}
    columns |= {"reclaimed": "attempts stopped for others", "claims": "claims", "reclaim_wait_max_s": "longest wait for a claim, s"}
    named = run.zones.with_columns(zone=pl.when(pl.col("zone") == "").then(pl.lit("(others)")).otherwise("zone"))
    table = table_html(named, caption=f"What each zone was promised, held and lost, in {unit}", columns=columns)
    return table + paragraph(data_download("Zones, every resource (CSV)", "zones", "zones.csv"))


def failure_table(run: Result | SavedRun) -> str:
    """How attempts ended, with the work lost and the device-hours of it."""
    lost = pl.col("lost_s") * pl.col("gpu_milli") / 3.6e6
    attempt = run.attempts.group_by("job", "attempt").agg(
        pl.col("outcome").first().cast(pl.String), pl.col("lost_s").first(), lost_device_hours=lost.sum()
    )
    rows = (
        attempt.group_by("outcome")
        .agg(
            attempts=pl.len(),
            jobs=pl.col("job").n_unique(),
            lost_hours=pl.col("lost_s").sum() / 3600,
            lost_device_hours=pl.col("lost_device_hours").sum(),
        )
        .sort("attempts", "outcome", descending=[True, False])
    )
    titles = {
        "outcome": "end of the attempt",
        "attempts": "attempts",
        "jobs": "jobs",
        "lost_hours": "work to do again, h",
        "lost_device_hours": "the same, device-hours",
    }
    return table_html(rows, caption="How attempts ended", columns=titles, download="attempts_by_outcome.csv")


def cost_table(values: Mapping[str, float | None], costs: Costs) -> str:
    """Money and energy of the whole run."""
    names = ("cost_per_month", "node_hours", "energy_kwh", "energy_kwh_per_month", "co2_kg", "co2_kg_per_month")
    rows = [{"figure": name, "value": values[name], "unit": _unit(name), "meaning": MEASURES[name].meaning} for name in names]
    told = paragraph(
        f"Energy counts a PUE of {costs.pue:g} and {costs.grid_kg_per_kwh:g} kg of CO₂ equivalents per kWh; electricity costs "
        f"{costs.electricity_per_kwh:g} US dollars per kWh on top of the prices of nodes."
    )
    return table_html(rows, caption="Cost and energy", download="cost.csv") + told


def _unit(name: str) -> str:
    unit = MEASURES[name].unit
    return "h" if name == "node_hours" else "" if unit == "count" else unit
