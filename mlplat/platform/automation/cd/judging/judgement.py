"""`judge`: one look at one step of a canary, the new version against the old."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from . import error_rates, latencies, scores
from .clustering import counted
from .observations import Observations, Reference
from .policy import CanaryPolicy, Metric
from .spending import level_at
from .verdicts import Finding, Found, Judgement, Verdict, Versus

if TYPE_CHECKING:
    from .observations import Flags, Floats


def judge(
    policy: CanaryPolicy,
    step: int,
    new: Observations,
    old: Observations | Reference,
    *,
    versus: Versus = Versus.SAME_PERIOD,
    look: int | None = None,
) -> Judgement:
    """What the requests of a step say of a new version.

    `step`: from 0. `old`: the requests of the old version in the same period, or in the step before where it gets none any more
    (`versus`); a `Reference` for a version without a predecessor. `look`: from 1; from `policy.looks` on a version can pass. All of the
    level is spent then, so that later looks, which wait for what a margin asks for, cannot fail.

    `fail` where the version is significantly worse in a metric. `inconclusive` with too few requests, or where a margin is set and it is
    not shown that the version is within it. Else `pass`, from the final look on.

    >>> good = Observations.of([0.1 * n for n in range(1000)], failed=[n % 50 == 0 for n in range(1000)])
    >>> bad = Observations.of([0.1 * n for n in range(1000)], failed=[n % 15 == 0 for n in range(1000)])
    >>> policy = CanaryPolicy(metrics=("errors",))
    >>> print(judge(policy, 2, bad, good))
    step 3 (50 %): fail
      errors: worse (0.067 against 0.02, 1,000 requests against 1,000, p 1.2e-07)
    >>> judge(policy, 2, good, good).verdict.value
    'pass'
    """
    look = policy.looks if look is None else look
    level = level_at(policy.alpha, len(policy.steps), len(policy.metrics), policy.looks, look)
    against = Versus.BASELINE if isinstance(old, Reference) else versus
    enough = new.requests >= policy.requests and (isinstance(old, Reference) or old.requests >= policy.requests)
    findings = tuple(_TESTS[metric](policy, new, old, level, enough) for metric in policy.metrics)
    verdict = _verdict(findings, enough, look >= policy.looks)
    return Judgement(verdict, step, policy.steps[step], new.requests, against, findings, look, enough)


def _verdict(findings: tuple[Finding, ...], enough: bool, final: bool) -> Verdict:
    found = [each.found for each in findings]
    if not enough:
        return Verdict.INCONCLUSIVE
    if Found.WORSE in found:
        return Verdict.FAIL
    undecided = {Found.TOO_FEW, Found.NOT_SHOWN} & set(found) or Found.NOT_WORSE not in found
    return Verdict.INCONCLUSIVE if undecided or not final else Verdict.PASS


def _errors(policy: CanaryPolicy, new: Observations, old: Observations | Reference, level: float, enough: bool) -> Finding:
    seen = _share(new.failed)
    by, margin = _limits(policy, Metric.ERRORS)
    sure, shown = policy.alpha, math.nan
    if isinstance(old, Reference):
        if old.error_rate is None:
            return Finding(Metric.ERRORS, Found.NO_REFERENCE, seen, n=new.requests)
        said = Finding(Metric.ERRORS, Found.TOO_FEW, seen, old.error_rate, new.requests, level=level)
        if not enough:
            return said
        mine = counted(new.times_s, new.failed, level, up=False)
        p = error_rates.binomial_greater(mine.hits, mine.total, min(1.0, old.error_rate + by))
        if margin is not None:
            mine = counted(new.times_s, new.failed, sure, up=True)
            shown = error_rates.binomial_less(mine.hits, mine.total, min(1.0, old.error_rate + margin))
        return _found(policy, said, p, shown)
    said = Finding(Metric.ERRORS, Found.TOO_FEW, seen, _share(old.failed), new.requests, old.requests, level=level)
    if not enough:
        return said
    mine, theirs = counted(new.times_s, new.failed, level, up=False), counted(old.times_s, old.failed, level, up=True)
    p = error_rates.more_than(mine.hits, mine.total, theirs.hits, theirs.total, by)
    if margin is not None:
        mine, theirs = counted(new.times_s, new.failed, sure, up=True), counted(old.times_s, old.failed, sure, up=False)
        shown = error_rates.less_than(mine.hits, mine.total, theirs.hits, theirs.total, margin)
    return _found(policy, said, p, shown)


def _latency(policy: CanaryPolicy, new: Observations, old: Observations | Reference, level: float, enough: bool) -> Finding:
    mine, mine_at = _known(new, new.latencies_s)
    seen = latencies.quantile_of(mine, policy.quantile) if mine.size else math.nan
    by, margin = _limits(policy, Metric.LATENCY)
    if isinstance(old, Reference):
        if old.latency_s is None or not mine.size:
            return Finding(Metric.LATENCY, Found.NO_REFERENCE, seen, n=mine.size)
        said = Finding(Metric.LATENCY, Found.TOO_FEW, seen, old.latency_s, mine.size, level=level)
        if not enough:
            return said
        p = latencies.longer_than(mine, mine_at, (1 + by) * old.latency_s, policy.quantile, level)
        shown = (
            math.nan
            if margin is None
            else latencies.shorter_than(mine, mine_at, (1 + margin) * old.latency_s, policy.quantile, policy.alpha)
        )
        return _found(policy, said, p, shown)
    theirs, theirs_at = _known(old, old.latencies_s)
    if not theirs.size or not mine.size:
        return Finding(Metric.LATENCY, Found.NO_REFERENCE, seen, n=mine.size)
    bound = latencies.quantile_of(theirs, policy.quantile)
    said = Finding(Metric.LATENCY, Found.TOO_FEW, seen, bound, mine.size, theirs.size, level=level)
    if not enough:
        return said
    p = latencies.longer(mine, mine_at, theirs, theirs_at, policy.quantile, by, level)
    shown = math.nan if margin is None else latencies.shorter(mine, mine_at, theirs, theirs_at, policy.quantile, margin, policy.alpha)
    return _found(policy, said, p, shown)


def _quality(policy: CanaryPolicy, new: Observations, old: Observations | Reference, level: float, enough: bool) -> Finding:
    mine, _ = _known(new, new.scores)
    seen = _mean(mine)
    by, margin = _limits(policy, Metric.QUALITY)
    if isinstance(old, Reference):
        if old.score is None:
            return Finding(Metric.QUALITY, Found.NO_REFERENCE, seen, n=mine.size)
        if mine.size < policy.labels:
            return Finding(Metric.QUALITY, Found.NO_LABELS if margin is None else Found.TOO_FEW, seen, old.score, mine.size, level=level)
        said = Finding(Metric.QUALITY, Found.TOO_FEW, seen, old.score, mine.size, level=level)
        if not enough:
            return said
        shown = math.nan if margin is None else scores.not_lower_than(mine, old.score - margin)
        return _found(policy, said, scores.lower_than(mine, old.score - by), shown)
    theirs, _ = _known(old, old.scores)
    said = Finding(Metric.QUALITY, Found.TOO_FEW, seen, _mean(theirs), mine.size, theirs.size, level=level)
    if min(mine.size, theirs.size) < policy.labels:
        return said._replace(found=Found.NO_LABELS if margin is None else Found.TOO_FEW)
    if not enough:
        return said
    return _found(policy, said, scores.lower(mine, theirs, by), math.nan if margin is None else scores.not_lower(mine, theirs, margin))


_TESTS = {Metric.ERRORS: _errors, Metric.LATENCY: _latency, Metric.QUALITY: _quality}


def _found(policy: CanaryPolicy, said: Finding, p: float, shown: float) -> Finding:
    if p <= said.level and said.level > 0:
        found = Found.WORSE
    else:
        found = Found.NOT_WORSE if math.isnan(shown) or shown <= policy.alpha else Found.NOT_SHOWN
    return said._replace(found=found, p=p, p_margin=shown)


def _limits(policy: CanaryPolicy, metric: Metric) -> tuple[float, float | None]:
    """What is tolerated of a metric, and its margin."""
    return (policy.tolerance or {}).get(metric, 0.0), (policy.margin or {}).get(metric)


def _known(seen: Observations, values: Floats) -> tuple[Floats, Floats]:
    """The values that are known, and when their requests came."""
    import numpy as np

    known = ~np.isnan(values)
    return values[known], seen.times_s[known]


def _share(flags: Flags) -> float:
    return float(flags.mean()) if flags.size else math.nan


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else math.nan
