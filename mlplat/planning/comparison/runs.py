"""The runs of a comparison: every policy on the same jobs and the same failures, one replication after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ...errors import OptionError
from ...hardware.outages import Outages
from ...runs.replay import replay
from ...runs.window import Window
from ...traces.transformations import resample
from ...units import Duration
from ..scenario import is_random, replication_seed, run_once, trace_of
from ..scenario.running import draws_at_random
from .basis import Basis
from .policies import Own, Policy

if TYPE_CHECKING:
    from ...hardware.cluster_spec import ClusterSpec
    from ...workload import JobTrace
    from ..scenario import Scenario

USUAL, USUAL_TRACES = 20, 200
"""Replications if the caller does not say; traces, where they are made of blocks: a percentile needs more."""


class Figured(NamedTuple):
    """What came of one run."""

    values: Mapping[str, float | None]
    fingerprint: str


class Source(Protocol):
    """Where the runs come from. `usual`: replications if the caller does not say. `title`: what it is called in reports."""

    basis: Basis
    usual: int
    title: str

    def run(self, replication: int) -> Iterator[Figured]:
        """Run every policy in turn on what is drawn for this replication."""
        ...


class OfTrace:
    """A trace on a cluster. `conditions`: options of `replay`. `block`: traces are made of blocks of this length, None for the trace as
    it is. `own`: policies by the names that `policies` give them."""

    def __init__(
        self,
        spec: ClusterSpec,
        trace: JobTrace,
        policies: list[Policy],
        conditions: Mapping[str, Any],
        block: Duration | None,
        seed: int,
        own: Own,
    ) -> None:
        self._spec, self._trace, self._policies, self._conditions, self._block, self._seed = spec, trace, policies, conditions, block, seed
        self._own = own
        self.basis: Basis = "resampled" if block is not None else "replications" if self._draws() else "exact"
        self.usual = USUAL_TRACES if block is not None else USUAL
        self.title = f"{trace.source or 'jobs'} on {spec.name}"

    def _draws(self) -> bool:
        failures = self._conditions.get("failures")
        if failures is not None and not isinstance(failures, Outages):
            return True
        ties, autoscaling = self._conditions.get("ties"), self._conditions.get("autoscaling", True)
        return any(draws_at_random(self._spec, ties, policy.placement, autoscaling) for policy in self._policies)

    def run(self, replication: int) -> Iterator[Figured]:
        seed = self._seed if self.basis == "exact" else replication_seed(self._seed, replication)
        trace = self._trace if self._block is None else resample(self._trace, self._block, seed=seed)
        for policy in self._policies:
            by: dict[str, Any] = {name: self._own.get(given, given) for name, given in policy._asdict().items()}
            result = replay(self._spec, trace, **by, seed=seed, **self._conditions)
            yield Figured(Window(result, 0.0).figures(), result.fingerprint)


class OfScenario:
    """A scenario, of which each replication has its own jobs and failures. Where the warm-up is to be found, that of the first policy is
    left out under all of them, so that the same jobs count.
    """

    def __init__(self, scenario: Scenario, policies: list[Policy]) -> None:
        if scenario.workload is None:
            raise OptionError("the scenario has no workload, so there is nothing that policies could schedule")
        self._scenario, self.usual, self.title = scenario, scenario.replications, scenario.name
        self._under = [_under(scenario, policy) for policy in policies]
        drawn = any(step.kind == "resample" for step in scenario.workload.transformations)
        random = any(is_random(one) for one in self._under)
        self.basis: Basis = "resampled" if drawn and scenario.workload.trace is not None else "replications" if random else "exact"

    def run(self, replication: int) -> Iterator[Figured]:
        trace, warm_up = trace_of(self._scenario, replication), self._scenario.warm_up
        for scenario in self._under:
            figures = run_once(scenario.model_copy(update={"warm_up": warm_up}), replication, trace=trace)
            warm_up = figures.warm_up
            yield Figured(figures.values, figures.fingerprint)


def _under(scenario: Scenario, policy: Policy) -> Scenario:
    """The scenario with another policy; options of its queue policy stay where that is the same."""
    own = scenario.policies
    options = dict(own.queue_options) if policy.queue == own.queue else {}
    return scenario.with_fields({"policies.queue_options": options, "policies.queue": policy.queue, "policies.placement": policy.placement})
