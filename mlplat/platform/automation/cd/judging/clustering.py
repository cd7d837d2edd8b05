"""How much less a count says because its requests are alike in bursts: the design effect, and counts as if they were independent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .observations import Flags, Floats

BLOCKS = 16
"""Parts of equal length into which a period is cut."""


class Counted(NamedTuple):
    """`hits` of `total`, and the design effect they were divided by."""

    hits: int
    total: int
    effect: float = 1.0


def design_effect(times_s: Floats, hits: Flags, level: float = 0.5, blocks: int = BLOCKS) -> float:
    """The variance of a share of hits over that of independent requests, from how it differs between parts of the period; at least 1.

    Latencies of a queue come in bursts, as do errors; a test that takes each request for itself alarms too often then. Rao and Scott, "A
    simple method for the analysis of clustered binary data", Biometrics 48 (1992): with x_b hits of n_b in block b of B and p = x / n,

        B / (B - 1) sum((x_b - p n_b)^2) / (n p (1 - p))

    That is an estimate from B numbers, so that for a test at `level` it is widened as Student's quantile of B - 1 degrees of freedom is
    wider than the normal one, squared.
    """
    import numpy as np

    total, found = times_s.size, int(hits.sum())
    if total < 2 * blocks or found in (0, total):
        return 1.0
    first, last = float(times_s.min()), float(times_s.max())
    if not last > first:
        return 1.0
    block = np.minimum((blocks * ((times_s - first) / (last - first))).astype(np.int64), blocks - 1)
    among, of_them = np.bincount(block, minlength=blocks), np.bincount(block, weights=hits, minlength=blocks)
    used, share = int((among > 0).sum()), found / total
    if used < 2:
        return 1.0
    spread = float(((of_them - share * among) ** 2).sum())
    effect = used / (used - 1) * spread / (total * share * (1 - share))
    return max(1.0, effect * _wider(level, used - 1))


def counted(times_s: Floats, hits: Flags, level: float, *, blocks: int = BLOCKS, up: bool) -> Counted:
    """Hits and requests as of independent ones, for a test at `level`. `up`: which way hits are rounded where they are no whole number."""
    effect = design_effect(times_s, hits, level, blocks)
    total, found = times_s.size, int(hits.sum())
    if effect == 1.0:
        return Counted(found, total)
    fewer = max(1, math.floor(total / effect))
    scaled = found / effect
    return Counted(min(fewer, math.ceil(scaled) if up else math.floor(scaled)), fewer, effect)


def _wider(level: float, freedom: int) -> float:
    from scipy.special import ndtri, stdtrit

    return 1.0 if level >= 0.5 else float((stdtrit(freedom, 1.0 - level) / ndtri(1.0 - level)) ** 2)
