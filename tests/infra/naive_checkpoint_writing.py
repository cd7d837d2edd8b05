"""One gang on one node that writes its checkpoints over one link, told step by step and slowly."""

from __future__ import annotations

from collections.abc import Sequence

Interval = tuple[float, float]
Row = tuple[float, float, float, float]


def arrival(begin: float, seconds: float, link_down: Sequence[Interval]) -> float:
    """When a write that begins then, and would take so many seconds, has arrived over a link that is down in these intervals."""
    now = begin
    for down, up in sorted(link_down):
        if up <= now:
            continue
        if now + seconds <= down:
            break
        if down > now:
            seconds -= down - now
        now = up
    return now + seconds


def attempts(
    work: float, interval: float, write: float, restart: float, node_down: Sequence[Interval], link_down: Sequence[Interval]
) -> list[Row]:
    """(start, stop, saved, lost) of each attempt, to the end of the work. The node is off in `node_down`, which nobody has to find out."""
    outages = sorted(node_down)
    rows: list[Row] = []
    left, now = work, 0.0
    while left > 0:
        start = now
        fails = min((down for down, _ in outages if down > start), default=float("inf"))
        done, saved = 0.0, 0.0
        now += restart if rows else 0.0
        while now < fails:
            until = min(saved + interval, left)
            if now + (until - done) > fails:
                done += fails - now
                break
            now, done = now + (until - done), until
            if done == left:
                saved = left
                break
            now = arrival(now, write, link_down)
            if now > fails:
                break
            saved = done
        if done == left:
            rows.append((start, now, left, 0.0))
        else:
            rows.append((start, fails, saved, done - saved))
            now = next(up for down, up in outages if down == fails)
        left -= saved
    return rows
