"""Which of several systems is best, with a guarantee: the procedure KN of Kim and Nelson."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...errors import OptionError
from .samples import Floats, between, level, whole

INDIFFERENT = 1e-12


@dataclass(frozen=True, slots=True)
class Elimination:
    """System `system` was given up after `replications` of each, since `by` was better by more than chance allows.

    >>> Elimination(system=2, replications=12, by=0).by
    0
    """

    system: int
    replications: int
    by: int


@dataclass(frozen=True, slots=True)
class Selection:
    """The system selected, the mean of each over its replications, how many those were, and in which order the others were eliminated.

    `stopped`: `"best"` where the guarantee holds, `"most"` where the replications ran out and the best mean so far was taken.

    >>> from mlplat.streams import stream
    >>> found = select_best(lambda system, replication: [3.0, 1.0][system] + stream(replication, "noise").normal(0, 0.1), 2, delta=0.5)
    >>> found.best, found.guaranteed, [each.system for each in found.eliminated]
    (1, True, [0])
    """

    best: int
    means: tuple[float, ...]
    replications: tuple[int, ...]
    eliminated: tuple[Elimination, ...]
    delta: float
    confidence: float
    stopped: Literal["best", "most"]

    @property
    def guaranteed(self) -> bool:
        """Whether the procedure ended by itself."""
        return self.stopped == "best"

    def __str__(self) -> str:
        made = f"{sum(self.replications):,} replications"
        if not self.guaranteed:
            return f"system {self.best} has the smallest mean, {self.means[self.best]:.6g}, but {made} do not single it out"
        sure = f"{100 * self.confidence:.4g} %"
        return f"system {self.best} is best with confidence {sure} (mean {self.means[self.best]:.6g}, within {self.delta:g}; {made})"


def select_best(
    draw: Callable[[int, int], float],
    systems: int,
    *,
    delta: float,
    confidence: float = 0.95,
    least: int = 10,
    most: int = 10_000,
) -> Selection:
    """The system with the smallest mean, by fully sequential elimination (Kim and Nelson, ACM TOMACS 11, 2001; c = 1).

    `draw(system, replication)` is one figure; replication i of every system may use the same random numbers. If the best is better than
    every other by at least `delta`, it is selected with at least this confidence; else a system within `delta` of the best is likely to
    be. `least` replications of each system give the variances of the differences; then each system still in play gets one more at a time,
    and one is given up when its sum lies above another's by more than a bound that shrinks with every step. The figures should be close
    to normal (means over many jobs). After `most` replications of one system it stops without the guarantee. Of systems that are equal in
    every figure the first is taken. Raises OptionError.

    >>> from mlplat.streams import stream
    >>> def cost(system: int, replication: int) -> float:
    ...     return [30.0, 25.0, 32.0][system] + stream(replication, "demand").normal(0, 5) + stream(replication, f"own/{system}").normal()
    >>> found = select_best(cost, 3, delta=1)
    >>> print(found)
    system 1 is best with confidence 95 % (mean 27.9636, within 1; 30 replications)
    """
    k, first = whole("systems", systems, 1), whole("least", least, 2)
    apart, sure, limit = _positive(delta), level(confidence), whole("most", most, 2)
    if limit < first:
        raise OptionError(f"most={limit} is below least={first}")
    figures = np.array([[float(draw(system, at)) for at in range(first)] for system in range(k)])
    if not np.isfinite(figures).all():
        raise OptionError("draw gave a figure that is not finite")
    if k == 1:
        return Selection(0, (float(figures.mean()),), (first,), (), apart, sure, "best")
    variance = variances_of_differences(figures)
    reach = slack(k, first, sure) * variance / apart  # h² S² / δ, in the unit of a sum of figures
    sums, made, there = figures.sum(axis=1), first, list(range(k))
    counts, eliminated = [first] * k, list[Elimination]()
    while True:
        gone = screen(sums, reach, apart, made, there)
        eliminated += [Elimination(system, made, by) for system, by in gone]
        there = [system for system in there if system not in {one for one, _ in gone}]
        if len(there) == 1 or made == limit:
            break
        if float(reach[np.ix_(there, there)].max()) / apart <= made:  # no pair has any slack left: the sums are equal
            eliminated += [Elimination(system, made, there[0]) for system in there[1:]]
            there = there[:1]
            break
        for system in there:
            figure = float(draw(system, made))
            if not np.isfinite(figure):
                raise OptionError(f"draw({system}, {made}) is {figure}; expected a finite number")
            sums[system] += figure
            counts[system] += 1
        made += 1
    means = tuple(float(total / count) for total, count in zip(sums, counts, strict=True))
    best = min(there, key=lambda system: (means[system], system))
    return Selection(best, means, tuple(counts), tuple(eliminated), apart, sure, "best" if len(there) == 1 else "most")


def slack(systems: int, least: int, confidence: float) -> float:
    """h² = 2 c η (n0 - 1) with c = 1 and η = ((2 α / (k - 1)) ^ (-2 / (n0 - 1)) - 1) / 2, which holds under common random numbers too.

    >>> round(slack(2, 10, 0.95), 3)
    6.013
    """
    eta = ((2 * (1 - confidence) / (systems - 1)) ** (-2 / (least - 1)) - 1) / 2
    return max(0.0, float(2 * eta * (least - 1)))


def variances_of_differences(figures: Floats) -> Floats:
    """Sample variance of the differences of each pair of systems, [k, k], from figures [k, n]."""
    covariance = np.atleast_2d(np.cov(figures))
    own = np.diag(covariance)
    variance = np.maximum(own[:, None] + own[None, :] - 2 * covariance, 0.0)
    variance[variance <= INDIFFERENT * (own[:, None] + own[None, :])] = 0.0  # rounding
    return variance


def screen(sums: Floats, reach: Floats, delta: float, made: int, there: list[int]) -> list[tuple[int, int]]:
    """The systems that another one beats after `made` replications of each, with the one that beats them by most.

    i is beaten by l if sum(i) - sum(l) > W with W = max(0, (h² S²(i, l) / δ - δ made) / 2).
    """
    allowed = np.maximum(0.0, (reach[np.ix_(there, there)] - delta * made) / 2)
    lead = sums[there][:, None] - sums[there][None, :] - allowed
    return [(there[row], there[int(np.argmax(lead[row]))]) for row in np.flatnonzero(lead.max(axis=1) > 0)]


def _positive(delta: object) -> float:
    return between("delta", delta, 0.0, float("inf"))
