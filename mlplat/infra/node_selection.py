"""The kinds of nodes: as far as anybody has asked for labels, and as far as taints keep work away, nodes of a kind are alike.

The kernels know nothing of labels: they are told the kind of each node (its kind here, and its model) and, for each class of requests,
which kinds are barred. A kind is told apart from another when a workload asks for a label that only some of its nodes have, so there are
few, whatever labels nodes have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..hardware.accelerators import resolve_model
from ..hardware.node_table import NodeKind
from .kernels.state import EXPELLED, TAINTED, UNSELECTED
from .tolerations import Selection

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..hardware.node_group import Taint
    from ..hardware.node_table import NodeTable

Label = tuple[str, str]
IMPLIED = ("node", "rack", "group", "accelerator")
"""Labels that every node has without being told; a stated label of the same key counts instead."""


class Kind(NamedTuple):
    """What nodes of a kind have in common: the taints that keep work away, which of the labels asked for they have, and the part of the
    cluster (`quotas.parts`) they are in.
    """

    taints: frozenset[Taint]
    labels: frozenset[Label]
    part: int = 0


class NodeKinds:
    """The labels and taints of N nodes (rows of the table), as they are now, and the kinds that follow.

    `of`: int32[N], the kind of each node. `kinds`: all there have been. New ones are only ever added. `part`: int32[N], the part of the
    cluster that each node is in for good; None: there is one.
    """

    def __init__(self, nodes: NodeTable, part: npt.NDArray[np.int32] | None = None) -> None:
        self.nodes = nodes
        self.part = np.zeros(len(nodes), dtype=np.int32) if part is None else part
        self._stated: list[NodeKind] = list(nodes.kinds)
        self._stated_of: npt.NDArray[np.int32] = nodes.kind.copy()
        self._asked: dict[Label, None] = {}
        self._number: dict[Kind, int] = {}
        self._rows: dict[str, int] | None = None
        self.kinds: list[Kind] = []
        self.of: npt.NDArray[np.int32] = self._first_kinds()

    def _first_kinds(self) -> npt.NDArray[np.int32]:
        parts = int(self.part.max(initial=0)) + 1
        pairs, pair_of = np.unique(self._stated_of.astype(np.int64) * parts + self.part, return_inverse=True)
        number = [self._kind(Kind(_repelling(self._stated[pair // parts].taints), frozenset(), pair % parts)) for pair in pairs.tolist()]
        kinds: npt.NDArray[np.int32] = np.array(number, dtype=np.int32)[pair_of.ravel()]
        return kinds

    def with_parts(self, part: npt.NDArray[np.int32]) -> NodeKinds:
        """The same labels and taints on a cluster that is divided in another way."""
        made = NodeKinds(self.nodes, part)
        made._stated, made._stated_of = list(self._stated), self._stated_of.copy()
        made._number, made.kinds = {}, []
        made.of = made._first_kinds()
        return made

    # -- what is so

    def labels(self, row: int) -> dict[str, str]:
        """All labels of a node, the implied ones first."""
        return self._implied(row) | dict(self.stated(row).labels)

    def stated(self, row: int) -> NodeKind:
        """The labels and taints that a node was given."""
        return self._stated[int(self._stated_of[row])]

    def barred(self, selection: Selection, kind: int) -> int:
        """Why a workload may not be on nodes of a kind: bits UNSELECTED, TAINTED, EXPELLED; 0 where it may. Its labels must have been
        asked for.
        """
        taints, labels, part = self.kinds[kind]
        why = 0 if labels.issuperset(selection.labels) and (selection.parts is None or part in selection.parts) else UNSELECTED
        if taints:
            minded = selection.untolerated(tuple(taints))
            why |= TAINTED if minded else 0
            why |= EXPELLED if any(taint.effect == "NoExecute" for taint in minded) else 0
        return why

    def barred_from(self, selection: Selection) -> npt.NDArray[np.int8]:
        """int8[kinds]: `barred` of each."""
        return np.array([self.barred(selection, kind) for kind in range(len(self.kinds))], dtype=np.int8)

    # -- changes; each returns the rows that are of another kind now

    def ask(self, selection: Selection) -> list[int]:
        """Tell nodes apart by the labels of a selection."""
        changed: dict[int, None] = {}
        for label in selection.labels:
            if label in self._asked:
                continue
            self._asked[label] = None
            for row in np.flatnonzero(self._having(label)).tolist():
                before = self.kinds[self.of[row]]
                self.of[row] = self._kind(before._replace(labels=before.labels | {label}))
                changed[row] = None
        return list(changed)

    def state(self, row: int, labels: Mapping[str, str], taints: Iterable[Taint]) -> list[int]:
        """Give a node other labels and taints."""
        stated = NodeKind(MappingProxyType(dict(labels)), tuple(taints))
        self._stated_of[row] = self._stated.index(stated) if stated in self._stated else len(self._stated)
        if self._stated_of[row] == len(self._stated):
            self._stated.append(stated)
        has = self.labels(row)
        labels_of_it = frozenset(label for label in self._asked if self._means(label, has))
        kind = self._kind(Kind(_repelling(stated.taints), labels_of_it, int(self.part[row])))
        if kind == self.of[row]:
            return []
        self.of[row] = kind
        return [row]

    def _kind(self, kind: Kind) -> int:
        number = self._number.setdefault(kind, len(self.kinds))
        if number == len(self.kinds):
            self.kinds.append(kind)
        return number

    # -- labels

    def _implied(self, row: int) -> dict[str, str]:
        nodes = self.nodes
        implied = {"node": nodes.names[row], "rack": nodes.racks[nodes.rack[row]], "group": nodes.groups[nodes.group[row]]}
        return implied | ({"accelerator": nodes.models[nodes.model[row]].name} if nodes.gpus[row] else {})

    @staticmethod
    def _means(label: Label, has: Mapping[str, str]) -> bool:
        key, value = label
        return has.get(key) == value or (key == "accelerator" and key in has and has[key] == resolve_model(value))

    def _having(self, label: Label) -> npt.NDArray[np.bool_]:
        """bool[N]: the nodes that have a label."""
        key, value = label
        stated = np.array([key in kind.labels for kind in self._stated])
        meant = np.array([self._means(label, kind.labels) for kind in self._stated])
        having: npt.NDArray[np.bool_] = meant[self._stated_of]
        if key in IMPLIED:
            having |= ~stated[self._stated_of] & self._having_implied(key, value)
        return having

    def _having_implied(self, key: str, value: str) -> npt.NDArray[np.bool_]:
        nodes = self.nodes
        if key == "node":
            if self._rows is None:
                self._rows = {name: row for row, name in enumerate(nodes.names)}
            having = np.zeros(len(nodes), dtype=np.bool_)
            if value in self._rows:
                having[self._rows[value]] = True
            return having
        if key == "accelerator":
            of, names, wanted = (
                np.where(nodes.gpus > 0, nodes.model, -1),
                [model.name for model in nodes.models],
                {value, resolve_model(value)},
            )
        else:
            of, names, wanted = (nodes.rack, list(nodes.racks), {value}) if key == "rack" else (nodes.group, list(nodes.groups), {value})
        return np.isin(of, [place for place, name in enumerate(names) if name in wanted])


def with_kinds(unlike: npt.NDArray[np.int8], kinds: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """int8[C, kinds · models]: what bars classes from each kind of nodes and model: `unlike`, int8[C, models], or `kinds`, int8[kinds]."""
    width = len(kinds) * unlike.shape[1]
    return np.ascontiguousarray((kinds[None, :, None] | unlike[:, None, :]).reshape(len(unlike), width))


def takes_anything(nodes: NodeTable) -> npt.NDArray[np.bool_]:
    """bool[N]: the nodes without a taint that keeps work away."""
    clean = np.array([not _repelling(kind.taints) for kind in nodes.kinds])
    return np.asarray(clean[nodes.kind])


def _repelling(taints: Iterable[Taint]) -> frozenset[Taint]:
    return frozenset(taint for taint in taints if taint.repels)
