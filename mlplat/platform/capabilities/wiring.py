"""The table of capabilities, put together from all that is wired."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from .infrastructure import hardware, infrastructure
from .table import Capabilities, Mark, marks

if TYPE_CHECKING:
    from ...infra.cluster import Cluster
    from ..component import Component


def capabilities_of(level: int, cluster: Cluster | None, components: Iterable[Component]) -> Capabilities:
    """What a cluster and components do. Nothing supports what nobody realises."""
    rows: dict[str, Mapping[str, Mark]] = {}
    if cluster is not None:
        rows.update(hardware(cluster))
        rows.update(infrastructure(cluster))
    for component in components:
        rows.update(component._capabilities())
    rows["Event log"] = marks("s10 s14 R16 s17")
    realised = {each for row in rows.values() for each, mark in row.items() if mark is Mark.REALISES}
    kept = {name: {each: mark for each, mark in row.items() if each in realised} for name, row in rows.items()}
    return Capabilities(level, MappingProxyType({name: MappingProxyType(row) for name, row in kept.items()}))
