"""What a scenario shows of itself: one line, and an HTML table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import printable
from ...hardware.durations import spelled_duration
from ...html_tables import facts

if TYPE_CHECKING:
    from .scenario import Scenario
    from .workload import Workload


def rows(scenario: Scenario) -> list[tuple[str, str]]:
    """What is told of a scenario, name and value."""
    total = scenario.cluster.capacity()
    policies = scenario.policies
    told = [("cluster", f"{total['nodes']:,} nodes, {total['gpus']:,} GPUs")]
    if scenario.workload is not None:
        told.append(("workload", f"{_source(scenario.workload)} jobs"))
    if scenario.serving is not None:
        told.append(("serving", f"{scenario.serving.rate:g} requests a second"))
    told.append(("policies", f"{printable(policies.queue)}/{printable(policies.placement)}"))
    if scenario.zones:
        told.append(("zones", f"{sum(hasattr(one, 'reclaim') for one in scenario.zones)} zones"))
    if scenario.failures.source != "none":
        often = "" if scenario.failures.factor == 1 else f" × {scenario.failures.factor:g}"
        told.append(("failures", f"failures by {scenario.failures.source}{often}"))
    if scenario.horizon is not None:
        told.append(("horizon", f"until {spelled_duration(scenario.horizon)}"))
    if scenario.objectives:
        told.append(("objectives", ", ".join(str(objective) for objective in scenario.objectives.values())))
    return told


def one_line(scenario: Scenario) -> str:
    return f"Scenario({printable(scenario.name)!r}: {'; '.join(value for _, value in rows(scenario))})"


def html_table(scenario: Scenario) -> str:
    return facts(rows(scenario), title=scenario.name, lead=[scenario.description] if scenario.description else ())


def _source(workload: Workload) -> str:
    if workload.trace is not None:
        return "recorded"
    if workload.merge:
        return " and ".join(dict.fromkeys(_source(part) for part in workload.merge))
    return "synthetic" if workload.synthetic is not None else "queueing" if workload.queueing is not None else "fitted"
