"""The state of a network of flows: links with a capacity, and flows that share them (docs/network/flows.md)."""

from __future__ import annotations

from typing import NamedTuple

from .structs import Array, reader

# Columns of `Flows.row`, one cache line a flow: amount a second; amount left as of SINCE (s); links on its path; the link that holds it
# back, -1 before the first solution; the solutions in which it was last opened, and settled
RATE, LEFT, SINCE, LENGTH, BOTTLENECK, OPENED, SETTLED = range(7)
# Columns of `Flows.entry`: the link, and the entries after and before it in the list of the link's flows
LINK, NEXT, PREVIOUS = range(3)
# Columns of `Links.row`, one cache line a link: amount a second; the rate of the flows that it holds back; what its flows have that are not
# open; open flows; flows that it holds back; the first entry of the list of its flows; 1 where its level has to be found anew; its flows
CAPACITY, LEVEL, BASE, OPEN, HELD_BACK, FIRST, STALE, FLOWS = range(8)
# Places in `Network.number`
SOLUTION, TO_SETTLE, UNDERWAY, DONE, NEXT_START, OPEN_FLOWS, LOOKS = range(7)

NOTHING = -1
SAME = 1e-12
"""Rates that differ by less than this part are equal."""


SLACK = 1e-9
"""Part of a capacity by which a sum of rates may be off."""


class Links(NamedTuple):
    """L directed links."""

    row: Array["float64", 2, 8]  # [L]
    key: Array["float64", 1]  # [L] a heap of the links that may come to hold flows back, by the lowest level at which they can
    item: Array["int32", 1]  # [L]
    place: Array["int32", 1]  # [L]


class Flows(NamedTuple):
    """Room for F flows of up to H links each. Entry f · H + h is the h-th link of flow f."""

    row: Array["float64", 2, 8]  # [F]
    entry: Array["int32", 2, 4]  # [F · H]
    finish: Array["float64", 1]  # [F] when it was, or will be, done (s)
    key: Array["float64", 1]  # [F] a heap of the flows underway, by `finish`
    item: Array["int32", 1]  # [F]
    place: Array["int32", 1]  # [F]
    done: Array["int32", 1]  # [F] those that are done, in order
    start: Array["float64", 1]  # [F] when each starts, ascending; of no length where flows come from outside


class Network(NamedTuple):
    """All of it. H, the most links that a path has, is 2 ** shift."""

    links: Links
    flows: Flows
    shift: int
    number: Array["int64", 1]


network_at = reader(Network)
"""Kernels: the network behind the address that `structs.pack` gave."""
