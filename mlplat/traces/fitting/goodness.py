"""How well a fitted workload fits a trace: checks with a verdict each, also where it does not fit."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...errors import OptionError, printable
from ...html_tables import table
from ...plotting import Plots
from ...resources import DEVICE_MILLI
from ...streams import check_seed, stream
from ...workload import JobTrace
from .classes import job_classes
from .counts import DAY, HOUR, HOURS, Floats, autocorrelation, dispersion, hourly, week_second
from .model import FittedWorkload

REPLICATIONS = 5
WINDOWS = ((60.0, "1 min"), (600.0, "10 min"), (HOUR, "1 h"), (6 * HOUR, "6 h"), (DAY, "1 d"))
LAGS = (1, 6, 24, 168)
SAMPLE = 200_000
"""Most jobs of a class that are compared."""
CLOSE, FAR = 0.05, 0.10
"""Kolmogorov-Smirnov distances up to which durations fit, and fit roughly."""
NEAR_RATIO, FAR_RATIO = 1.25, 2.0
"""Ratios of a figure to that of the trace, either way, up to which it fits, and fits roughly."""
SPREADS = 3.0
"""Standard deviations of a figure over the generated traces within which that of the trace fits, if it is within the far ratio."""
NEAR_APART, FAR_APART = 0.1, 0.2
_VERDICTS = ("fits", "roughly", "does not fit")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was compared. `what` and `figure`; its value in the `trace`, and in traces that were `generated` (the mean); `low` and
    `high`: their range; `distance` and `p_value` of a test, None where there is none; `verdict`: fits, roughly or does not fit.
    """

    what: str
    figure: str
    trace: float | None
    generated: float | None
    low: float | None
    high: float | None
    distance: float | None
    p_value: float | None
    verdict: str


@dataclass(frozen=True, slots=True)
class GoodnessOfFit:
    """The checks of a model against a trace. A verdict goes by the size of a difference, not by its significance: with 100,000 jobs
    every difference is significant. The p-values take jobs for independent, which those of bursts are not, so that they are too small.
    """

    source: str
    checks: tuple[Check, ...]

    @property
    def misfits(self) -> tuple[Check, ...]:
        """What does not fit."""
        return tuple(check for check in self.checks if check.verdict == _VERDICTS[2])

    @property
    def plot(self) -> Plots:
        """The checks as a figure: `plot()` (docs/notebooks_and_plots.md)."""
        return Plots(self, "goodness")

    def to_dict(self) -> dict[str, Any]:
        """The fields as what JSON can hold."""
        return {"source": self.source, "checks": [asdict(check) for check in self.checks]}

    def rows(self) -> list[tuple[str, ...]]:
        """The cells of each check as text."""
        return [
            (
                printable(check.what),
                printable(check.figure),
                _text(check.trace),
                _text(check.generated) + ("" if check.low is None else f" ({_text(check.low)} to {_text(check.high)})"),
                _text(check.distance),
                "" if check.p_value is None else f"{check.p_value:.2g}",
                check.verdict,
            )
            for check in self.checks
        ]

    def __str__(self) -> str:
        rows = [_COLUMNS, *self.rows()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(_COLUMNS))]
        return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)

    def _repr_html_(self) -> str:
        return table(_COLUMNS, self.rows(), title=f"fit to {self.source or 'the trace'}")


_COLUMNS = ("what", "figure", "trace", "generated", "distance", "p", "verdict")


def goodness(model: FittedWorkload, trace: JobTrace, seed: int = 0) -> GoodnessOfFit:
    """See `FittedWorkload.goodness`. Five traces of the length of the given one are generated. Raises OptionError for an empty trace."""
    if len(trace) < 2 or trace.span <= 0:
        raise OptionError(f"{len(trace):,} jobs: nothing to compare with")
    days = trace.span / DAY
    made = [model.generate(days=days, seed=int(stream(check_seed(seed), f"goodness/{i}").integers(2**63))) for i in range(REPLICATIONS)]
    made = [other for other in made if len(other) > 1] or [model.generate(max(2, len(trace)), seed=seed)]
    checks = [
        _ratio("volume", "jobs", float(len(trace)), [float(len(other)) for other in made]),
        _ratio("volume", "offered load", _load(trace), [_load(other) for other in made]),
        *_durations(trace, made),
        _hours(model, trace),
        *_dispersions(trace, made),
        *_autocorrelations(trace, made),
        _ratio("variation of the work by day", "std / mean", _work(trace), [_work(other) for other in made]),
        _mix("groups", _by_rank(trace), [_by_rank(other) for other in made]),
        _mix("widths", _by_width(trace), [_by_width(other) for other in made]),
    ]
    return GoodnessOfFit(trace.source, tuple(check for check in checks if check is not None))


