"""What a run cost: money for nodes and electricity, energy, and the CO₂ of it.

Energy of a node is idle power for as long as it is there, plus the way from idle to peak power for the part of its cores and devices that
is held (a linear model, Fan, Weber and Barroso 2007); times the PUE of the data centre. What is held counts as busy, so that the figure is
an upper bound for jobs that do not use all they hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...infra.autoscaling import price_of
from ...resources import UNLIMITED
from .accounts import HOURS_PER_MONTH, Costs

if TYPE_CHECKING:
    from ...hardware.cluster_spec import ClusterSpec
    from ...hardware.node_group import NodeGroup


@dataclass(frozen=True, slots=True)
class Account:
    """Over a time: `node_hours`, `usd` for nodes (without electricity), `kwh` with cooling, and `hours` of the time itself."""

    node_hours: float
    usd: float
    kwh: float
    hours: float

    def figures(self, costs: Costs) -> dict[str, float | None]:
        """The figures of `MEASURES` that are of the cluster; those per month None for a run of no time."""
        monthly = HOURS_PER_MONTH / self.hours if self.hours > 0 else None
        usd = self.usd + self.kwh * costs.electricity_per_kwh
        co2 = self.kwh * costs.grid_kg_per_kwh
        return {
            "cost_per_month": None if monthly is None else usd * monthly,
            "energy_kwh": self.kwh,
            "energy_kwh_per_month": None if monthly is None else self.kwh * monthly,
            "co2_kg": co2,
            "co2_kg_per_month": None if monthly is None else co2 * monthly,
            "node_hours": self.node_hours,
        }

    @classmethod
    def total(cls, accounts: Sequence[Account]) -> Account:
        """Of parts of the cluster together, brought to the time of the first: jobs and requests need not take equally long."""
        if not accounts:
            return cls(0.0, 0.0, 0.0, 0.0)
        hours = next((one.hours for one in accounts if one.hours > 0), 0.0)
        scaled = [(one, hours / one.hours if one.hours > 0 else 0.0) for one in accounts]
        node_hours, usd, kwh = (sum(getattr(one, name) * by for one, by in scaled) for name in ("node_hours", "usd", "kwh"))
        return cls(node_hours, usd, kwh, hours)


def account(spec: ClusterSpec, costs: Costs, groups: Sequence[Any], seconds: float) -> Account:
    """The account of a cluster whose groups were there and busy so long (`runs.window.GroupUse`), over `seconds`."""
    node_hours = usd = kwh = 0.0
    for group, use in zip(spec.groups, groups, strict=True):
        hours = use.nodes_s / 3600
        node_hours += hours
        usd += hours * node_price(spec, group, costs)
        kwh += _joules(spec, group, use) / 3.6e6 * costs.pue
    return Account(node_hours, usd, kwh, seconds / 3600)


def node_price(spec: ClusterSpec, group: NodeGroup, costs: Costs) -> float:
    """US dollars per hour of one node of a group, by the costs of a scenario; as spot machine where it is one."""
    own = costs.groups.get(group.name)
    price = price_of(spec, group) if own is None or own.price_per_hour is None else own.price_per_hour
    return price * costs.factor * (1.0 if own is None else own.factor)


def _joules(spec: ClusterSpec, group: NodeGroup, use: Any) -> float:
    idle, peak = spec.node_watts(group)
    cores = 0.0 if group.cpu_milli == UNLIMITED else group.cpu_milli / 1000
    host_idle, host_peak = group.watts(None, cores=cores)
    device_span = (peak - host_peak) - (idle - host_idle)
    joules = use.nodes_s * idle
    if cores:
        joules += (host_peak - host_idle) * use.cores_s / cores
    if group.gpus:
        joules += device_span * use.devices_s / group.gpus
    return float(joules)
