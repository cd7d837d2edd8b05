"""Runs of scenarios: the `Simulator` of every sweep that a user starts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...canonical import canonical_json
from ...errors import MlplatError, SpecError, UnknownNameError, printable
from .designs import Design
from .simulating import Figures

if TYPE_CHECKING:
    from ...workload import JobTrace
    from ..scenario import Scenario

USUAL_FIGURES = ("p95_wait", "gpu_utilization", "goodput", "p99_latency", "cost_per_month")
"""What a table shows of a scenario without objectives."""


@dataclass(frozen=True, slots=True)
class Base:
    """A scenario as it is sent to workers: its document as JSON, and the folder, absolute, that its paths are relative to."""

    document: bytes
    folder: str

    @classmethod
    def of(cls, scenario: Scenario) -> Base:
        """Of a scenario."""
        return cls(canonical_json(scenario.to_dict()), str(scenario.folder.absolute()))


class ScenarioRuns:
    """Makes the runs of scenarios; see `Simulator`."""

    def at(self, base: Base, fields: Mapping[str, Any]) -> Scenario:
        """The scenario at a point. Raises SpecError with the path and what is there."""
        return _at(base, canonical_json(fields))

    def digest(self, scenario: Scenario | Base) -> str:
        """That of the scenario: what changes no run is not part of it."""
        return (_scenario(scenario) if isinstance(scenario, Base) else scenario).digest

    def replications(self, scenario: Scenario, wanted: int) -> int:
        """One where nothing is random: the run is the truth."""
        from ..scenario import is_random

        return wanted if is_random(scenario) else 1

    def trace_key(self, scenario: Scenario, replication: int) -> str | None:
        """The workload, its files, and the seed where anything is drawn."""
        from ..scenario import replication_seed
        from ..scenario.files import file_digest

        workload = scenario.workload
        if workload is None:
            return None
        content = {
            "workload": workload.model_dump(mode="json", exclude_defaults=True),
            "files": [file_digest(scenario.folder / name) for name in workload.files()],
            "seed": replication_seed(scenario.seed, replication) if workload.draws else None,
        }
        return canonical_json(content).decode()

    def trace(self, scenario: Scenario, replication: int) -> JobTrace:
        """The jobs of a replication."""
        from ..scenario import trace_of

        return trace_of(scenario, replication)

    def run(self, scenario: Scenario, replication: int, trace: JobTrace | None) -> Figures:
        """The figures of one replication."""
        from ..scenario import run_once

        return run_once(scenario, replication, trace=trace)


def design_of(scenario: Scenario, seed: int | None = None) -> Design:
    """The design that a scenario gives as its `sweep`: fields by their paths with their values, of which the grid is run, or
    `{vary: {...}, design: lhs, samples: 100}`. Draws depend on `seed`, the scenario's if left out. Raises SpecError naming the place.
    """
    given = scenario.sweep
    if not given:
        raise SpecError("says nothing; expected fields by their paths with the values they take, or give a design", where="sweep")
    usual = scenario.seed if seed is None else seed
    try:
        if "vary" not in given:
            return Design(given, seed=usual)
        unknown = sorted(set(given) - {"vary", "design", "samples"})
        if unknown:
            raise UnknownNameError("key", printable(str(unknown[0]))[:60], ("vary", "design", "samples"))
        return Design(given["vary"], given.get("design", "grid"), given.get("samples"), usual)
    except MlplatError as error:
        raise SpecError(str(error), where="sweep") from None


def figures_shown(scenario: Scenario) -> list[str]:
    """The figures that a table shows: those of the objectives, or the usual ones."""
    asked = list(dict.fromkeys(objective.measure for objective in scenario.objectives.values()))
    return asked or list(USUAL_FIGURES)


@lru_cache(maxsize=4)
def _scenario(base: Base) -> Scenario:
    from ..scenario import Scenario

    return Scenario.from_dict(json.loads(base.document), folder=Path(base.folder))


@lru_cache(maxsize=64)
def _at(base: Base, fields: bytes) -> Scenario:
    changed = json.loads(fields)
    return _scenario(base).with_fields(changed) if changed else _scenario(base)
