"""Parts of a cluster that quotas speak of: flavors, and nodes reserved for a quota. Requests are placed in a part by a *variant* of their
class, which is barred from all other nodes; so nodes are of other kinds where they are in other parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import OptionError, SpecError, UnknownNameError, printable
from ..hardware.accelerators import resolve_model
from .kernels.state import UNSELECTED, Classes
from .quotas import Described, Quota, ReservedNodes

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..hardware.node_table import NodeTable

Array = np.ndarray[Any, Any]


class NodeParts(NamedTuple):
    """The flavors that are spoken of, and for each row of the node table its flavor (-1: none) and the node of the tree of quotas it is
    reserved for (-1: none).
    """

    flavors: tuple[str, ...]
    flavor: npt.NDArray[np.int32]
    reserved: npt.NDArray[np.int32]

    def distinct(self) -> tuple[list[tuple[int, int]], npt.NDArray[np.int32]]:
        """The (flavor, reserved) that nodes have, in the order of the first node, and int32[N], which of them each node has."""
        numbers: dict[tuple[int, int], int] = {}
        pairs = zip(self.flavor.tolist(), self.reserved.tolist(), strict=True)
        of = np.array([numbers.setdefault(pair, len(numbers)) for pair in pairs], dtype=np.int32)
        return list(numbers), of


class Variants(NamedTuple):
    """Pairs of a flavor (-1: any node) and the quota (node of the tree, -1: any) whose reserved nodes are open beside those of nobody."""

    pairs: tuple[tuple[int, int], ...]

    def row(self, node: int, flavor: int) -> int:
        """The row of `table` with which jobs of a quota are placed in a flavor, -1 where classes are taken as they are."""
        if (flavor, node) in self.pairs:
            return self.pairs.index((flavor, node))
        return self.pairs.index((flavor, -1)) if (flavor, -1) in self.pairs else -1

    def table(self, classes: int) -> Array:
        """int32[V, C]: the class that stands for each of C. `classes`: how many there are with all variants, see `with_variants`."""
        before = classes // (len(self.pairs) + 1)
        rows = np.arange(1, len(self.pairs) + 1, dtype=np.int32)[:, None] * before + np.arange(before, dtype=np.int32)
        return np.ascontiguousarray(rows.astype(np.int32).reshape(len(self.pairs), before))


def parts_of(described: Sequence[Described | None], nodes: NodeTable) -> NodeParts:
    """The parts of a cluster. Raises SpecError for an unknown flavor or node, OptionError where two flavors have a node in common, or two
    quotas reserve it.
    """
    flavors: dict[str, tuple[int, str]] = {}
    for i, one in enumerate(described):
        for key, name in _flavor_names(one):
            flavors.setdefault(name, (i, key))
    flavor = np.full(len(nodes), -1, dtype=np.int32)
    for number, (name, (i, key)) in enumerate(flavors.items()):
        having = _having_flavor(name, nodes, f"[{i}].{key}")
        if (shared := np.flatnonzero(having & (flavor >= 0))).size:
            other = list(flavors)[flavor[shared[0]]]
            raise OptionError(
                f"flavors {printable(other)!r} and {printable(name)!r} both have the node {printable(nodes.names[shared[0]])!r}; "
                "expected flavors that have no node in common"
            )
        flavor[having] = number
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
    return NodeParts(tuple(flavors), flavor, reserved)


def variants_of(described: Sequence[Described | None], parts: NodeParts) -> Variants:
    """All that any quota can be placed by: each flavor and none, with each quota that reserves nodes and nobody."""
    if not parts.flavors and not (parts.reserved >= 0).any():
        return Variants(())
    owners = sorted({int(owner) for owner in parts.reserved if owner >= 0})
    found = [(flavor, owner) for flavor in range(-1, len(parts.flavors)) for owner in (-1, *owners)]
    return Variants(tuple(pair for pair in found if owners or pair != (-1, -1)))


def _flavor_names(one: Described | None) -> list[tuple[str, str]]:
    """(where, name) of all flavors that a description speaks of."""
    if one is None:
        return []
    found = [(f"flavors[{i}]", name) for i, name in enumerate(one.flavors)] if isinstance(one, Quota) else []
    for key in ("guarantee", "limit", "lend"):
        found += [(f"{key}.{printable(name)}", name) for name in getattr(one, key).flavors]
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


def with_variants(classes: Classes, kind_part: Sequence[int], parts: NodeParts, variants: Variants) -> Classes:
    """C classes and then, for each variant, C that are barred (UNSELECTED) from the nodes that it does not open. `kind_part`: for each kind
    of nodes its place in `NodeParts.distinct`; the columns of `classes.barred` are those kinds, each with all models.
    """
    if not variants.pairs:
        return classes
    there, _ = parts.distinct()
    models = classes.barred.shape[1] // len(kind_part)
    barred = [classes.barred]
    for flavor, owner in variants.pairs:
        open_to_it = [(flavor in (-1, of)) and reserved in (-1, owner) for of, reserved in there]
        closed = np.repeat(np.where(np.array(open_to_it)[np.asarray(kind_part)], 0, UNSELECTED).astype(np.int8), models)
        barred.append(classes.barred | closed)
    times = len(variants.pairs) + 1
    return Classes(
        ask=np.tile(classes.ask, (times, 1)), accepts=np.tile(classes.accepts, (times, 1)), barred=np.ascontiguousarray(np.vstack(barred))
    )
