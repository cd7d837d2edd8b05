"""S-41: administrators cordon, drain and configure at run time; everybody else is refused."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import OptionError
from mlplat.infra.cluster import Cluster
from mlplat.infra.endpoint import AccessDenied
from mlplat.infra.workload_records import WorkloadStatus

from .clusters import cluster, state_digest, work


def test_s41_a_cordoned_node_takes_nothing_new_and_keeps_what_runs() -> None:
    of = cluster()
    of.endpoint.submit(work("old", gpus=1))
    of.sim.run(until="1m")
    assert of.endpoint.cordon("node-0").health == "cordoned"
    assert of.endpoint.describe_node("node-0").health == "cordoned"
    of.endpoint.submit(work("new", gpus=1))
    of.sim.run(until="2m")
    assert [of.endpoint.describe(name).parts[0].node for name in ("old", "new")] == ["node-0", "node-1"]
    assert of.endpoint.describe_node("node-0").workloads == ("old",)
    assert of.endpoint.state().health == ("cordoned", "ready")
    assert of.endpoint.capacity().nodes_in_service == 1
    assert of.endpoint.uncordon("node-0").health == "ready"
    of.endpoint.submit(work("newest", gpus=1))
    of.sim.run(until="3m")
    assert of.endpoint.describe("newest").parts[0].node == "node-0"


def test_s41_a_drained_node_is_empty_after_the_grace_and_its_work_runs_elsewhere() -> None:
    of = cluster()
    of.endpoint.submit(work("train", gpus=1, checkpoint="every 30m write 2m", duration="2h"))
    of.sim.run(until="10m")
    assert of.endpoint.drain("node-0", grace="5m").health == "draining"
    of.sim.run(until="11m")
    assert of.endpoint.describe("train").status is WorkloadStatus.STOPPING
    of.sim.run(until="13m")
    assert of.endpoint.describe("train").parts[0].node == "node-1"
    node = of.endpoint.describe_node("node-0")
    assert (node.health, node.workloads, node.gpu_milli) == ("cordoned", (), (8000, 0, 8000))
    assert [event.predicate for event in of.sim.log.select(subject="node:node-0")] == ["node.cordoned", "node.drained"]
    assert {event.actor for event in of.sim.log.select(subject="node:node-0")} == {"admin"}


def test_s41_asking_twice_changes_nothing_and_says_nothing() -> None:
    of = cluster()
    of.endpoint.cordon("node-0")
    of.sim.run(until="1s")
    before, events = state_digest(of), len(of.sim.log)
    of.endpoint.cordon("node-0")
    of.endpoint.uncordon("node-1")
    of.sim.run(until="1s")
    assert len(of.sim.log) == events
    assert state_digest(of) == before


@pytest.mark.parametrize("verb", ["cordon", "drain", "uncordon"])
@pytest.mark.parametrize("actor", ["ann", "administrator", "Admin"])
def test_s41_others_are_refused_before_any_effect(verb: str, actor: str) -> None:
    of = cluster()
    of.endpoint.submit(work("train", gpus=1))
    of.sim.run(until="1m")
    before, events = state_digest(of), len(of.sim.log)
    with pytest.raises(AccessDenied, match=f"'{actor}' may not {verb} node-0") as refused:
        getattr(of.endpoint, verb)("node-0", actor=actor)
    assert (refused.value.principal, refused.value.action, refused.value.resource) == (actor, verb, "node-0")
    assert state_digest(of) == before
    assert len(of.sim.log) == events + 1
    event = of.sim.log[-1]
    assert (event.predicate, event.actor, dict(event.data)) == ("access.denied", actor, {"action": verb, "resource": "node-0"})


def test_s41_who_administrates_is_said_to_the_cluster() -> None:
    of = cluster(administrators=frozenset({"ops"}))
    of.endpoint.cordon("node-0", actor="ops")
    with pytest.raises(AccessDenied):
        of.endpoint.cordon("node-1")


def test_s41_a_name_that_is_none_is_a_mistake_and_no_denial() -> None:
    of = cluster()
    with pytest.raises(OptionError, match="expected the name of a principal"):
        of.endpoint.cordon("node-0", actor="")
    assert of.sim.log[-1].predicate == "call.refused"


QUEUES = [name for name in mp.QUEUES if name != "loss"]
PLACEMENTS = [name for name in mp.PLACEMENTS if name != "fgd"]


def fill(of: Cluster, prefix: str) -> list[tuple[object, ...]]:
    """A mix of workloads, and when and where each of them ran."""
    for i in range(24):
        request = {"gpus": 1 + i % 8} if i % 3 else {"gpu_milli": 100 + 30 * i}
        more: dict[str, Any] = {"priority": i % 4, "zone": "ab"[i % 2], "replicas": 1 + i % 2, "duration": 600.0 + 300 * (i % 5)}
        of.endpoint.submit(mp.Workload(f"{prefix}-{i}", mp.ResourceRequest(cpus=1 + i % 3, **request), **more))
    start = of.sim.now
    of.sim.run(until=start + 86400)
    found: list[tuple[object, ...]] = []
    for i in range(24):
        record = of.workloads[f"{prefix}-{i}"]
        nodes = tuple(environment.node for environment in record.environments)
        found.append((record.status, record.started_s - start, record.ended_s - start, nodes))
    return found


@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize("placement", ["best-fit", "gpu-clustering", "topology"])
def test_s41_under_other_policies_all_is_as_if_they_had_been_there_from_the_start(queue: str, placement: str) -> None:
    changed, fresh = cluster("4x8xV100", queue="easy", placement="worst-fit"), cluster("4x8xV100", queue=queue, placement=placement)
    for of in (changed, fresh):
        of.endpoint.cordon("node-1")
        of.hardware.fail_device("node-2", 3)
    fill(changed, "before")
    changed.endpoint.configure(queue=queue, placement=placement)
    fresh.sim.run(until=changed.sim.now)
    assert fill(changed, "w") == fill(fresh, "w")
    state = changed.endpoint.state()
    assert (state.free + state.bound == state.capacity).all()
    assert changed.endpoint.explain("before-3").status == "succeeded"
    assert changed.sim.log.check() == []


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_s41_every_placement_can_be_changed_to_and_back(placement: str) -> None:
    of = cluster("4x8xV100")
    fill(of, "a")
    of.endpoint.configure(placement=placement)
    event = of.sim.log[-1]
    assert event.predicate == "cluster.configured"
    assert str(event.data["placement"]).startswith(placement)
    fill(of, "b")
    of.endpoint.configure(placement="best-fit")
    assert {status for status, *_ in fill(of, "c")} == {WorkloadStatus.SUCCEEDED}


def test_s41_policies_do_not_change_under_work_and_not_for_others() -> None:
    of = cluster()
    of.endpoint.submit(work("train", gpus=1))
    refused = [
        (lambda: of.endpoint.configure(queue="easy"), "there are jobs: 1 arriving"),
        (lambda: of.endpoint.configure(queue="easyy"), "did you mean 'easy'"),
        (lambda: of.endpoint.configure(queue="easy", actor="ann"), "'ann' may not configure the cluster"),
    ]
    for call, text in refused:
        before, table = state_digest(of), of.scheduler.table
        with pytest.raises(mp.MlplatError, match=text):
            call()
        assert state_digest(of) == before
        assert of.scheduler.table is table
    of.sim.run(until="1m")
    with pytest.raises(OptionError, match="1 running"):
        of.endpoint.configure(placement="worst-fit")
