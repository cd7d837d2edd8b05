"""The slow twin of `kernels.autoscaling`: which absent nodes the waiting jobs need. Written from docs/autoscaling.md alone."""

from __future__ import annotations

from collections.abc import Sequence

from mlplat.hardware import ClusterSpec
from mlplat.resources import ResourceRequest
from tests.oracle.naive_jobs import NaiveJob
from tests.oracle.naive_state import NaiveNode, State, copy_state, devices_with_room, fits, take


def naive_scale_up(
    state: State, usable: Sequence[int], absent: Sequence[int], jobs: Sequence[NaiveJob], device: str
) -> tuple[list[int], set[int]]:
    """(rows of the opened nodes in order, rows of the nodes that some job is placed on). `device`: first-fit, best-fit or worst-fit."""
    candidates, spare = list(usable), list(absent)
    needed: set[int] = set()
    for job in jobs:
        before = copy_state(state), list(candidates), list(spare)
        used = set()
        for request in job.requests():
            node = next((n for n in [*candidates, *spare] if fits(state[n], request)), None)
            if node is None:
                state, candidates, spare = before
                break
            if node in spare:
                spare.remove(node)
                candidates.append(node)
            take(state[node], request, chosen_device(state[node], request, device))
            used.add(node)
        else:
            needed |= used
    return candidates[len(usable) :], needed


def chosen_device(node: NaiveNode, request: ResourceRequest, policy: str) -> int:
    """The device of a share or a MIG instance, -1 for what needs none."""
    sign = {"first-fit": 0, "best-fit": 1, "worst-fit": -1}[policy]
    return min(devices_with_room(node, request), key=lambda d: (sign * node.free_milli[d], d), default=-1)


def by_price(spec: ClusterSpec) -> list[int]:
    """The rows of the nodes of scaled groups, cheapest first."""
    rows = []
    for row, g in enumerate(spec.nodes().group.tolist()):
        scaling = spec.groups[g].scaling
        if scaling is not None:
            price = spec.node_price(spec.groups[g]) * (1.0 - scaling.spot.discount if scaling.spot is not None else 1.0)
            rows.append((price, row))
    return [row for _, row in sorted(rows)]
