"""Fleets of a size, simulated: replications under common random numbers, more of them where the bound is within the interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...platform.serving import Requests, Version, serve
from ..statistics import mean_interval
from .objective import TimeObjective

WARM_UP = 0.1
"""Of the requests, in order of sending, those that are left out: the fleet begins idle."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A fleet that was tried. `estimate`: mean over the replications of the objective (s), with its Student interval `low` to `high`;
    infinite where so many requests were never answered. `unanswered`: part of the requests. `busy`: part of the slots. `ready`: replicas
    that were ready on average.
    """

    replicas: int
    estimate: float
    low: float
    high: float
    replications: int
    unanswered: float
    busy: float
    ready: float

    def meets(self, bound: float) -> bool:
        """Whether the estimate is within the bound."""
        return self.estimate <= bound


@dataclass(frozen=True, slots=True)
class Simulator:
    """Tries fleets. `draw`: the stream of a replication, the same for each fleet. `warm`: whether the beginning is left out."""

    version: Version
    objective: TimeObjective
    bound: float
    draw: Callable[[int], Requests]
    least: int
    most: int
    confidence: float
    warm: bool
    seed: int

    def try_out(self, replicas: int) -> Trial:
        """Replications are doubled, up to `most`, while the bound is inside the interval."""
        figures: list[float] = []
        rest: list[tuple[float, float, float]] = []
        wanted = self.least
        while True:
            for replication in range(len(figures), wanted):
                figure, others = self._run(replicas, replication)
                figures.append(figure)
                rest.append(others)
            estimate, low, high = student(figures, self.confidence)
            if not low <= self.bound <= high or wanted >= self.most or not math.isfinite(estimate):
                break
            wanted = min(2 * wanted, self.most)
        unanswered, busy, ready = (float(np.mean([row[i] for row in rest])) for i in range(3))
        return Trial(replicas, estimate, low, high, len(figures), unanswered, busy, ready)

    def _run(self, replicas: int, replication: int) -> tuple[float, tuple[float, float, float]]:
        requests = self.draw(replication)
        result = serve(sized(self.version, replicas), requests, seed=self.seed + replication)
        frame = result.requests
        done = frame["latency_s"].is_not_null().to_numpy()
        times = frame["latency_s" if self.objective.of == "latency" else "wait_s"].to_numpy()
        times = np.where(done, times, np.inf)[int(WARM_UP * len(requests)) if self.warm else 0 :]
        row = result.versions.row(0, named=True)
        return quantile(times, self.objective.q), (1 - float(done.mean()), row["utilization"] or 0.0, row["ready_mean"] or 0.0)


def sized(version: Version, replicas: int) -> Version:
    """The version with so many replicas, or with an autoscaler that has so many at most."""
    if version.scale is None:
        return replace(version, replicas=replicas, limit=None)
    scale: Any = replace(version.scale, most=max(replicas, 1), least=min(version.scale.least, replicas))
    return replace(version, replicas=min(max(version.replicas, scale.least), replicas), limit=replicas, scale=scale)


def quantile(times: Any, q: float) -> float:
    """The least time within which a part `q` of them is; requests that were never answered are later than any time."""
    if not len(times):
        return 0.0
    rank = min(len(times), max(1, math.ceil(q * len(times) - 1e-9)))
    return float(np.partition(times, rank - 1)[rank - 1])


def student(values: list[float], confidence: float) -> tuple[float, float, float]:
    """Mean and Student's interval of times, at least two; infinite where one is.

    >>> student([1.0, 1.0], 0.95)
    (1.0, 1.0, 1.0)
    """
    if not all(map(math.isfinite, values)):
        return math.inf, math.inf, math.inf
    found = mean_interval(values, confidence)
    return found.estimate, max(0.0, found.low), found.high
