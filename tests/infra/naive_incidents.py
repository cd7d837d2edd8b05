"""Incidents the slow way: one node at a time, millisecond by millisecond, as docs/failures.md tells it. Times are whole milliseconds."""

from __future__ import annotations

from typing import Any, NamedTuple

NODE_UP, DEVICE_UP, UNCORDON, CRASH, PARTITION, LOST, DEVICE_DOWN, CORDON, DRAIN = range(9)


class Outage(NamedTuple):
    start: int
    end: int
    kind: str
    node: int
    device: int = -1
    notice: int = 0
    grace: int = 0

    def covers(self, time: int) -> bool:
        return self.start <= time < self.end


class Watch(NamedTuple):
    period: int
    grace: int
    times: int = 0  # no damping
    window: int = 0
    hold: int = 0
    longest: int = 0


Found = tuple[int, int, int, int, int]  # time, code, node, device, grace


def naive_incidents(outages: list[Outage], nodes: int, gpus: int, watch: Watch, last: int) -> list[Found]:
    """Sorted incidents up to the instant `last`."""
    found: set[Found] = set()
    for node in range(nodes):
        mine = [outage for outage in outages if outage.node == node]
        holds = _watch_node(mine, node, watch, last, found)
        _watch_devices(mine, node, gpus, last, found)
        _close_and_open(mine, node, holds, last, found)
    return sorted(found)


def _away(mine: list[Outage], time: int) -> bool:
    return any(outage.covers(time) for outage in mine if outage.kind != "device")


def _watch_node(mine: list[Outage], node: int, watch: Watch, last: int, found: set[Found]) -> list[tuple[int, int]]:
    was_away = crashed = lost = missed = False
    reported = free_at = hold = 0
    losses: list[int] = []
    holds: list[tuple[int, int]] = []
    for now in range(last + 1):
        away = _away(mine, now)
        off = any(o.covers(now) for o in mine if o.kind in ("node", "rack", "maintenance"))
        planned = any(o.covers(now) for o in mine if o.kind == "maintenance")
        if was_away and not away:
            found.add((now, NODE_UP, node, -1, 0))
            if missed and watch.times and sum(losses[-1] - loss < watch.window for loss in losses) >= watch.times:
                hold = min(2 * hold, watch.longest) if holds and losses[-1] <= free_at + watch.window else watch.hold
                free_at = now + hold
                holds.append((now, free_at))
            crashed, lost, missed, reported = False, False, False, now
        if away and off and not crashed:
            found.add((now, CRASH, node, -1, 0))
            crashed = True
        elif away and not was_away:
            found.add((now, PARTITION, node, -1, 0))
        on_time = watch.period == 0 or now % watch.period == 0
        if on_time and not was_away:  # a node that goes away just now has reported
            reported = now
        if away and planned and not lost:
            found.add((now, LOST, node, -1, 0))
            lost = True
        if away and on_time and not lost and now - reported >= watch.grace:
            found.add((now, LOST, node, -1, 0))
            lost = missed = True
            losses.append(now)
        was_away = away
    return holds


def _watch_devices(mine: list[Outage], node: int, gpus: int, last: int, found: set[Found]) -> None:
    for device in range(gpus):
        shown = False
        for now in range(last + 1):
            broken = any(o.covers(now) for o in mine if o.kind == "device" and o.device == device)
            if not _away(mine, now) and broken != shown:
                found.add((now, DEVICE_DOWN if broken else DEVICE_UP, node, device, 0))
                shown = broken


def _close_and_open(mine: list[Outage], node: int, holds: list[tuple[int, int]], last: int, found: set[Found]) -> None:
    plans = [outage for outage in mine if outage.kind == "maintenance"]
    drains: dict[int, int] = {}
    closed_from = list(holds)
    for plan in plans:
        drain = max(0, plan.start - max(plan.grace, 1))
        closed_from.append((max(0, min(plan.start - plan.notice, drain)), plan.end))
        if drain < plan.start and not any(other.covers(drain) for other in plans):
            drains[drain] = max(drains.get(drain, 0), plan.grace)
    found.update((time, DRAIN, node, -1, grace) for time, grace in drains.items() if time <= last)
    closed = False
    for now in range(last + 1):
        closes = any(start <= now < end for start, end in closed_from)
        if closes != closed:
            found.add((now, CORDON if closes else UNCORDON, node, -1, 0))
            closed = closes


def as_columns(outages: list[Outage]) -> dict[str, Any]:
    """What `Outages.build` takes."""
    return {
        name: [getattr(outage, name) / 1000 for outage in outages] if name in ("start", "end", "notice", "grace") else column
        for name, column in ((name, [getattr(outage, name) for outage in outages]) for name in Outage._fields)
    }
