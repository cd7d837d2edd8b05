"""From failure rates to a schedule: draws the outages of every component of a cluster, and lays its planned maintenance beside them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from ..streams import check_seed
from .outages import MAX_OUTAGES, MS, OutageKind, Outages, announced_ms, horizon, in_order
from .reliability import FailureRate, Maintenance
from .renewals import Components, Keys, component_keys, numbered_keys, renewals

if TYPE_CHECKING:
    from .cluster_spec import ClusterSpec
    from .reliability import Reliability

Integers = npt.NDArray[np.int64]
Part = dict[str, Any]


def draw_outages(reliability: Reliability, spec: ClusterSpec, *, seed: int, until: Any) -> Outages:
    """See `Reliability.outages`."""
    seed, end = check_seed(seed), horizon(until)
    reliability.check_names(spec)
    horizon_ms = round(end * MS)
    parts: list[Part] = []
    room = float(MAX_OUTAGES)
    for part in _parts(reliability, spec, seed, horizon_ms):
        parts.append(part)
        room -= len(part["start"])
        if room < 0:
            raise _too_many(until)
    return _assembled(parts, end)


def _parts(reliability: Reliability, spec: ClusterSpec, seed: int, horizon_ms: int) -> Iterable[Part]:
    table = spec.nodes()
    rows = np.arange(len(table), dtype=np.int64)
    node_rates = [(group.reliability and group.reliability.node) or reliability.node for group in spec.groups]
    device_rates = [(group.reliability and group.reliability.device) or reliability.device for group in spec.groups]
    if (picked := _with_rate(node_rates, table.group)).any():
        keys = component_keys(seed, "node", _taken(table.names, picked))
        which, start, end = _renewed(node_rates, table.group[picked], keys, horizon_ms)
        yield {"start": start, "end": end, "kind": OutageKind.NODE, "node": rows[picked][which]}
    if (picked := _with_rate(device_rates, table.group) & (table.gpus > 0)).any():
        gpus = table.gpus[picked].astype(np.int64)
        of = np.repeat(np.arange(len(gpus)), gpus)
        number = np.arange(len(of)) - np.repeat(np.cumsum(gpus) - gpus, gpus)
        keys = numbered_keys(component_keys(seed, "device", _taken(table.names, picked))[of], number)
        which, start, end = _renewed(device_rates, table.group[picked][of], keys, horizon_ms)
        yield {"start": start, "end": end, "kind": OutageKind.DEVICE, "node": rows[picked][of[which]], "device": number[which]}
    if reliability.rack is not None:
        yield _of_domains("rack", OutageKind.RACK, table.racks, table.rack, reliability.rack, seed, horizon_ms)
    if reliability.fabric is not None:
        zones = [spec.rack_layout.zone_of.get(rack, "") for rack in table.racks]
        names = tuple(dict.fromkeys(zones))
        domain = np.array([names.index(zone) for zone in zones], dtype=np.int64)[table.rack]
        yield _of_domains("fabric", OutageKind.PARTITION, names, domain, reliability.fabric, seed, horizon_ms)
    for maintenance in reliability.maintenance:
        yield _planned(maintenance, spec, horizon_ms)


def _with_rate(rates: Sequence[FailureRate | None], group: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    known: npt.NDArray[np.bool_] = np.array([rate is not None for rate in rates])[group]
    return known


def _taken(names: Sequence[str], picked: npt.NDArray[np.bool_]) -> Sequence[str]:
    return names if picked.all() else [names[row] for row in np.flatnonzero(picked).tolist()]


def _renewed(
    rates: Sequence[FailureRate | None], of: npt.NDArray[Any], keys: Keys, horizon_ms: int, rows: Integers | int = 1
) -> tuple[Integers, ...]:
    """The outages of components with these keys, each under rate number `of`. `rows`: those that an outage of each will become."""

    def column(values: Iterable[Any]) -> npt.NDArray[Any]:
        each: npt.NDArray[Any] = np.array(list(values))[of]
        return each

    known = [rate or FailureRate(mtbf=1, mttr=1) for rate in rates]  # no component is of a rate that is None
    components = Components(
        key=keys,
        scale=column(rate.mtbf / math.gamma(1 + 1 / rate.shape) for rate in known),
        power=column(1 / rate.shape for rate in known),
        mttr=column(rate.mttr for rate in known),
        fixed=column(rate.repair == "fixed" for rate in known),
    )
    expected = horizon_ms / MS / column(rate.mtbf + rate.mttr for rate in known)
    if (expected * rows).sum() > MAX_OUTAGES:
        raise _too_many(f"{horizon_ms / MS:g} s")
    return renewals(components, horizon_ms)


def _of_domains(
    name: str, kind: OutageKind, names: Sequence[str], domain: npt.NDArray[Any], rate: FailureRate, seed: int, horizon_ms: int
) -> Part:
    """The outages of domains (racks, zones): a row for each of the domain's nodes, all at the same instants."""
    of = np.zeros(len(names), dtype=np.int64)
    members = np.argsort(domain, kind="stable")
    size = np.bincount(domain, minlength=len(names))
    which, start, end = _renewed([rate], of, component_keys(seed, name, names), horizon_ms, size)
    first = np.cumsum(size) - size
    each = size[which]
    if each.sum() > MAX_OUTAGES:
        raise _too_many(f"{horizon_ms / MS:g} s")
    outage = np.repeat(np.arange(len(which)), each)
    within = np.arange(len(outage)) - np.repeat(np.cumsum(each) - each, each)
    return {"start": start[outage], "end": end[outage], "kind": kind, "node": members[first[which][outage] + within]}


