"""The runs of a sweep before any is run: points of the design as scenarios, their replications, and which of them share a trace."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...canonical import canonical_json
from ...errors import MlplatError
from .designs import Design, Point
from .simulating import Simulator


@dataclass(frozen=True, slots=True)
class Run:
    """One run to make. `scenario`: the digest of the point; with `replication` it is the key under which the run is kept.

    `point`: the row of the design. `trace`: the name of the trace in the sweep's folder, None where no other run has the same.
    `problem`: why the point is no scenario, as kind and text; such a run fails without being run.
    """

    scenario: str
    replication: int
    point: int
    fields: Mapping[str, Any]
    trace: str | None = None
    problem: tuple[str, str] | None = None

    @property
    def key(self) -> tuple[str, int]:
        """What no two runs of a sweep have in common."""
        return self.scenario, self.replication

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.scenario}-{self.replication}"


def plan_runs(simulator: Simulator, base: Any, base_digest: str, design: Design, replications: int) -> list[Run]:
    """Every run of a sweep, by points of the design and replications. Points that are the same scenario are run once.

    Raises the error of a point where no point is a scenario, or where a name (a value that is text) makes none wherever it is set: it is
    misspelt, and nobody wants to wait for what it does to half of the runs.
    """
    points = design.points()
    problems: list[MlplatError | None] = []
    runs: list[Run] = []
    keys: list[str | None] = []
    known: set[str] = set()
    for number, fields in enumerate(points):
        try:
            scenario = simulator.at(base, fields)
            digest = simulator.digest(scenario)
            count = simulator.replications(scenario, replications)
            traces = [simulator.trace_key(scenario, replication) for replication in range(count)]
        except MlplatError as error:
            problems.append(error)
            digest = hashlib.sha256(canonical_json({"scenario": base_digest, "fields": fields})).hexdigest()
            runs.append(Run(digest, 0, number, fields, problem=(type(error).__name__, str(error))))
            keys.append(None)
            continue
        problems.append(None)
        if digest not in known:
            known.add(digest)
            runs += [Run(digest, replication, number, fields) for replication in range(count)]
            keys += traces
    _refuse_what_never_works(points, problems)
    return _with_shared_traces(runs, keys)


def _with_shared_traces(runs: Sequence[Run], keys: Sequence[str | None]) -> list[Run]:
    """The trace named where more than one run has it."""
    count = Counter(key for key in keys if key is not None)
    names = {key: hashlib.sha256(key.encode()).hexdigest() for key, times in count.items() if times > 1}
    return [
        Run(run.scenario, run.replication, run.point, run.fields, names.get(key) if key is not None else None, run.problem)
        for run, key in zip(runs, keys, strict=True)
    ]


def _refuse_what_never_works(points: Sequence[Point], problems: Sequence[MlplatError | None]) -> None:
    first = next((problem for problem in problems if problem is not None), None)
    if first is None:
        return
    if all(problem is not None for problem in problems):
        raise first
    works = {(field, value) for fields, problem in zip(points, problems, strict=True) if problem is None for field, value in _names(fields)}
    for fields, problem in zip(points, problems, strict=True):
        if problem is not None and any(name not in works for name in _names(fields)):
            raise problem


def _names(fields: Point) -> list[tuple[str, str]]:
    return [(field, value) for field, value in fields.items() if isinstance(value, str)]
