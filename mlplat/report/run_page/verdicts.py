"""What a run was to achieve, and whether it did: objectives as text or from a scenario, and the figures they are about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import MlplatError, OptionError, printable
from ...planning.scenario.accounts import Costs
from ...planning.scenario.money import account
from ...planning.scenario.objectives import Objective, read_objective
from ...runs.window import GroupUse

if TYPE_CHECKING:
    from ...runs.result import Result
    from ...runs.saved_run import SavedRun

_FORM = re.compile(r"\s*([^<>=≤≥]+?)\s*(<=|>=|≤|≥|=)\s*(.+?)\s*", re.DOTALL)
_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Goals:
    """`objectives`, and the `costs` by which they count money and energy."""

    objectives: tuple[Objective, ...] = ()
    costs: Costs = field(default_factory=Costs)


def read_goals(given: str | Mapping[str, Any] | None) -> Goals:
    """Objectives from a text such as `p95_wait=10m,gpu_utilization>=0.7`, from a mapping of names to bounds, or from a scenario's file,
    whose costs then hold too. Raises OptionError, SpecError, UnknownNameError, InputError.

    >>> [str(one) for one in read_goals("p95_wait=10m, gpu_utilization >= 70%").objectives]
    ['p95_wait <= 10m', 'gpu_utilization >= 0.7']
    """
    if given is None:
        return Goals()
    if isinstance(given, str) and Path(given).suffix.lower() in _SUFFIXES:
        from ...planning.scenario.scenario import Scenario

        scenario = Scenario.open(given)
        return Goals(tuple(scenario.objectives.values()), scenario.costs)
    return Goals(tuple(_parsed(given) if isinstance(given, str) else _named(given)))


def _named(given: Mapping[str, Any]) -> list[Objective]:
    return [_read(name, bound) for name, bound in given.items()]


def _parsed(text: str) -> list[Objective]:
    made: dict[str, Objective] = {}
    for part in text.split(","):
        found = _FORM.fullmatch(part)
        if found is None or found[1] in made:
            what = f"{printable(found[1][:60])!r} is given twice" if found else repr(printable(part[:60]))
            raise OptionError(f"objectives: {what}; expected such as p95_wait=10m,gpu_utilization>=0.7, or the YAML file of a scenario")
        made[found[1]] = _read(found[1], found[3] if found[2] == "=" else f"{found[2]} {found[3]}")
    return list(made.values())


def _read(name: str, bound: Any) -> Objective:
    try:
        return read_objective(name, bound)
    except MlplatError as error:
        raise OptionError(f"objectives: {printable(str(name)[:60])}: {error}") from None


def measured(run: Result | SavedRun, costs: Costs) -> dict[str, float | None]:
    """Every figure of the run that an objective can be about, by name; those of zones as `zones.NAME.FIGURE`."""
    found = run.measures
    values: dict[str, float | None] = dict(found["figures"])
    for zone, figures in found["zones"].items():
        values |= {f"zones.{zone}.{name}": value for name, value in figures.items()}
    groups = [GroupUse(**use) for use in found["groups"]]
    return values | account(run.spec, costs, groups, found["seconds"]).figures(costs)


@dataclass(frozen=True, slots=True)
class Verdict:
    """An objective, the figure of the run, and whether it is met."""

    objective: Objective
    value: float | None
    met: bool


def verdicts(goals: Goals, values: Mapping[str, float | None]) -> list[Verdict]:
    """One for each objective. Raises OptionError for a figure that the run does not have: of serving, or of a zone that is not there."""
    made = []
    for objective in goals.objectives:
        if objective.measure not in values:
            raise OptionError(f"objectives: the run has no figure {printable(objective.name)!r}; it has {', '.join(sorted(values))}")
        value = values[objective.measure]
        made.append(Verdict(objective, value, objective.holds(value)))
    return made
