"""S-16: nodes have labels and taints; workloads select by the ones and tolerate the others."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import OptionError, UnknownNameError
from mlplat.hardware import Taint
from mlplat.infra.cluster import Cluster
from mlplat.infra.endpoint.node_reasons import NodeReason, node_reasons
from mlplat.infra.kernels.state import REQUEST
from mlplat.infra.tolerations import Toleration
from mlplat.infra.workload_records import WorkloadStatus

from .clusters import state_digest

SPEC = """
groups:
- {name: fast, count: 2, cpus: 8, memory: 32GiB, racks: [r1, r2], labels: {disk: ssd, tier: a}}
- {name: slow, count: 2, cpus: 8, memory: 32GiB, labels: {disk: hdd}}
- {name: gpu, count: 2, cpus: 8, memory: 32GiB, gpus: 4, gpu_model: V100, taints: ["dedicated=training:NoSchedule"]}
"""
TRAINING = [{"key": "dedicated", "value": "training"}]


def cluster(text: str = SPEC, **options: Any) -> Cluster:
    return mp.Cluster(
        mp.Simulation(seed=7), mp.ClusterSpec.from_yaml(text), **({"scrape_period": None, "queue": "best-effort-fifo"} | options)
    )


def node_of(of: Cluster, name: str) -> str | None:
    return of.endpoint.describe(name).parts[0].node


def submit(of: Cluster, name: str, selector: dict[str, str] | None = None, tolerations: Any = (), **more: Any) -> None:
    fields = {"duration": "1h", **more}
    request = fields.pop("request", {"cpus": 8})
    of.endpoint.submit(mp.Workload(name, request, node_selector=selector or {}, tolerations=tolerations, **fields))


@pytest.mark.parametrize(
    ("selector", "nodes"),
    [
        ({}, {"fast-0", "fast-1", "slow-0", "slow-1"}),
        ({"disk": "ssd"}, {"fast-0", "fast-1"}),
        ({"disk": "ssd", "tier": "a"}, {"fast-0", "fast-1"}),
        ({"disk": "hdd"}, {"slow-0", "slow-1"}),
        ({"node": "slow-1"}, {"slow-1"}),
        ({"rack": "r2"}, {"fast-1"}),
        ({"group": "slow"}, {"slow-0", "slow-1"}),
    ],
)
def test_s16_a_workload_runs_on_all_nodes_that_have_its_labels_and_on_no_other(selector: dict[str, str], nodes: set[str]) -> None:
    of = cluster()
    for i in range(6):
        submit(of, f"w-{i}", selector)
    of.sim.run(until="1m")
    found = [node_of(of, f"w-{i}") for i in range(6)]
    assert set(found) == nodes | {None}
    assert len(found) - found.count(None) == len(nodes)


def test_s16_an_accelerator_is_a_label_by_any_of_its_names() -> None:
    of = cluster()
    submit(of, "canonical", {"accelerator": "V100-16"}, TRAINING)
    submit(of, "alias", {"accelerator": "V100"}, TRAINING)
    submit(of, "other", {"accelerator": "T4"}, TRAINING)
    of.sim.run(until="1m")
    assert [node_of(of, name) for name in ("canonical", "alias")] == ["gpu-0", "gpu-1"]
    assert of.endpoint.describe("other").reason == "NODE_SELECTOR"


@pytest.mark.parametrize(
    ("toleration", "taint", "tolerated"),
    [
        ({"key": "a", "value": "x"}, "a=x:NoSchedule", True),
        ({"key": "a", "value": "x"}, "a=x:NoExecute", True),
        ({"key": "a", "value": "x"}, "a=y:NoSchedule", False),
        ({"key": "a"}, "a:NoSchedule", True),
        ({"key": "a"}, "a=x:NoSchedule", False),
        ({"key": "b", "value": "x"}, "a=x:NoSchedule", False),
        ({"key": "a", "operator": "Exists"}, "a=x:NoSchedule", True),
        ({"key": "a", "operator": "Exists"}, "b=x:NoSchedule", False),
        ({"operator": "Exists"}, "b=x:NoExecute", True),
        ({"operator": "Exists", "effect": "NoSchedule"}, "b=x:NoExecute", False),
        ({"key": "a", "value": "x", "effect": "NoExecute"}, "a=x:NoSchedule", False),
    ],
)
def test_s16_tolerations_are_those_of_kubernetes(toleration: dict[str, Any], taint: str, tolerated: bool) -> None:
    assert Toleration(**toleration).tolerates(Taint.model_validate(taint)) is tolerated
    of = cluster(f"groups: [{{name: only, cpus: 8, memory: 8GiB, taints: ['{taint}']}}]")
    submit(of, "w", tolerations=[toleration])
    of.sim.run(until="1m")
    assert node_of(of, "w") == ("only-0" if tolerated else None)
    assert of.endpoint.describe("w").reason == ("" if tolerated else "TAINT")


def test_s16_every_taint_must_be_tolerated_and_a_wish_keeps_nothing_away() -> None:
    of = cluster("groups: [{name: n, cpus: 8, memory: 8GiB, taints: ['a:NoSchedule', 'b:NoSchedule', 'c:PreferNoSchedule']}]")
    submit(of, "one", tolerations=[{"key": "a"}])
    submit(of, "both", tolerations=[{"key": "a"}, {"key": "b"}])
    of.sim.run(until="1m")
    assert (of.endpoint.describe("one").reason, node_of(of, "both")) == ("TAINT", "n-0")


def test_s16_what_no_node_could_hold_is_rejected_with_the_reason() -> None:
    of = cluster()
    submit(of, "label", {"disk": "tape"})
    submit(of, "taint", request={"gpus": 1})
    submit(of, "both", {"disk": "ssd"}, request={"gpus": 1})
    submit(of, "large", {"disk": "ssd"}, request={"cpus": 9})
    submit(of, "gang", {"disk": "ssd"}, replicas=3)
    of.sim.run(until="1m")
    reasons = {name: of.endpoint.explain(name).reasons for name in ("label", "taint", "both", "large", "gang")}
    expected = {"label": "NODE_SELECTOR", "taint": "TAINT", "both": "NODE_SELECTOR", "large": "CPU", "gang": "GANG"}
    assert reasons == {name: (reason,) for name, reason in expected.items()}
    assert of.sim.log.select(predicate="workload.rejected")[0].data["reason"] == "NODE_SELECTOR"


def test_s16_a_label_that_no_node_has_is_asked_in_vain_where_all_nodes_are_alike() -> None:
    of = cluster("groups: [{name: n, count: 2, cpus: 8, memory: 8GiB}]")
    submit(of, "w", {"disk": "ssd"})
    of.sim.run(until="1m")
    assert of.endpoint.describe("w").reason == "NODE_SELECTOR"


def test_s16_explain_counts_nodes_by_label_and_taint() -> None:
    of = cluster()
    for i in range(2):
        submit(of, f"fill-{i}", {"disk": "ssd"})
    submit(of, "next", {"disk": "ssd"})
    submit(of, "any", {"rack": "r1"})
    of.sim.run(until="1m")
    assert "0/6 nodes: 4 NodeSelectorMismatch, 2 InsufficientCPU" in str(of.endpoint.explain("next"))
    assert dict(of.endpoint.explain("any").counts) == {"NodeSelectorMismatch": 5, "InsufficientCPU": 1}
    for i in range(2):
        submit(of, f"more-{i}")
    submit(of, "last")
    of.sim.run(until="2m")
    assert dict(of.endpoint.explain("last").counts) == {"InsufficientCPU": 4, "UntoleratedTaint": 2}


def test_s16_the_word_for_a_node_agrees_with_the_scheduler_for_every_node() -> None:
    of = cluster()
    submit(of, "w", {"disk": "ssd"}, request={"cpus": 1}, duration="1h")
    of.sim.run(until="1m")
    run = of.scheduler.run
    reasons = node_reasons(run, int(run.world.jobs.gang[of.workloads["w"].job, REQUEST]))
    assert [int(reason) for reason in reasons] == [-1, -1, *[NodeReason.NODE_SELECTOR_MISMATCH] * 4]


@pytest.mark.parametrize("queue", [name for name in mp.QUEUES if name != "loss"])
@pytest.mark.parametrize("placement", ["best-fit", "topology", "random"])
def test_s16_under_every_policy_nothing_runs_where_it_must_not(queue: str, placement: str) -> None:
    of = cluster(queue=queue, placement=placement)
    where = {"a": ({"disk": "ssd"}, ()), "b": ({}, ()), "c": ({}, TRAINING), "d": ({"group": "gpu"}, TRAINING), "e": ({"rack": "r2"}, ())}
    allowed = {"a": "fast", "b": "fast slow", "c": "fast slow gpu", "d": "gpu", "e": "fast-1"}
    for i in range(40):
        kind = "abcde"[i % 5]
        selector, tolerations = where[kind]
        more = {"priority": i % 3, "replicas": 1 if kind == "e" else 1 + i % 2, "duration": 300.0 + 60 * (i % 7)}
        submit(of, f"{kind}-{i}", selector, tolerations, request={"cpus": 1 + i % 4}, **more)
    of.sim.run()
    for event in of.sim.log.select(predicate="workload.bound"):
        kind = event.subject.removeprefix("workload:")[0]
        assert all(any(node.startswith(name) for name in allowed[kind].split()) for node in event.data["nodes"]), event
    assert {entry.status for entry in of.endpoint.list()} == {WorkloadStatus.SUCCEEDED}


def test_s16_preemption_takes_room_only_where_the_head_may_be() -> None:
    of = cluster(queue="priority")
    for i, disk in enumerate(("hdd", "hdd", "ssd", "ssd")):
        submit(of, f"low-{i}", {"disk": disk})
    of.sim.run(until="1m")
    submit(of, "high", {"disk": "ssd"}, priority=5)
    of.sim.run(until="2m")
    assert node_of(of, "high") in ("fast-0", "fast-1")
    assert [of.endpoint.describe(f"low-{i}").status.value for i in range(4)].count("pending") == 1
    assert [of.endpoint.describe(f"low-{i}").status.value for i in range(2)] == ["running"] * 2


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"node_selector": "ssd"}, OptionError, "node_selector='ssd': expected a mapping"),
        ({"node_selector": {"disk": 1}}, OptionError, "label 'disk'=1: expected printable text"),
        ({"node_selector": {"": "x"}}, OptionError, "at least one character"),
        ({"tolerations": "all"}, OptionError, "tolerations='all': expected a list"),
        ({"tolerations": ["a"]}, OptionError, r"tolerations\[0\]='a': expected a mapping"),
        ({"tolerations": [{"keys": "a"}]}, UnknownNameError, r"key of tolerations\[0\]: 'keys'; did you mean 'key'"),
        ({"tolerations": [{"key": "a", "operator": "equal"}]}, UnknownNameError, "did you mean 'Equal'"),
        ({"tolerations": [{"key": "a", "effect": "NoRun"}]}, UnknownNameError, "unknown effect"),
        ({"tolerations": [{"operator": "Exists", "value": "a"}]}, OptionError, r"tolerations\[0\].value='a'"),
        ({"tolerations": [{"value": "a"}]}, OptionError, r"tolerations\[0\].key: expected the key of a taint"),
    ],
)
def test_s16_mistakes_are_named(options: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        mp.Workload("w", {"cpus": 1}, **options)


MANIFEST = """
apiVersion: mlplat/v1
kind: Job
metadata: {name: train}
spec:
  resources: {cpus: 1}
  node_selector: {disk: ssd}
  tolerations:
  - {key: dedicated, value: training, effect: NoSchedule}
  - {operator: Exists, effect: NoExecute}
