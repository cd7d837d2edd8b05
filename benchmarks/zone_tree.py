"""The tree of quotas (docs/quotas.md) once more, in plain NumPy and for many instants at once: what the checks of zones compare with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlplat.hardware.node_table import NodeTable
from mlplat.infra.quotas import Cohort, Described, Quota
from mlplat.infra.quotas.amounts import column_of, named
from mlplat.infra.quotas.parts import parts_of, tried_flavors
from mlplat.infra.world import Run
from mlplat.resources import UNLIMITED

Array = np.ndarray[Any, Any]
AMOUNTS, ENVIRONMENTS = 5, 4
"""Columns that every cluster has: CPU, memory, disk, accelerator milli, environments. Four of each flavor follow."""
ENDLESS = 2**60


class Tree:
    """T nodes, 0 the root, `described[i]` at i + 1, None where one is gone; R columns. `capacity`, `guaranteed`: [R]; `guarantee`,
    `brought`, `kept`, `limit`: int64[T, R].
    """

    def __init__(self, described: Sequence[Described | None], nodes: NodeTable) -> None:
        self.described = list(described)
        self.parts = parts_of(described, nodes)
        flavors = self.parts.flavors
        columns = AMOUNTS + 4 * len(flavors)
        count = len(described) + 1
        each = np.column_stack([nodes.cpu_milli, nodes.memory_mib, nodes.disk_mib, 1000 * nodes.gpus.astype(np.int64)])
        self.of_node = np.zeros((len(nodes), columns), dtype=np.int64)
        self.of_node[:, :4] = np.where(each >= UNLIMITED, 0, each)
        for flavor in range(len(flavors)):
            begin, there = AMOUNTS + 4 * flavor, self.parts.flavor == flavor
            self.of_node[there, begin : begin + 4] = self.of_node[there, :4]
        self.capacity = self.of_node.sum(axis=0)
        self.capacity[ENVIRONMENTS] = ENDLESS
        for column in np.flatnonzero((each >= UNLIMITED).any(axis=0)).tolist():
            self.capacity[column] = ENDLESS
            for flavor in range(len(flavors)):
                if (each[self.parts.flavor == flavor, column] >= UNLIMITED).any():
                    self.capacity[AMOUNTS + 4 * flavor + column] = ENDLESS
        cohorts = {one.name: i + 1 for i, one in enumerate(described) if isinstance(one, Cohort)}
        self.parent = [-1] * count
        self.guarantee = np.zeros((count, columns), dtype=np.int64)
        self.limit, lend = np.full_like(self.guarantee, ENDLESS), np.full_like(self.guarantee, ENDLESS)
        self.guaranteed = np.zeros(columns, dtype=np.bool_)
        for node, one in enumerate(described, start=1):
            self.parent[node] = 0
            if one is None:
                continue
            above = one.parent if isinstance(one, Cohort) else one.cohort
            self.parent[node] = 0 if above is None else cohorts[above]
            if isinstance(one, Cohort) and above is None:
                lend[node] = 0
            for into, amounts in ((self.guarantee, one.guarantee), (self.limit, one.limit), (lend, one.lend)):
                for flavor, dimension, units in named(amounts):
                    into[node, column_of(flavor, dimension, flavors)] = units
            for flavor, dimension, _ in named(one.guarantee):
                self.guaranteed[column_of(flavor, dimension, flavors)] = True
        self.way = [self._way(node) for node in range(count)]
        self.upwards = sorted(range(1, count), key=lambda node: -len(self.way[node]))
        self.is_leaf = [isinstance(one, Quota) for one in (None, *described)]
        brought = self.guarantee.copy()
        self.kept = np.zeros_like(brought)
        for node in self.upwards:
            self.kept[node] = np.maximum(0, brought[node] - lend[node])
            brought[self.parent[node]] += brought[node] - self.kept[node]
        self.oversold = self.guarantee[1:].sum(axis=0) > self.capacity
        """bool[R]: where more is guaranteed than there is."""
        self.guarantee[0] = np.maximum(0, self.capacity - self.guarantee[1:].sum(axis=0))
        brought[0] += self.guarantee[0]
        self.brought = brought
        self.potential = self.available(np.zeros_like(brought))

    def _way(self, node: int) -> list[int]:
        """The nodes from one up to the root."""
        way = [node]
        while self.parent[way[-1]] >= 0:
            way.append(self.parent[way[-1]])
        return way

    def spread(self, use: Array) -> Array:
        """[..., T, R]: `use` of leaves, with that of the nodes above them put in."""
        for node in self.upwards:
            use[..., self.parent[node], :] += np.maximum(0, use[..., node, :] - self.kept[node])
        return use

    def available(self, use: Array, lost: Array | int = 0) -> Array:
        """[..., T, R]: what each node could still have. `lost`: [..., R], what the cluster is smaller by."""
        found = np.zeros_like(use)
        found[..., 0, :] = self.brought[0] - lost - use[..., 0, :]
        for node in reversed(self.upwards):
            kept, mine = self.kept[node], use[..., node, :]
            above = np.minimum(found[..., self.parent[node], :], self.limit[node] - np.maximum(kept, mine))
            found[..., node, :] = np.maximum(0, kept - mine) + np.maximum(0, above)
        return found

    def branches(self, one: int, other: int) -> tuple[int, int]:
        """The children, towards two leaves, of the lowest node above both."""
        ways = self.way[one][::-1], self.way[other][::-1]
        place = next(i for i, (a, b) in enumerate(zip(*ways, strict=False)) if a != b)
        return ways[0][place], ways[1][place]

    def leaf_of(self, groups: Sequence[str]) -> Array:
        """int32[groups]: whose quota lists a group, or that of all others."""
        of = {name: i + 1 for i, one in enumerate(self.described) if isinstance(one, Quota) for name in one.listed}
        rest = next(i + 1 for i, one in enumerate(self.described) if isinstance(one, Quota) and one.name == "")
        return np.array([of.get(name, rest) for name in groups], dtype=np.int32)

    def flavors_of(self, leaf: int) -> list[int]:
        """Those in which a quota's jobs are tried; -1 where there are none."""
        one = self.described[leaf - 1]
        assert isinstance(one, Quota)
        return tried_flavors(one, self.parts) or [-1]

    def owner_of_nodes(self) -> Array:
        """int32[N]: the quota a node is reserved for, or -1."""
        return np.array([self.parts.each[part][1] for part in self.parts.part.tolist()], dtype=np.int32)

    def ask(self, base: Array, flavor: Array) -> Array:
        """int64[..., R]: amounts [..., 5] as they count in a flavor [...], -1 for none."""
        asked = np.zeros((*base.shape[:-1], len(self.capacity)), dtype=np.int64)
        asked[..., :AMOUNTS] = base
        for number in range(len(self.parts.flavors)):
            begin = AMOUNTS + 4 * number
            asked[..., begin : begin + 4] = np.where((flavor == number)[..., None], base[..., :4], 0)
        return asked


def asked_amounts(run: Run) -> Array:
    """int64[n, 5]: what all replicas of each job ask for, from the requests of the trace."""
    gangs, models = run.gangs, run.nodes.models
    amounts = np.zeros((len(gangs.requests), AMOUNTS), dtype=np.int64)
    for i, request in enumerate(gangs.requests):
        milli = 1000 * request.gpus + request.gpu_milli
        if request.mig:
            known = [
                model.mig.profiles[request.mig].milli for model in models if model.mig is not None and request.mig in model.mig.profiles
            ]
            milli = known[0] if known else 0
        amounts[i] = request.cpu_milli, request.memory_mib, request.disk_mib, milli, 1
    replicas = np.asarray(gangs.replicas, dtype=np.int64)[:, None]
    found: Array = (replicas - 1) * amounts[gangs.request] + amounts[gangs.last_request]
    return found
