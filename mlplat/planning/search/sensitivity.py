"""What a plan hangs on: the plan again with more and with less of each thing that is not known for sure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import OptionError, printable
from ...frame_columns import Column
from ...html_tables import table
from ...plotting import Plots
from .runs import Progress
from .space import Counts
from .words import money

if TYPE_CHECKING:
    import polars as pl

    from ..scenario import Scenario
    from .plan import Plan

COLUMNS = (
    Column("factor", "String", "", "load, failures, prices, or the price of one group"),
    Column("times", "Float64", "", "what it was multiplied by"),
    Column("met", "Boolean", "", "whether a choice meets all objectives then"),
    Column("counts", "List(UInt32)", "nodes", "of each group: the cheapest that meets all, else the best reachable"),
    Column("cost_per_month", "Float64", "USD/month", "of that many nodes, by their prices"),
    Column("more_nodes", "Int64", "nodes", "than the plan"),
    Column("more_cost", "Float64", "USD/month", "than the plan"),
)
"""A row for each factor and direction, the factor that moves the cost most first."""

BAR = 24


@dataclass(frozen=True, slots=True)
class Row:
    """The plan with a factor multiplied."""

    factor: str
    times: float
    met: bool
    counts: Counts
    cost: float
    more_nodes: int
    more_cost: float


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivity:
    """The rows of a tornado: for each factor the plan with less and with more of it. `cost`: of the plan itself, US dollars a month."""

    rows: tuple[Row, ...]
    cost: float
    counts: Counts

    @property
    def frame(self) -> pl.DataFrame:
        """The columns of docs/planning/plans.md."""
        import polars as pl

        types = {c.name: pl.List(pl.UInt32) if c.dtype == "List(UInt32)" else getattr(pl, c.dtype) for c in COLUMNS}
        rows = [(r.factor, r.times, r.met, list(r.counts), r.cost, r.more_nodes, r.more_cost) for r in self.rows]
        return pl.DataFrame(rows, schema=types, orient="row")

    @property
    def plot(self) -> Plots:
        """The tornado: `plot()` (docs/notebooks_and_plots.md)."""
        return Plots(self, "tornado")

    def _told(self) -> list[tuple[str, str, str, str, str]]:
        widest = max((abs(row.more_cost) for row in self.rows), default=0.0) or 1.0
        return [
            (
                printable(row.factor),
                f"× {row.times:g}",
                "+".join(map(str, row.counts)) if row.met else "unreachable",
                f"{'+' if row.more_cost >= 0 else '-'}{money(abs(row.more_cost))}",
                "█" * round(BAR * abs(row.more_cost) / widest),
            )
            for row in self.rows
        ]

    def __str__(self) -> str:
        told = self._told()
        widths = [max((len(line[i]) for line in told), default=0) for i in range(4)]
        body = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}  {d:>{widths[3]}}  {e}".rstrip() for a, b, c, d, e in told]
        return "\n".join([f"{'+'.join(map(str, self.counts))} nodes, {money(self.cost)} a month; with", *body])

    def __repr__(self) -> str:
        return f"Sensitivity({len(self.rows)} re-planned; {money(self.cost)} a month)"

    def _repr_html_(self) -> str:
        return table(("factor", "times", "nodes", "a month", ""), self._told())


def sensitivity(plan: Plan, *, load: float, failures: float, prices: float, progress: Progress | None = None) -> Sensitivity:
    """Plans again with each factor times one less and one more its part. Every search begins at the plan. Raises OptionError."""
    from .plan import planned

    for name, part in (("load", load), ("failures", failures), ("prices", prices)):
        if not 0 <= part < 1:
            raise OptionError(f"{name}={part}: expected a part from 0 to below 1")
    if not plan.counts:
        raise OptionError("the plan found no cluster that can be run, so there is nothing to change")
    told = plan.verdict or plan.best_reachable
    assert told is not None
    base, cost = told.counts, plan.space.cost(told.counts)
    rows = []
    for factor, part, changed in _changes(plan, load, failures, prices):
        for times in (1 - part, 1 + part):
            again = planned(changed(times), workers=plan.workers, progress=progress, start=base, intervals=False)
            found = again.verdict or again.best_reachable
            counts = base if found is None else found.counts
            dear = again.space.cost(counts)
            rows.append(Row(factor, times, again.met, counts, dear, sum(counts) - sum(base), dear - cost))
    swing = {row.factor: max(abs(r.more_cost) for r in rows if r.factor == row.factor) for row in rows}
    rows.sort(key=lambda row: -swing[row.factor])  # stable: less before more
    return Sensitivity(tuple(rows), cost, base)


def _changes(plan: Plan, load: float, failures: float, prices: float) -> Iterator[tuple[str, float, Any]]:
    scenario = plan.scenario
    if load:
        yield "load", load, lambda times: with_load(scenario, times)
    if failures and scenario.failures.draws:
        yield "failures", failures, lambda times: scenario.with_fields({"failures.factor": scenario.failures.factor * times})
    if prices and len(plan.space.names) == 1:
        yield "prices", prices, lambda times: scenario.with_fields({"costs.factor": scenario.costs.factor * times})
    elif prices:
        for name in plan.space.names:
            yield f"price of {name}", prices, lambda times, name=name: _with_price(scenario, name, times)


def with_load(scenario: Scenario, times: float) -> Scenario:
    """The scenario with so many times the load: its jobs so many times as dense, its requests so many times as many."""
    document = scenario.to_dict()
    fields: dict[str, Any] = {}
    if scenario.workload is not None:
        fields["workload.transformations"] = [*document["workload"].get("transformations", []), {"scale_load": times}]
    if scenario.serving is not None:
        fields["serving.rate"] = scenario.serving.rate * times
    return scenario.with_fields(fields)


def _with_price(scenario: Scenario, name: str, times: float) -> Scenario:
    groups: Mapping[str, Any] = scenario.to_dict().get("costs", {}).get("groups", {})
    own = dict(groups.get(name, {}))
    return scenario.with_fields({"costs.groups": {**groups, name: own | {"factor": own.get("factor", 1.0) * times}}})
