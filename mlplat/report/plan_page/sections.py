"""The page of a plan: the answer, its objectives, what it costs, what was tried and left out, and what it hangs on."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import printable
from ...planning.scenario.view import rows as scenario_rows
from ...planning.search.verdicts import LOST_WORK
from ...planning.search.words import amount, finding_words, goal_words, interval_words, money, sentence, value_words
from ..figures import tornado
from ..page import Section, badge, data_download, details, document, figure_html, key_figures, paragraph, table_html, text, write_page
from .choices import choices_map
from .margins import margins

if TYPE_CHECKING:
    from ...planning import Plan
    from ...planning.search.goals import Finding, Verdict
    from ...planning.search.sensitivity import Sensitivity
    from ...planning.statistics import Interval

_KINDS = {"met": "good", "missed": "bad", "undecided": "neutral"}


def plan_page(plan: Plan, *, sensitivity: Sensitivity | None = None) -> str:
    """The text of the page. `sensitivity`: what `plan.sensitivity()` found, which takes runs of its own. Raises MissingExtraError.

    >>> import mlplat as mp
    >>> page = plan_page(mp.plan(mp.Scenario.from_yaml('''
    ... name: <small>
    ... cluster: 4x8xV100
    ... workload: {synthetic: {jobs: 100, gpus: 32, load: 0.5}}
    ... objectives: {p95_wait: 1h}
    ... search: {groups: {node: {least: 2, most: 8}}}
    ... replications: 2
    ... ''')))
    >>> "&lt;small&gt;" in page, "P95 wait under 1 h" in page
    (True, True)
    """
    sections = [
        Section("answer", "The answer", _answer(plan)),
        Section("objectives", "Objectives", _objectives(plan)),
        Section("cost", "Cost, energy and CO₂", _accounts(plan)),
        Section("tried", "What was tried, and what was not", _tried(plan)),
        Section("sensitivity", "What it hangs on", _hangs_on(plan, sensitivity)),
        Section("scenario", "The scenario", _scenario(plan)),
    ]
    facts = [("scenario", plan.scenario.digest[:16]), ("seed", plan.scenario.seed), ("runs", f"{plan.runs:,}")]
    return document(
        f"Plan: {printable(plan.scenario.name)}",
        sections,
        subtitle=plan.scenario.description,
        facts=facts,
        data={"plan": _data(plan, sensitivity)},
    )


def write_plan_page(plan: Plan, path: str | os.PathLike[str], *, sensitivity: Sensitivity | None = None) -> Path:
    """Write the page to a file. Raises InputError, MissingExtraError."""
    return write_page(path, plan_page(plan, sensitivity=sensitivity))


def _data(plan: Plan, sensitivity: Sensitivity | None) -> dict[str, Any]:
    return plan.to_dict() | ({} if sensitivity is None else {"sensitivity": sensitivity.frame.to_dicts()})


def _answer(plan: Plan) -> str:
    told = plan.verdict or plan.best_reachable
    kind = badge("meets all objectives", "good") if plan.met else badge("no choice meets all objectives", "bad")
    proof = badge("proven", "good") if plan.proven else badge("not proven", "bad")
    lines = "".join(paragraph(line) for line in sentence(plan).split("\n"))
    cards: list[tuple[object, ...]] = []
    for name, count in plan.counts.items():
        interval = plan.intervals.get(name)
        what = plan.nodes[name] if plan.pool else f"nodes of {plan.nodes[name]}"
        cards.append(
            (f"{what} in {name}" if len(plan.counts) > 1 else what, f"{count:,}", "" if interval is None else interval_words(interval))
        )
    if plan.cost is not None:
        cards.append(("cost a month", money(plan.cost.estimate), _range(plan.cost, money)))
    if told is not None:
        cards.append(("replications", f"{told.replications:,}", f"of {plan.runs:,} runs in all"))
    return paragraph(kind, " ", proof) + key_figures(cards) + lines


def _range(interval: Interval, form: Any) -> str:
    if interval.relative < 1e-6 or not (math.isfinite(interval.low) and math.isfinite(interval.high)):
        return ""
    return f"{100 * interval.confidence:g} %: {form(interval.low)} to {form(interval.high)}"


def _objectives(plan: Plan) -> str:
    told = plan.verdict or plan.best_reachable
    if told is None:
        return paragraph("No choice could be run, so there is nothing to hold against the objectives.")
    rows = [_objective(plan, finding) for finding in told.findings]
    whose = "of the plan" if plan.met else "of the best that can be reached"
    note = f"An objective is met if the mean is on the right side of its bound with {100 * plan.level:g} %, one-sided."
    return table_html(rows, caption=f"Figures {whose}", download="objectives.csv") + (paragraph(note) if plan.random else "")


def _objective(plan: Plan, finding: Finding) -> dict[str, Any]:
    goal = finding.goal
    if goal.of == LOST_WORK:
        found = "nothing lost" if finding.mean == 0 else f"{finding.mean or 0:g} jobs rejected"
    else:
        found = finding_words(finding, plan.level)
    margin = f"{100 * finding.margin:+.3g} %" if math.isfinite(finding.margin) and goal.bound else "–"
    return {"objective": goal_words(goal), "found": found, "margin": margin, "verdict": badge(finding.status, _KINDS[finding.status])}  # type: ignore[arg-type]


def _accounts(plan: Plan) -> str:
    def card(name: str, interval: Interval | None, form: Any) -> tuple[str, str, str]:
        return (name, "–", "") if interval is None else (name, form(interval.estimate), _range(interval, form))

    cards = [
        card("cost a month", plan.cost, money),
        card("electricity a month", plan.energy, lambda v: f"{amount(v)} kWh"),
        card("CO₂ a month", plan.co2, lambda v: f"{amount(v)} kg"),
    ]
    costs = plan.scenario.costs
    fixed = f", of which {money(plan.space.fixed)} for groups that are not searched" if plan.space.fixed else ""
    prices = [
        {"group": name, "what": plan.nodes[name], "each a month": price}
        for name, price in zip(plan.space.names, plan.space.prices, strict=True)
    ]
    told = plan.verdict or plan.best_reachable
    of_nodes = "" if told is None else paragraph(f"The prices of the nodes alone: {money(plan.space.cost(told.counts))} a month{fixed}.")
    grid = paragraph(
        f"Electricity makes {costs.grid_kg_per_kwh:g} kg of CO₂ a kWh. Prices are indicative unless the scenario gives its own."
    )
    return key_figures(cards) + of_nodes + table_html(prices, caption="Prices that were compared", formats={"each a month": money}) + grid


def _tried(plan: Plan) -> str:
    curves = margins(plan)
    parts: list[str] = [
        paragraph(
            f"{len(plan.found.verdicts):,} of {plan.space.size:,} choices were run in {plan.runs:,} runs; "
            f"{sum(c.choices for c in plan.found.closings):,} needed none."
        )
    ]
    if curves is not None:
        caption = (
            "Each mark is a choice and an objective: a circle meets it, a cross misses it, a diamond is undecided. Bars: confidence bounds."
        )
        parts.append(figure_html(curves, caption))
    third = ", the third group as in the answer" if len(plan.space.names) > 2 else ""
    parts.append(figure_html(choices_map(plan), f"Every choice{third}: what was run, and why the others were not."))
    parts.append(_tried_table(plan))
    rows = [{"choices": row["choices"], "reason": row["reason"], "shown by": _witness(row["witness"])} for row in plan.left_out.to_dicts()]
    if rows:
        parts.append(
            table_html(rows, columns=("reason", "shown by", "choices"), caption="What was not run, and why", download="left_out.csv")
        )
    return "".join(parts)


def _witness(counts: list[int] | None) -> str:
    return "the price alone" if counts is None else " + ".join(f"{count:,}" for count in counts)


def _tried_table(plan: Plan) -> str:
    told = [(verdict, plan.found.why.get(counts, "")) for counts, verdict in plan.found.verdicts.items()]
    told += [(verdict, "for the interval") for verdict in plan.searched.edges.values()]
    rows = [_tried_row(plan, verdict, why) for verdict, why in told]
    return table_html(rows, caption="What was run, in order", formats={"a month": money}, download="tried.csv", filter=len(rows) > 12)


def _tried_row(plan: Plan, verdict: Verdict, why: str) -> dict[str, Any]:
    kind = badge("cannot be run", "bad") if verdict.error else badge("meets all", "good") if verdict.met else badge("does not", "bad")
    figures = {f.goal.name: value_words(f.goal, f.mean) for f in verdict.findings}
    return {
        **plan.named(verdict.counts),
        "a month": plan.space.cost(verdict.counts),
        **{goal.name: figures.get(goal.name, "–") for goal in plan.goals},
        "objectives": kind,
        "why it was run": f"{why}: {verdict.error}" if verdict.error else why,
    }


def _hangs_on(plan: Plan, found: Sensitivity | None) -> str:
    if found is None:
        return paragraph(
            "Not asked for: it takes several plans again. On the command line ",
            text("--sensitivity"),
            "; in Python plan.to_html(path, sensitivity=plan.sensitivity()).",
        )
    rows = [
        {
            "factor": row.factor,
            "times": row.times,
            "nodes": "+".join(f"{count:,}" for count in row.counts),
            "a month": row.cost,
            "more than the plan": row.more_cost,
            "objectives": badge("met", "good") if row.met else badge("unreachable", "bad"),
        }
        for row in found.rows
    ]
    formats = {"a month": money, "more than the plan": lambda v: f"{'+' if v >= 0 else '−'}{money(abs(v))}"}
    table = table_html(rows, caption="The plan again, with one thing changed", formats=formats, download="sensitivity.csv")
    caption = "The plan was searched again with less and with more of each; the bars say by how much its nodes then cost more or less."
    return figure_html(tornado(found), caption) + table


def _scenario(plan: Plan) -> str:
    rows = [{"what": name, "as given": value} for name, value in scenario_rows(plan.scenario)]
    whole = details("The scenario in full", f"<pre>{text_of_lines(plan.scenario.to_yaml())}</pre>")
    return table_html(rows, caption="In short") + whole + data_download("The plan as JSON", "plan", "plan.json")


def text_of_lines(lines: str) -> str:
    """Lines of text as HTML, each escaped."""
    return "\n".join(map(text, lines.splitlines()))
