"""The serving load of a scenario in one run: its requests, its server, its figures, what its nodes cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .drawing import seed_of
from .money import Account, account
from .part import placed_at

if TYPE_CHECKING:
    from ...platform.serving import ServingResult
    from .scenario import Scenario


def replicas_of(scenario: Scenario) -> int:
    """The replicas that the serving load has room for."""
    load = scenario.serving
    assert load is not None
    if load.replicas is not None:
        return load.replicas
    return load.per_node * next(group.count for group in scenario.cluster.groups if group.name == load.group)


def serve_load(scenario: Scenario, seed: int) -> ServingResult:
    """What becomes of the requests. They end with the load's length; what is under way then is played to its end."""
    from ...platform.serving import Requests, serve

    load = scenario.serving
    assert load is not None
    drawn = {"service": load.service, "mean": load.mean, "scv": load.scv, "seed": seed_of(seed, "serving")}
    with placed_at("serving"):
        requests = Requests.diurnal(load.rate, until=load.length, swing=load.swing, **drawn)  # type: ignore[arg-type]
        until = None if scenario.horizon is None else min(scenario.horizon, load.length)
        version = load.version(replicas_of(scenario))
        return serve(version, requests, until=until, retries=load.retries, backoff=load.backoff, seed=seed)


def serving_figures(result: ServingResult, warm_up: float) -> dict[str, float | None]:
    """The figures of `MEASURES` that are of serving, of requests sent from `warm_up` on."""
    r = result.arrays
    counts = (r.sent >= warm_up) & (r.attempts > 0)
    answered = counts & result.answered
    latency = (r.end - r.sent)[answered]
    p50, p95, p99 = np.percentile(latency, (50, 95, 99)).tolist() if len(latency) else (None, None, None)
    ended = int(np.count_nonzero(counts & ~result.unfinished))
    good = int(np.count_nonzero(answered & ~result.erroneous))
    busy, ready = result.slot_seconds
    return {
        "mean_latency": float(latency.mean()) if len(latency) else None,
        "p50_latency": p50,
        "p95_latency": p95,
        "p99_latency": p99,
        "availability": good / ended if ended else None,
        "requests": int(np.count_nonzero(counts)),
        "replica_utilization": busy / ready if ready > 0 else None,
        "replicas": result.replica_seconds / result.end_s if result.end_s > 0 else None,
    }


def serving_account(scenario: Scenario, result: ServingResult) -> list[Account]:
    """What the nodes of the replicas cost: all of their group, as long as requests came. Nothing where replicas have no group, and so cost
    what the rest of the cluster does.
    """
    from ...runs.window import GroupUse

    load = scenario.serving
    assert load is not None
    if load.group is None and scenario.workload is not None:
        return []
    end = result.end_s
    busy, _ = result.slot_seconds
    part = busy / (replicas_of(scenario) * load.slots * end) if end > 0 else 0.0
    groups = [group for group in scenario.cluster.groups if load.group is None or group.name == load.group]
    spec = scenario.cluster.model_copy(update={"groups": tuple(groups)})
    uses = [GroupUse(g.count * end, part * g.count * g.cpu_milli / 1000 * end, part * g.count * g.gpus * end) for g in groups]
    return [account(spec, scenario.costs, uses, end)]
