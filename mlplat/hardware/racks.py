"""Racks and zones, the failure domains: which rack each node stands in. Each node is in one rack, each rack in at most one zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import SpecError
from .node_group import NodeGroup

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class RackLayout:
    """The racks of a cluster.

    `names`: one a rack. `zone_of`: rack name -> zone, where it has one. `of_group`: rack indices per node group.

    >>> from mlplat.hardware import ClusterSpec
    >>> ClusterSpec.uniform(nodes=4, racks=2).rack_layout.of_nodes(0, 4).tolist()
    [0, 0, 1, 1]
    """

    names: tuple[str, ...]
    zone_of: Mapping[str, str]
    of_group: tuple[tuple[int, ...], ...]

    def of_nodes(self, group: int, count: int) -> npt.NDArray[np.int32]:
        """int32[count]: the rack of each node of a group; the racks take blocks of consecutive nodes whose sizes differ by one at most."""
        import numpy as np

        racks = np.array(self.of_group[group], dtype=np.int32)
        return racks[np.arange(count, dtype=np.int64) * len(racks) // count]


def lay_out(groups: Sequence[NodeGroup]) -> RackLayout:
    """The racks of the groups, numbered in order of first use: `rack-0`, … (in a zone `<zone>/rack-0`, …) where they have no name.

    Raises SpecError if a named rack would stand in two zones.

    >>> layout = lay_out([NodeGroup(name="a", count=4, racks=2), NodeGroup(name="b", count=3)])
    >>> layout.names, layout.of_nodes(0, 4).tolist(), layout.of_nodes(1, 3).tolist()
    (('rack-0', 'rack-1', 'rack-2'), [0, 0, 1, 1], [2, 2, 2])
    """
    chosen = {name for group in groups if isinstance(group.racks, tuple) for name in group.racks}
    index: dict[str, int] = {}
    zone_of: dict[str, str] = {}
    without_zone: set[str] = set()
    shared: dict[str | None, str] = {}
    next_number: dict[str | None, int] = {}

    def new_rack(zone: str | None) -> str:
        prefix = f"{zone}/rack-" if zone is not None else "rack-"
        number = next_number.get(zone, 0)
        while (name := f"{prefix}{number}") in chosen or name in index:
            number += 1
        next_number[zone] = number + 1
        index[name] = len(index)
        return name

    of_group = []
    for position, group in enumerate(groups):
        if isinstance(group.racks, tuple):
            names = list(group.racks)
        elif group.racks is not None:
            names = [new_rack(group.zone) for _ in range(group.racks)]
        else:
            if group.zone not in shared:
                shared[group.zone] = new_rack(group.zone)
            names = [shared[group.zone]]
        for name in names:
            index.setdefault(name, len(index))
            known = zone_of.get(name)
            if (known is not None and known != group.zone) or (name in without_zone and group.zone is not None):
                raise SpecError(f"rack {name!r} would stand in two zones, {known!r} and {group.zone!r}", where=f"groups[{position}].racks")
            if group.zone is None:
                without_zone.add(name)
            else:
                zone_of[name] = group.zone
        of_group.append(tuple(index[name] for name in names))
    return RackLayout(names=tuple(index), zone_of=zone_of, of_group=tuple(of_group))
