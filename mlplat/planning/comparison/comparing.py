"""`compare`: policies on the same jobs, replication by replication."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from ...errors import OptionError, UnknownNameError
from ...hardware.cluster_spec import ClusterSpec
from ...runs.progress_bar import asked_progress
from ...streams import check_seed
from ...units import Duration, seconds
from ...workload import JobTrace
from ..scenario import MEASURES, Scenario
from ..scenario.objectives import measure_of
from ..statistics.samples import level, whole
from .comparison_result import Comparison
from .difference_rows import Correction, judged_rows
from .policies import Own, Policy, check_own, read_policies
from .runs import Figured, OfScenario, OfTrace, Source

USUAL_MEASURES = ("mean_wait", "p95_wait", "mean_slowdown", "gpu_utilization")
WITHOUT_DEVICES = ("mean_wait", "p95_wait", "mean_slowdown", "cpu_utilization")
CONDITIONS = ("ties", "failures", "checkpoint", "detection", "max_restarts", "scrape", "limits", "zones", "autoscaling", "sync", "until")
"""Options of `replay` that hold for all policies."""


def compare(
    scenario: Scenario | ClusterSpec | str | os.PathLike[str],
    trace: JobTrace | None = None,
    *,
    policies: str | Iterable[str],
    own: Own | None = None,
    replications: int | None = None,
    measures: Iterable[str] | None = None,
    confidence: float = 0.95,
    correction: Correction = "holm",
    resample: Duration | None = None,
    seed: int | None = None,
    progress: Callable[[int, int], None] | bool | None = None,
    **conditions: Any,
) -> Comparison:
    """Compare policies (`"fifo/best-fit"`, `"easy/fgd"`, …) with the first of them on the same jobs, and say what differs significantly.

    `scenario`: a `Scenario` or the path of one, or a cluster with a `trace` and `conditions` as `replay` takes them (`failures`,
    `checkpoint`, …). `own`: policies of your own by names that `policies` may use, `{"mine": CompiledPlacement(function)}`; with a cluster
    and a trace only. `replications`: those of the scenario, or 20, if not given; one where nothing is drawn at random. `measures`: names
    of `MEASURES`, or `zones.NAME.MEASURE`; the scenario's objectives, or waits, slowdown and utilization, if not given.
    `confidence`: of each interval, and of all verdicts together under `correction="holm"`; `"benjamini-hochberg"` bounds the part of
    false verdicts; `"none"` corrects nothing. `resample`: draw traces made of blocks of this length (`"1d"`) of the trace, to say
    something of other weeks like this one; 200 if `replications` is not given. `seed`: the scenario's, or 0, if not given. `progress`:
    whether a bar is shown, or what is told runs done and to do. Raises OptionError, UnknownNameError, SpecError, InputError.

    >>> import mlplat as mp
    >>> trace = mp.traces.synthetic(300, gpus=16, load=1.2, seed=1)
    >>> found = mp.compare(mp.ClusterSpec.parse("2x8xV100"), trace, policies=["fifo/best-fit", "easy/best-fit"], measures=["mean_wait"])
    >>> found.basis, found.verdict("easy/best-fit", "mean_wait")
    ('exact', 'better')
    """
    sure = level(confidence)
    if correction not in get_args(Correction):
        raise UnknownNameError("correction", correction, get_args(Correction))
    asked = _asked(measures)
    source, read = _source(scenario, trace, policies, resample, seed, conditions, check_own(own or {}))
    count = source.usual if replications is None else whole("replications", replications, 1)
    if source.basis == "exact":
        count = 1
    elif count < 2:
        raise OptionError(f"replications={count}: expected at least 2, since replications differ")
    with asked_progress(progress, "compare", "runs") as told:
        runs = _runs(source, read, count, told)
    names = _measured(scenario if isinstance(scenario, Scenario) else None, asked, runs)
    columns = [[row[at].values for row in runs] for at in range(len(read))]
    rows = judged_rows(source.basis, [str(policy) for policy in read], columns, names, sure, correction)
    return Comparison(source.title, source.basis, tuple(read), count, sure, correction, rows, _figures(read, runs))


def _asked(measures: Iterable[str] | None) -> list[str] | None:
    if measures is None:
        return None
    asked = [measures] if isinstance(measures, str) else list(measures)
    for name in asked:
        if not isinstance(name, str):
            raise UnknownNameError("measure", name, MEASURES)
        measure_of(name)
    if not asked:
        raise OptionError(f"measures: none given; expected some of {', '.join(MEASURES)}")
    return list(dict.fromkeys(asked))


def _source(
    scenario: object,
    trace: JobTrace | None,
    policies: str | Iterable[str],
    resample: Duration | None,
    seed: int | None,
    conditions: Mapping[str, Any],
    own: Own,
) -> tuple[Source, list[Policy]]:
    """Where the runs come from, and the policies."""
    for name in conditions:
        if name not in CONDITIONS:
            raise UnknownNameError("option of compare", name, CONDITIONS)
    if isinstance(scenario, ClusterSpec):
        if not isinstance(trace, JobTrace):
            raise OptionError(f"trace is a {type(trace).__name__}; expected a JobTrace, such as read_trace('jobs.csv')")
        read = read_policies(policies, own=own)
        if resample is not None and not seconds(resample) > 0:
            raise OptionError(f"resample={resample!r}: expected a time above 0, such as '1d'")
        return OfTrace(scenario, trace, read, conditions, resample, check_seed(0 if seed is None else seed), own), read
    if trace is not None or conditions or resample is not None:
        given = "a trace" if trace is not None else "resample" if resample is not None else next(iter(conditions))
        raise OptionError(f"{given} goes with a cluster; a scenario says all of that itself")
    if isinstance(scenario, (str, os.PathLike)):
        scenario = Scenario.open(scenario)
    if not isinstance(scenario, Scenario):
        raise OptionError(f"scenario is a {type(scenario).__name__}; expected a Scenario, the path of one, or a ClusterSpec with a trace")
    if seed is not None:
        scenario = scenario.with_fields({"seed": check_seed(seed)})
    if own:
        raise OptionError("own: policies of your own are compared on a cluster and a trace; a scenario knows its policies by name")
    read = read_policies(policies, scenario.policies.placement)
    return OfScenario(scenario, read), read


def _runs(source: Source, policies: list[Policy], count: int, progress: Callable[[int, int], None] | None) -> list[list[Figured]]:
    """The figures [replication][policy]."""
    runs: list[list[Figured]] = []
    for replication in range(count):
        row = []
        for figured in source.run(replication):
            row.append(figured)
            if progress is not None:
                progress(replication * len(policies) + len(row), count * len(policies))
        runs.append(row)
    return runs


def _measured(scenario: Scenario | None, asked: list[str] | None, runs: list[list[Figured]]) -> list[str]:
    """The measures to compare: those asked for, or those usual ones that there is something to measure of."""
    there = runs[0][0].values
    if asked is not None:
        for name in asked:
            if name not in there:
                raise UnknownNameError("measure", name, there, "these runs do not have it")
        return asked
    objectives = [] if scenario is None else [objective.measure for objective in scenario.objectives.values()]
    named = [name for name in objectives if name in there]
    usual = USUAL_MEASURES if there.get("gpu_utilization") is not None else WITHOUT_DEVICES
    return list(dict.fromkeys(named or [name for name in usual if there.get(name) is not None]))


def _figures(policies: list[Policy], runs: list[list[Figured]]) -> tuple[dict[str, Any], ...]:
    """A row for each run."""
    names = list(dict.fromkeys(name for row in runs for figured in row for name in figured.values))
    return tuple(
        {"policy": str(policy), "replication": at, "fingerprint": figured.fingerprint} | {name: figured.values.get(name) for name in names}
        for at, row in enumerate(runs)
        for policy, figured in zip(policies, row, strict=True)
    )
