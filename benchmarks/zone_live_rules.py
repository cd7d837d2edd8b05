"""Playing a live case of the campaign of zones.

After every instant what each quota and cohort is charged for, and what the endpoint says of it, must be what its workloads hold and claim;
above a limit that was lowered nothing may start; at the end nothing is charged and no node is kept for anybody.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.fault_invariants import Violation
from benchmarks.zone_draws import described
from benchmarks.zone_live import Call, Work, ZoneLiveCase
from benchmarks.zone_tree import AMOUNTS, Tree
from mlplat.context import Simulation
from mlplat.errors import MlplatError
from mlplat.hardware import ClusterSpec
from mlplat.infra.checkpoints import CheckpointPolicy
from mlplat.infra.cluster import Cluster
from mlplat.infra.kernels.attempt_state import EARMARKED, GIVEN_UP
from mlplat.infra.kernels.quota_state import CLAIMS
from mlplat.infra.kernels.state import STARTED
from mlplat.infra.quotas.amounts import spoken_amounts
from mlplat.infra.workload_spec import Workload
from mlplat.resources import ResourceRequest

Array = np.ndarray[Any, Any]
LAST_S, END_S = 80.0, 200.0
"""When everything is whole again and all workloads are deleted, and when the run ends."""


def play(case: ZoneLiveCase) -> tuple[Violation | None, int, int, int]:
    """What was wrong first, the instants that were checked, the workloads and the attempts."""
    spec = ClusterSpec.model_validate({"groups": case.groups})
    cluster = Cluster(
        Simulation(case.seed),
        spec,
        queue=case.queue,
        placement=case.placement,
        scrape_period=case.scrape_period,
        quotas=described(case.zones),
    )
    sim = cluster.sim
    for number, work in enumerate(case.works):
        sim.at(work.time, _submit, cluster, number, work)
    for call in case.calls:
        sim.at(call.time, _carry_out, cluster, call)
    sim.at(LAST_S, _finish, cluster, len(case.works))
    rules, violation, instants = LiveRules(cluster), None, 0
    while violation is None and sim.peek() <= END_S:
        sim.step()
        instants += 1
        for detail in rules.wrong():
            violation = Violation("live", sim.now, detail)
            break
    for detail in () if violation else rules.wrong_end():
        violation = Violation("end", sim.now, detail)
        break
    return violation, instants, len(case.works), int(cluster.scheduler.run.world.count[STARTED])


def _submit(cluster: Cluster, number: int, work: Work) -> None:
    checkpoint = {"checkpoint": CheckpointPolicy(1.0, work.write, 0.5)} if work.write >= 0 else {}
    workload = Workload(
        f"w{number}",
        ResourceRequest(**work.request),
        duration=work.duration,
        replicas=work.replicas,
        priority=work.priority,
        zone=work.zone,
        **checkpoint,  # type: ignore[arg-type]
    )
    cluster.endpoint.submit(workload)


def _carry_out(cluster: Cluster, call: Call) -> None:
    """A call; that the cluster refuses it is an answer too."""
    endpoint, hardware = cluster.endpoint, cluster.hardware
    node = cluster.nodes.names[call.target] if call.verb in ("crash", "restore", "drain", "uncordon") else ""
    try:
        match call.verb:
            case "set":
                endpoint.set_quota(described([call.target])[0])
            case "suspend" | "resume":
                endpoint.suspend_quota(call.target, call.verb == "suspend")
            case "remove":
                endpoint.remove_quota(call.target)
            case "delete":
                endpoint.delete(f"w{call.target}", grace=1.0)
            case "drain":
                endpoint.drain(node, grace=1.0)
            case "uncordon":
                endpoint.uncordon(node)
            case _:
                getattr(hardware, call.verb)(node)
    except MlplatError as error:
        assert str(error), "an error says why"


def _finish(cluster: Cluster, works: int) -> None:
    for name in cluster.nodes.names:
        cluster.hardware.restore(name)
        cluster.endpoint.uncordon(name)
    for number in range(works):
        _carry_out(cluster, Call(cluster.sim.now, "delete", number))


class LiveRules:
    """What must hold after every instant."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.tree: Tree | None = None
        self.started = 0
        self.changed_at = math.nan

    def wrong(self) -> Iterator[str]:
        scheduler = self.cluster.scheduler
        table = scheduler.table.quotas
        if table is None:
            return
        if self.tree is None or self.tree.described != table.described:
            self.tree, self.changed_at = Tree(table.described, self.cluster.nodes), self.cluster.sim.now
        tree, world, quotas = self.tree, scheduler.run.world, table.arrays
        claims = quotas.claims[: quotas.number[CLAIMS]].tolist()
        made = int(world.count[STARTED])
        there = set(world.log.order[:made][np.isnan(world.attempts.end[:made])].tolist())
        holding = [record for record in self.cluster._records if record.job in there]
        held, claimed = np.zeros_like(tree.brought), np.zeros_like(tree.brought)
        running = np.zeros(len(tree.parent), dtype=np.int64)
        for record in self.cluster._records:
            leaf = int(quotas.of[record.job])
            if record in holding:
                held[leaf, :AMOUNTS] += self._ask(record.workload)
                running[leaf] += 1
            elif record.job in claims:
                claimed[leaf, :AMOUNTS] += self._ask(record.workload)
        use = tree.spread(held + claimed)
        if not np.array_equal(use, quotas.use):
            node, column = np.argwhere(use != quotas.use)[0]
            has, right = quotas.use[node, column], use[node, column]
            yield f"node {node} is charged for {has} in column {column}, and its jobs hold and claim {right}"
        if sorted([*claims, *(record.job for record in holding)]) != np.flatnonzero(quotas.charged).tolist():
            yield f"jobs {np.flatnonzero(quotas.charged).tolist()} are charged, and others hold room or claim it"
        for name in ("guarantee", "brought", "kept"):
            right, has = getattr(tree, name).copy(), getattr(quotas, name)
            if name != "kept":
                right[0] -= self._lost(tree)
            bounded = tree.capacity < 2**59
            if not np.array_equal(right[:, bounded], has[:, bounded]):
                yield f"`{name}` is {has.tolist()} and should be {right.tolist()}"
        marked = quotas.planned_on > 0
        if (marked.any() and not claims) or (marked != (world.hardware.health & EARMARKED != 0)).any():
            yield f"nodes {np.flatnonzero(marked).tolist()} are kept, and {claims} have claims"
        yield from self._told(tree, tree.spread(held))
        yield from self._starts(tree, use, quotas)

    def _lost(self, tree: Tree) -> Array:
        world = self.cluster.scheduler.run.world
        rows = np.asarray(world.cluster.row_of)[world.hardware.health & GIVEN_UP != 0]
        lost: Array = tree.of_node[rows].sum(axis=0)
        return lost

    def _ask(self, workload: Workload) -> Array:
        request = workload.request
        milli = 1000 * request.gpus + request.gpu_milli
        if request.mig:
            known = [model.mig for model in self.cluster.nodes.models if model.mig is not None and request.mig in model.mig.profiles]
            milli = known[0].profiles[request.mig].milli if known else 0
        return workload.replicas * np.array([request.cpu_milli, request.memory_mib, request.disk_mib, milli, 1])

    def _told(self, tree: Tree, held: Array) -> Iterator[str]:
        """What the endpoint says of each quota adds up."""
        for node, one in enumerate(tree.described, start=1):
            if one is None:
                continue
            told = self.cluster.endpoint.quota_use(one.name)
            borrowed = np.maximum(0, held[node] - tree.brought[node])
            if dict(told.use) != spoken_amounts(held[node], ()):
                yield f"{one.name} is said to use {told.use}; by its workloads {spoken_amounts(held[node], ())}"
            if dict(told.borrowed) != spoken_amounts(borrowed, (), np.flatnonzero(tree.guaranteed).tolist()):
                yield f"{one.name} is said to have borrowed {told.borrowed}; by its workloads {borrowed.tolist()}"

    def _starts(self, tree: Tree, use: Array, quotas: Any) -> Iterator[str]:
        """Above a limit nothing starts."""
        world = self.cluster.scheduler.run.world
        made, before = int(world.count[STARTED]), self.started
        self.started = made
        if made < before or self.changed_at == self.cluster.sim.now:
            return
        over = use > np.maximum(tree.limit, tree.kept)
        for attempt in range(before, made):
            job = int(world.log.order[attempt])
            leaf = int(quotas.of[job])
            if np.isnan(world.attempts.end[attempt]):
                asks = self._ask(self.cluster._records[job].workload) > 0
                if any((over[node, :AMOUNTS] & asks).any() for node in tree.way[leaf][:1]):
                    yield f"job {job} of quota {leaf} starts above a limit: {use[leaf].tolist()} of {tree.limit[leaf].tolist()}"
                if tree.described[leaf - 1].suspended:  # type: ignore[union-attr]
                    yield f"job {job} starts, and quota {leaf} is suspended"

    def wrong_end(self) -> Iterator[str]:
        """With everything deleted nothing is charged."""
        table = self.cluster.scheduler.table.quotas
        if table is None:
            return
        quotas = table.arrays
        if quotas.use.any() or quotas.charged.any() or quotas.number[CLAIMS] or quotas.planned_on.any():
            yield f"all workloads are deleted, and {quotas.use.tolist()} is charged, {np.flatnonzero(quotas.charged).tolist()}"
        world = self.cluster.scheduler.run.world
        if (world.hardware.health & EARMARKED).any():
            yield "nodes are still kept for somebody"
