"""Flows come, are done and go: the transitions of a network of flows, and the loop that plays a list of them."""

from __future__ import annotations

import numpy as np

from .compilation import entry, kernel
from .flow_rates import solve, touch, touch_open
from .flow_state import (
    BASE,
    BOTTLENECK,
    CAPACITY,
    DONE,
    FIRST,
    FLOWS,
    HELD_BACK,
    LEFT,
    LENGTH,
    LEVEL,
    LINK,
    NEXT,
    NEXT_START,
    NOTHING,
    OPEN,
    OPEN_FLOWS,
    OPENED,
    PREVIOUS,
    RATE,
    SETTLED,
    SINCE,
    SOLUTION,
    UNDERWAY,
    Network,
    network_at,
)
from .indexed_heap import put, take


@kernel
def begin(net: Network, flow: int, now: float) -> None:
    """A flow, whose links and amount are written down, begins. It has its rate from the next solution on.

    One that crosses no link, or has nothing to carry, is done at once.
    """
    links, flows, row = net.links, net.flows, net.flows.row
    row[flow, BOTTLENECK], row[flow, SETTLED] = NOTHING, NOTHING
    row[flow, RATE] = 0.0
    row[flow, SINCE] = now
    if row[flow, LENGTH] == 0 or row[flow, LEFT] == 0:
        row[flow, LENGTH] = 0
        flows.finish[flow] = now
        net.number[UNDERWAY] = put(flows.key, flows.item, flows.place, net.number[UNDERWAY], now, flow)
        return
    row[flow, OPENED] = net.number[SOLUTION]
    net.number[OPEN_FLOWS] += 1
    first = flow << net.shift
    for own in range(first, first + np.int64(row[flow, LENGTH])):
        link = np.int64(flows.entry[own, LINK])
        head = np.int64(links.row[link, FIRST])
        flows.entry[own, NEXT], flows.entry[own, PREVIOUS] = head, NOTHING
        if head >= 0:
            flows.entry[head, PREVIOUS] = own
        links.row[link, FIRST] = own
        links.row[link, FLOWS] += 1
        links.row[link, OPEN] += 1
        touch_open(net, link)
    flows.finish[flow] = np.inf
    net.number[UNDERWAY] = put(flows.key, flows.item, flows.place, net.number[UNDERWAY], np.inf, flow)


@kernel
def end(net: Network, flow: int) -> None:
    """A flow takes no more of its links."""
    links, flows, row = net.links, net.flows, net.flows.row
    net.number[UNDERWAY] = take(flows.key, flows.item, flows.place, net.number[UNDERWAY], flow)
    bottleneck = np.int64(row[flow, BOTTLENECK])
    if bottleneck >= 0:
        links.row[bottleneck, HELD_BACK] -= 1
    first = flow << net.shift
    for own in range(first, first + np.int64(row[flow, LENGTH])):
        link = np.int64(flows.entry[own, LINK])
        before, after = np.int64(flows.entry[own, PREVIOUS]), np.int64(flows.entry[own, NEXT])
        if before >= 0:
            flows.entry[before, NEXT] = after
        else:
            links.row[link, FIRST] = after
        if after >= 0:
            flows.entry[after, PREVIOUS] = before
        links.row[link, FLOWS] -= 1
        links.row[link, BASE] -= row[flow, RATE]
        if links.row[link, HELD_BACK] > 0:
            touch(net, link, links.row[link, LEVEL])


@kernel
def end_due(net: Network, now: float) -> None:
    """End the flows that are done by now."""
    flows, number = net.flows, net.number
    while number[UNDERWAY] > 0 and flows.key[0] <= now:
        flow = np.int64(flows.item[0])
        end(net, flow)
        flows.row[flow, LEFT] = 0.0
        flows.done[number[DONE]] = flow
        number[DONE] += 1


@entry
def begin_flow(address: int, flow: int, now: float) -> None:
    """See `begin`."""
    net = network_at(address)
    begin(net, flow, now)


@entry
def end_flow(address: int, flow: int, now: float) -> None:
    """A flow goes before it is done; what is left of it is known."""
    net = network_at(address)
    row = net.flows.row
    row[flow, LEFT] = max(0.0, row[flow, LEFT] - row[flow, RATE] * (now - row[flow, SINCE]))
    row[flow, SINCE] = now
    end(net, flow)


@entry
def set_capacity(address: int, link: int, capacity: float) -> None:
    """A link carries more or less from now on."""
    net = network_at(address)
    net.links.row[link, CAPACITY] = capacity
    touch(net, link, 0.0)


@entry
def solve_flows(address: int, now: float) -> float:
    """Bring the rates up to date; returns when the next flow will be done, infinite for none."""
    net = network_at(address)
    solve(net, now)
    return net.flows.key[0] if net.number[UNDERWAY] > 0 else np.inf  # type: ignore[no-any-return]


@entry
def end_due_flows(address: int, now: float) -> int:
    """End the flows that are done by now; returns how many, which are listed in `Flows.done`."""
    net = network_at(address)
    net.number[DONE] = 0
    end_due(net, now)
    return net.number[DONE]  # type: ignore[no-any-return]


@entry
def play_flows(address: int, until: float, at_once: int) -> None:
    """Let the flows of the list start, each in its turn, and be done, up to a time. No more than `at_once` are underway: others wait."""
    net = network_at(address)
    flows, number = net.flows, net.number
    now = 0.0
    while True:
        due = flows.key[0] if number[UNDERWAY] > 0 else np.inf
        if number[NEXT_START] < len(flows.start) and number[UNDERWAY] < at_once:
            due = min(due, max(now, flows.start[number[NEXT_START]]))
        if not due <= until or due == np.inf:
            return
        now = due
        end_due(net, now)
        while number[NEXT_START] < len(flows.start) and number[UNDERWAY] < at_once and flows.start[number[NEXT_START]] <= now:
            begin(net, number[NEXT_START], now)
            number[NEXT_START] += 1
        solve(net, now)
