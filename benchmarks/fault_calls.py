"""What is called for on a live cluster of the fault campaign: the hardware's and the endpoint's verbs, and what each promises at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import yaml

from benchmarks.fault_cases import PLACEMENTS
from benchmarks.fault_draws import QUEUES
from benchmarks.fault_live import Call, LiveCase, workload_of
from benchmarks.fault_mark_rules import MarkRules
from benchmarks.fault_marks import MARKING
from benchmarks.fault_networks import LINK_VERBS, change_link, repair_links
from mlplat.errors import MlplatError
from mlplat.infra.cluster import Cluster
from mlplat.infra.endpoint.explanation import explain_job
from mlplat.infra.endpoint.manifest_writing import write_manifest
from mlplat.infra.workload_records import WorkloadStatus

READ = ("free", "device", "owner", "slices")


def carry_out(cluster: Cluster, case: LiveCase, call: Call, marks: MarkRules | None = None) -> None:
    """A call; that the cluster refuses it is an answer too, after which nothing has changed."""
    before, logged = fingerprint(cluster), len(cluster.sim.log)
    try:
        _verb(cluster, case, call, marks)()
    except MlplatError as error:
        assert str(error), "an error says why"
        assert same(before, fingerprint(cluster)), f"{call.verb} was refused and has changed something: {error}"
        assert len(cluster.sim.log) <= logged + 1, f"{call.verb} was refused once and is told of more than once"


def fingerprint(cluster: Cluster) -> list[Any]:
    """What a call that does nothing must leave alone: the state of the jobs, and what is free."""
    world = cluster.scheduler.run.world
    arrays = [world.log.state, world.count, world.hardware.health, *(getattr(world.nodes, name) for name in READ)]
    return [*(array.copy() for array in arrays), *(record.status for record in cluster._records)]


def same(one: list[Any], other: list[Any]) -> bool:
    """Whether two fingerprints are equal."""
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def _verb(cluster: Cluster, case: LiveCase, call: Call, marks: MarkRules | None) -> Callable[[], object]:
    endpoint, hardware, target, amount = cluster.endpoint, cluster.hardware, call.target, call.amount
    if marks is not None and call.verb in MARKING:
        return lambda: marks.carry_out(call)
    if call.verb in LINK_VERBS:
        return lambda: change_link(cluster, call.verb, target)
    if call.verb in ("crash", "cut_off", "restore", "fail_device", "repair_device", "cordon", "uncordon", "drain"):
        name = cluster.nodes.names[target]
        return {
            "fail_device": lambda: hardware.fail_device(name, int(amount)),
            "repair_device": lambda: hardware.repair_device(name, int(amount)),
            "drain": lambda: endpoint.drain(name, grace=amount),
            "cordon": lambda: endpoint.cordon(name),
            "uncordon": lambda: endpoint.uncordon(name),
        }.get(call.verb, lambda: getattr(hardware, call.verb)(name))
    return {
        "delete": lambda: endpoint.delete(f"w{target}", grace=amount),
        "scale": lambda: endpoint.scale(f"w{target}", int(amount)),
        "submit": lambda: endpoint.submit(workload_of(f"w{target}", case.works[target])),
        "apply": lambda: _apply(cluster, case, call),
        "prune": lambda: _apply(cluster, case, call),
        "dry_run": lambda: _apply(cluster, case, call),
        "look": lambda: _look(cluster, marks),
        "configure": lambda: endpoint.configure(queue=QUEUES[target], placement=PLACEMENTS[int(amount)]),
        "claim": lambda: cluster.volumes.claim(f"v{target}", f"{int(amount)}MiB", "local" if target % 2 else "any"),
        "release": lambda: cluster.volumes.release(f"v{target}"),
    }[call.verb]


def _apply(cluster: Cluster, case: LiveCase, call: Call) -> None:
    """A manifest with one workload: of another priority, of other replicas. To apply it again would change nothing."""
    document = yaml.safe_load(write_manifest([workload_of(f"w{call.target}", case.works[call.target])]))
    said, amount = document["spec"], int(call.amount)
    said["priority"] = amount // 2
    if document["kind"] == "Service" or amount:
        said["replicas"] = amount
    if call.verb == "dry_run":
        before, logged = fingerprint(cluster), len(cluster.sim.log)
        cluster.endpoint.apply(document, dry_run=True)
        assert same(before, fingerprint(cluster)) and logged == len(cluster.sim.log), "a dry run has changed something"
        return
    cluster.endpoint.apply(document, prune=call.verb == "prune")
    logged = len(cluster.sim.log)
    again = cluster.endpoint.apply(document)
    assert again.empty and logged == len(cluster.sim.log), f"what was applied differs from what there is: {again}"


def _look(cluster: Cluster, marks: MarkRules | None) -> None:
    """Every verb that only tells something. What is told of labels and taints is right."""
    endpoint, before, logged = cluster.endpoint, fingerprint(cluster), len(cluster.sim.log)
    for summary in endpoint.list():
        described = endpoint.describe(summary.name)
        if described.replicas:
            endpoint.explain(summary.name)
            endpoint.logs(summary.name)
    for name in cluster.nodes.names:
        endpoint.describe_node(name)
    if marks is not None:
        marks.check_shown()
        for record in cluster._records:
            if record.status in (WorkloadStatus.PENDING, WorkloadStatus.HELD):
                marks.check_explained(record.job, explain_job(cluster, record).counts)
    endpoint.capacity()
    if cluster.scrape_period is not None:
        endpoint.metrics()
    assert same(before, fingerprint(cluster)) and logged == len(cluster.sim.log), "looking has changed something"


def repair(cluster: Cluster) -> None:
    """Everything that is broken or closed is whole and open."""
    repair_links(cluster)
    for row, name in enumerate(cluster.nodes.names):
        cluster.hardware.restore(name)
        cluster.endpoint.uncordon(name)
        for device in range(int(cluster.nodes.gpus[row])):
            cluster.hardware.repair_device(name, device)
