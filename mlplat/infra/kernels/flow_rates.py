"""Max-min fair rates, brought up to date after flows have come and gone: only what a change reaches is looked at.

Rates are max-min fair when each flow crosses a link that is full and on which no flow is faster (Bertsekas & Gallager, Data Networks,
6.5.2). Progressive filling finds them from nothing: all rates rise together, and as links fill up their flows settle, in order of level.
Here the filling goes through those links only whose flows have changed. Each is given the level at which it would be full if the flows
that are slower, and held back elsewhere, stayed so. Where that is higher than before, the flows that the link has held back are opened:
they may get more, so their other links have to be looked at. Where a flow settles at another rate than it had, its other links have too.

A link need not be looked at before the filling comes to the lowest level at which it can matter: the level it had, or the old rate of the
flow that was opened. Until then it waits in a heap, and is looked at once however many of its flows change.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .flow_state import (
    BASE,
    BOTTLENECK,
    CAPACITY,
    FIRST,
    HELD_BACK,
    LEFT,
    LENGTH,
    LEVEL,
    LINK,
    LOOKS,
    NEXT,
    OPEN,
    OPEN_FLOWS,
    OPENED,
    RATE,
    SAME,
    SETTLED,
    SINCE,
    SLACK,
    SOLUTION,
    STALE,
    TO_SETTLE,
    UNDERWAY,
    Network,
)
from .indexed_heap import put, take


@kernel
def touch(net: Network, link: int, level: float) -> None:
    """The flows of a link have changed, and that can matter from this level on."""
    links, number = net.links, net.number
    links.row[link, STALE] = 1
    place = np.int64(links.place[link])
    if place < 0 or level < links.key[place]:
        number[TO_SETTLE] = put(links.key, links.item, links.place, number[TO_SETTLE], level, link)


@kernel
def touch_open(net: Network, link: int) -> None:
    """A link has one more open flow. It can hold it back from the level on at which it would be full if all other flows stayed."""
    row = net.links.row
    level = _bound(net, link)
    if row[link, HELD_BACK] > 0:
        level = min(level, row[link, LEVEL])
    touch(net, link, level)


@kernel
def _bound(net: Network, link: int) -> float:
    row = net.links.row
    return (row[link, CAPACITY] * (1 - SLACK) - row[link, BASE]) / row[link, OPEN]


@kernel
def solve(net: Network, now: float) -> None:
    """Bring the rates up to date. Each link whose flows have changed must have been touched."""
    links, number = net.links, net.number
    while number[TO_SETTLE] > 0:
        if number[OPEN_FLOWS] == 0:
            _leave_slack(net)
            if number[TO_SETTLE] == 0:
                break
        link = np.int64(links.item[0])
        level = links.key[0]
        if links.row[link, STALE]:
            found = level
            if links.row[link, HELD_BACK] == 0:
                if links.row[link, OPEN] > 0:
                    found = _bound(net, link)
                elif links.row[link, BASE] <= links.row[link, CAPACITY] * (1 + SLACK):
                    found = np.inf
            if found > level:
                pass
            else:
                number[LOOKS] += 1
                found = _level(net, link)
            if found > level:
                if found < np.inf:
                    number[TO_SETTLE] = put(links.key, links.item, links.place, number[TO_SETTLE], found, link)
                else:
                    number[TO_SETTLE] = take(links.key, links.item, links.place, number[TO_SETTLE], link)
                continue
            level = found
        number[TO_SETTLE] = take(links.key, links.item, links.place, number[TO_SETTLE], link)
        _settle(net, link, level, now)
    number[SOLUTION] += 1


@kernel
def _leave_slack(net: Network) -> None:
    """No flow is open: links that hold none back, and have room for what their flows have, need not be looked at."""
    links, number = net.links, net.number
    size = number[TO_SETTLE]
    kept = 0
    for i in range(size):
        link = np.int64(links.item[i])
        links.place[link] = -1
        if links.row[link, HELD_BACK] > 0 or links.row[link, BASE] > links.row[link, CAPACITY] * (1 + SLACK):
            kept = put(links.key, links.item, links.place, kept, links.key[i], link)
    number[TO_SETTLE] = kept


@kernel
def _level(net: Network, link: int) -> float:
    """The level at which a link is full, infinite where it changes no rate. Opens the flows that it holds back where that is higher."""
    links, entry, row = net.links, net.flows.entry, net.flows.row
    solution = net.number[SOLUTION]
    links.row[link, STALE] = 0
    first = np.int64(links.row[link, FIRST])
    capacity = links.row[link, CAPACITY]
    open_, open_before = 0, -1
    level = np.inf
    changes = False
    while open_ != open_before:
        open_before = open_
        room = capacity
        base = 0.0
        open_ = 0
        changes = False
        slower = level * (1 - SAME) if open_before > 0 else -1.0
        at = first
        while at >= 0:
            flow = at >> net.shift
            rate = row[flow, RATE]
            if row[flow, SETTLED] == solution:
                room -= rate
                base += rate
            elif row[flow, OPENED] == solution:
                open_ += 1
                changes = True
            else:
                base += rate
                if rate < slower and row[flow, BOTTLENECK] != link:
                    room -= rate
                else:
                    open_ += 1
                    if not abs(rate - level) <= SAME * level:
                        changes = True
            at = np.int64(entry[at, NEXT])
        links.row[link, BASE] = base
        if open_ == 0:
            return np.inf
        if open_ != open_before:
            level = max(room, 0.0) / open_
    if not changes:
        return np.inf
    if links.row[link, HELD_BACK] > 0 and level > links.row[link, LEVEL] * (1 + SAME):
        _open(net, link)
    return level


@kernel
def _open(net: Network, link: int) -> None:
    """The flows that a link has held back may get more."""
    entry, row, solution = net.flows.entry, net.flows.row, net.number[SOLUTION]
    at = np.int64(net.links.row[link, FIRST])
    while at >= 0:
        flow = at >> net.shift
        if row[flow, BOTTLENECK] == link and row[flow, SETTLED] != solution and row[flow, OPENED] != solution:
            row[flow, OPENED] = solution
            net.number[OPEN_FLOWS] += 1
            first = flow << net.shift
            for own in range(first, first + np.int64(row[flow, LENGTH])):
                beside = np.int64(entry[own, LINK])
                net.links.row[beside, BASE] -= row[flow, RATE]
                net.links.row[beside, OPEN] += 1
                if beside != link:
                    touch_open(net, beside)
        at = np.int64(entry[at, NEXT])


@kernel
def _settle(net: Network, link: int, level: float, now: float) -> None:
    """A link is full at this level: the flows that are not slower, for other reasons, have it as their rate."""
    links, entry, row, solution = net.links.row, net.flows.entry, net.flows.row, net.number[SOLUTION]
    place = net.links.place
    links[link, LEVEL] = level
    slower = level * (1 - SAME)
    at = np.int64(links[link, FIRST])
    while at >= 0:
        flow = at >> net.shift
        if row[flow, SETTLED] != solution:
            rate = row[flow, RATE]
            opened = row[flow, OPENED] == solution
            before = np.int64(row[flow, BOTTLENECK])
            if opened or before == link or not rate < slower:
                row[flow, SETTLED] = solution
                if before != link:
                    if before >= 0:
                        links[before, HELD_BACK] -= 1
                    links[link, HELD_BACK] += 1
                    row[flow, BOTTLENECK] = link
                changed = not abs(rate - level) <= SAME * level
                if changed:
                    set_rate(net, flow, level, now)
                if changed or opened:
                    first = flow << net.shift
                    gain = row[flow, RATE] if opened else level - rate
                    one = 1 if opened else 0
                    net.number[OPEN_FLOWS] -= one
                    for own in range(first, first + np.int64(row[flow, LENGTH])):
                        beside = np.int64(entry[own, LINK])
                        links[beside, BASE] += gain
                        links[beside, OPEN] -= one
                        if beside == link:
                            continue
                        if place[beside] >= 0:
                            links[beside, STALE] = 1
                        elif links[beside, HELD_BACK] > 0:
                            touch(net, beside, links[beside, LEVEL])
        at = np.int64(entry[at, NEXT])


@kernel
def set_rate(net: Network, flow: int, rate: float, now: float) -> None:
    """A flow goes on at another rate."""
    flows, row = net.flows, net.flows.row
    left = max(0.0, row[flow, LEFT] - row[flow, RATE] * (now - row[flow, SINCE]))
    row[flow, LEFT] = left
    row[flow, SINCE] = now
    row[flow, RATE] = rate
    if left == 0:
        finish = now
    elif rate > 0:
        finish = now + left / rate
    else:
        finish = np.inf
    flows.finish[flow] = finish
    net.number[UNDERWAY] = put(flows.key, flows.item, flows.place, net.number[UNDERWAY], finish, flow)
