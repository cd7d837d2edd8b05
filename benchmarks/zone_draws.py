"""Random quotas and cohorts for the campaign of zones, as plain data from which they are made."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from benchmarks.fault_draws import Draw, without_some
from mlplat.errors import OptionError, SpecError
from mlplat.hardware import ClusterSpec
from mlplat.hardware.node_table import NodeTable
from mlplat.infra.quotas import Cohort, Described, Quota, QuotaWarning
from mlplat.infra.quotas.checks import check_quotas

NAMES = ("a", "b", "c", "d", "e")
"""Groups of the jobs; a zone is named like one of them."""
QUEUES = ("fifo", "best-effort-fifo", "sjf", "priority", "drf")
UNITS = {"cpus": ("cpu_milli", 1000), "memory_gib": ("memory_mib", 1024), "gpus": ("gpus", 1)}


def described(zones: list[dict[str, Any]]) -> list[Described]:
    """Quotas, and a cohort for each mapping with `cohort_of`, the name of its parent or None."""
    made: list[Described] = []
    for zone in zones:
        if "cohort_of" in zone:
            rest = {key: value for key, value in zone.items() if key != "cohort_of"}
            made.append(Cohort(parent=zone["cohort_of"], **rest))
        else:
            made.append(Quota(**zone))
    return made


def are_good(zones: list[dict[str, Any]], nodes: NodeTable) -> bool:
    """Whether a cluster can have these."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuotaWarning)
        try:
            check_quotas(described(zones), nodes, groups=NAMES)
        except (OptionError, SpecError):
            return False
    return True


def draw_zones(draw: Draw, spec: ClusterSpec, scale: float, *, contended: bool) -> list[dict[str, Any]]:
    """Up to five zones, in up to three cohorts; hard guarantees are at most what there is. `contended`: with little that is not lent."""
    nodes = spec.nodes()
    cohorts = [f"k{i}" for i in range(draw.of((0, 0, 1, 1, 2, 3)))]
    resources = [name for name in UNITS if not draw.one_in(2 if contended else 3)] or ["cpus"]
    flavored = len(spec.groups) > 1 and draw.one_in(4)
    zones: list[dict[str, Any]] = []
    for i, name in enumerate(cohorts):
        zone: dict[str, Any] = {"name": name, "cohort_of": draw.of((None, *cohorts[:i]))}
        if draw.one_in(3):
            zone["guarantee"] = _amounts(draw, nodes, resources, (0.1, 0.25))
        if draw.one_in(3):
            zone["lend"] = _amounts(draw, nodes, resources, (0.0, 0.1, 0.5))
        if draw.one_in(4):
            zone["limit"] = _amounts(draw, nodes, resources, (0.5, 0.8))
        zones.append(zone)
    count = 1 + draw.below(5)
    part = draw.of((0.5, 0.9, 1.0, 1.0, 1.3)) / count
    for name in NAMES[:count]:
        zone = _draw_quota(draw, name, spec, nodes, resources, part, cohorts, flavored, scale)
        if contended and draw.one_in(2):
            zone = {key: value for key, value in zone.items() if key not in ("lend", "limit")}
        zones.append(zone)
    if draw.one_in(8):
        zones[-1]["reserve"] = {"nodes": 1}
    for key in ("lend", "limit", "guarantee", "reserve", "flavors"):
        if are_good(zones, nodes):
            break
        zones = [{name: value for name, value in zone.items() if name != key} for zone in zones]
    return zones


def _amounts(draw: Draw, nodes: NodeTable, resources: list[str], parts: tuple[float, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in resources:
        column, scale = UNITS[name]
        total = min(int(getattr(nodes, column).sum()), 10**6)
        if total:
            found[name] = int(draw.of(parts) * total + 0.5) / scale if scale > 1 else int(draw.of(parts) * total + 0.5)
    return found


def _draw_quota(
    draw: Draw,
    name: str,
    spec: ClusterSpec,
    nodes: NodeTable,
    resources: list[str],
    part: float,
    cohorts: list[str],
    flavored: bool,
    scale: float,
) -> dict[str, Any]:
    zone: dict[str, Any] = {"name": name}
    if cohorts and not draw.one_in(4):
        zone["cohort"] = draw.of(cohorts)
    guarantee = {} if draw.one_in(6) else _amounts(draw, nodes, resources, (part, part, part / 2, 1.5 * part))
    if draw.one_in(3):
        zone["limit"] = {key: value * draw.of((1, 2, 3)) or value for key, value in guarantee.items()}
        if draw.one_in(3):
            zone["limit"]["environments"] = draw.of((1, 2, 4, 8))
    if draw.one_in(2):
        zone["lend"] = {
            key: 0 if draw.one_in(2) else draw.of((value, value / 2 if key != "gpus" else value // 2)) for key, value in guarantee.items()
        }
    if flavored and not draw.one_in(4):
        names = [group.name for group in spec.groups]
        zone["flavors"] = names if draw.one_in(2) else names[::-1]
        inside = {key: value // 2 if key == "gpus" else value / 2 for key, value in guarantee.items()}
        guarantee = {zone["flavors"][0]: inside} if inside else {}
        zone |= {key: {} for key in ("lend", "limit") if key in zone}
        zone |= {"when_can_borrow": draw.of(("borrow", "try-next")), "when_can_preempt": draw.of(("try-next", "preempt"))}
    zone["guarantee"] = guarantee
    zone["reclaim_within"] = draw.of((0.0, 0.5, 1.0, 2.0, 5.0, 60.0)) * scale
    zone["reclaim"] = draw.of(("any", "any", "any", "lower-priority", "never"))
    zone["within"] = draw.of((None, None, None, "lower-priority", "lower-or-newer", "never"))
    if draw.one_in(5):
        zone |= {"borrow_within": "lower-priority", "borrow_within_threshold": draw.of((None, 0, 1))}
    if draw.one_in(3):
        zone["priority"] = draw.of((0, 1, 2))
    if draw.one_in(3):
        zone["weight"] = draw.of((0, 0.5, 2, 3))
    if draw.one_in(20):
        zone["suspended"] = True
    return {key: value for key, value in zone.items() if value not in ({}, None)}


def simpler_zones(zones: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Fewer zones, or one with less said of it."""
    for fewer in without_some(zones):
        names = {zone["name"] for zone in fewer}
        if all(zone.get("cohort") in (None, *names) and zone.get("cohort_of") in (None, *names) for zone in fewer):
            yield fewer
    for i, zone in enumerate(zones):
        for key in zone:
            if key in ("name", "cohort_of"):
                continue
            without = {name: value for name, value in zone.items() if name != key and not (key == "borrow_within" and name.startswith(key))}
            yield [*zones[:i], without, *zones[i + 1 :]]
            if isinstance(zone[key], dict) and len(zone[key]) > 1:
                for part in zone[key]:
                    less = {name: value for name, value in zone[key].items() if name != part}
                    yield [*zones[:i], zone | {key: less}, *zones[i + 1 :]]
