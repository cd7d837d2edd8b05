"""Random clusters for the fault campaign, what may be asked of them, and the same clusters with less in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.fault_draws import Draw
from mlplat.hardware import ClusterSpec

MODELS = ("T4", "V100-16", "A100-40", "A100-40")
PROFILES = ("1g.5gb", "1g.10gb", "2g.10gb", "3g.20gb", "4g.20gb", "7g.40gb")
POOLS = ("pool:8cpu", "pool:4gpu", "pool:6cpu,3gpu", "pool:2xA100")


def draw_groups(draw: Draw) -> list[dict[str, Any]]:
    """Up to eight uneven nodes in one to three groups, in racks of their own or shared ones; some with MIG devices."""
    groups: list[dict[str, Any]] = []
    left = 8
    for g in range(1 + draw.below(3)):
        count = min(1 + draw.below(4), left)
        if not count:
            break
        left -= count
        group: dict[str, Any] = {"name": f"g{g}", "count": count}
        group["cpu_milli"] = draw.of((2000, 4000, 4000, 8000, 10000))
        group["memory_mib"] = draw.of((0, 2048, 4096, 8192, 8192))
        group["disk_mib"] = draw.of((0, 0, 300, 1000))
        racks = draw.of((None, 1, 2, ("east",), ("west", "east")))
        if racks is not None:
            group["racks"] = min(racks, count) if isinstance(racks, int) else racks[:count]
        if gpus := draw.of((0, 1, 2, 2, 4, 4)):
            model = draw.of(MODELS)
            group |= {"gpus": gpus, "gpu_model": model, "mig": model == "A100-40" and not draw.one_in(4)}
        groups.append(group)
    return groups


def draw_request(draw: Draw, spec: ClusterSpec) -> dict[str, Any]:
    """What one replica may ask for: parts of the capacity of some node, so that most fit; one in ten or so never does."""
    table = spec.nodes()
    node = draw.below(len(table))
    devices = int(table.gpus[node])
    asked: dict[str, Any] = {}
    for name, amounts in (("cpu_milli", (500, 1000, 2000, 4000, 12000)), ("memory_mib", (0, 512, 1000, 2048, 9000))):
        capacity, part = int(getattr(table, name)[node]), draw.of((0, 4, 4, 3, 2, 2, 1, 10))
        asked[name] = draw.of(amounts) if part == 10 or capacity > 10**9 else capacity // part if part else 0
    if draw.one_in(4):
        asked["disk_mib"] = min(int(table.disk_mib[node]), 10**6) // 3
    kind = "cpu" if not devices else draw.of(("mig", "mig", "cpu") if table.mig[node] else ("cpu", "whole", "whole", "share"))
    if draw.one_in(12):
        kind = draw.of(("cpu", "whole", "share", "mig"))
    if kind == "whole":
        asked["gpus"] = draw.of((1, 1, 2, max(devices, 1), 3, 2 * devices + 1))
    elif kind == "share":
        asked["gpu_milli"] = draw.of((100, 250, 333, 500, 600, 999))
    elif kind == "mig":
        asked["mig"] = draw.of(PROFILES)
    if kind != "cpu" and draw.one_in(3) and devices:
        own = table.models[table.model[node]].name
        asked["models"] = draw.of(((own,), (own, "T4"), ("K80",)))
    return asked


def draw_scaling(draw: Draw, groups: list[dict[str, Any]], scale: float) -> list[dict[str, Any]]:
    """The groups, most of which grow and shrink, at one price or several; some are of spot machines."""
    return [group | {"price_per_hour": draw.of((1.0, 1.0, 2.0))} | _scaling(draw, group["count"], scale) for group in groups]


def _scaling(draw: Draw, count: int, scale: float) -> dict[str, Any]:
    if draw.one_in(4):
        return {}
    least = min(draw.of((0, 0, 0, 1, 2)), count)
    scaling: dict[str, Any] = {"min": least, "max": draw.of((None, count)), "initial": draw.of((None, least, count))}
    scaling |= {"boot": draw.of((0.0, 0.5, 1.0, 3.0, 3.0, 7.0)) * scale, "idle": draw.of((0.0, 1.0, 2.0, 5.0, 12.0)) * scale}
    if draw.one_in(2):
        life, notice, discount = draw.of((1.0, 4.0, 8.0, 20.0)), draw.of((0.0, 0.5, 1.0, 3.0)), draw.of((0.0, 0.5, 0.75))
        scaling["spot"] = {"mean_life": life * scale, "notice": notice * scale, "discount": discount}
    return {"scaling": scaling}


def is_scaled(groups: list[dict[str, Any]]) -> bool:
    """Whether nodes of it can come and go."""
    return any("scaling" in group for group in groups)


def has_spot_machines(groups: list[dict[str, Any]]) -> bool:
    """Whether nodes of it are taken back."""
    return any("spot" in group.get("scaling", {}) for group in groups)


def simpler_scaling(groups: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The groups with one of them no longer scaled, or not of spot machines, or an option of its scaling left out.

    >>> [*simpler_scaling([{"name": "a", "scaling": {"boot": 1.0}}])]
    [[{'name': 'a'}], [{'name': 'a', 'scaling': {}}]]
    """
    for g, group in enumerate(groups):
        if "scaling" not in group:
            continue
        yield [*groups[:g], {name: value for name, value in group.items() if name != "scaling"}, *groups[g + 1 :]]
        for option in ("spot", "max", "initial", "min", "boot", "idle"):
            scaling = {name: value for name, value in group["scaling"].items() if name != option}
            if option in group["scaling"]:
                yield [*groups[:g], group | {"scaling": scaling}, *groups[g + 1 :]]


def _of_fewer(scaling: dict[str, Any], count: int) -> dict[str, Any]:
    """The scaling of a group with so many nodes."""
    most = {name: min(scaling[name], count) for name in ("min", "initial") if scaling.get(name) is not None}
    return scaling | most | ({"max": count} if scaling.get("max") is not None else {})


def with_fewer_nodes(groups: list[dict[str, Any]]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The row of the last node of each group, and the groups without it; nothing where it is the only one.

    >>> [*with_fewer_nodes([{"name": "a", "count": 1}, {"name": "b", "count": 2}])]
    [(0, [{'name': 'b', 'count': 2}]), (2, [{'name': 'a', 'count': 1}, {'name': 'b', 'count': 1}])]
    """
    row = 0
    for g, group in enumerate(groups):
        row += group["count"]
        if len(groups) == 1 and group["count"] == 1:
            return
        fewer = group | {"count": group["count"] - 1}
        racks = fewer.get("racks")
        if racks is not None and fewer["count"]:
            fewer["racks"] = min(racks, fewer["count"]) if isinstance(racks, int) else racks[: fewer["count"]]
        if "scaling" in fewer:
            fewer["scaling"] = _of_fewer(fewer["scaling"], fewer["count"])
        yield row - 1, [*groups[:g], *([fewer] if fewer["count"] else []), *groups[g + 1 :]]
