"""What a `ClusterSpec` shows of itself: totals, the summary frame, one line, an HTML table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..html_tables import table
from ..resources import UNLIMITED
from ..units import format_seconds

if TYPE_CHECKING:
    import polars as pl

    from .cluster_spec import ClusterSpec
    from .node_group import NodeGroup

SUMMARY_COLUMNS: tuple[tuple[str, str, str, str], ...] = (
    ("group", "String", "", "name of the node group"),
    ("nodes", "Int64", "", "nodes in the group"),
    ("cpu_milli", "Int64", "milli-cores", "of one node"),
    ("memory_mib", "Int64", "MiB", "of one node"),
    ("disk_mib", "Int64", "MiB", "of one node"),
    ("gpus", "Int64", "", "devices of one node"),
    ("gpu_model", "String", "", "canonical model of the devices, null without"),
    ("mig", "Boolean", "", "whether the devices are partitioned"),
    ("racks", "Int64", "", "racks the group's nodes stand in"),
    ("zone", "String", "", "zone of those racks, null without"),
    ("nic_mbps", "Int64", "Mbit/s", "over all network interfaces of one node"),
    ("price_per_hour", "Float64", "US dollars per hour", "of one node"),
    ("idle_watts", "Float64", "W", "of one node that holds no work"),
    ("peak_watts", "Float64", "W", "of one node at full load"),
    ("node_mtbf_s", "Float64", "s", "mean time between failures of one node, null where it does not fail"),
    ("device_mtbf_s", "Float64", "s", "mean time between failures of one device, null where it does not fail"),
    ("labels", "String", "", "`key=value`, joined by commas, null without"),
    ("taints", "String", "", "`key=value:Effect`, joined by commas, null without"),
)
"""Name, polars type, unit and meaning of each column of `ClusterSpec.summary`."""

_ROWS_SHOWN = 50


def totals(spec: ClusterSpec) -> dict[str, Any]:
    """The sums over all nodes: see `ClusterSpec.capacity`."""
    by_model: dict[str, int] = {}
    price = idle = peak = 0.0
    for group in spec.groups:
        model = spec.accelerator_of(group)
        if model is not None:
            by_model[model.name] = by_model.get(model.name, 0) + group.count * group.gpus
        price += group.count * spec.node_price(group)
        watts = spec.node_watts(group)
        idle, peak = idle + group.count * watts[0], peak + group.count * watts[1]
    amounts = {name: sum(g.count * getattr(g, name) for g in spec.groups) for name in ("cpu_milli", "memory_mib", "disk_mib", "gpus")}
    watts_and_price = {"gpus_by_model": by_model, "price_per_hour": price, "idle_watts": idle, "peak_watts": peak}
    return {"nodes": sum(group.count for group in spec.groups)} | amounts | watts_and_price


def summary(spec: ClusterSpec) -> pl.DataFrame:
    """One row a node group, the columns of `SUMMARY_COLUMNS`."""
    import polars as pl

    return pl.DataFrame(
        _rows(spec, len(spec.groups)), schema={name: getattr(pl, kind) for name, kind, _, _ in SUMMARY_COLUMNS}, orient="row"
    )


def _rows(spec: ClusterSpec, limit: int) -> list[tuple[Any, ...]]:
    rows = []
    for i, group in enumerate(spec.groups[:limit]):
        model = spec.accelerator_of(group)
        amounts = (group.cpu_milli, group.memory_mib, group.disk_mib, group.gpus, None if model is None else model.name, group.mig)
        domains = (len(spec.rack_layout.of_group[i]), group.zone, group.nics * group.nic_mbps)
        money = (spec.node_price(group), *spec.node_watts(group))
        marks = (", ".join(f"{key}={value}" for key, value in group.labels.items()), ", ".join(map(str, group.taints)))
        failures = (_mtbf(spec, group, "node"), _mtbf(spec, group, "device"))
        rows.append((group.name, group.count, *amounts, *domains, *money, *failures, *(text or None for text in marks)))
    return rows


def _mtbf(spec: ClusterSpec, group: NodeGroup, component: str) -> float | None:
    stated = (group.reliability, spec.reliability)
    rates = [getattr(reliability, component) for reliability in stated if reliability is not None]
    rate = next((rate for rate in rates if rate is not None), None)
    return rate.mtbf if rate is not None and (component == "node" or group.gpus) else None


def one_line(spec: ClusterSpec) -> str:
    """Name and totals on one line."""
    return f"ClusterSpec({_short(spec.name, 60)!r}: {_totals_text(spec)})"


def _totals_text(spec: ClusterSpec) -> str:
    sums = totals(spec)
    parts = ["a pool" if spec.pool else _counted(sums["nodes"], "node")]
    if sums["cpu_milli"] != UNLIMITED:
        parts.append(f"{sums['cpu_milli'] / 1000:,.6g} cores" if sums["cpu_milli"] < 10**9 else f"{sums['cpu_milli'] // 1000:,} cores")
    if sums["memory_mib"] != UNLIMITED:
        parts.append(f"{_size(sums['memory_mib'])} memory")
    if sums["gpus"]:
        models = [_short(name, 40) for name in sums["gpus_by_model"]]
        listed = ", ".join(models[:6]) + (f" and {len(models) - 6} more" if len(models) > 6 else "")
        parts.append(f"{_counted(sums['gpus'], 'GPU')} ({listed})")
    tainted = sum(group.count for group in spec.groups if group.taints)
    if tainted:
        parts.append(f"{_counted(tainted, 'node')} tainted")
    return ", ".join(parts)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."


def _size(mib: int) -> str:
    for size, unit in ((2**30, "PiB"), (2**20, "TiB"), (2**10, "GiB")):
        if mib >= size:
            return f"{mib / size:.4g} {unit}"
    return f"{mib} MiB"


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if value == UNLIMITED and name != "group":
        return "unlimited"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in ("memory_mib", "disk_mib"):
        return _size(value)
    if name.endswith("_mtbf_s"):
        return format_seconds(value)
    if name == "cpu_milli":
        return f"{value / 1000:,g}"
    return f"{value:,.6g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def html_table(spec: ClusterSpec) -> str:
    """The summary as an HTML table of at most 50 groups."""
    heads = {"cpu_milli": "cores", "memory_mib": "memory", "disk_mib": "disk", "price_per_hour": "$/hour"}
    heads |= {"node_mtbf_s": "node MTBF", "device_mtbf_s": "device MTBF"}
    names = [name for name, _, _, _ in SUMMARY_COLUMNS]
    rows = [[_cell(name, value) for name, value in zip(names, row, strict=True)] for row in _rows(spec, _ROWS_SHOWN)]
    told = [name for i, name in enumerate(names) if i < 2 or any(row[i] != "–" for row in rows)]
    kept = [[row[names.index(name)] for name in told] for row in rows]
    left_out = len(spec.groups) - _ROWS_SHOWN
    more = [f"… and {left_out:,} more groups"] if left_out > 0 else []
    return table([heads.get(name, name) for name in told], kept, title=f"{spec.name}: {_totals_text(spec)}", notes=more)
