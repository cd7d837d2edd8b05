"""Independent replications of a queue, and the interval in which theory must lie.

Why the interval is valid: the replications use different seeds, so their figures are independent and equally distributed. Each is a mean
over a hundred thousand of jobs of a stationary, quickly mixing process, so it is close to normal; then the mean over the replications,
less the true value, over its estimated standard error follows Student's t with `REPLICATIONS` - 1 degrees of freedom. A queue starts
empty, which biases the first waits downwards: a tenth of the jobs is left out at the start, many relaxation times at the loads used here.
Where waits depend on later arrivals (shortest first), the last tenth is left out too, as no arrivals follow it. The seeds are fixed: a
test that passes, passes always.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from mlplat.hardware import ClusterSpec
from mlplat.runs.replay import replay
from mlplat.runs.result import Result
from mlplat.traces import queueing

REPLICATIONS = 16
T_QUANTILE = 4.0728
"""Student's t with 15 degrees of freedom: 99.9 % of it lies within this, on both sides."""

JOBS = 100_000
Floats = npt.NDArray[np.float64]


def replications(
    servers: int, arrival_rate: float, service: str = "exponential", scv: float | None = None, *, queue: str = "fifo", first_seed: int = 0
) -> list[Result]:
    """Runs of a Poisson stream on a pool of `servers` cores; the mean service is 1 s."""
    spec = ClusterSpec.parse(f"pool:{servers}cpu")
    seeds = range(first_seed, first_seed + REPLICATIONS)
    return [replay(spec, queueing(JOBS, arrival_rate, service, 1.0, scv=scv, seed=seed), queue=queue) for seed in seeds]  # type: ignore[arg-type]


def waits(result: Result) -> Floats:
    """The waits of the jobs in the middle eight tenths."""
    return result.jobs["wait_s"].to_numpy()[JOBS // 10 : -JOBS // 10]


def assert_theory(results: Sequence[Result], figure: Callable[[Result], float], theory: float, *, precision: float) -> None:
    """The value of theory lies in the 99.9 % interval of the figure, and the interval is no wider than `precision` says on either side."""
    figures = np.array([figure(result) for result in results])
    half = T_QUANTILE * figures.std(ddof=1) / math.sqrt(len(figures))
    assert half < precision * theory, f"the interval says too little: {figures.mean():.5g} ± {half:.3g}"
    assert abs(figures.mean() - theory) <= half, f"theory says {theory:.5g}; {len(figures)} replications {figures.mean():.5g} ± {half:.3g}"
