"""S-41: labels and taints are given and taken while the cluster runs."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import OptionError
from mlplat.infra.workload_records import WorkloadStatus

from .clusters import state_digest
from .marked_clusters import cluster, node_of, submit


def test_s41_a_label_takes_effect_at_its_instant() -> None:
    of = cluster()
    for i in range(3):
        submit(of, f"w-{i}", {"disk": "ssd"})
    of.sim.run(until="1m")
    assert node_of(of, "w-2") is None
    assert of.endpoint.label("slow-1", {"disk": "ssd", "old": None}).labels["disk"] == "ssd"
    of.sim.run(until="1m")
    assert (node_of(of, "w-2"), of.workloads["w-2"].started_s) == ("slow-1", 60.0)
    (event,) = of.sim.log.select(predicate="node.labelled")
    assert (event.subject, event.actor) == ("node:slow-1", "admin")
    assert (dict(event.data["labels"]), list(event.data["removed"])) == ({"disk": "ssd"}, [])


def test_s41_a_label_that_goes_keeps_new_work_away_and_lets_what_runs_run() -> None:
    of = cluster()
    submit(of, "old", {"tier": "a", "node": "fast-0"}, request={"cpus": 1})
    of.sim.run(until="1m")
    of.endpoint.label("fast-0", {"tier": None})
    submit(of, "new", {"tier": "a"}, request={"cpus": 1})
    submit(of, "pinned", {"tier": "a", "node": "fast-0"}, request={"cpus": 1})
    of.sim.run(until="2m")
    assert (node_of(of, "old"), node_of(of, "new")) == ("fast-0", "fast-1")
    assert of.endpoint.describe("pinned").reason == "NODE_SELECTOR"
    of.sim.run(until="2h")
    assert of.endpoint.describe("old").status is WorkloadStatus.SUCCEEDED


def test_s41_whether_a_workload_can_ever_run_is_asked_of_the_labels_of_its_instant() -> None:
    of = cluster()
    submit(of, "before", {"zone": "x"})
    of.sim.run(until="1m")
    submit(of, "beside", {"zone": "x"})
    of.endpoint.label("slow-0", {"zone": "x"})
    of.sim.run(until="2m")
    submit(of, "behind", {"zone": "x"})
    of.sim.run(until="3m")
    of.endpoint.label("slow-0", {"zone": None})
    submit(of, "after", {"zone": "x"})
    of.sim.run(until="4m")
    found = [of.endpoint.describe(name).status.value for name in ("before", "beside", "behind", "after")]
    assert found == ["rejected", "running", "pending", "rejected"]


def test_s41_a_taint_keeps_new_work_away_and_lets_what_runs_run() -> None:
    of = cluster("groups: [{name: n, count: 2, cpus: 8, memory: 8GiB}]")
    submit(of, "old", request={"cpus": 1})
    of.sim.run(until="1m")
    assert of.endpoint.taint("n-0", "dedicated", "x").taints == ("dedicated=x:NoSchedule",)
    submit(of, "new", request={"cpus": 1})
    submit(of, "tolerant", tolerations=[{"key": "dedicated", "operator": "Exists"}], request={"cpus": 8})
    of.sim.run(until="2m")
    assert [node_of(of, name) for name in ("old", "new", "tolerant")] == ["n-0", "n-1", None]
    assert of.endpoint.untaint("n-0", "dedicated").taints == ()
    submit(of, "newer", request={"cpus": 7})
    of.sim.run(until="3m")
    assert node_of(of, "newer") in ("n-0", "n-1")
    predicates = [event.predicate for event in of.sim.log.select(subject="node:n-0")]
    assert predicates == ["node.tainted", "node.untainted"]


def test_s41_a_reservation_is_not_kept_on_a_node_that_was_tainted_since() -> None:
    of = cluster("groups: [{name: n, count: 2, cpus: 8, memory: 8GiB}]", queue="conservative")
    submit(of, "short", {"node": "n-0"}, duration="1h")
    submit(of, "long", {"node": "n-1"}, duration="2h")
    submit(of, "next")
    of.sim.run(until="30m")
    of.endpoint.taint("n-0", "dedicated")
    of.sim.run(until="3h")
    assert (node_of(of, "next"), of.workloads["next"].started_s) == ("n-1", 7200.0)


@pytest.mark.parametrize("queue", ["fifo", "best-effort-fifo", "easy", "conservative", "priority", "drf"])
@pytest.mark.parametrize("lets", ["untaint", "label"])
def test_s41_what_waits_runs_once_a_node_lets_it(queue: str, lets: str) -> None:
    of = cluster("groups: [{name: n, count: 1, cpus: 8, memory: 8GiB, labels: {disk: ssd}}]", queue=queue)
    submit(of, "w", {"disk": "ssd"})
    of.endpoint.cordon("n-0")
    of.sim.run(until="1m")
    of.endpoint.taint("n-0", "dedicated") if lets == "untaint" else of.endpoint.label("n-0", {"disk": None})
    of.endpoint.uncordon("n-0")
    of.sim.run(until="2m")
    assert node_of(of, "w") is None
    of.endpoint.untaint("n-0", "dedicated") if lets == "untaint" else of.endpoint.label("n-0", {"disk": "ssd"})
    of.sim.run(until="3m")
    assert of.workloads["w"].started_s == 120.0


@pytest.mark.parametrize("tolerates", [False, True])
def test_s41_no_execute_evicts_what_does_not_tolerate_it(tolerates: bool) -> None:
    of = cluster("groups: [{name: n, count: 2, cpus: 8, memory: 8GiB}]")
    tolerations = [{"key": "bad", "operator": "Exists"}] if tolerates else ()
    submit(of, "w", tolerations=tolerations, request={"cpus": 1})
    submit(of, "gang", replicas=2, request={"cpus": 5})
    of.sim.run(until="1m")
    assert node_of(of, "w") == "n-0"
    of.endpoint.taint("n-0", "bad", effect="NoExecute")
    of.sim.run(until="1m")
    assert node_of(of, "w") == ("n-0" if tolerates else "n-1")
    gang = of.endpoint.describe("gang")
    assert (gang.status.value, gang.reason) == ("pending", "DRAINED")
    (cause,) = of.sim.log.select(predicate="node.tainted")
    assert {event.cause for event in of.sim.log.select(predicate="workload.requeued")} == {cause.id}
    of.endpoint.untaint("n-0", "bad")
    of.sim.run(until="1m")
    assert of.endpoint.describe("gang").status is WorkloadStatus.RUNNING
    assert of.sim.log.check() == []


def test_s41_work_that_is_done_at_the_instant_of_the_taint_is_done() -> None:
    of = cluster("groups: [{name: n, cpus: 8, memory: 8GiB}]")
    submit(of, "w", duration="1m")
    of.sim.at(60.0, lambda: of.endpoint.taint("n-0", "bad", effect="NoExecute"))
    of.sim.run(until="2m")
    assert of.endpoint.describe("w").status is WorkloadStatus.SUCCEEDED


def test_s41_marks_asked_for_twice_change_nothing_and_say_nothing() -> None:
    of = cluster()
    of.endpoint.taint("slow-0", "a", "x", effect="NoExecute")
    of.endpoint.label("slow-0", {"new": "1"})
    of.sim.run(until="1s")
    before, events = state_digest(of), len(of.sim.log)
    of.endpoint.taint("slow-0", "a", "x", effect="NoExecute")
    of.endpoint.untaint("slow-0", "b")
    of.endpoint.label("slow-0", {"new": "1", "never": None})
    of.endpoint.label("slow-0", {})
    assert (state_digest(of), len(of.sim.log)) == (before, events)
    assert of.endpoint.taint("slow-0", "a", "y", effect="NoExecute").taints == ("a=y:NoExecute",)


CALLS: dict[str, tuple[Any, ...]] = {
    "label": ("slow-0", {"a": "b"}),
    "taint": ("slow-0", "a"),
    "untaint": ("slow-0", "a"),
    "add_node": ("slow",),
    "remove_node": ("slow-0",),
}


@pytest.mark.parametrize("verb", CALLS)
def test_s41_the_verbs_of_nodes_are_for_administrators(verb: str) -> None:
    of = cluster()
    submit(of, "w")
    of.sim.run(until="1m")
    before, events = state_digest(of), len(of.sim.log)
    with pytest.raises(mp.MlplatError, match=f"'ann' may not {verb} {CALLS[verb][0]}"):
        getattr(of.endpoint, verb)(*CALLS[verb], actor="ann")
    assert (state_digest(of), len(of.sim.log), of.sim.log[-1].predicate) == (before, events + 1, "access.denied")


@pytest.mark.parametrize(
    ("verb", "arguments", "text"),
    [
        ("label", ("slow-9", {"a": "b"}), "unknown node 'slow-9'"),
        ("label", ("slow-0", "a=b"), "labels='a=b': expected a mapping"),
        ("label", ("slow-0", {"a": 1}), "label 'a'=1"),
        ("taint", ("slow-0", ""), "at least one character"),
        ("taint", ("slow-0", "a\n"), "expected printable text"),
        ("untaint", ("slow-9", "a"), "unknown node 'slow-9'"),
        ("add_node", ("slo",), "unknown node group 'slo'; did you mean 'slow'"),
        ("add_node", ("slow",), "group 'slow' has all of its machines: its count, the most it can have, is 2"),
        ("remove_node", ("slow-9",), "unknown node 'slow-9'"),
    ],
)
def test_s41_a_call_that_cannot_be_is_refused_before_any_effect(verb: str, arguments: tuple[Any, ...], text: str) -> None:
    of = cluster()
    before, events = state_digest(of), len(of.sim.log)
    with pytest.raises(mp.MlplatError, match=text):
        getattr(of.endpoint, verb)(*arguments)
    assert (state_digest(of), len(of.sim.log), of.sim.log[-1].predicate) == (before, events + 1, "call.refused")
    with pytest.raises(OptionError, match="effect='NoWay'"):
        of.endpoint.taint("slow-0", "a", effect="NoWay")  # type: ignore[arg-type]


def test_s41_labels_and_taints_outlive_a_change_of_policies() -> None:
    of = cluster()
    of.endpoint.label("slow-0", {"disk": "ssd"})
    of.endpoint.taint("fast-0", "a")
    submit(of, "first", {"disk": "ssd"}, duration="1m")
    of.sim.run(until="5m")
    of.endpoint.configure(queue="easy", placement="worst-fit")
    for i in range(3):
        submit(of, f"w-{i}", {"disk": "ssd"})
    of.sim.run(until="6m")
    assert {node_of(of, f"w-{i}") for i in range(3)} == {"fast-1", "slow-0", None}
