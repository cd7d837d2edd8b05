"""What quotas change about a run that is built: the kinds of nodes, the classes of requests, the priorities of jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .kernels.state import Classes
from .node_selection import with_kinds
from .quota_parts import NodeParts, Variants, parts_of, variants_of, with_variants

if TYPE_CHECKING:
    from ..hardware.node_table import NodeTable
    from .node_selection import NodeKinds
    from .quotas import Described
    from .tolerations import Selection

Array = np.ndarray[Any, Any]


class Parting(NamedTuple):
    """The kinds of nodes, told apart also by the parts of the cluster that quotas speak of.

    `of`: int32[N], the kind of each node. `kind`, `part`: int64[kinds], the kind without parts, and the place in `NodeParts.distinct`.
    """

    of: Array
    kind: Array
    part: Array
    parts: NodeParts
    variants: Variants


def parting(described: Sequence[Described | None], nodes: NodeTable, kinds: NodeKinds) -> Parting:
    """Raises SpecError, OptionError as `parts_of`."""
    parts = parts_of(described, nodes)
    there, part_of = parts.distinct()
    pairs, of = np.unique(kinds.of.astype(np.int64) * len(there) + part_of, return_inverse=True)
    return Parting(of.astype(np.int32).ravel(), pairs // len(there), pairs % len(there), parts, variants_of(described, parts))


def parted_classes(classes: Classes, kinds: NodeKinds, selection: Selection, parted: Parting) -> Classes:
    """The classes with what bars them from each kind, and all their variants."""
    barred = with_kinds(classes.barred, kinds.barred_from(selection)[parted.kind])
    return with_variants(classes._replace(barred=barred), parted.part.tolist(), parted.parts, parted.variants)