def _planned(maintenance: Maintenance, spec: ClusterSpec, horizon_ms: int) -> Part:
    """The maintenances that have an effect by the horizon: those that begin, or are announced."""
    start, duration = round(maintenance.start * MS), round(maintenance.duration * MS)
    notice, grace = round(maintenance.notice * MS), round(maintenance.grace * MS)
    last = horizon_ms + int(announced_ms(notice, grace))
    step = max(1, last + 1 if maintenance.every is None else round(maintenance.every * MS))
    times = (last - start) // step + 1 if start <= last else 0
    nodes = np.flatnonzero(_chosen(maintenance, spec))
    if times * len(nodes) > MAX_OUTAGES:
        raise _too_many(f"{horizon_ms / MS:g} s")
    starts = np.repeat(start + step * np.arange(times, dtype=np.int64), len(nodes))
    part = {"start": starts, "end": starts + duration, "kind": OutageKind.MAINTENANCE, "node": np.tile(nodes, times)}
    return part | {"notice": notice, "grace": grace}


def _chosen(maintenance: Maintenance, spec: ClusterSpec) -> npt.NDArray[np.bool_]:
    table = spec.nodes()
    if not (maintenance.groups or maintenance.racks or maintenance.nodes):
        return np.ones(len(table), dtype=np.bool_)
    groups = np.array([group.name in maintenance.groups for group in spec.groups])
    racks = np.array([rack in maintenance.racks for rack in table.racks])
    chosen: npt.NDArray[np.bool_] = groups[table.group] | racks[table.rack]
    if maintenance.nodes:
        named = frozenset(maintenance.nodes)
        chosen |= np.array([name in named for name in table.names])
    return chosen


def _assembled(parts: Sequence[Part], until: float) -> Outages:
    defaults = {"device": -1, "notice": 0, "grace": 0}
    columns: dict[str, npt.NDArray[Any]] = {}
    for name in ("start", "end", "kind", "node", "device", "notice", "grace"):
        filled = [np.broadcast_to(np.asarray(part.get(name, defaults.get(name)), dtype=np.int64), len(part["start"])) for part in parts]
        columns[name] = np.concatenate([np.zeros(0, dtype=np.int64), *filled])
    order = in_order(**{name: columns[name] for name in ("start", "kind", "node", "device", "notice", "grace")})
    return Outages(
        **{name: columns[name][order] / MS for name in ("start", "end", "notice", "grace")},
        kind=columns["kind"][order].astype(np.int8),
        node=columns["node"][order].astype(np.int32),
        device=columns["device"][order].astype(np.int32),
        until=until,
    )


def _too_many(until: object) -> OptionError:
    return OptionError(f"until={str(until)[:60]!r}: more than {MAX_OUTAGES:,} outages; expected a shorter time, or rarer failures")
