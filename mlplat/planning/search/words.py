"""A plan in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ...errors import printable
from ...units import format_seconds
from ..statistics import Interval
from .goals import Finding, Goal, Verdict
from .verdicts import LOST_WORK

if TYPE_CHECKING:
    from .plan import Plan

_CAPITALS = {"gpu": "GPU", "cpu": "CPU", "gpus": "GPUs", "jct": "completion time", "co2": "CO₂", "kwh": "kWh", "usd": "USD", "kg": "kg"}


def figure_words(name: str) -> str:
    """The name of a figure as people say it.

    >>> figure_words("p95_wait"), figure_words("gpu_utilization"), figure_words("zones.vision.mean_jct")
    ('P95 wait', 'GPU utilization', 'mean completion time of zone vision')
    """
    if name in ("budget_per_month", "cost_per_month"):
        return "cost"
    zone, _, figure = name.removeprefix("zones.").rpartition(".")
    words = [_CAPITALS.get(w, w.upper() if w[0] == "p" and w[1:].isdigit() else w) for w in figure.split("_") if w]
    return " ".join(words) + (f" of zone {printable(zone)}" if zone else "")


def value_words(goal: Goal, value: float | None) -> str:
    """A figure with its unit.

    >>> value_words(Goal("p95_wait", "<=", 600.0, "s"), 754.2), value_words(Goal("gpu_utilization", ">=", 0.7, "part"), 0.551)
    ('12.6 min', '55.1 %')
    """
    if value is None or math.isnan(value):
        return "none"
    if math.isinf(value):
        return "no bound"
    if goal.unit == "s":
        return format_seconds(value).replace(".0 ", " ")
    if goal.unit == "part":
        return f"{100 * value:.3g} %"
    if goal.unit == "USD/month":
        return f"{money(value)} a month"
    return amount(value)


def amount(value: float) -> str:
    """A number to four digits, or whole.

    >>> amount(12.3456), amount(10_158.4)
    ('12.35', '10,158')
    """
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.4g}"


def money(usd: float) -> str:
    """US dollars to three or four digits.

    >>> money(1_234_567), money(812.4)
    ('$1.235 M', '$812')
    """
    return f"${usd / 1e6:,.4g} M" if usd >= 1e6 else f"${usd:,.0f}" if usd >= 100 else f"${usd:,.2f}"


def goal_words(goal: Goal) -> str:
    """What shall hold.

    >>> goal_words(Goal("p95_wait", "<=", 600.0, "s")), goal_words(Goal("gpu_utilization", ">=", 0.7, "part"))
    ('P95 wait under 10 min', 'GPU utilization above 70 %')
    """
    if goal.of == LOST_WORK:
        return "every job running that the largest cluster can run"
    return f"{figure_words(goal.name)} {'under' if goal.relation == '<=' else 'above'} {value_words(goal, goal.bound)}"


def finding_words(finding: Finding, confidence: float) -> str:
    """What was found of a goal, with the side of the confidence bound that counts."""
    goal = finding.goal
    told = f"{figure_words(goal.name)} {value_words(goal, finding.mean)}"
    if finding.low is None or finding.low == finding.high:
        return told
    side, end = ("below", finding.high) if goal.relation == "<=" else ("above", finding.low)
    return f"{told} (with {100 * confidence:g} % {side} {value_words(goal, end)})"


def listed(parts: list[str]) -> str:
    """Parts of a sentence joined.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + f" and {parts[-1]}" if parts else "nothing"


def interval_words(interval: Interval) -> str:
    """The interval of a count, in parentheses."""
    high = "∞" if math.isinf(interval.high) else f"{interval.high:,.0f}"
    return f"({100 * interval.confidence:g} % CI {interval.low:,.0f}–{high})"


def counts_words(plan: Plan, counts: dict[str, int], *, intervals: bool) -> str:
    """Counts with what the nodes are: `61 nodes of 8×H100 (95 % CI 58–63)`."""
    parts = []
    for name, count in counts.items():
        what = plan.nodes[name]
        told = f"{count:,} {what}" if plan.pool else f"{count:,} node{'' if count == 1 else 's'} of {what}"
        if len(counts) > 1:
            told += f" in {printable(name)}"
        if intervals and name in plan.intervals:
            told += f" {interval_words(plan.intervals[name])}"
        parts.append(told)
    return listed(parts)


