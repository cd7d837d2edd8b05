"""Tests of shares: whether errors, or what else is counted, are more frequent in one sample than in another, or than they should be."""

from __future__ import annotations

import math


def fisher_greater(hits: int, total: int, others: int, of_others: int) -> float:
    """P value of "no more frequent than in the other sample", against "more frequent": Fisher's exact test (1935), one-sided.

    Exact, and so never above its level, for any counts.

    >>> round(fisher_greater(3, 4, 1, 4), 4)  # the lady tasting tea
    0.2429
    """
    from scipy.stats import hypergeom

    if total == 0 or of_others == 0:
        return 1.0
    return float(hypergeom.sf(hits - 1, total + of_others, hits + others, total))


def binomial_greater(hits: int, total: int, share: float) -> float:
    """P value of "at most `share`" against "more": the exact binomial test (Clopper and Pearson, Biometrika 26, 1934).

    >>> round(binomial_greater(9, 10, 0.5), 4)
    0.0107
    """
    from scipy.stats import binom

    return float(binom.sf(hits - 1, total, share)) if total else 1.0


def binomial_less(hits: int, total: int, share: float) -> float:
    """P value of "at least `share`" against "less", as `binomial_greater`."""
    from scipy.stats import binom

    return float(binom.cdf(hits, total, share)) if total else 1.0


def score_z(hits: int, total: int, others: int, of_others: int, difference: float) -> float:
    """The score statistic of "the share is larger by `difference`": standard normal where it is, larger where it is more.

    Variance from the shares that are most likely under that difference: Farrington and Manning, Statistics in Medicine 9 (1990), in the
    closed form of Miettinen and Nurminen, Statistics in Medicine 4 (1985), with its n / (n - 1). Asymptotic.

    >>> round(score_z(30, 500, 190, 9500, 0.0), 2)
    5.94
    """
    both = total + of_others
    share, other = hits / total, others / of_others
    under = restricted(hits, total, others, of_others, difference)
    over = min(1.0, max(0.0, under + difference))
    variance = (over * (1 - over) / total + under * (1 - under) / of_others) * both / (both - 1)
    gap = share - other - difference
    return gap / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, gap) if gap else 0.0


def restricted(hits: int, total: int, others: int, of_others: int, difference: float) -> float:
    """The most likely share of the other sample if the first one's is larger by `difference` (Miettinen and Nurminen, appendix 1)."""
    both, found = total + of_others, hits + others
    cubic = [
        others * difference * (1 - difference),
        (of_others * difference - both - 2 * others) * difference + found,
        (total + 2 * of_others) * difference - both - found,
        float(both),
    ]
    third = cubic[2] / (3 * cubic[3])
    q = third**3 - cubic[1] * cubic[2] / (6 * cubic[3] ** 2) + cubic[0] / (2 * cubic[3])
    p = math.copysign(math.sqrt(max(0.0, third**2 - cubic[1] / (3 * cubic[3]))), q)
    angle = (math.pi + math.acos(min(1.0, max(-1.0, q / p**3)))) / 3 if p else 0.0
    share = 2 * p * math.cos(angle) - third
    return min(1.0, 1.0 - difference, max(0.0, -difference, share))


def more_than(hits: int, total: int, others: int, of_others: int, by: float) -> float:
    """P value of "more frequent by at most `by`" against "by more"; exact where `by` is 0."""
    if total == 0 or of_others == 0:
        return 1.0
    if by == 0.0:
        return fisher_greater(hits, total, others, of_others)
    return upper_tail(score_z(hits, total, others, of_others, by))


def less_than(hits: int, total: int, others: int, of_others: int, by: float) -> float:
    """P value of "more frequent by at least `by`" against "by less", which shows that it is not inferior."""
    if total == 0 or of_others == 0:
        return 1.0
    return upper_tail(-score_z(hits, total, others, of_others, by))


def upper_tail(z: float) -> float:
    """P that a standard normal number is at least `z`."""
    return 0.5 * math.erfc(z / math.sqrt(2.0))
