"""Replay a scenario, and say what came of it in the words of `Outcome`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import mlplat as mp
from mlplat.infra.queueing import QueuePolicy, queue_policy
from mlplat.runs.result import Result

from .scenario import Outcome, Scenario


@dataclass(frozen=True)
class Seen:
    """Names by what became of them."""

    reclaimed: frozenset[str]
    preempted: frozenset[str]
    runs: frozenset[str]
    waits: frozenset[str]
    rejected: frozenset[str]
    over: frozenset[str]
    on: dict[str, str] = field(default_factory=dict)


def names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def expected(scenario: Scenario, outcome: Outcome) -> Seen:
    """The outcome of a row, spelled out for all its workloads."""
    stopped = names(outcome.reclaimed) | names(outcome.preempted)
    waits = names(outcome.waits) | (stopped - names(outcome.again))
    everyone = {work.name for work in scenario.works()}
    unknown = (stopped | waits | names(outcome.rejected) | names(outcome.over) | names(outcome.again) | set(outcome.on)) - everyone
    assert not unknown, f"{scenario.name}: no workload is called {sorted(unknown)}"
    runs = everyone - waits - names(outcome.rejected) - names(outcome.over)
    return Seen(
        names(outcome.reclaimed),
        names(outcome.preempted),
        frozenset(runs),
        waits,
        names(outcome.rejected),
        names(outcome.over),
        dict(outcome.on),
    )


def policy(scenario: Scenario, name: str) -> QueuePolicy:
    return queue_policy(name, fair_preemption=scenario.fair) if scenario.fair else queue_policy(name)


def replayed(scenario: Scenario, queue: str, clock: Literal["replay", "simpy"]) -> Result:
    works = scenario.works()
    requests = [mp.ResourceRequest(cpus=work.cpus, memory_gib=work.memory_gib) for work in works]
    groups = sorted({work.queue for work in works})
    submit = [work.at or 0.0 for work in works]
    trace = mp.JobTrace.build(
        submit=submit,
        duration=[work.until - at for work, at in zip(works, submit, strict=True)],
        request=list(range(len(works))),
        requests=requests,
        replicas=[work.pods for work in works],
        priority=[work.priority for work in works],
        group=[groups.index(work.queue) for work in works],
        groups=groups,
    )
    return mp.replay(
        scenario.cluster(), trace, queue=policy(scenario, queue), zones=scenario.described(), until=scenario.until, clock=clock
    )


def seen(scenario: Scenario, result: Result) -> Seen:
    called = [work.name for work in scenario.works()]
    states: dict[str, set[str]] = {}
    for name, state in zip(called, result.jobs["state"], strict=True):
        states.setdefault(str(state), set()).add(name)
    stopped: dict[str, set[str]] = {}
    on: dict[str, str] = {}
    flavors = scenario.flavors()
    for job, node, outcome in result.attempts.select("job", "node", "outcome").iter_rows():
        stopped.setdefault(str(outcome), set()).add(called[job])
        if str(outcome) == "running" and flavors:
            on[called[job]] = flavors[node]
    of = lambda key, found: frozenset(found.get(key, ()))  # noqa: E731
    return Seen(
        of("reclaimed", stopped),
        of("preempted", stopped),
        of("running", states),
        of("waiting", states) | of("held", states),
        of("rejected", states),
        of("completed", states),
        on,
    )


def began_as_they_came(scenario: Scenario, result: Result) -> set[str]:
    """Running workloads of a row that did not begin the moment they arrived: the row would then mean something else."""
    called = [work.name for work in scenario.works()]
    began = {name: (at, start) for name, at, start in zip(called, result.jobs["submit_s"], result.jobs["start_s"], strict=True)}
    return {work.name for work in scenario.running if began[work.name][0] != began[work.name][1]}
