"""One run of a scenario: its jobs, its result, its figures. Everything is drawn from the scenario's seed and the replication's number."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import MlplatError, OptionError, SpecError
from ...html_tables import facts
from ...streams import check_seed, stream
from .drawing import draw
from .money import Account, account
from .part import placed_at

if TYPE_CHECKING:
    from ...hardware.cluster_spec import ClusterSpec
    from ...hardware.outages import Outages
    from ...hardware.reliability import Reliability
    from ...platform.serving import ServingResult
    from ...runs.replaying import Replaying
    from ...runs.result import Result
    from ...workload import JobTrace
    from .scenario import Scenario


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run gave. `values`: every figure of `MEASURES` that the scenario has, those of zones as `zones.NAME.FIGURE`; None where
    there was nothing to measure. `fingerprint`: SHA-256, equal for equal scenario, replication and version. `warm_up`: seconds left out.
    """

    values: Mapping[str, float | None]
    fingerprint: str
    warm_up: float = field(default=0.0)

    def __getitem__(self, name: str) -> float | None:
        return self.values[name]

    def __repr__(self) -> str:
        shown = ("p95_wait", "gpu_utilization", "p99_latency", "cost_per_month")
        told = (f"{name} {self.values[name]:,.4g}" for name in shown if self.values.get(name) is not None)
        return f"Figures({', '.join(told)}; {len(self.values)} figures, {self.fingerprint[:12]})"

    def _repr_html_(self) -> str:
        return facts(self.values.items())


def replication_seed(seed: int, replication: int) -> int:
    """The seed of a replication: the same for all alternatives, so that they are compared under common random numbers.

    >>> replication_seed(0, 1) == replication_seed(0, 1) != replication_seed(0, 2)
    True
    """
    return int(stream(check_seed(seed), f"replication/{check_seed(replication)}").integers(0, 2**63))


def trace_of(scenario: Scenario, replication: int = 0) -> JobTrace:
    """The jobs of a replication. Raises OptionError for a scenario without a workload, SpecError with the place of a fault, InputError.

    >>> from mlplat.planning.scenario import Scenario
    >>> scenario = Scenario.from_yaml("{cluster: 1x8xV100, workload: {synthetic: {days: 1, gpus: 8}}}")
    >>> trace_of(scenario).span == trace_of(scenario, 1).span
    False
    """
    if scenario.workload is None:
        raise OptionError("the scenario has no workload, only a serving load")
    return draw(scenario.workload, scenario.folder, replication_seed(scenario.seed, replication))


def is_random(scenario: Scenario) -> bool:
    """Whether replications differ at all. If not, one run is the truth, and there is no interval to tell."""
    if scenario.workload is not None and scenario.workload.draws:
        return True
    if scenario.serving is not None or scenario.failures.draws:
        return True
    policies = scenario.policies
    return scenario.workload is not None and draws_at_random(scenario.cluster, policies.ties, policies.placement, scenario.autoscaling)


def draws_at_random(spec: ClusterSpec, ties: object, placement: object, autoscaling: object) -> bool:
    """Whether a replay draws anything but failures: where jobs go, or when spot nodes are taken away."""
    spot = any(group.scaling is not None and group.scaling.spot is not None for group in spec.groups)
    return ties == "random" or placement == "random" or (spot and autoscaling is not False)


def result_of(
    scenario: Scenario, replication: int = 0, *, trace: JobTrace | None = None, watch: Callable[[Replaying], object] | None = None
) -> Result:
    """What became of the jobs in one replication. `trace`: its jobs, where they have been drawn already. `watch`: as for `replay`.

    Raises as `trace_of` does.
    """
    from ...infra.incidents import Detection
    from ...runs.replay import replay

    jobs = trace_of(scenario, replication) if trace is None else trace
    spec = batch_cluster(scenario)
    policies, detection = scenario.policies, scenario.policies.detection
    failures, spec = _failures(scenario, spec)
    with _placed_run():
        return replay(
            spec,
            jobs,
            queue=_queue(scenario),
            placement=policies.placement,
            ties=policies.ties,
            failures=failures,
            checkpoint=policies.checkpoint,
            detection=Detection(period=detection.period, grace=detection.grace),
            max_restarts=policies.max_restarts,
            scrape=policies.scrape,
            zones=scenario.zones,
            autoscaling=_autoscaling(scenario),
            sync=None if policies.sync is None else policies.sync.model_dump(),
            seed=replication_seed(scenario.seed, replication),
            until=scenario.horizon,
            watch=watch,
        )


def serving_result_of(scenario: Scenario, replication: int = 0) -> ServingResult:
    """What became of the requests in one replication. Raises OptionError for a scenario without a serving load."""
    from .serving_run import serve_load

    if scenario.serving is None:
        raise OptionError("the scenario has no serving load")
    return serve_load(scenario, replication_seed(scenario.seed, replication))


