"""A plan of the autoscaler in the making: the copy of the nodes on which waiting gangs are placed (docs/autoscaling.md, Scale up)."""

from __future__ import annotations

from typing import NamedTuple

from .state import Nodes
from .structs import Array, reader

# Places in `ScaleUp.number`
USABLE, OPENED, SPARE, FIRST_JOB = range(
    4
)  # nodes in `usable`, those of them that this plan has opened, nodes in `absent`; the first job that counts


class ScaleUp(NamedTuple):
    """A plan in the making, for N nodes, C request classes and gangs of up to W replicas."""

    nodes: Nodes  # the state on which gangs are placed
    usable: Array["int32", 1]  # [N] nodes that take work, then those that boot, then those that this plan has opened
    absent: Array["int32", 1]  # [N] nodes that may be opened, in the order in which they are
    opened: Array["bool", 1]  # [N]
    needed: Array["bool", 1]  # [N] nodes on which the plan has put something
    cursor: Array["int64", 1]  # [C] no usable node before this place has room for the class
    beyond: Array["int64", 1]  # [C] no absent node before this place can be opened for it
    node: Array["int32", 1]  # [W] where the replicas of the gang in progress are
    device: Array["int32", 1]  # [W]
    number: Array["int64", 1]  # [4]


scale_up_at = reader(ScaleUp)
"""Kernels: the plan behind the address that `structs.pack` gave."""
