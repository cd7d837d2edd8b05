"""What a `Plan` shows of itself: one line, HTML, and plain values for JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...html_tables import table
from .goals import Finding
from .words import counts_words, finding_words, money, sentence, value_words

if TYPE_CHECKING:
    from .plan import Plan


def one_line(plan: Plan) -> str:
    """The counts, their cost, and how many runs that took."""
    told = counts_words(plan, plan.counts, intervals=True) if plan.counts else "nothing"
    cost = "" if plan.cost is None else f", {money(plan.cost.estimate)} a month"
    return f"Plan({'' if plan.met else 'unreachable; best: '}{told}{cost}; {plan.runs:,} runs)"


def html_text(plan: Plan) -> str:
    """The sentence, and a table of the choices that were run."""
    heads = (*plan.space.names, "a month", *(goal.name for goal in plan.goals), "met", "why it was run")
    rows = [_row(plan, counts) for counts in plan.found.verdicts]
    return table(heads, rows, title=f"plan of {plan.scenario.name}", lead=sentence(plan).split("\n"))


def _row(plan: Plan, counts: tuple[int, ...]) -> tuple[object, ...]:
    verdict = plan.found.verdicts[counts]
    findings = [value_words(f.goal, f.mean) for f in verdict.findings] or ["–"] * len(plan.goals)
    met = "cannot be run" if verdict.error else "yes" if verdict.met else "no"
    return (*counts, money(plan.space.cost(counts)), *findings, met, plan.found.why[counts])


def to_dict(plan: Plan) -> dict[str, Any]:
    """Plain values; None for what is not finite."""
    told = plan.verdict or plan.best_reachable
    return {
        "scenario": plan.scenario.name,
        "met": plan.met,
        "proven": plan.proven,
        "counts": plan.counts,
        "intervals": {name: interval.to_dict() for name, interval in plan.intervals.items()},
        "answer": sentence(plan),
        "objectives": [] if told is None else [_finding(finding, plan.level) for finding in told.findings],
        "cost_per_month": None if plan.cost is None else plan.cost.to_dict(),
        "energy_kwh_per_month": None if plan.energy is None else plan.energy.to_dict(),
        "co2_kg_per_month": None if plan.co2 is None else plan.co2.to_dict(),
        "replications": plan.replications,
        "confidence": plan.level,
        "runs": plan.runs,
        "choices": plan.space.size,
        "choices_run": len(plan.found.verdicts),
        "stopped": plan.stopped,
        "not_monotone": [[list(a), list(b)] for a, b in plan.disorder],
        "tried": [_tried(plan, counts) for counts in plan.found.verdicts],
        "left_out": [
            {"reason": c.reason, "witness": None if c.witness is None else list(c.witness), "choices": c.choices}
            for c in plan.found.closings
        ],
        "seed": plan.scenario.seed,
        "digest": plan.scenario.digest,
    }


def _tried(plan: Plan, counts: tuple[int, ...]) -> dict[str, Any]:
    verdict = plan.found.verdicts[counts]
    return {
        "counts": plan.named(counts),
        "cost_per_month": plan.space.cost(counts),
        "replications": verdict.replications,
        "met": verdict.met,
        "why": plan.found.why[counts],
        "error": verdict.error,
        "objectives": [_finding(finding, plan.level) for finding in verdict.findings],
    }


def _finding(finding: Finding, confidence: float) -> dict[str, Any]:
    def finite(value: float | None) -> float | None:
        return value if value is not None and math.isfinite(value) else None

    return {
        "name": finding.goal.name,
        "relation": finding.goal.relation,
        "bound": finding.goal.bound,
        "mean": finite(finding.mean),
        "low": finite(finding.low),
        "high": finite(finding.high),
        "margin": finite(finding.margin),
        "status": finding.status,
        "words": finding_words(finding, confidence),
    }
