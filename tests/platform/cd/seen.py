"""Requests of made-up versions, for tests of judging."""

from __future__ import annotations

import numpy as np

from mlplat.platform.automation.cd.judging import Observations


def requests(count: int, failed: int = 0, *, slow: float = 1.0, right: int | None = None, begin: float = 0.0) -> Observations:
    """`count` requests over ten minutes, `failed` of them spread evenly, latencies of 1 to 100 ms times `slow`, of labelled ones `right`
    are answered well (None: no labels).
    """
    places = np.arange(count)
    wrong = np.zeros(count, dtype=bool)
    wrong[(np.arange(failed) * count) // max(failed, 1)] = True
    latencies = slow * (1 + (places * 37) % 100) / 1000
    scores = None
    if right is not None:
        scores = np.zeros(count)
        scores[(np.arange(right) * count) // max(right, 1)] = 1.0
    return Observations.of(begin + places * 600.0 / max(count, 1), wrong, latencies, scores)
