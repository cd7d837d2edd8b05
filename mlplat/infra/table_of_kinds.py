"""The kinds of nodes in the scheduler of a live cluster: which are barred to which class, as both come and change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from .cluster_arrays import numbers_of_rows
from .kernels.live import change_type
from .kernels.state import KIND, MODEL, TYPE, UNLIKE
from .node_selection import with_kinds
from .tolerations import ANYWHERE, Selection

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..hardware.node_group import Taint
    from .node_selection import NodeKinds
    from .world import Run


class TableOfKinds:
    """Keeps `Classes.barred` and the kinds of the nodes in the world of a run as `of_nodes` says.

    `classes`: how many there are at first, which select nothing. `changes`: how often a node's kind has changed.
    """

    def __init__(self, run: Run, of_nodes: NodeKinds, classes: int) -> None:
        self.run, self.of_nodes = run, of_nodes
        self.changes = 0
        self._classes: dict[Selection, list[int]] = {ANYWHERE: list(range(classes))}
        self._models = run.world.classes.accepts.shape[1]
        self._known = len(of_nodes.kinds)
        """The kinds that have columns, one for each model."""
        self._types = {row.tobytes(): place for place, row in enumerate(run.world.cluster.capacity)}
        self._number = numbers_of_rows(run.world.cluster.row_of)

    def add_class(self, selection: Selection, unlike: npt.NDArray[np.int8]) -> None:
        """The next class is one of this selection, for whose number there is room. `unlike`: int8[models], what bars it from each."""
        changed = self.of_nodes.ask(selection)
        number = sum(map(len, self._classes.values()))
        self._classes.setdefault(selection, []).append(number)
        known = self.of_nodes.barred_from(selection)[: self._known]
        self.run.world.classes.barred[number, : len(known) * self._models] = with_kinds(unlike[None], known)[0]
        self._follow(changed)

    def state(self, row: int, labels: Mapping[str, str], taints: Iterable[Taint]) -> bool:
        """A node has other labels and taints from now on. Returns whether that makes a difference to any class."""
        changed = self.of_nodes.state(row, labels, taints)
        self.changes += len(changed)
        self._follow(changed)
        return bool(changed)

    def _follow(self, rows: list[int]) -> None:
        """Tell the scheduler of the kinds that are new, and of nodes (by row) that are of another one now."""
        self._add_columns()
        for row in rows:
            number = int(self._number[row])
            place = self._type(number, int(self.of_nodes.of[row]))  # before the address is asked for: the world may move
            change_type(self.run.address, number, place)

    def _add_columns(self) -> None:
        kinds, models, barred = len(self.of_nodes.kinds), self._models, self.run.world.classes.barred
        if kinds == self._known:
            return
        if kinds * models > barred.shape[1]:
            wider = np.zeros((len(barred), 2 * kinds * models), dtype=np.int8)
            wider[:, : barred.shape[1]] = barred
            self.run.change(classes=self.run.world.classes._replace(barred=wider))
            barred = wider
        unlike = barred[:, :models] & UNLIKE
        for kind in range(self._known, kinds):
            for selection, classes in self._classes.items():
                barred[classes, kind * models : (kind + 1) * models] = unlike[classes] | self.of_nodes.barred(selection, kind)
        self._known = kinds

    def _type(self, number: int, kind: int) -> int:
        """The row of the capacities for a node that is of this kind now."""
        cluster = self.run.world.cluster
        row = cluster.capacity[self.run.world.nodes.free[number, TYPE]].copy()
        row[KIND] = kind * self._models + row[MODEL]
        place = self._types.setdefault(row.tobytes(), len(cluster.capacity))
        if place == len(cluster.capacity):
            self.run.change(cluster=cluster._replace(capacity=np.concatenate([cluster.capacity, row[None]])))
        return place
