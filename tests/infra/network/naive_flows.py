"""Max-min fairness the slow way: progressive filling from nothing, and the fluid that flows at those rates."""

from __future__ import annotations

import math
from collections.abc import Sequence


def fill(capacity: Sequence[float], paths: Sequence[Sequence[int]]) -> list[float]:
    """The rates: all rise together; where a link is full its flows stay as they are (Bertsekas & Gallager, Data Networks, 6.5.2)."""
    left = list(capacity)
    rate = [math.inf if not path else 0.0 for path in paths]
    open_ = [flow for flow, path in enumerate(paths) if path]
    while open_:
        share = {link: left[link] / sum(link in paths[flow] for flow in open_) for flow in open_ for link in paths[flow]}
        full = min(share, key=lambda link: (share[link], link))
        for flow in [flow for flow in open_ if full in paths[flow]]:
            rate[flow] = share[full]
            open_.remove(flow)
            for link in paths[flow]:
                left[link] = max(0.0, left[link] - share[full])
    return rate


def flow_out(
    capacity: Sequence[float],
    paths: Sequence[Sequence[int]],
    amount: Sequence[float],
    start: Sequence[float],
    at_once: float = math.inf,
) -> list[float]:
    """When each flow is done."""
    left, done = list(amount), [math.inf] * len(paths)
    coming = sorted(range(len(paths)), key=lambda flow: (start[flow], flow))
    underway: list[int] = []
    now = 0.0
    while coming or underway:
        rates = fill(capacity, [paths[flow] for flow in underway])
        due = [
            now + (left[flow] / rate if left[flow] else 0.0) for flow, rate in zip(underway, rates, strict=True) if rate or not left[flow]
        ]
        arrival = max(now, start[coming[0]]) if coming and len(underway) < at_once else math.inf
        then = min([*due, arrival])
        if then == math.inf:
            break
        for flow, rate in zip(underway, rates, strict=True):
            left[flow] = 0.0 if rate == math.inf else left[flow] - rate * (then - now)
        now = then
        for flow in list(underway):
            if left[flow] <= 1e-10 * amount[flow]:
                done[flow] = now
                underway.remove(flow)
        while coming and len(underway) < at_once and start[coming[0]] <= now:
            underway.append(coming.pop(0))
    return done