def run_once(scenario: Scenario, replication: int = 0, *, trace: JobTrace | None = None) -> Figures:
    """The figures of one replication. `trace`: its jobs, where they have been drawn already, such as for another alternative.

    >>> from mlplat.planning import Scenario
    >>> scenario = Scenario.from_yaml("{cluster: 100x1cpu, workload: {queueing: {jobs: 1000, arrival_rate: 80.0}}}")
    >>> figures = run_once(scenario)
    >>> figures["completed"], figures["p95_wait"] < 1.0, round(figures["cost_per_month"])
    (1000, True, 3533)
    """
    values: dict[str, float | None] = {}
    prints: list[str] = []
    accounts: list[Account] = []
    warm_up = 0.0 if isinstance(scenario.warm_up, str) else float(scenario.warm_up)
    if scenario.workload is not None:
        from ...runs.window import Window

        result = result_of(scenario, replication, trace=trace)
        if isinstance(scenario.warm_up, str):
            warm_up = found_warm_up(scenario)
        window = Window(result, warm_up)
        values |= window.figures()
        for zone, figures in window.zones().items():
            values |= {f"zones.{zone}.{name}": value for name, value in figures.items()}
        accounts.append(account(result.spec, scenario.costs, window.groups(), window.seconds))
        prints.append(result.fingerprint)
    if scenario.serving is not None:
        from .serving_run import serving_account, serving_figures

        served = serving_result_of(scenario, replication)
        from_s = float(scenario.warm_up) if not isinstance(scenario.warm_up, str) else 0.0
        values |= serving_figures(served, from_s)
        accounts += serving_account(scenario, served)
        prints.append(served.fingerprint)
    values |= Account.total(accounts).figures(scenario.costs)
    fingerprint = prints[0] if len(prints) == 1 else hashlib.sha256(" ".join(prints).encode()).hexdigest()
    return Figures(MappingProxyType(values), fingerprint, warm_up)


def found_warm_up(scenario: Scenario) -> float:
    """The seconds that `warm_up: mser-5` leaves out: MSER-5 on the waits of the first, second, … job in the mean over the scenario's
    replications, since in a single run a busy spell looks like a beginning. The same for every replication.
    """
    key = scenario.digest, scenario.replications
    if key not in _WARM_UPS:
        from ...runs.window import Window
        from ..statistics import mser5

        results = [result_of(scenario, replication) for replication in range(scenario.replications)]
        jobs = min(len(result.trace) for result in results)
        waits = np.array([Window(result, 0.0).waits()[:jobs] for result in results])
        counted = np.flatnonzero(~np.isnan(waits).all(axis=0))  # those that no replication rejects, or not every one
        left_out = mser5(np.nanmean(waits[:, counted], axis=0)) if len(counted) else 0
        begins = [float(result.trace.submit[counted[left_out]]) for result in results] if left_out else [0.0]
        if len(_WARM_UPS) == _MOST_WARM_UPS:
            del _WARM_UPS[next(iter(_WARM_UPS))]
        _WARM_UPS[key] = float(np.mean(begins))
    return _WARM_UPS[key]


_WARM_UPS: dict[tuple[str, int], float] = {}
"""What was found already, by the digest of the scenario and its replications."""
_MOST_WARM_UPS = 256


@contextmanager
def _placed_run() -> Iterator[None]:
    """Options that do not go together are of the policies; what is wrong with zones has its place already."""
    try:
        yield
    except SpecError:
        raise
    except MlplatError as error:
        raise SpecError(str(error), where="policies") from None


def batch_cluster(scenario: Scenario) -> ClusterSpec:
    """The cluster that jobs run on: without the node group of the serving load."""
    spec = scenario.cluster
    if scenario.serving is None or scenario.serving.group is None:
        return spec
    return spec.model_copy(update={"groups": tuple(group for group in spec.groups if group.name != scenario.serving.group)})


def _queue(scenario: Scenario) -> Any:
    from ...infra.queueing import queue_policy

    return queue_policy(scenario.policies.queue, **scenario.policies.queue_options)


def _autoscaling(scenario: Scenario) -> Any:
    from ...infra.autoscaling import Autoscaling

    return scenario.autoscaling if isinstance(scenario.autoscaling, bool) else Autoscaling(scenario.autoscaling)


def _failures(scenario: Scenario, spec: ClusterSpec) -> tuple[Reliability | Outages | None, ClusterSpec]:
    """What fails, and the cluster with the rates of its groups so many times as often."""
    from ...hardware.outages import Outages
    from ...hardware.reliability import Reliability

    failures = scenario.failures
    if failures.outages is not None:
        with placed_at("failures.outages"):
            return Outages.read_csv(scenario.folder / failures.outages, spec), spec
    if failures.source == "none":
        return None, spec
    rates = spec.reliability or Reliability()
    if failures.factor == 1.0:
        return rates, spec
    if failures.factor == 0.0:
        kept = Reliability(maintenance=rates.maintenance)
        groups = tuple(group.model_copy(update={"reliability": None}) for group in spec.groups)
        return (kept if kept.maintenance else None), spec.model_copy(update={"groups": groups, "reliability": kept})
    groups = tuple(
        group if group.reliability is None else group.model_copy(update={"reliability": _more_often(group.reliability, failures.factor)})
        for group in spec.groups
    )
    rates = _more_often(rates, failures.factor)
    return rates, spec.model_copy(update={"groups": groups, "reliability": rates})


def _more_often(rates: Any, factor: float) -> Any:
    changed = {}
    for name in ("node", "device", "rack", "fabric"):
        rate = getattr(rates, name, None)
        if rate is not None:
            changed[name] = rate.model_copy(update={"mtbf": max(0.001, rate.mtbf / factor)})
    return rates.model_copy(update=changed) if changed else rates
