"""How often drift is reported where there is none, how often it is found where there is, and what the naive rules say of the same.

    python -m benchmarks.drift --json

Every window has a fresh reference. Windows of 500 rows x 20 features without drift, of six kinds (normal, ties, heavy tails, correlated,
categorical, with missing values), decided as by default; each test alone, at 5 % for all features together and without floors; shifts of
0.25, 0.5 and 1 standard deviation in one of 20 features; a million rows shifted by 0.01; the naive rules; a daily cycle. Intervals are
Clopper-Pearson at 99 %. Exit status 1 when a count is over its bound: the 99 % point of the binomial distribution at the level (18 of
1,000 at 1 %), or a shift of 0.5 is found in fewer than 95 %.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any, NamedTuple

import polars as pl

from benchmarks.drift_frames import DAY, FEATURES, KINDS, days, normal
from mlplat.platform.automation.monitoring.drift import (
    PSI,
    Adwin,
    ChiSquare,
    ClassifierTwoSample,
    DriftRule,
    DriftTest,
    KolmogorovSmirnov,
    MaximumMeanDiscrepancy,
    Outcome,
    PageHinkley,
    Reference,
    StreamDetector,
    Wasserstein,
    decide,
    naive_rules,
    recommend_window,
)
from mlplat.streams import stream

ROWS, REFERENCE_ROWS = 500, 5_000
SHIFTS, REQUIRED_SHIFT, REQUIRED_POWER = (0.25, 0.5, 1.0), 0.5, 0.95
NUMERIC_KINDS = ("normal", "ties", "heavy", "correlated")
DETECTORS: tuple[type[StreamDetector], ...] = (Adwin, PageHinkley)


class Counts(NamedTuple):
    """How many windows (or streams) of each part; `alone`: for each test by itself."""

    windows: int
    alone: int
    power: int
    large: int
    large_rows: int
    naive: int
    days: int


FULL = Counts(2_000, 2_000, 200, 3, 1_000_000, 1_000, 200)
SMOKE = Counts(20, 8, 5, 1, 100_000, 40, 2)


def tests(floors: bool) -> tuple[DriftTest, ...]:
    """One of each, with or without its floor for the effect."""
    every = (KolmogorovSmirnov(), PSI(), ChiSquare(), Wasserstein(), MaximumMeanDiscrepancy(), ClassifierTwoSample())
    if not floors:
        for test in every:
            test.floor = 0.0
    return every


def counted(alarms: int, of: int, level: float | None = None) -> dict[str, Any]:
    """Alarms with their interval, and the most that are allowed at a level."""
    from scipy.stats import beta, binom

    low = float(beta.ppf(0.005, alarms, of - alarms + 1)) if alarms else 0.0
    high = float(beta.ppf(0.995, alarms + 1, of - alarms)) if alarms < of else 1.0
    found: dict[str, Any] = {"alarms": alarms, "of": of, "rate": alarms / of, "low": round(low, 5), "high": round(high, 5)}
    if level is not None:
        found |= {"level": level, "bound": int(binom.ppf(0.99, of, level))}
    return found


def false_alarms(kind: str, windows: int, seed: int, rule: DriftRule, reference_rows: int = REFERENCE_ROWS) -> int:
    random, make = stream(seed, f"benchmark/drift/{kind}"), KINDS[kind]
    return sum(
        decide(Reference.of(make(random, reference_rows)), make(random, ROWS), rule).outcome is Outcome.DRIFT for _ in range(windows)
    )


def decisions(counts: Counts, seed: int) -> dict[str, Any]:
    """S-80: windows without drift, decided as by default."""
    return {kind: counted(false_alarms(kind, counts.windows, seed, DriftRule()), counts.windows, 0.01) for kind in KINDS}


def alone(counts: Counts, seed: int) -> dict[str, Any]:
    """Each test by itself at 5 % for a window of 20 features, or for 20 streams of 500 values watched together."""
    found = {}
    for test in tests(floors=False):
        kinds = ("categorical",) if test.kind == "categorical" else NUMERIC_KINDS
        rule, each = DriftRule(0.05, psi_floor=0.0, tests=(test,), shares=False), counts.alone // len(kinds)
        alarms = {kind: false_alarms(kind, each, seed + 1, rule, 1_000) for kind in kinds}
        found[test.name] = counted(sum(alarms.values()), each * len(kinds), 0.05) | {"kinds": alarms}
    for detector in DETECTORS:
        random, alarms_of = stream(seed, f"benchmark/drift/{detector.name}"), 0
        for _ in range(counts.alone):
            watched = (detector(random.normal(size=ROWS), alpha=0.05, horizon=ROWS, streams=FEATURES) for _ in range(FEATURES))
            alarms_of += sum(bool(one.feed(random.normal(size=ROWS))) for one in watched) > 0
        found[detector.name] = counted(alarms_of, counts.alone, 0.05)
    return found


def power(counts: Counts, seed: int) -> dict[str, Any]:
    """S-81: how often a shift of one feature is found, by the default decision, each numeric test alone, and in streams of 500 values."""
    rules = {"default": DriftRule()} | {test.name: DriftRule(tests=(test,)) for test in tests(floors=True) if test.kind != "categorical"}
    found: dict[str, Any] = {}
    for name, rule in rules.items():
        found[name] = {}
        for shift in SHIFTS:
            hits = 0
            for draw in range(counts.power):
                random = stream(seed, f"benchmark/drift/power/{draw}")
                columns = decide(Reference.of(normal(random, REFERENCE_ROWS)), normal(random, ROWS, shift), rule).columns
                hits += "f0" in columns or "" in columns
            found[name][f"{shift:g}"] = counted(hits, counts.power)
    for detector in DETECTORS:
        found[detector.name] = {}
        for shift in SHIFTS:
            random = stream(seed, f"benchmark/drift/{detector.name}/{shift}")
            at = [detector(random.normal(size=ROWS)).feed(random.normal(shift, 1.0, ROWS)) for _ in range(counts.power)]
            delays = sorted(each[0] for each in at if each)
            found[detector.name][f"{shift:g}"] = counted(len(delays), counts.power) | {
                "median_delay": delays[len(delays) // 2] if delays else None
            }
    return found


def tiny_shift(counts: Counts, seed: int) -> dict[str, Any]:
    """A-7.3: many rows and a shift that does not matter."""
    random, alarms, smallest = stream(seed, "benchmark/drift/large"), 0, 1.0
    for _ in range(counts.large):
        reference = Reference.of(normal(random, counts.large_rows))
        verdict = decide(reference, normal(random, counts.large_rows, 0.01))
        alarms += verdict.outcome is Outcome.DRIFT
        smallest = min(smallest, *(each.adjusted for each in verdict.findings))
    return {"alarms": alarms, "of": counts.large, "rows": counts.large_rows, "smallest_adjusted_p": smallest}


def naive(counts: Counts, seed: int) -> dict[str, Any]:
    """What the rules in common use say of windows without drift."""
    random, psi, ks = stream(seed, "benchmark/drift/naive"), 0, 0
    for _ in range(counts.naive):
        reference = Reference.of(normal(random, REFERENCE_ROWS))
        psi += "f0" in naive_rules(reference, normal(random, 50)).psi
        ks += bool(naive_rules(reference, normal(random, ROWS)).ks)
    return {"psi_over_0.1_at_50_rows": counted(psi, counts.naive), "any_of_20_ks_at_0.05": counted(ks, counts.naive)}


def daily_cycle(counts: Counts, seed: int) -> dict[str, Any]:
    """A-7.5: the length that is recommended, and how often windows of it and shorter ones are alarms."""
    random = stream(seed, "benchmark/drift/days")
    first = days(random, 1)
    advice, reference = recommend_window(first, "t"), Reference.of(first.drop("t"))
    found: dict[str, Any] = {"recommended_hours": None if advice.length_s is None else advice.length_s / 3600}
    for hours in (6, 12, 24):
        alarms = windows = 0
        for _ in range(counts.days):
            day = days(random, 1).with_columns(n=(pl.col("t") // (hours * 3600)))
            for window in day.partition_by("n", include_key=False):
                windows += 1
                alarms += decide(reference, window.drop("t")).outcome is Outcome.DRIFT
        found[f"{hours}_hours"] = counted(alarms, windows, 0.01 if hours * 3600 == DAY else None)
    return found


def speed(seed: int) -> dict[str, float]:
    """Milliseconds of processor time of a reference, and of a decision about a window."""
    random, repeats = stream(seed, "benchmark/drift/speed"), 50
    frame, windows = normal(random, REFERENCE_ROWS), [normal(random, ROWS) for _ in range(repeats)]
    begun = time.process_time()
    for _ in range(repeats):
        reference = Reference.of(frame)
    made = time.process_time()
    for window in windows:
        decide(reference, window)
    return {"reference_ms": round(1000 * (made - begun) / repeats, 2), "window_ms": round(1000 * (time.process_time() - made) / repeats, 2)}


def missed(found: dict[str, Any]) -> list[str]:
    """What is over its bound."""
    rates = {f"decision, {kind}": row for kind, row in found["decision"].items()}
    rates |= {f"{name} alone": row for name, row in found["alone"].items()}
    rates["windows of a day"] = found["daily_cycle"]["24_hours"]
    wrong = [
        f"{what}: {row['alarms']} alarms of {row['of']}; at most {row['bound']}"
        for what, row in rates.items()
        if row["alarms"] > row["bound"]
    ]
    if found["power"]["default"][f"{REQUIRED_SHIFT:g}"]["rate"] < REQUIRED_POWER:
        wrong.append(f"a shift of {REQUIRED_SHIFT} is found in fewer than {REQUIRED_POWER:.0%}")
    if found["tiny_shift"]["alarms"]:
        wrong.append("a shift of 0.01 standard deviations is an alarm")
    if found["daily_cycle"]["recommended_hours"] != DAY / 3600:
        wrong.append("the window that is recommended does not cover the day")
    return wrong


def measure(counts: Counts, seed: int) -> dict[str, Any]:
    """All figures."""
    parts = (decisions, alone, power, tiny_shift, naive, daily_cycle)
    names = ("decision", "alone", "power", "tiny_shift", "naive", "daily_cycle")
    return {name: part(counts, seed) for name, part in zip(names, parts, strict=True)} | {"speed": speed(seed)}


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drift", description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="a small part of it, in seconds")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    found = measure(SMOKE if options.smoke else FULL, options.seed)
    shown = {"seed": options.seed, **found, "missed": missed(found)}
    print(json.dumps(shown) if options.json else json.dumps(shown, indent=2))
    return 1 if shown["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