"""


def test_s16_a_manifest_says_both_and_reads_back_equal() -> None:
    of = cluster()
    of.endpoint.apply(MANIFEST)
    work = of.endpoint.describe("train").workload
    assert dict(work.node_selector) == {"disk": "ssd"}
    assert work.tolerations == (Toleration("dedicated", value="training", effect="NoSchedule"), Toleration("", "Exists", "", "NoExecute"))
    assert of.endpoint.apply(of.endpoint.to_manifest("train")).empty
    changed = of.endpoint.apply(MANIFEST.replace("disk: ssd", "disk: hdd"), dry_run=True)
    assert "node_selector" in str(changed)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (("disk: ssd", "disk: 3"), r"document 1: spec.node_selector.disk"),
        (("value: training", "value: 3"), r"document 1: spec.tolerations\[0\].value"),
        (("operator: Exists", "operator: Exist"), r"document 1: spec.tolerations\[1\].operator"),
        (("operator: Exists, ", ""), r"document 1: spec.tolerations\[1\].*expected the key of a taint"),
        (("{key: dedicated", "{keys: dedicated"), r"document 1: spec.tolerations\[0\].keys"),
        (("node_selector", "node_selectors"), r"document 1: spec.node_selectors.*node_selector"),
    ],
)
def test_s16_errors_of_manifests_name_the_path(wrong: tuple[str, str], text: str) -> None:
    of = cluster()
    with pytest.raises(mp.MlplatError, match=text):
        of.endpoint.apply(MANIFEST.replace(*wrong))


def test_s16_a_service_keeps_its_selection_in_every_replica() -> None:
    of = cluster()
    of.endpoint.submit(mp.Workload("web", {"cpus": 4}, kind="service", replicas=6, node_selector={"disk": "ssd"}))
    of.sim.run(until="1m")
    nodes = [part.node for part in of.endpoint.describe("web").parts]
    assert sorted(node for node in nodes if node) == ["fast-0", "fast-0", "fast-1", "fast-1"]


def test_s16_a_node_shows_its_labels_and_taints() -> None:
    of = cluster()
    node = of.endpoint.describe_node("gpu-0")
    assert dict(node.labels) == {"node": "gpu-0", "rack": of.nodes.racks[of.nodes.rack[4]], "group": "gpu", "accelerator": "V100-16"}
    assert node.taints == ("dedicated=training:NoSchedule",)
    assert of.endpoint.describe_node("fast-0").labels["disk"] == "ssd"


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


def test_s16_many_selections_by_name_keep_right() -> None:
    of = cluster("groups: [{name: n, count: 40, cpus: 8, memory: 8GiB}]")
    for i in range(40):
        submit(of, f"w-{i}", {"node": f"n-{39 - i}"}, request={"cpus": 1 + i % 8})
    of.sim.run(until="1m")
    assert [node_of(of, f"w-{i}") for i in range(40)] == [f"n-{39 - i}" for i in range(40)]
