"""Independent replications of a run, and the 95 % confidence interval in which theory must lie.

Why the interval is valid: the replications use different seeds, so their figures are independent and equally distributed. Each is a mean
over very many jobs or failures of a stationary, quickly mixing process, so it is close to normal; then the mean over the replications, less
the true value, over its estimated standard error follows Student's t with `REPLICATIONS` - 1 degrees of freedom. A queue starts empty,
which biases the first waits downwards: a tenth of the jobs is left out at the start, many relaxation times at the loads used here. Where
waits depend on later arrivals (shortest first, priorities), the last tenth is left out too, as no arrivals follow it.

One true value in twenty lies outside of its interval. So that this is neither an alarm nor a reason to look for seeds that suit, a check
that misses is made once more with as many replications of other seeds, and must hold then: of true values one in four hundred misses
twice. The seeds are fixed: a test that passes, passes always.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from mlplat.hardware import ClusterSpec
from mlplat.infra.queueing import QueuePolicy
from mlplat.runs.replay import replay
from mlplat.runs.result import Result
from mlplat.streams import stream
from mlplat.traces import queueing
from mlplat.workload import JobTrace

REPLICATIONS = 20
T_QUANTILE = 2.0930
"""Student's t with 19 degrees of freedom: 95 % of it lies within this, on both sides."""

JOBS = 60_000
Floats = npt.NDArray[np.float64]
R = TypeVar("R")


class Replications(Generic[R]):
    """Runs of one model under different seeds, made when they are asked for. `run`: what a seed gives, a `Result` or what is kept of it."""

    def __init__(self, run: Callable[[int], R], first_seed: int) -> None:
        self._run, self._first_seed = run, first_seed
        self._rounds: list[list[R]] = []

    def round(self, number: int) -> list[R]:
        """The replications of the first round (0), or of the second (1), with other seeds."""
        while len(self._rounds) <= number:
            first = self._first_seed + len(self._rounds) * REPLICATIONS
            self._rounds.append([self._run(seed) for seed in range(first, first + REPLICATIONS)])
        return self._rounds[number]


def replications(
    servers: int,
    arrival_rate: float,
    service: str = "exponential",
    scv: float | None = None,
    *,
    queue: str | QueuePolicy = "fifo",
    first_seed: int = 0,
    change: Callable[[JobTrace, int], JobTrace] = lambda trace, seed: trace,
) -> Replications[Result]:
    """Runs of a Poisson stream on a pool of `servers` cores; the mean service is 1 s. Little's law holds for each of them.

    `change`: what is done to the trace of a seed.
    """
    spec = ClusterSpec.parse(f"pool:{servers}cpu")

    def run(seed: int) -> Result:
        trace = queueing(JOBS, arrival_rate, service, 1.0, scv=scv, seed=seed)  # type: ignore[arg-type]
        return obeying_littles_law(replay(spec, change(trace, seed), queue=queue))

    return Replications(run, first_seed)


def with_classes(trace: JobTrace, seed: int, shares: Sequence[float], means: Sequence[float]) -> JobTrace:
    """The trace with a class drawn for each job: class 0 has the highest priority. Durations are stretched by the `means`."""
    of = stream(seed, "theory/classes").choice(len(shares), size=len(trace), p=shares)
    stretch = np.array(means)[of]
    return trace.with_columns(priority=-of, duration=trace.duration * stretch, estimate=trace.estimate * stretch)


def middle(values: Floats) -> Floats:
    """Those of the jobs in the middle eight tenths."""
    return values[JOBS // 10 : -JOBS // 10]


def waits(result: Result) -> Floats:
    """The waits of the jobs in the middle eight tenths."""
    return middle(result.jobs["wait_s"].to_numpy())


def sojourns(result: Result) -> Floats:
    """The times from submission to completion of the jobs in the middle eight tenths."""
    return middle((result.jobs["end_s"] - result.jobs["submit_s"]).to_numpy())


def obeying_littles_law(result: Result) -> Result:
    """The result, for which L = λW to rounding, for the jobs that wait and for those that run, over the run up to its end (Little 1961).

    Over a whole run it is an identity of two sums, whatever the policy and whatever interrupts the jobs: the numbers of jobs over time, as
    the timeline has them, and the times of each job, as the jobs and the attempts have them.
    """
    end, jobs, attempts = result.end_s, result.jobs, result.attempts
    time = np.append(result.timeline["time_s"].to_numpy(), end)
    span, period = np.diff(time), end - time[0]
    submit, stop = jobs["submit_s"].to_numpy(), jobs["end_s"].to_numpy()
    there = (submit <= end) & ~jobs["state"].cast(str).is_in(["lost", "rejected"]).to_numpy()
    in_system = (np.where(np.isnan(stop), end, stop) - submit)[there].sum()
    start, finish = (attempts.unique(["job", "attempt"])[name].to_numpy() for name in ("start_s", "end_s"))
    running = (np.where(np.isnan(finish), end, finish) - start).sum()
    number_waiting = (result.timeline["waiting"].to_numpy() * span).sum() / period
    number_running = (result.timeline["running"].to_numpy() * span).sum() / period
    rate, scale = there.sum() / period, 1e-9 * (number_running + number_waiting)
    assert abs(number_running - running / period) <= scale
    assert abs(number_waiting - rate * (in_system - running) / there.sum()) <= scale
    return result


def interval(figures: Sequence[float]) -> tuple[float, float]:
    """Mean and half width of the 95 % confidence interval of independent figures, `REPLICATIONS` of them."""
    assert len(figures) == REPLICATIONS
    return float(np.mean(figures)), T_QUANTILE * float(np.std(figures, ddof=1)) / math.sqrt(REPLICATIONS)


def assert_theory(runs: Replications[R], figure: Callable[[R], float], theory: float, *, precision: float) -> None:
    """The value of theory lies in the 95 % interval of the figure, of the first round or of the second, and the interval is no wider than
    `precision` says on either side.
    """
    said = []
    for number in (0, 1):
        mean, half = interval([figure(result) for result in runs.round(number)])
        assert half < precision * theory, f"the interval says too little: {mean:.5g} ± {half:.3g}"
        if abs(mean - theory) <= half:
            return
        said.append(f"{mean:.5g} ± {half:.3g}")
    raise AssertionError(f"theory says {theory:.5g}; twice {REPLICATIONS} replications {' and '.join(said)}")
