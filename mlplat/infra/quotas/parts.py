"""Parts of a cluster that quotas speak of: flavors, and nodes reserved for a quota. Requests are placed in a part by a *variant* of their
class, which is barred from all other nodes; so nodes are of other kinds where they are in other parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...errors import OptionError, SpecError, UnknownNameError, printable
from ...hardware.accelerators import resolve_model
from ..kernels.state import Classes
from ..node_selection import with_kinds
from .amounts import flavors_in
from .descriptions import Described, Quota, ReservedNodes

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...hardware.node_table import NodeTable
    from ..node_selection import NodeKinds
    from ..tolerations import Selection

Array = np.ndarray[Any, Any]


OTHERS = "other nodes"
"""The flavor of all nodes that are in none of those that are spoken of."""


class NodeParts(NamedTuple):
    """How a cluster of N nodes (rows of the table) is divided.

    `flavors`: those that are spoken of. `flavor`: int32[N], that of each node, -1 where there are none. `part`: int32[N], the part of
    each node.
    `each`: of each part its flavor and the node of the tree of quotas that it is reserved for, -1 for none.
    """

    flavors: tuple[str, ...]
    flavor: npt.NDArray[np.int32]
    part: npt.NDArray[np.int32]
    each: tuple[tuple[int, int], ...]

    @property
    def divided(self) -> bool:
        """Whether there are jobs for which a part of the cluster is closed."""
        return len(self.each) > 1 or bool(self.owners)

    @property
    def owners(self) -> list[int]:
        """The quotas (nodes of the tree) that have reserved nodes."""
        return sorted({owner for _, owner in self.each if owner >= 0})


class Variants(NamedTuple):
    """Ways in which a class of requests is placed: `pairs` of a flavor (-1: in any) and the quota (node of the tree, -1: none of them)
    whose reserved nodes are open to it, and `open`, the parts of the cluster that it may be in.
    """

    pairs: tuple[tuple[int, int], ...]
    open: tuple[frozenset[int], ...]

    def row(self, node: int, flavor: int) -> int:
        """The variant in which jobs of a quota are placed in a flavor, -1 where classes are taken as they are."""
        if (flavor, node) in self.pairs:
            return self.pairs.index((flavor, node))
        return self.pairs.index((flavor, -1)) if (flavor, -1) in self.pairs else -1

    def table(self, classes: int) -> Array:
        """int32[V, C]: the class that stands for each of C. `classes`: how many `with_variants` made of them."""
        count, before = len(self.pairs), classes // (len(self.pairs) + 1)
        return np.arange(before, before * (count + 1), dtype=np.int32).reshape(count, before)


def parts_of(described: Sequence[Described | None], nodes: NodeTable) -> NodeParts:
    """The parts of a cluster. Raises SpecError for an unknown flavor or node, OptionError where two flavors have a node in common, or two
    quotas reserve it.
    """
    flavors: dict[str, tuple[int, str]] = {}
    for i, one in enumerate(described):
        for key, name in _flavor_names(one):
            flavors.setdefault(name, (i, key))
    flavor = np.full(len(nodes), -1, dtype=np.int32)
    flavors.pop(OTHERS, None)  # which comes last
    for number, (name, (i, key)) in enumerate(flavors.items()):
        having = _having_flavor(name, nodes, f"[{i}].{key}")
        if (shared := np.flatnonzero(having & (flavor >= 0))).size:
            other = list(flavors)[flavor[shared[0]]]
            raise OptionError(
                f"flavors {printable(other)!r} and {printable(name)!r} both have the node {printable(nodes.names[shared[0]])!r}; "
                "expected flavors that have no node in common"
            )
        flavor[having] = number
    if flavors and (flavor < 0).any():
        flavor[flavor < 0] = len(flavors)
        flavors[OTHERS] = (-1, "")
    reserved = np.full(len(nodes), -1, dtype=np.int32)
    for i, one in enumerate(described):
        if not isinstance(one, Quota) or one.reserve is None:
            continue
        rows = _reserved_rows(one.reserve, nodes, f"[{i}].reserve")
        if (taken := rows[reserved[rows] >= 0]).size:
            owner = described[reserved[taken[0]] - 1]
            raise OptionError(
                f"the node {printable(nodes.names[taken[0]])!r} is reserved for two quotas, {printable(owner.name if owner else '')!r} "
                f"and {printable(one.name)!r}"
            )
        reserved[rows] = i + 1
    pairs, part = np.unique(np.column_stack([flavor, reserved]), axis=0, return_inverse=True)
    return NodeParts(tuple(flavors), flavor, part.ravel().astype(np.int32), tuple((int(of), int(owner)) for of, owner in pairs))


def tried_flavors(one: Quota, parts: NodeParts) -> list[int]:
    """The flavors in which the jobs of a quota are tried, in order; none where the cluster has none."""
    if one.flavors:
        return [parts.flavors.index(name) for name in one.flavors if name in parts.flavors]
    named = (name for amounts in (one.guarantee, one.limit, one.lend) for name in flavors_in(amounts))
    return [parts.flavors.index(name) for name in dict.fromkeys([*named, *parts.flavors]) if name in parts.flavors]


def variants_of(parts: NodeParts) -> Variants:
    """All in which jobs of any quota may have to be placed: in each flavor and in any, on the nodes that each quota and nobody reserved."""
    owners = parts.owners
    flavors = range(len(parts.flavors)) if parts.flavors else (-1,)
    pairs = tuple((flavor, owner) for flavor in flavors for owner in (-1, *owners) if owners or flavor >= 0)
    each = list(enumerate(parts.each))
    return Variants(
        pairs, tuple(frozenset(i for i, (of, to) in each if flavor in (-1, of) and to in (-1, owner)) for flavor, owner in pairs)
    )


def with_variants(classes: Classes, kinds: NodeKinds, selection: Selection, variants: Variants) -> Classes:
    """C classes of a selection, and then for each variant C that are barred (UNSELECTED) from the nodes that are not open to it.
    `classes`: as `class_arrays` makes them; `kinds`: made with `NodeParts.part`.
    """
    selections = [selection, *(selection._replace(parts=parts) for parts in variants.open)]
    return Classes(
        ask=np.tile(classes.ask, (len(selections), 1)),
        accepts=np.tile(classes.accepts, (len(selections), 1)),
        barred=np.vstack([with_kinds(classes.barred, kinds.barred_from(each)) for each in selections]),
    )


def _flavor_names(one: Described | None) -> list[tuple[str, str]]:
    """(where, name) of all flavors that a description speaks of."""
    if one is None:
        return []
    found = [(f"flavors[{i}]", name) for i, name in enumerate(one.flavors)] if isinstance(one, Quota) else []
    for key in ("guarantee", "limit", "lend"):
        found += [(f"{key}.{printable(name)}", name) for name in flavors_in(getattr(one, key))]
    return found


def _having_flavor(name: str, nodes: NodeTable, where: str) -> Array:
    """bool[N]: the nodes of a group, or those that have devices of a model."""
    if name in nodes.groups:
        return np.asarray(nodes.group == nodes.groups.index(name))
    wanted = {name, resolve_model(name)}
    models = [i for i, model in enumerate(nodes.models) if model.name in wanted]
    if not models:
        known = {*nodes.groups, *(model.name for model in nodes.models)}
        raise SpecError(str(UnknownNameError("flavor", printable(name), known, "a node group or an accelerator model")), where=where)
    return np.asarray((nodes.gpus > 0) & np.isin(nodes.model, models))


def _reserved_rows(reserve: ReservedNodes | tuple[str, ...], nodes: NodeTable, where: str) -> Array:
    if isinstance(reserve, ReservedNodes):
        if reserve.group is not None and reserve.group not in nodes.groups:
            raise SpecError(str(UnknownNameError("node group", printable(reserve.group), nodes.groups)), where=f"{where}.group")
        there = np.arange(len(nodes)) if reserve.group is None else np.flatnonzero(nodes.group == nodes.groups.index(reserve.group))
        if len(there) < reserve.nodes:
            raise SpecError(f"{reserve.nodes:,} of {len(there):,} nodes", where=f"{where}.nodes")
        return there[: reserve.nodes]
    row_of = {name: row for row, name in enumerate(nodes.names)}
    for i, name in enumerate(reserve):
        if name not in row_of:
            known = list(row_of)[:100]
            raise SpecError(str(UnknownNameError("node", printable(name), known)), where=f"{where}[{i}]")
    return np.array([row_of[name] for name in reserve], dtype=np.int64)