def held_out(trace: JobTrace, *, part: float = 0.3, how: str = "random", seed: int = 0) -> GoodnessOfFit:
    """A model fitted without a `part` of the trace, compared with that part: the last of it (`how="later"`), so that a change of the
    workload shows; or days at random (`how="random"`), of which durations and mix are compared and not the counts of submissions. Raises
    OptionError, and InputError where too little is left to fit.

    >>> from mlplat.traces import synthetic
    >>> found = held_out(synthetic(days=20, gpus=32, seed=1), part=0.3)
    >>> {check.what.split()[0].rstrip(",:") for check in found.checks} <= {"durations", "groups", "widths"}
    True
    """
    from .fitting import fit

    if isinstance(part, bool) or not isinstance(part, (int, float)) or not 0 < part < 1:
        raise OptionError(f"part={ascii(part)[:40]}: expected a number between 0 and 1")
    if how == "later":
        at = trace.submit[0] + (1 - part) * trace.span
        return fit(trace.take(trace.submit < at), seed=seed).goodness(trace.take(trace.submit >= at), seed=seed)
    if how != "random":
        raise OptionError(f"how={ascii(how)[:40]}: expected random or later")
    day = ((trace.submit - trace.submit[0]) // DAY).astype(np.int64)
    chosen = stream(check_seed(seed), "goodness/days").random(int(day[-1]) + 1 if len(day) else 0) < part
    out = chosen[day]
    if not out.any() or out.all():
        raise OptionError(f"{trace.span / DAY:.3g} days: too few to hold out a part of {part:g} of them at random; expected how='later'")
    found = fit(trace.take(~out), seed=seed).goodness(trace.take(out), seed=seed)
    return GoodnessOfFit(found.source, tuple(c for c in found.checks if c.what.startswith(("durations", "groups", "widths"))))


def _durations(trace: JobTrace, made: list[JobTrace]) -> list[Check]:
    """Kolmogorov-Smirnov by class of the trace: durations of the trace against those of the generated ones together."""
    from scipy.stats import kstwobign

    of_job, names = job_classes(trace)
    width = _width(trace)
    checks = []
    drawn_width = np.concatenate([_width(other) for other in made])
    drawn = np.concatenate([other.duration for other in made])
    for i, name in enumerate(names):
        inside = of_job == i
        low, high = float(width[inside].min()), float(width[inside].max())
        ours = np.sort(trace.duration[inside])[:: max(1, int(inside.sum()) // SAMPLE)]
        theirs = np.sort(drawn[(drawn_width >= low) & (drawn_width <= high)])
        if not len(theirs):
            checks.append(Check(f"durations, {name}", "KS distance", None, None, None, None, 1.0, 0.0, _VERDICTS[2]))
            continue
        distance = _distance(ours, theirs)
        size = len(ours) * len(theirs) / (len(ours) + len(theirs))
        p = float(kstwobign.sf(distance * math.sqrt(size)))
        median, other = float(np.median(ours)), float(np.median(theirs))
        near = max(CLOSE, 1.36 / math.sqrt(size))  # of few jobs a distance says little
        verdict = _verdict(distance, near, near + FAR - CLOSE)
        checks.append(Check(f"durations, {name}", "median (s), KS distance", median, other, None, None, distance, p, verdict))
    return checks


def _distance(ours: Floats, theirs: Floats) -> float:
    at = np.concatenate((ours, theirs))
    return float(
        np.abs(np.searchsorted(ours, at, side="right") / len(ours) - np.searchsorted(theirs, at, side="right") / len(theirs)).max()
    )


def _hours(model: FittedWorkload, trace: JobTrace) -> Check | None:
    """Chi-square of the submissions by hour of the week against the cycle, divided by the dispersion of the hourly counts about it."""
    from scipy.stats import chi2

    times = trace.submit + week_second(trace)
    counts, hour = hourly(times, float(times[0]), float(times[-1]))
    exposure = np.bincount(hour, minlength=HOURS)
    seen = np.bincount(hour, weights=counts, minlength=HOURS)
    cycle = np.array(model.arrivals.hours)
    expected = cycle * exposure
    there = expected > 0
    if there.sum() < 2 or not counts.any():
        return None
    expected = expected * (seen[there].sum() / expected[there].sum())
    by_hour = np.maximum(cycle[hour] * counts.sum() / cycle[hour].sum(), 1e-9)
    spread = max(1.0, float(((counts - by_hour) ** 2 / by_hour).sum()) / max(1, len(counts) - 1))
    statistic = float(((seen[there] - expected[there]) ** 2 / expected[there]).sum()) / spread
    freedom = int(there.sum()) - 1
    verdict = _verdict(statistic / freedom, 1 + 2 * math.sqrt(2 / freedom), 2.0)
    p = float(chi2.sf(statistic, freedom))
    return Check("hours of the week", "chi-square / freedom, over the dispersion", statistic / freedom, None, None, None, None, p, verdict)


def _dispersions(trace: JobTrace, made: list[JobTrace]) -> list[Check | None]:
    what = "dispersion of counts"
    return [
        _ratio(what, name, dispersion(trace.submit, window), [dispersion(other.submit, window) for other in made])
        for window, name in WINDOWS
    ]


def _autocorrelations(trace: JobTrace, made: list[JobTrace]) -> list[Check]:
    checks = []
    ours = hourly(trace.submit, float(trace.submit[0]), float(trace.submit[-1]))[0]
    theirs = [hourly(other.submit, 0.0, float(other.submit[-1]))[0] for other in made]
    for lag in LAGS:
        value, others = autocorrelation(ours, lag), [autocorrelation(counts, lag) for counts in theirs]
        others = [other for other in others if math.isfinite(other)]
        if math.isfinite(value) and others and len(ours) >= 4 * lag:
            mean = float(np.mean(others))
            away = 0.0 if min(others) <= value <= max(others) else abs(mean - value)
            verdict = _verdict(away, NEAR_APART, FAR_APART)
            checks.append(Check("autocorrelation of hours", f"lag {lag} h", value, mean, min(others), max(others), None, None, verdict))
    return checks


def _ratio(what: str, figure: str, ours: float, theirs: list[float]) -> Check | None:
    theirs = [value for value in theirs if math.isfinite(value) and value > 0]
    if not (math.isfinite(ours) and ours > 0 and theirs):
        return None
    mean = float(np.mean(theirs))
    inside = abs(ours - mean) <= SPREADS * float(np.std(theirs))
    verdict = _verdict(1.0 if inside and mean / ours < FAR_RATIO else max(mean / ours, ours / mean), NEAR_RATIO, FAR_RATIO)
    return Check(what, figure, ours, mean, min(theirs), max(theirs), None, None, verdict)


def _mix(what: str, ours: dict[Any, float], theirs: list[dict[Any, float]]) -> Check | None:
    """Total variation distance of two mixes: the part of the jobs that would have to change."""
    if len(ours) < 2:
        return None
    keys = sorted({*ours, *(key for mix in theirs for key in mix)})
    mean = np.mean([[mix.get(key, 0.0) for key in keys] for mix in theirs], axis=0)
    distance = float(np.abs(mean - np.array([ours.get(key, 0.0) for key in keys])).sum() / 2)
    return Check(what, "part of the jobs in the wrong one", None, None, None, None, distance, None, _verdict(distance, CLOSE, FAR))


def _by_rank(trace: JobTrace) -> dict[int, float]:
    counts = np.sort(np.bincount(trace.group))[::-1]
    return {rank: float(count) / len(trace) for rank, count in enumerate(counts.tolist()) if count}


def _by_width(trace: JobTrace) -> dict[float, float]:
    values, counts = np.unique(_width(trace), return_counts=True)
    return {float(value): float(count) / len(trace) for value, count in zip(values.tolist(), counts.tolist(), strict=True)}


def _width(trace: JobTrace) -> Floats:
    return trace.gpu_milli / DEVICE_MILLI if trace.gpu_milli.any() else trace.width("cpu_milli") / 1000


def _work_of_jobs(trace: JobTrace) -> Floats:
    return np.where(np.isfinite(trace.duration), trace.duration, 0.0) * _width(trace)


def _load(trace: JobTrace) -> float:
    return float(_work_of_jobs(trace).sum() / trace.span) if trace.span > 0 else math.nan


def _work(trace: JobTrace) -> float:
    by_day = np.bincount(((trace.submit - trace.submit[0]) // DAY).astype(np.int64), weights=_work_of_jobs(trace))[:-1]
    return float(by_day.std() / by_day.mean()) if len(by_day) > 1 and by_day.any() else math.nan


def _verdict(value: float, near: float, far: float) -> str:
    return _VERDICTS[0 if value <= near else 1 if value <= far else 2]


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
