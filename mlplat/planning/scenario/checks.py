"""What must go together in a scenario: names of groups and zones, times, the workload and what is asked of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...errors import SpecError, UnknownNameError, printable
from .measures import MEASURES
from .objectives import split_name

if TYPE_CHECKING:
    from .scenario import Scenario


def check_together(scenario: Scenario) -> None:
    """Raises SpecError with the place of the first thing that does not go with another."""
    groups = [group.name for group in scenario.cluster.groups]
    if scenario.workload is None and scenario.serving is None:
        raise SpecError("is required and missing (or 'serving', for a cluster that only answers requests)", where="workload")
    _check_known("node group", scenario.search.groups, groups, "search.groups")
    _check_known("node group", scenario.costs.groups, groups, "costs.groups")
    if scenario.serving is not None and scenario.serving.group is not None:
        _check_known("node group", [scenario.serving.group], groups, "serving.group", key=False)
        if scenario.workload is not None and len(groups) == 1:
            raise SpecError("takes the only node group, and none is left for the workload", where="serving.group")
    if scenario.failures.draws and not _fails(scenario):
        raise SpecError("the cluster's description has no 'reliability', in the whole or of a group", where="failures")
    if scenario.horizon is not None and not isinstance(scenario.warm_up, str) and scenario.warm_up >= scenario.horizon:
        raise SpecError(f"expected less than the horizon, {scenario.horizon:g} s", where="warm_up")
    _check_objectives(scenario)


def _check_objectives(scenario: Scenario) -> None:
    zones = [one.name for one in scenario.zones or () if hasattr(one, "reclaim")]
    for name, objective in scenario.objectives.items():
        zone, _ = split_name(name)
        where = f"objectives.{printable(name)}"
        if zone is not None and zone not in zones:
            if not zones:
                raise SpecError("the scenario has no zones", where=where)
            raise SpecError(str(UnknownNameError("zone", printable(zone[:60]), zones)), where=where)
        if zone is None:
            of = MEASURES[objective.measure].of
            if (of == "jobs" and scenario.workload is None) or (of == "serving" and scenario.serving is None):
                missing = "workload" if of == "jobs" else "serving"
                raise SpecError(f"nothing to measure it by: the scenario has no {missing!r}", where=where)


def _fails(scenario: Scenario) -> bool:
    return scenario.cluster.reliability is not None or any(group.reliability is not None for group in scenario.cluster.groups)


def _check_known(kind: str, names: Iterable[str], known: list[str], where: str, *, key: bool = True) -> None:
    for name in names:
        if name not in known:
            place = f"{where}.{printable(name[:60])}" if key else where
            raise SpecError(str(UnknownNameError(kind, printable(name[:60]), known)), where=place)
