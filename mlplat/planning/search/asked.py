"""What a scenario asks of a search: which groups, between which counts, at which price, with which goals, and where to begin."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import SpecError, printable
from ...resources import UNLIMITED
from .goals import Goal
from .playing import row
from .space import Counts, Space
from .verdicts import LOST_WORK

if TYPE_CHECKING:
    from ...hardware.node_group import NodeGroup
    from ...workload import JobTrace
    from ..scenario import Scenario

MOST_GROUPS = 3
"""Groups whose counts are searched together."""

REACH = 16
"""Where a scenario gives no range, a group may have so many times the nodes it has, or that the offered work needs, whichever is more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A search over `space` for `goals`, from `start` on; nothing may cost more than `ceiling` (US dollars a month) if there is one."""

    space: Space
    goals: tuple[Goal, ...]
    start: Counts
    ceiling: float | None


def asked(scenario: Scenario, trace: JobTrace | None) -> Asked:
    """What the scenario asks. `trace`: the jobs of its first replication. Raises SpecError."""
    if not scenario.objectives:
        raise SpecError("is required and missing: what shall the cluster achieve, such as {p95_wait: 10m}", where="objectives")
    groups = list(scenario.search.groups) or [scenario.cluster.groups[0].name]
    if len(groups) > MOST_GROUPS:
        raise SpecError(f"{len(groups)} groups; expected at most {MOST_GROUPS}", where="search.groups")
    for name in groups:
        if scenario.cluster.groups[row(scenario, name)].node_names is not None and not scenario.cluster.pool:
            raise SpecError(
                "the nodes have names of their own; leave node_names out to search for how many there shall be",
                where=f"cluster.groups[{row(scenario, name)}].node_names",
            )
    needed = _needed(scenario, groups, trace)
    least, most = [], []
    for name, enough in zip(groups, needed, strict=True):
        bounds = scenario.search.groups.get(name)
        present = _present(scenario, name)
        least.append(1 if bounds is None else bounds.least)
        most.append(REACH * max(present, enough, 1) if bounds is None else bounds.most)
    space = Space(tuple(groups), tuple(least), tuple(most), tuple(_price(scenario, name) for name in groups), _fixed(scenario, groups))
    goals = [Goal(o.name, o.relation, o.bound, o.unit, o.measure) for o in scenario.objectives.values()]
    if _counts_rejected(scenario):
        goals.append(Goal("rejected", "<=", 0.0, "count", LOST_WORK))
    return Asked(space, tuple(goals), space.clamped(needed), _ceiling(scenario, goals))


def _present(scenario: Scenario, name: str) -> int:
    group = scenario.cluster.groups[row(scenario, name)]
    if scenario.cluster.pool:
        return group.gpus or (1 if group.cpu_milli == UNLIMITED else max(1, group.cpu_milli // 1000))
    return group.count


def _price(scenario: Scenario, name: str) -> float:
    """US dollars a month of one more: of a node, or of a device or core of a pool."""
    from ..scenario.accounts import HOURS_PER_MONTH
    from ..scenario.money import node_price

    group = scenario.cluster.groups[row(scenario, name)]
    price = node_price(scenario.cluster, group, scenario.costs) * HOURS_PER_MONTH
    return price / max(1, _present(scenario, name)) if scenario.cluster.pool else price


def _fixed(scenario: Scenario, groups: list[str]) -> float:
    from ..scenario.accounts import HOURS_PER_MONTH
    from ..scenario.money import node_price

    others = [group for group in scenario.cluster.groups if group.name not in groups]
    return math.fsum(group.count * node_price(scenario.cluster, group, scenario.costs) for group in others) * HOURS_PER_MONTH


def _ceiling(scenario: Scenario, goals: list[Goal]) -> float | None:
    """The budget, where the nodes alone tell that it is exceeded: not where they come and go."""
    comes_and_goes = scenario.autoscaling is not False and any(group.scaling is not None for group in scenario.cluster.groups)
    if comes_and_goes or scenario.cluster.pool:
        return None
    return min((goal.bound for goal in goals if goal.of == "cost_per_month" and goal.relation == "<="), default=None)


def _counts_rejected(scenario: Scenario) -> bool:
    """Whether jobs too wide for a choice count against it: a rejected job does not wait, and would make small clusters look good."""
    if scenario.workload is None or scenario.policies.queue == "loss" or scenario.policies.max_restarts is not None:
        return False
    return not any(
        name.rpartition(".")[2] in ("rejected", "rejected_share", "completed", "completed_share") for name in scenario.objectives
    )


def _needed(scenario: Scenario, groups: list[str], trace: JobTrace | None) -> list[int]:
    """The fewest nodes with room for the offered work, all of it on the group that does it at the least price, then on the next."""
    if scenario.serving is not None and trace is None:
        return [_present(scenario, name) for name in groups]
    cores, devices = (0.0, 0.0) if trace is None else _offered(trace)
    described = {name: scenario.cluster.groups[row(scenario, name)] for name in groups}
    rest = [group for group in scenario.cluster.groups if group.name not in groups]
    devices -= sum(group.count * group.gpus for group in rest)
    cores -= sum(group.count * group.cpu_milli / 1000 for group in rest if group.cpu_milli != UNLIMITED)
    counts = dict.fromkeys(groups, 0)
    for name in sorted(groups, key=lambda name: _price_of_room(scenario, described[name], devices > 0)):
        bounds = scenario.search.groups.get(name)
        enough = max(1, _nodes_for(scenario, described[name], cores, devices))
        counts[name] = enough if bounds is None else min(enough, bounds.most)
        cores -= counts[name] * described[name].cpu_milli / 1000
        devices -= counts[name] * described[name].gpus
        if cores <= 0 and devices <= 0:
            break
    return [counts[name] for name in groups]


def _price_of_room(scenario: Scenario, group: NodeGroup, by_device: bool) -> tuple[bool, float]:
    room = group.gpus if by_device else group.cpu_milli / 1000
    return not room, _price(scenario, group.name) / max(room, 1e-9)


def _nodes_for(scenario: Scenario, group: NodeGroup, cores: float, devices: float) -> int:
    if scenario.cluster.pool:
        return math.ceil(max(devices if group.gpus else cores, 0.0))
    by_devices = devices / group.gpus if group.gpus else 0.0
    by_cores = cores / (group.cpu_milli / 1000) if group.cpu_milli else 0.0
    return math.ceil(max(by_devices, by_cores, 0.0))


def _offered(trace: JobTrace) -> tuple[float, float]:
    """Cores and devices that are busy on average if nothing waits, from the first submission to the last."""
    import numpy as np

    span = float(trace.submit[-1] - trace.submit[0]) if len(trace.submit) > 1 else 0.0
    if span <= 0:
        return 0.0, 0.0
    cores = np.array([request.cpu_milli / 1000 for request in trace.requests])
    devices = np.array([request.gpus if request.gpus else request.gpu_milli / 1000 for request in trace.requests], float)
    work = np.minimum(trace.duration, span) * trace.replicas
    return float((work * cores[trace.request]).sum() / span), float((work * devices[trace.request]).sum() / span)


def described(scenario: Scenario, name: str) -> str:
    """What a node of a group is, in a few words."""
    group = scenario.cluster.groups[row(scenario, name)]
    if group.gpus and scenario.cluster.pool:
        return printable(group.gpu_model or "devices")
    if group.gpus:
        return f"{group.gpus}×{printable(group.gpu_model or 'GPU')}"
    return "cores" if scenario.cluster.pool else f"{group.cpu_milli / 1000:g} cores"
