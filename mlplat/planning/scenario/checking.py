"""What is wrong with a scenario's file: the first faults of it, each with its place and what was expected there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from ...errors import MlplatError, SpecError, shown
from ...hardware.spec_model import spec_errors
from ...infra.quotas.reading import placed
from .files import file_digest, read_scenario
from .running import trace_of
from .scenario import Scenario

MOST_FAULTS = 10


def faults_of(path: str | os.PathLike[str]) -> list[MlplatError]:
    """The first faults of a scenario's file; none if all of it can be run.

    Everything is read: the file, what it names, the jobs of the first replication, and the scenario with each alternative and with the
    first and last value of each field of a sweep.
    """
    try:
        document, folder, lines = read_scenario(path)
    except MlplatError as error:
        return [error]
    if isinstance(document, Mapping):
        try:
            Scenario.__pydantic_validator__.validate_python(
                {str(key): value for key, value in document.items()}, context={"folder": os.fspath(folder)}
            )
        except ValidationError as error:
            found = spec_errors(error, Scenario)
            return [placed(each.problem, each.where, shown(path), lines) for each in found[:MOST_FAULTS]]
        except MlplatError:
            pass  # told below, with its place
    try:
        scenario = Scenario.open(path)
    except MlplatError as error:
        return [error]
    faults: list[MlplatError] = []
    for check in (_check_files, _check_jobs, _check_alternatives, _check_sweep):
        try:
            check(scenario)
        except SpecError as error:
            faults.append(placed(error.problem, error.where, shown(path), lines) if error.source is None else error)
        except MlplatError as error:
            faults.append(error)
    return faults


def _check_files(scenario: Scenario) -> None:
    for path in scenario.files:
        file_digest(path)


def _check_jobs(scenario: Scenario) -> None:
    from ...runs.replay import replay
    from .running import batch_cluster

    if scenario.workload is None:
        return
    trace = trace_of(scenario)
    if scenario.zones is not None:
        replay(batch_cluster(scenario), trace.take([]), zones=scenario.zones, queue=scenario.policies.queue)


def _check_alternatives(scenario: Scenario) -> None:
    for name, fields in scenario.alternatives.items():
        _check_fields(scenario, fields, f"alternatives.{name}")


def _check_sweep(scenario: Scenario) -> None:
    for field, values in _swept(scenario.sweep).items():
        ends = dict.fromkeys((0, len(values) - 1)) if isinstance(values, list) and values else {}
        for i in ends:
            _check_fields(scenario, {field: values[i]}, f"sweep.{field}[{i}]")


def _swept(sweep: Any) -> Mapping[str, Any]:
    """Fields of a sweep by their path. Only what looks like a path is one; the rest is the design, which whoever sweeps checks."""
    if not isinstance(sweep, Mapping):
        return {}
    inside = sweep.get("grid", sweep) if isinstance(sweep.get("grid", sweep), Mapping) else sweep
    return {str(key): value for key, value in inside.items() if "." in str(key)}


def _check_fields(scenario: Scenario, fields: Mapping[str, Any], where: str) -> None:
    try:
        scenario.with_fields(fields)
    except SpecError as error:
        raise SpecError(f"{error.where + ': ' if error.where else ''}{error.problem}", where=where) from None
