"""Nodes as `kubectl get nodes -o json` prints them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import InputError, MlplatError
from mlplat.hardware import ClusterSpec

AMOUNTS = {"cpu": "7910m", "memory": "32780384Ki", "ephemeral-storage": "94911283Ki", "pods": "110"}


def node(name: str = "n0", *, labels: dict[str, str] | None = None, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    metadata = {"name": name, "labels": {"kubernetes.io/hostname": name} | (labels or {})}
    status = {"allocatable": dict(AMOUNTS), "capacity": AMOUNTS}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec or {}, "status": status}


def cluster(*nodes: dict[str, Any]) -> ClusterSpec:
    return ClusterSpec.from_kubernetes({"apiVersion": "v1", "kind": "List", "items": list(nodes)})


def with_resources(resources: dict[str, Any], labels: dict[str, str] | None = None) -> ClusterSpec:
    item = node(labels=labels)
    item["status"]["allocatable"] |= resources
    return cluster(item)


def test_amounts_are_what_the_node_offers_to_pods() -> None:
    (group,) = cluster(node()).groups
    assert (group.cpu_milli, group.memory_mib, group.disk_mib, group.gpus) == (7910, 32013, 92687, 0)


def test_equal_nodes_make_one_group_though_their_hostnames_differ() -> None:
    spec = cluster(node("a"), node("b"), node("c", labels={"tier": "x"}))
    assert [group.node_names for group in spec.groups] == [("a", "b"), ("c",)] and dict(spec.groups[1].labels) == {"tier": "x"}


def test_capacity_stands_in_where_nothing_is_allocatable() -> None:
    item = node()
    del item["status"]["allocatable"]
    assert cluster(item).groups[0].cpu_milli == 7910


@pytest.mark.parametrize(
    ("resource", "labels", "model"),
    [
        ("nvidia.com/gpu", {"nvidia.com/gpu.product": "Tesla-V100-SXM2-16GB"}, "V100-16"),
        ("nvidia.com/gpu", {"nvidia.com/gpu.product": "Tesla-V100-SXM2-32GB"}, "V100-32"),
        ("nvidia.com/gpu", {"nvidia.com/gpu.product": "Tesla-T4"}, "T4"),
        ("nvidia.com/gpu", {"nvidia.com/gpu.product": "Tesla-P100-PCIE-16GB"}, "P100"),
        ("nvidia.com/gpu", {"nvidia.com/gpu.product": "Tesla-K80"}, "K80"),
        ("nvidia.com/gpu", {"nvidia.com/gpu.product": "NVIDIA-A10G"}, "A10"),
        ("nvidia.com/gpu", {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"}, "A100-40"),
        ("nvidia.com/gpu", {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"}, "A100-80"),
        ("nvidia.com/gpu", {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}, "H100-80"),
        ("nvidia.com/gpu", {"nvidia.com/gpu.product": "NVIDIA-H200"}, "H200"),
        ("nvidia.com/gpu", {"nvidia.com/gpu.product": "NVIDIA-L4"}, "L4"),
        ("nvidia.com/gpu", {"nvidia.com/gpu.product": "NVIDIA-L40S"}, "L40S"),
        ("nvidia.com/gpu", {"cloud.google.com/gke-accelerator": "nvidia-tesla-t4"}, "T4"),
        ("amd.com/gpu", {"amd.com/gpu.product-name": "AMD_Instinct_MI300X_OAM"}, "MI300X"),
        ("google.com/tpu", {"cloud.google.com/gke-tpu-accelerator": "tpu-v5-lite-podslice"}, "TPU-v5e"),
        ("nvidia.com/gpu", {"nvidia.com/gpu.product": "NVIDIA-GB300", "nvidia.com/gpu.memory": "284208"}, "NVIDIA-GB300"),
        ("nvidia.com/gpu", {}, "GPU"),
    ],
)
def test_devices_get_the_model_that_the_labels_mean(resource: str, labels: dict[str, str], model: str) -> None:
    table = with_resources({resource: "4"}, labels).nodes()
    assert table.gpus.tolist() == [4] and table.models[0].name == model and not table.mig[0]


def test_unknown_product_keeps_the_memory_its_label_states() -> None:
    labels = {"nvidia.com/gpu.product": "NVIDIA-GB300", "nvidia.com/gpu.memory": "284208"}
    assert with_resources({"nvidia.com/gpu": 1}, labels).accelerators[0].memory_mib == 284208


A100 = {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"}


@pytest.mark.parametrize(
    ("resources", "labels", "gpus"),
    [
        ({"nvidia.com/gpu": "0", "nvidia.com/mig-1g.5gb": "14"}, A100, 2),
        ({"nvidia.com/mig-3g.20gb": "2", "nvidia.com/mig-1g.5gb": "1"}, A100, 2),
        ({"nvidia.com/mig-1g.5gb": "2", "nvidia.com/mig-2g.10gb": "1"}, A100 | {"nvidia.com/gpu.count": "4"}, 4),
        ({"nvidia.com/gpu": "14"}, {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB-MIG-1g.5gb", "nvidia.com/gpu.count": "14"}, 2),
    ],
)
def test_mig_instances_become_partitioned_devices(resources: dict[str, str], labels: dict[str, str], gpus: int) -> None:
    table = with_resources(resources, labels).nodes()
    assert table.mig.tolist() == [True] and table.gpus.tolist() == [gpus] and table.models[0].name == "A100-40"


def test_time_sliced_devices_count_once() -> None:
    labels = {"nvidia.com/gpu.product": "Tesla-T4-SHARED", "nvidia.com/gpu.replicas": "4"}
    assert with_resources({"nvidia.com/gpu": "8"}, labels).nodes().gpus.tolist() == [2]


def test_zones_racks_taints_and_cordons_are_kept() -> None:
    place = {"topology.kubernetes.io/zone": "east", "topology.kubernetes.io/rack": "r1"}
    taint = {"key": "dedicated", "value": "ml", "effect": "NoExecute"}
    (group,) = cluster(node(labels=place, spec={"unschedulable": True, "taints": [taint]})).groups
    assert group.zone == "east" and group.racks == ("east/r1",)
    assert [str(t) for t in group.taints] == ["dedicated=ml:NoExecute", "node.kubernetes.io/unschedulable:NoSchedule"]


def test_equal_rack_labels_in_two_zones_are_two_racks() -> None:
    labels = [{"topology.kubernetes.io/zone": zone, "topology.kubernetes.io/rack": "r1"} for zone in ("a", "b")]
    assert cluster(node("x", labels=labels[0]), node("y", labels=labels[1])).nodes().racks == ("a/r1", "b/r1")


def test_files_text_and_single_nodes_are_read(tmp_path: Path) -> None:
    text = json.dumps({"kind": "NodeList", "items": [node()]})
    (tmp_path / "nodes.json").write_text(text)
    spec = ClusterSpec.from_kubernetes(tmp_path / "nodes.json")
    assert spec == ClusterSpec.from_kubernetes(text) == ClusterSpec.from_kubernetes(node()) == ClusterSpec.open(tmp_path / "nodes.json")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (["items"], [], "items: has no nodes"),
        (["items"], "x", "items: is not a list"),
        (["items", 0], 3, "items[0]: is not an object"),
        (["items", 0, "kind"], "Pod", "items[0].kind"),
        (["items", 0, "metadata"], [], "items[0].metadata: is not an object"),
        (["items", 0, "metadata", "name"], None, "items[0].metadata.name"),
        (["items", 0, "metadata", "name"], "b", "items[1].metadata.name: a second node"),
        (["items", 0, "metadata", "labels", "x"], 3, "items[0].metadata.labels.x"),
        (["items", 0, "status", "allocatable", "cpu"], "lots", "items[0].status.allocatable.cpu: not a CPU quantity"),
        (["items", 0, "status", "allocatable", "cpu"], None, "items[0].status.allocatable.cpu: is missing"),
        (["items", 0, "status", "allocatable", "memory"], "-1Gi", "items[0].status.allocatable.memory"),
        (["items", 0, "status", "allocatable", "ephemeral-storage"], {}, "items[0].status.allocatable.ephemeral-storage"),
        (["items", 0, "status", "allocatable", "nvidia.com/gpu"], "-1", "items[0].status.allocatable.nvidia.com/gpu"),
        (["items", 0, "status", "allocatable", "nvidia.com/mig-1g.5gb"], "7", "has no MIG geometry"),
        (["items", 0, "spec", "unschedulable"], "yes", "items[0].spec.unschedulable"),
        (["items", 0, "spec", "taints"], [{"key": "a", "effect": "Maybe"}], "items[0].spec.taints[0].effect"),
    ],
)
def test_unusable_piece_is_named_by_its_json_path(path: list[Any], value: Any, says: str) -> None:
    document: Any = {"kind": "List", "items": [node("a"), node("b")]}
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(InputError) as caught:
        ClusterSpec.from_kubernetes(document)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("resources", "says"),
    [
        ({"nvidia.com/gpu": 1, "nvidia.com/mig-1g.5gb": 7}, "several kinds"),
        ({"nvidia.com/gpu": 1, "amd.com/gpu": 1}, "several kinds"),
        ({"nvidia.com/mig-9g.5gb": 7}, "not a MIG profile of A100-40"),
    ],
)
def test_devices_that_one_node_cannot_have_are_refused(resources: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        with_resources(resources, A100)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["7m", "9" * 400, "1e400", "5Gi", "NoSchedule"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    found = [(value, key) for key in (value if isinstance(value, dict) else range(len(value)))]
    return found + [deeper for holder, key in found if isinstance(holder[key], (dict, list)) for deeper in places(holder[key])]


@given(st.data())
def test_a_mutated_list_is_a_cluster_or_a_clear_error(data: st.DataObject) -> None:
    taint = {"key": "k", "effect": "NoSchedule"}
    labels = A100 | {"topology.kubernetes.io/zone": "z", "rack": "r", "nvidia.com/gpu.count": "2", "nvidia.com/gpu.replicas": "2"}
    first = node("a", labels=labels, spec={"taints": [taint]})
    first["status"]["allocatable"][data.draw(st.sampled_from(["nvidia.com/gpu", "nvidia.com/mig-1g.5gb"]))] = "7"
    document = copy.deepcopy({"kind": "List", "items": [first, node("b")]})
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(places(document)))
        holder[key] = data.draw(anything)
    outcome: object
    try:
        outcome = ClusterSpec.from_kubernetes(json.loads(json.dumps(document))).nodes()
    except MlplatError as error:
        outcome = str(error)
    assert outcome
