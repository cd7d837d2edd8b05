"""ClusterSpec: making one, the nodes it stands for, totals and views."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import MlplatError, SpecError, UnknownNameError
from mlplat.hardware import Accelerator, ClusterSpec, NodeGroup
from mlplat.hardware.spec_view import SUMMARY_COLUMNS
from mlplat.resources import UNLIMITED


def test_importing_the_package_loads_no_compiler_no_plots_and_no_frames() -> None:
    heavy = "import sys, mlplat.hardware as h; h.ClusterSpec; print([m for m in ('numba', 'plotly', 'polars') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_uniform_nodes_have_the_stated_amounts() -> None:
    table = ClusterSpec.uniform(nodes=96, cpus=64, memory_gib=512, gpus=8, gpu_model="V100", racks=4).nodes()
    assert len(table) == 96 and table.names[0] == "node-0" and not table.pool
    assert set(table.cpu_milli.tolist()) == {64_000} and set(table.memory_mib.tolist()) == {512 * 1024}
    assert table.models[0].name == "V100-16" and set(table.model.tolist()) == {0} and int(table.gpus.sum()) == 768
    assert np.bincount(table.rack).tolist() == [24] * 4


def test_node_table_has_the_declared_dtypes_and_cannot_be_written() -> None:
    table = ClusterSpec.parse("2x8xT4+3x4cpu").nodes()
    kinds = {"cpu_milli": "int64", "memory_mib": "int64", "disk_mib": "int64", "gpus": "int32", "model": "int32", "mig": "bool"}
    for column, kind in (kinds | {"rack": "int32", "group": "int32", "price_per_hour": "float64"}).items():
        assert getattr(table, column).dtype == kind and not getattr(table, column).flags.writeable, column
    assert table.model.tolist() == [0, 0, -1, -1, -1] and table.group.tolist() == [0, 0, 1, 1, 1]


def test_a_hundred_thousand_nodes_are_expanded_and_the_table_is_made_once() -> None:
    spec = ClusterSpec.uniform(nodes=100_000, gpus=8, gpu_model="A100-80", racks=2_500, mig=True)
    table = spec.nodes()
    assert len(set(table.names)) == 100_000 and len(table.racks) == 2_500 and bool(table.mig.all())
    assert spec.nodes() is table


@pytest.mark.parametrize(
    ("text", "nodes", "cpu_milli", "memory_mib", "gpus"),
    [
        ("96x8xV100", 96, 96 * 64_000, 96 * 512 * 1024, {"V100-16": 768}),
        (" 2 X 4 x a100-80gb ", 2, 64_000, 512 * 1024, {"A100-80": 8}),
        ("100x64cpu", 100, 6_400_000, 100 * 256 * 1024, {}),
        ("3x2gpu", 3, 48_000, 384 * 1024, {"GPU": 6}),
        ("4x8xT4+4x4xT4+1x1cpu", 9, 385_000, (48 * 64 + 4) * 1024, {"T4": 48}),
        ("pool:768gpu", 1, UNLIMITED, UNLIMITED, {"GPU": 768}),
        ("pool:768xV100-32", 1, UNLIMITED, UNLIMITED, {"V100-32": 768}),
        ("pool:128cpu", 1, 128_000, UNLIMITED, {}),
        ("POOL: 128cpus, 64gpus", 1, 128_000, UNLIMITED, {"GPU": 64}),
    ],
)
def test_shorthand_stands_for(text: str, nodes: int, cpu_milli: int, memory_mib: int, gpus: dict[str, int]) -> None:
    spec = ClusterSpec.parse(text)
    capacity = spec.capacity()
    assert (capacity["nodes"], capacity["cpu_milli"], capacity["memory_mib"]) == (nodes, cpu_milli, memory_mib)
    assert capacity["gpus_by_model"] == gpus and spec.nodes().pool is text.strip().lower().startswith("pool")
    assert ClusterSpec.open(text) == spec == ClusterSpec.from_yaml(spec.to_yaml())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "96",
        "96x",
        "x8xV100",
        "96x8x",
        "-1x8xV100",
        "1.5x8cpu",
        "0x8cpu",
        "10000001x1cpu",
        "1x1000001gpu",
        "1x9999999cpu",
        "9" * 5000 + "x1cpu",
        "pool:",
        "pool:3",
        "pool:3cpu,4cpu",
        "pool:3gpu,4xT4",
        "pool:9999999gpu",
        "tank:3cpu",
        "2x2xT4+",
        "٣x٣cpu",
        "2x2xT4,3cpu",
        "1x1cpu\n\n2x2",
    ],
)
def test_bad_shorthand_is_refused_with_what_is_accepted(text: str) -> None:
    with pytest.raises(SpecError, match="expected"):
        ClusterSpec.parse(text)


def test_shorthand_with_an_unknown_model_names_the_closest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'V100'"):
        ClusterSpec.parse("96x8xV1000")


@given(st.text(alphabet="0123456789xXVT4cpugpool:,+ \t-.A", max_size=40))
def test_any_text_is_a_cluster_or_a_clear_error(text: str) -> None:
    try:
        spec = ClusterSpec.parse(text)
    except MlplatError as error:
        assert str(error)
    else:
        assert spec.capacity()["nodes"] >= 1


GROUP = {"name": "a", "count": 2, "cpus": 8, "memory": "32GiB"}


@pytest.mark.parametrize(
    ("document", "where", "says"),
    [
        ({}, "groups", "required"),
        ({"groups": []}, "groups", "at least one"),
        ({"groups": {"a": 1}}, "groups", "a list"),
        ({"groups": ["a"]}, "groups[0]", "mapping"),
        ({"groups": [GROUP], "gruops": 1}, "gruops", "did you mean 'groups'"),
        ({"groups": [GROUP | {"gpsu": 1}]}, "groups[0].gpsu", "did you mean 'gpus'"),
        ({"groups": [GROUP, GROUP | {"name": "b", "gpus": -1}]}, "groups[1].gpus", "greater than or equal to 0"),
        ({"groups": [GROUP | {"count": 0}]}, "groups[0].count", "greater than or equal to 1"),
        ({"groups": [GROUP | {"count": True}]}, "groups[0].count", "whole number"),
        ({"groups": [GROUP | {"count": "many"}]}, "groups[0].count", "whole number"),
        ({"groups": [GROUP | {"count": 10**8}]}, "groups[0].count", "less than or equal"),
        ({"groups": [GROUP | {"count": 10**7}, GROUP | {"name": "b"}]}, "groups", "at most 10,000,000"),
        ({"groups": [{"name": "a", "count": 10**6, "gpus": 10**6, "gpu_model": "T4"}]}, "groups", "at most 100,000,000"),
        ({"groups": [{"name": "a", "count": 10**7, "disk_mib": 2**49}]}, "groups[0].disk_mib", "larger than anything"),
        ({"groups": [GROUP | {"cpus": -1}]}, "groups[0].cpus", "not a CPU quantity"),
        ({"groups": [GROUP | {"cpu_milli": 3}]}, "groups[0].cpus", "given twice"),
        ({"groups": [{"name": "a", "memory": 512}]}, "groups[0].memory", "with a unit"),
        ({"groups": [{"name": "a", "memory_gib": "x"}]}, "groups[0].memory_gib", "number of GiB"),
        ({"groups": [{"name": "a", "disk": "unlimited"}]}, "groups[0].disk_mib", "only a pool"),
        ({"groups": [GROUP | {"gpus": 1}]}, "groups[0].gpu_model", "required"),
        ({"groups": [GROUP | {"gpus": 1, "gpu_model": "H10"}]}, "groups[0].gpu_model", "did you mean 'H100'"),
        ({"groups": [GROUP | {"gpus": 1, "gpu_model": "T4", "mig": True}]}, "groups[0].mig", "no MIG geometry"),
        ({"groups": [GROUP | {"mig": True}]}, "groups[0].mig", "needs gpus"),
        ({"groups": [GROUP, GROUP]}, "groups[1].name", "second"),
        ({"groups": [GROUP | {"name": ""}]}, "groups[0].name", "at least one character"),
        ({"groups": [GROUP | {"name": "a\nb"}]}, "groups[0].name", "printed"),
        ({"groups": [GROUP | {"racks": 3}]}, "groups[0].racks", "at least one node"),
        ({"groups": [GROUP | {"racks": ["r", "r"]}]}, "groups[0].racks", "twice"),
        ({"groups": [GROUP | {"racks": [1]}]}, "groups[0].racks", "list of their names"),
        ({"groups": [GROUP | {"racks": ["r"], "zone": "x"}, GROUP | {"name": "b", "racks": ["r"]}]}, "groups[1].racks", "two zones"),
        ({"groups": [GROUP | {"node_names": ["x"]}]}, "groups[0].node_names", "1 names for 2 nodes"),
        ({"groups": [GROUP | {"node_names": ["x", "x"]}]}, "groups[0].node_names[1]", "second node"),
        ({"groups": [GROUP, GROUP | {"name": "b", "node_names": ["x", "a-1"]}]}, "groups[1].node_names[1]", "second node"),
        ({"groups": [GROUP | {"taints": ["x"]}]}, "groups[0].taints[0]", "not a taint"),
        ({"groups": [GROUP | {"labels": {"k": 3}}]}, "groups[0].labels.k", "text"),
        ({"groups": [GROUP | {"idle_watts": 9, "peak_watts": 1}]}, "groups[0].peak_watts", "below"),
        ({"groups": [GROUP], "accelerators": [{"name": "X"}, {"name": "X"}]}, "accelerators[1].name", "second"),
        ({"groups": [GROUP], "accelerators": [{"name": "X", "memory_mib": -3}]}, "accelerators[0].memory_mib", "greater"),
        ({"groups": [GROUP], "storage": [{"name": "s"}]}, "storage[0].capacity_mib", "required"),
        ({"groups": [GROUP], "storage": [{"name": "s", "capacity": "1TiB", "read_mb_s": 0}]}, "storage[0].read_mb_s", "greater than 0"),
        ({"groups": [GROUP], "pool": True}, "pool", "one node"),
    ],
)
def test_bad_description_is_refused_at_its_place(document: dict[str, object], where: str, says: str) -> None:
    with pytest.raises(SpecError) as caught:
        ClusterSpec.model_validate(document)
    assert caught.value.where == where
    assert says in caught.value.problem


def test_constructing_directly_raises_the_same_errors() -> None:
    with pytest.raises(SpecError) as caught:
        ClusterSpec(groups=[{"name": "a", "gpus": -1}])
    assert caught.value.where == "groups[0].gpus"
    with pytest.raises(SpecError):
        ClusterSpec.uniform(nodes=2, gpu_modle="T4")


def test_explicit_names_near_generated_ones_are_told_apart() -> None:
    groups = [NodeGroup(name="a", count=2), NodeGroup(name="b", count=3, node_names=("a-2", "a-01", "a-x"))]
    assert ClusterSpec(groups=groups).nodes().names == ("a-0", "a-1", "a-2", "a-01", "a-x")


def test_own_model_goes_before_the_catalogue() -> None:
    own = Accelerator(name="T4", price_per_hour=9.0)
    spec = ClusterSpec(groups=[NodeGroup(name="a", gpus=2, gpu_model="T4")], accelerators=[own])
    assert spec.nodes().models == (own,) and spec.capacity()["price_per_hour"] == 18.0


def test_a_spec_cannot_be_changed_and_a_changed_copy_is_checked() -> None:
    spec = ClusterSpec.parse("2x8xT4")
    spec.nodes()
    with pytest.raises(Exception, match="frozen"):
        spec.name = "other"  # type: ignore[misc]
    larger = spec.model_copy(update={"groups": [spec.groups[0].model_copy(update={"count": 5})]})
    assert len(larger.nodes()) == 5 and len(spec.nodes()) == 2
    with pytest.raises(SpecError):
        spec.model_copy(update={"groups": []})
    with pytest.raises(SpecError):
        spec.groups[0].model_copy(update={"count": -5})


def test_price_and_power_of_three_nodes_are_as_computed_by_hand() -> None:
    own = Accelerator(name="X", idle_watts=10, peak_watts=100, price_per_hour=2.0)
    groups = [
        NodeGroup(name="a", count=2, cpus=10, memory_gib=100, gpus=4, gpu_model="X", idle_watts=50, peak_watts=150),
        NodeGroup(name="b", count=1, cpus=10, memory_gib=100, price_per_hour=0.5),
    ]
    capacity = ClusterSpec(groups=groups, accelerators=[own]).capacity()
    assert capacity["price_per_hour"] == pytest.approx(2 * (10 * 0.0316 + 100 * 0.0042 + 4 * 2.0) + 0.5, rel=1e-12)
    assert capacity["idle_watts"] == pytest.approx(2 * (50 + 4 * 10) + 10 * 0.74, rel=1e-12)
    assert capacity["peak_watts"] == pytest.approx(2 * (150 + 4 * 100) + 10 * 3.5, rel=1e-12)


def test_summary_has_the_declared_columns_and_one_row_a_group() -> None:
    frame = ClusterSpec.parse("2x8xA100+5x4cpu").summary()
    assert [(name, str(kind)) for name, kind in frame.schema.items()] == [(name, kind) for name, kind, _, _ in SUMMARY_COLUMNS]
    assert frame["nodes"].to_list() == [2, 5] and frame["gpu_model"].to_list() == ["A100-40", None]


def test_repr_is_one_short_line_even_for_many_long_names() -> None:
    models = [Accelerator(name=f"{i}" + "m" * 200) for i in range(100)]
    groups = [NodeGroup(name=str(i), gpus=1, gpu_model=model.name) for i, model in enumerate(models)]
    text = repr(ClusterSpec(name="n" * 250, groups=groups, accelerators=models))
    assert "\n" not in text and len(text) < 500 and "and 94 more" in text


def test_html_escapes_every_name_a_user_gave() -> None:
    evil = "<script>alert('x')</script>&"
    group = NodeGroup(name=evil, gpus=1, gpu_model=evil, zone=evil, racks=(evil,), labels={evil: evil})
    page = ClusterSpec(name=evil, groups=[group], accelerators=[Accelerator(name=evil)])._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page and "'x'" not in page


def test_html_of_a_cluster_of_many_groups_stays_short() -> None:
    page = ClusterSpec(groups=[NodeGroup(name=str(i)) for i in range(500)])._repr_html_()
    assert page.count("<tr>") == 51 and "450 more groups" in page


def test_json_schema_names_fields_and_human_spellings() -> None:
    schema = ClusterSpec.json_schema()
    group = schema["$defs"]["NodeGroup"]["properties"]
    assert {"cpu_milli", "cpus", "memory", "disk_gib", "gpus", "racks"} <= set(group) and schema["required"] == ["groups"]
    assert schema["$defs"]["NodeGroup"]["additionalProperties"] is False and schema["$defs"]["Storage"]["required"] == ["name"]
