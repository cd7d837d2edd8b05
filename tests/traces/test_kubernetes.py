"""The reader of Kubernetes pod lists."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from mlplat.errors import InputError
from mlplat.resources import ResourceRequest
from mlplat.traces import read_trace
from mlplat.traces.pod_request import model_of_product

from .sample_files import KUBERNETES, pod, pods, put


def _request(tmp_path: Path, **changes: Any) -> ResourceRequest:
    trace = read_trace(put(tmp_path, "pods.json", pods(pod("a", **changes))))
    return trace.requests[trace.request[0]]


def _container(**requests: Any) -> dict[str, Any]:
    return {"name": "c", "resources": {"requests": requests}}


def test_pods_become_jobs_with_their_times_groups_and_priorities(tmp_path: Path) -> None:
    trace = read_trace(put(tmp_path, "pods.json", KUBERNETES))
    assert trace.job_id is not None and trace.job_id.tolist() == ["lab/a", "lab/b", "lab/c"]
    assert trace.duration.tolist() == [60.0, math.inf, 60.0] and trace.submit.tolist() == [0, 0, 0]
    assert trace.origin == 1706702400.0 and trace.groups == ("lab",) and trace.priority.tolist() == [0, 0, 1000]
    assert trace.dropped == {"never started": 1} and trace.split == "never" and (trace.replicas == 1).all()
    frame = trace.to_polars()
    assert frame["cpu_milli"].to_list() == [500, 8000, 1000] and frame["memory_mib"].to_list() == [1024, 65536, 0]
    assert frame["gpus"].to_list() == [0, 2, 0] and frame["mig"].to_list() == ["", "", "1g.5gb"] and frame["models"][2] == "T4"


def test_a_single_pod_is_a_list_of_one(tmp_path: Path) -> None:
    assert len(read_trace(put(tmp_path, "pod.json", json.dumps(pod("a"))))) == 1


def test_containers_are_summed_and_a_larger_init_container_counts(tmp_path: Path) -> None:
    spec = {
        "containers": [_container(cpu="1", memory="1Gi"), _container(cpu="500m", memory="2Gi")],
        "initContainers": [_container(cpu="4", memory="512Mi")],
        "overhead": {"cpu": "250m", "memory": "64Mi"},
    }
    request = _request(tmp_path, spec=spec)
    assert (request.cpu_milli, request.memory_mib) == (4250, 3136)


def test_an_init_container_that_keeps_running_counts_beside_the_others(tmp_path: Path) -> None:
    sidecar = _container(cpu="1") | {"restartPolicy": "Always"}
    spec = {"containers": [_container(cpu="2")], "initContainers": [sidecar, _container(cpu="1500m")]}
    assert _request(tmp_path, spec=spec).cpu_milli == 3000
    assert _request(tmp_path, spec=spec | {"initContainers": [sidecar, _container(cpu="5")]}).cpu_milli == 6000


def test_a_limit_stands_for_a_request_that_is_not_made(tmp_path: Path) -> None:
    resources = {"limits": {"nvidia.com/gpu": "4", "cpu": "8"}, "requests": {"cpu": "2"}}
    request = _request(tmp_path, spec={"containers": [{"name": "c", "resources": resources}]})
    assert (request.gpus, request.cpu_milli) == (4, 2000)


@pytest.mark.parametrize("resource", ["nvidia.com/gpu", "amd.com/gpu", "google.com/tpu"])
def test_devices_of_each_vendor_are_read(tmp_path: Path, resource: str) -> None:
    assert _request(tmp_path, requests={resource: "8"}).gpus == 8


@pytest.mark.parametrize(
    ("product", "model"),
    [("Tesla-V100-SXM2-32GB", "V100-32"), ("NVIDIA-A100-SXM4-80GB-SHARED", "A100-80"), ("NVIDIA-H100-80GB-HBM3", "H100-80"), ("X9", "X9")],
)
def test_products_of_labels_become_models_of_the_catalogue(product: str, model: str) -> None:
    assert model_of_product(product) == model


def test_a_pod_that_asks_for_nothing_is_a_job(tmp_path: Path) -> None:
    assert _request(tmp_path, requests={}) == ResourceRequest()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"requests": {"cpu": "lots"}}, "items[0].spec.containers[0].resources.requests.cpu: is not an amount"),
        (
            {"requests": {"nvidia.com/gpu": "1.5"}},
            "items[0].spec.containers[0].resources.requests.nvidia.com/gpu: is not a number of devices",
        ),
        ({"requests": {"nvidia.com/gpu": 1, "nvidia.com/mig-1g.5gb": 1}}, "items[0].spec.containers: ask for devices of several kinds"),
        ({"requests": {"nvidia.com/mig-1g.5gb": 2}}, "items[0].spec.containers: ask for 2 MIG instances"),
        ({"requests": {"memory": "900000000P"}}, "is not an amount"),
        ({"requests": {"nvidia.com/mig-\x1b[31m": 1}}, "has 'nvidia.com/mig-?[31m', which is not a MIG profile"),
        ({"metadata": {"creationTimestamp": None}}, "items[0].metadata.creationTimestamp: is missing"),
        ({"metadata": {"creationTimestamp": "yesterday"}}, "items[0].metadata.creationTimestamp: is not a time"),
        ({"metadata": {"name": ""}}, "items[0].metadata.name: is not a text"),
        ({"metadata": {"namespace": ["x"]}}, "items[0].metadata.namespace: is not a text"),
        ({"status": {"phase": "Lost"}}, "items[0].status.phase: is not a phase"),
        ({"status": {"startTime": "2024-01-31T13:00:00Z"}}, "items[0].status.startTime: is later than the end"),
        ({"spec": {"priority": 2**40}}, "items[0].spec.priority: is not a priority"),
        ({"spec": {"containers": "none"}}, "items[0].spec.containers: is not a list"),
        ({"spec": {"containers": [1]}}, "items[0].spec.containers[0]: is not an object"),
    ],
)
def test_what_is_wrong_with_a_pod_is_named_by_its_path(tmp_path: Path, changes: dict[str, Any], text: str) -> None:
    path = put(tmp_path, "pods.json", pods(pod("a", **changes), pod("b")))
    with pytest.raises(InputError) as caught:
        read_trace(path)
    assert caught.value.path == str(path) and text in str(caught.value) and "expected" in str(caught.value)
    trace = read_trace(path, errors="skip")
    assert [trace.id_of(i) for i in range(len(trace))] == ["lab/b"] and text in str(trace.skipped[0])


def test_pods_whose_end_is_not_recorded_are_dropped(tmp_path: Path) -> None:
    path = put(tmp_path, "pods.json", pods(pod("a", status={"containerStatuses": []}), pod("b", status={"phase": "Unknown"}), pod("c")))
    assert read_trace(path).dropped == {"end unknown": 1, "phase unknown": 1}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "line 1: is not JSON"),
        ('{"items": [],\n "a": }', "line 2: is not JSON"),
        ('{"items": NaN}', "NaN is not a number of JSON"),
        ('{"items": []}', "items: has no pods"),
        ('{"items": 5}', "items: is not a list"),
        ('{"items": [{"kind": "Node"}]}', "items[0].kind: is not a pod"),
        ('{"items": [7]}', "items[0]: is not an object"),
        ('{"a": ' + "[" * 100000, "is nested too deeply"),
        ('{"items": [' + "9" * 5000 + "]}", "is not JSON that can be used"),
    ],
)
def test_a_document_that_is_no_pod_list_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        read_trace(put(tmp_path, "pods.json", text))
    assert problem in str(caught.value)


def test_an_array_at_the_top_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the document is not an object"):
        read_trace(put(tmp_path, "pods.json", "[]"), "kubernetes")
