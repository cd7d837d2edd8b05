"""How often the judging of canaries rolls back a version that is equal, and how often one that is worse, over many seeds.

    python -m benchmarks.canary --seeds 2000 --json

Each rollout has four steps of ten minutes (5, 25, 50 and 100 %) at 20 requests a second; the 100 % step is judged against the old version
in the step before. Shares with 99 % intervals of Clopper and Pearson. Exit status 1 when the false rollbacks of equal versions are
significantly more than 5 % (99 %), or a version whose error rate is 6 % in place of 2 % is found in fewer than 95 %.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from mlplat.platform.automation.cd.judging import CanaryPolicy, Observations, Verdict, Versus, judge
from mlplat.streams import stream

RATE, STEP_S, STEPS = 20.0, 600.0, (0.05, 0.25, 0.5, 1.0)
ALPHA, POWER = 0.05, 0.95

Latencies = Callable[[np.random.Generator, np.ndarray], np.ndarray]


class Version(NamedTuple):
    """How a version answers: `errors`, `quality` (shares), and its latencies (s) by the times of its requests."""

    errors: float = 0.02
    quality: float = 0.9
    slower: float = 1.0
    latencies: str = "lognormal"


class Case(NamedTuple):
    """An old and a new version, and what is required of the rollbacks: `at_most`, `at_least`, or nothing."""

    name: str
    new: Version
    old: Version = Version()
    at_most: float | None = None
    at_least: float | None = None
    looks: int = 1


def lognormal(draw: np.random.Generator, times: np.ndarray) -> np.ndarray:
    """Independent latencies."""
    return 0.02 * np.exp(0.6 * draw.standard_normal(times.size))


def rounded(draw: np.random.Generator, times: np.ndarray) -> np.ndarray:
    """Independent, to the millisecond."""
    return np.round(lognormal(draw, times), 3)


def queueing(draw: np.random.Generator, times: np.ndarray) -> np.ndarray:
    """Of servers that take a request a second each and are busy for 60 % of the time (Lindley's recursion): they come in bursts."""
    found = np.empty(times.size)
    server = draw.integers(0, max(1, round(times.size / STEP_S)), times.size)
    for number in range(server.max(initial=-1) + 1):
        mine = np.flatnonzero(server == number)
        service = draw.exponential(0.6, mine.size)
        walk = np.concatenate([[0.0], np.cumsum(service[:-1] - np.diff(times[mine]))])
        found[mine] = walk - np.minimum.accumulate(walk) + service
    return found


KINDS: dict[str, Latencies] = {"lognormal": lognormal, "rounded": rounded, "queueing": queueing}
EQUAL_QUEUES = Version(latencies="queueing")

CASES = (
    Case("equal", Version(), at_most=ALPHA),
    Case("equal, five looks a step", Version(), at_most=ALPHA, looks=5),
    Case("equal, latencies to the millisecond", Version(latencies="rounded"), Version(latencies="rounded"), at_most=ALPHA),
    Case("equal, latencies of a queue", EQUAL_QUEUES, EQUAL_QUEUES, at_most=ALPHA),
    Case("equal, no errors at all", Version(errors=0.0), Version(errors=0.0), at_most=ALPHA),
    Case("errors 2 % to 6 %", Version(errors=0.06), at_least=POWER),
    Case("errors 2 % to 6 %, five looks a step", Version(errors=0.06), at_least=POWER, looks=5),
    Case("errors 2 % to 3 %", Version(errors=0.03)),
    Case("latencies 10 % longer", Version(slower=1.1)),
    Case("latencies 25 % longer", Version(slower=1.25)),
    Case("quality 0.90 to 0.87", Version(quality=0.87)),
    Case("quality 0.90 to 0.80", Version(quality=0.80)),
)


def seen(draw: np.random.Generator, version: Version, share: float, begin: float) -> Observations:
    """The requests of a version in a step."""
    count = draw.poisson(RATE * share * STEP_S)
    times = begin + np.sort(draw.random(count)) * STEP_S
    latencies = version.slower * KINDS[version.latencies](draw, times)
    labelled = draw.random(count) < 0.5
    scores = np.where(labelled, (draw.random(count) < version.quality).astype(float), np.nan)
    return Observations.of(times, draw.random(count) < version.errors, latencies, scores)


def until(part: Observations, time: float) -> Observations:
    """Those that came before a time."""
    kept = part.times_s < time
    return Observations(part.times_s[kept], part.failed[kept], part.latencies_s[kept], part.scores[kept])


def rolled_back(case: Case, seed: int) -> int:
    """The step, from 1, in which the version is rolled back; 0 where it is not."""
    policy, draw = CanaryPolicy(steps=STEPS, looks=case.looks), stream(seed, f"benchmark/canary/{case.name}")
    before = Observations.of()
    for step, share in enumerate(STEPS):
        begin = step * STEP_S
        new = seen(draw, case.new, share, begin)
        old = before if share == 1.0 else seen(draw, case.old, 1.0 - share, begin)
        versus = Versus.STEP_BEFORE if share == 1.0 else Versus.SAME_PERIOD
        for look in range(1, policy.looks + 1):
            time = begin + STEP_S * look / policy.looks
            past = old if share == 1.0 else until(old, time)
            found = judge(policy, step, until(new, time), past, versus=versus, look=look)
            if found.verdict is Verdict.FAIL:
                return step + 1
        if found.verdict is Verdict.INCONCLUSIVE:
            raise AssertionError(f"{case.name}, seed {seed}: {found}")
        before = old
    return 0


def interval(hits: int, total: int, level: float = 0.99) -> tuple[float, float]:
    """Of a share, exact (Clopper and Pearson, 1934)."""
    from scipy.stats import beta

    tail = (1 - level) / 2
    low = float(beta.ppf(tail, hits, total - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, total - hits)) if hits < total else 1.0
    return low, high


def measure(seeds: int, seed: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Figures of all cases, and what is missed."""
    figures, problems = [], []
    for case in CASES:
        steps = [rolled_back(case, seed * 1_000_000 + number) for number in range(seeds)]
        hits = sum(step > 0 for step in steps)
        low, high = interval(hits, seeds)
        by_step = [steps.count(step) for step in range(1, len(STEPS) + 1)]
        figures.append({"case": case.name, "rolled_back": hits / seeds, "low": low, "high": high, "by_step": by_step})
        if case.at_most is not None and low > case.at_most:
            problems.append(f"{case.name}: {hits} of {seeds} rolled back; expected at most {100 * case.at_most:g} %")
        if case.at_least is not None and hits < case.at_least * seeds:
            problems.append(f"{case.name}: {hits} of {seeds} rolled back; expected at least {100 * case.at_least:g} %")
    return figures, problems


def main(arguments: list[str] | None = None) -> int:
    """Print the figures; 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    figures, problems = measure(options.seeds, options.seed)
    if options.json:
        print(json.dumps({"seeds": options.seeds, "seed": options.seed, "cases": figures, "problems": problems}))
    else:
        for each in figures:
            shares = f"{100 * each['rolled_back']:6.2f} % ({100 * each['low']:.2f} to {100 * each['high']:.2f})"
            print(f"{each['case']:<40} {shares:<30} by step {each['by_step']}")
        print(*problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
