"""S-16: how selections and tolerations are said: mistakes, manifests, and the reasons why a node will not do."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import OptionError, UnknownNameError
from mlplat.infra.endpoint.node_reasons import NodeReason, node_reasons
from mlplat.infra.kernels.state import REQUEST
from mlplat.infra.tolerations import Toleration

from .marked_clusters import cluster, submit


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


def test_s16_a_node_shows_its_labels_and_taints() -> None:
    of = cluster()
    node = of.endpoint.describe_node("gpu-0")
    assert dict(node.labels) == {"node": "gpu-0", "rack": of.nodes.racks[of.nodes.rack[4]], "group": "gpu", "accelerator": "V100-16"}
    assert node.taints == ("dedicated=training:NoSchedule",)
    assert of.endpoint.describe_node("fast-0").labels["disk"] == "ssd"
