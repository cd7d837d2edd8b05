"""Labels and taints of node groups: read, refused, shown, written, and kept in the node table."""

from __future__ import annotations

import pytest

from mlplat.errors import SpecError
from mlplat.hardware import ClusterSpec

SPEC = """
groups:
- {name: a, count: 3, cpus: 8, memory: 32GiB, labels: {disk: ssd}}
- {name: b, count: 2, cpus: 8, memory: 32GiB, labels: {disk: ssd}, taints: ["dedicated=x:NoSchedule", {key: bad, effect: NoExecute}]}
- {name: c, count: 2, cpus: 4, memory: 32GiB, labels: {disk: ssd}}
"""


def test_the_node_table_has_each_distinct_pair_once() -> None:
    table = ClusterSpec.from_yaml(SPEC).nodes()
    assert table.kind.tolist() == [0, 0, 0, 1, 1, 0, 0]
    assert [dict(kind.labels) for kind in table.kinds] == [{"disk": "ssd"}] * 2
    assert [tuple(map(str, kind.taints)) for kind in table.kinds] == [(), ("dedicated=x:NoSchedule", "bad:NoExecute")]
    assert table.groups == ("a", "b", "c")


def test_they_are_shown_and_written() -> None:
    spec = ClusterSpec.from_yaml(SPEC)
    assert "2 nodes tainted" in repr(spec)
    assert "dedicated=x:NoSchedule, bad:NoExecute" in spec._repr_html_()
    assert spec.summary()["labels"].to_list() == ["disk=ssd"] * 3
    assert spec.summary()["taints"].to_list() == [None, "dedicated=x:NoSchedule, bad:NoExecute", None]
    assert ClusterSpec.from_yaml(spec.to_yaml()) == spec


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (("disk: ssd}, taints", "disk: 3}, taints"), r"groups\[1\].labels.disk"),
        (("dedicated=x:NoSchedule", "dedicated=x:No"), r"groups\[1\].taints\[0\]: not a taint"),
        (("effect: NoExecute", "effect: NoRun"), r"groups\[1\].taints\[1\].effect"),
        (("key: bad", "keys: bad"), r"groups\[1\].taints\[1\].key: is required"),
        (("{key: bad, effect: NoExecute}", "dedicated=y:NoSchedule"), r"groups\[1\].taints: has two taints of the same key and effect"),
    ],
)
def test_mistakes_name_the_path(wrong: tuple[str, str], text: str) -> None:
    with pytest.raises(SpecError, match=text):
        ClusterSpec.from_yaml(SPEC.replace(*wrong))