def sentence(plan: Plan) -> str:
    """The answer in words."""
    asked = listed([goal_words(goal) for goal in plan.goals if goal.of != LOST_WORK])
    over = f"over {plan.replications} replications" if plan.random else "in the one run there is"
    if plan.verdict is None:
        return _unreached(plan, asked, over)
    verb = "keep" if sum(plan.counts.values()) != 1 else "keeps"
    lines = [f"{counts_words(plan, plan.counts, intervals=True)} {verb} {asked}."]
    found = [finding_words(f, plan.level) for f in plan.verdict.findings if f.goal.of not in (LOST_WORK, "cost_per_month")]
    if found:
        lines.append(f"Found {over}: {listed(found)}.")
    lines.append(_account(plan))
    lines += remarks(plan)
    return "\n".join(lines)


def _account(plan: Plan) -> str:
    def mean(interval: Interval | None) -> float:
        return math.nan if interval is None else interval.estimate

    return (
        f"Cost {money(mean(plan.cost))} a month; {amount(mean(plan.energy))} kWh and {amount(mean(plan.co2))} kg of CO₂ a month "
        f"({plan.scenario.costs.grid_kg_per_kwh:g} kg/kWh)."
    )


def remarks(plan: Plan) -> list[str]:
    """What a reader must know to rely on the plan."""
    told = []
    if not plan.proven:
        told.append(f"Not proven: the search ended after {plan.runs:,} runs, its limit, and cheaper choices are left that were not run.")
    elif plan.stopped == "limit":
        told.append(f"The limit of {plan.scenario.search.most_runs:,} runs was reached before the interval was as narrow as wanted.")
    if plan.random and plan.replications == 1:
        told.append("One replication says nothing of chance: no interval.")
    if plan.disorder:
        (a, b), more = plan.disorder[0], len(plan.disorder) - 1
        others = f", and {more} more such pairs" if more else ""
        told.append(f"More is not always better here: {_short(a)} is enough and {_short(b)} is not{others}.")
    return told


def _unreached(plan: Plan, asked: str, over: str) -> str:
    ranges = listed([f"{a:,}–{b:,} {n if len(plan.space.names) > 1 else 'nodes'}" for n, a, b in _ranges(plan)])
    lines = [f"No choice of {ranges} keeps {asked}."] if plan.proven else [f"None of the choices that were run keeps {asked}."]
    best = plan.best_reachable
    if best is None:
        errors = [verdict.error for verdict in plan.found.verdicts.values() if verdict.error]
        told = f"None can be run: {printable(errors[0])}" if errors else "Every choice costs more than the budget."
        if not plan.proven:
            told = f"No choice was run: {plan.scenario.search.most_runs:,} runs, the limit, are fewer than the replications of one."
        return "\n".join([*lines, told])
    missed = listed([finding_words(f, plan.level) for f in best.findings if f.status != "met"])
    lines.append(f"Best reachable: {counts_words(plan, plan.named(best.counts), intervals=False)}, {over}: {missed}.")
    lines += [f"Why: {reason}." for reason in reasons(plan, best)]
    return "\n".join(lines + remarks(plan))


def _ranges(plan: Plan) -> list[tuple[str, int, int]]:
    return list(zip(map(printable, plan.space.names), plan.space.least, plan.space.most, strict=True))


def reasons(plan: Plan, best: Verdict) -> list[str]:
    """Why no choice meets all."""
    told = []
    missed = [f for f in best.findings if f.status != "met"]
    if missed and all(f.status == "undecided" and f.margin >= 0 for f in missed):
        told.append(f"in the mean it holds, but {best.replications} replications do not show it with {100 * plan.level:g} %")
    enough = [c for c, v in plan.found.verdicts.items() if not v.asks_for_more]
    if enough and any(goal.fewer_helps for goal in plan.goals):
        counts = min(enough, key=plan.space.rank)
        against = [f for f in plan.found.verdicts[counts].findings if f.status != "met"]
        wanted = listed([goal_words(f.goal) for f in best.findings if not f.goal.fewer_helps and f.goal.of != LOST_WORK])
        told.append(f"{wanted} takes {_short(counts)} nodes, and there {listed([finding_words(f, plan.level) for f in against])}")
    elif any(f.goal.fewer_helps for f in missed) and any(not f.goal.fewer_helps for f in missed):
        more = listed([figure_words(f.goal.name) for f in missed if not f.goal.fewer_helps])
        fewer = listed([figure_words(f.goal.name) for f in missed if f.goal.fewer_helps])
        told.append(f"{more} takes more nodes, and {fewer} takes fewer")
    elif best.counts == plan.space.most:
        told.append("the ranges under search.groups allow no more nodes")
    elif plan.ceiling is not None:
        told.append(f"more nodes cost more than the budget of {money(plan.ceiling)} a month")
    return told


def _short(counts: tuple[int, ...]) -> str:
    return f"{counts[0]:,}" if len(counts) == 1 else str(counts)
