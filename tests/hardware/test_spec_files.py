"""Descriptions in files: round trips, what kind a file is, and files that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import InputError, MlplatError, SpecError
from mlplat.hardware import Accelerator, ClusterSpec, NodeGroup, Storage, Taint, accelerator
from mlplat.hardware.yaml_text import load_yaml

WHOLE = """\
name: lab
groups:
- {name: big, count: 2, cpus: 64, memory: 512Gi, disk: 90GiB, gpus: 8, gpu_model: A100, mig: true, racks: [r1, r2], zone: east}
- {name: own, cpus: 250m, memory_gib: 1.5, gpus: 1, gpu_model: X1, labels: {tier: "1"}, taints: ["team=a:NoExecute", {key: k}]}
accelerators:
- {name: X1, vendor: Acme, memory: 48GiB, price_per_hour: 1.5}
storage:
- {name: lake, capacity: 2TiB, read_mb_s: 500}
"""

names = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=8)
amounts = st.integers(0, 2**40)


@st.composite
def specs(draw: st.DrawFn) -> ClusterSpec:
    groups = []
    for name in draw(st.lists(names, min_size=1, max_size=3, unique=True)):
        count = draw(st.integers(1, 4))
        gpus = draw(st.integers(0, 8))
        model = draw(st.sampled_from(["V100", "A100-80", "own"])) if gpus else None
        fields: dict[str, Any] = {name: draw(amounts) for name in ("cpu_milli", "memory_mib", "disk_mib")}
        fields["labels"] = draw(st.dictionaries(names, names, max_size=2))
        fields["taints"] = tuple(Taint(key=draw(names), value=draw(names)) for _ in range(draw(st.integers(0, 1))))
        fields["racks"] = draw(st.none() | st.integers(1, count))
        fields["price_per_hour"] = draw(st.none() | st.floats(0, 1e6))
        groups.append(NodeGroup(name=name, count=count, gpus=gpus, gpu_model=model, mig=model == "A100-80", **fields))
    own = accelerator("H200").model_copy(update={"name": "own"})
    return ClusterSpec(name=draw(names), groups=groups, accelerators=[own], storage=[Storage(name="s", capacity_mib=draw(amounts))])


@given(specs())
def test_yaml_and_json_give_an_equal_spec_back(spec: ClusterSpec) -> None:
    assert ClusterSpec.from_yaml(spec.to_yaml()) == spec
    assert ClusterSpec.from_json(spec.to_json()) == spec


def test_human_amounts_are_read_as_what_they_say() -> None:
    big, own = ClusterSpec.from_yaml(WHOLE).groups
    assert (big.cpu_milli, big.memory_mib, big.disk_mib) == (64_000, 512 * 1024, 90 * 1024)
    assert (own.cpu_milli, own.memory_mib, str(own.taints[0]), str(own.taints[1])) == (250, 1536, "team=a:NoExecute", "k:NoSchedule")


@pytest.mark.parametrize(
    ("written", "read"), [("8:16", "8:16"), ("1:30:00", "1:30:00"), ("2:3.5", "2:3.5"), ("12", 12), ("1.5e+3", 1500.0), ("0x1F", 31)]
)
def test_colons_make_no_number_to_the_base_of_60(written: str, read: object) -> None:
    assert load_yaml(f"[{written}]") == [read]


def test_files_are_told_apart_by_suffix_and_content(tmp_path: Path) -> None:
    spec = ClusterSpec.from_yaml(WHOLE)
    assert spec.to_yaml(tmp_path / "a.yaml") == (tmp_path / "a.yaml").read_text(encoding="utf-8")
    spec.to_json(tmp_path / "a.json")
    (tmp_path / "k.json").write_text('{"items": [{"metadata": {"name": "n"}, "status": {"capacity": {"cpu": "4", "memory": "8Gi"}}}]}')
    (tmp_path / "o.csv").write_text("sn,cpu_milli,memory_mib,gpu,model\nn,1000,1,0,\n")
    assert (
        ClusterSpec.open(tmp_path / "a.yaml")
        == spec
        == ClusterSpec.open(str(tmp_path / "a.json"))
        == ClusterSpec.from_json(tmp_path / "a.json")
    )
    assert ClusterSpec.open(tmp_path / "k.json").nodes().names == ("n",) == ClusterSpec.open(tmp_path / "o.csv").nodes().names


def test_a_name_that_begins_with_a_byte_order_mark_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(WHOLE, encoding="utf-8-sig")
    assert ClusterSpec.open(tmp_path / "a.yaml").name == "lab"


@pytest.mark.parametrize("document", ["", "- 1\n- 2\n", "just: text\n", "3\n\n", "null\n", "[]", "a\nb\n"])
def test_documents_that_are_no_description_are_refused(document: str) -> None:
    with pytest.raises(MlplatError):
        ClusterSpec.from_yaml(document)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("groups: [\n", 2, "not YAML"),
        ("a: 1\nb: !!python/object/apply:os.system ['true']\n", 2, "tag"),
        ("a: 1\na: 2\n", 2, "twice"),
        ("a: &x [1, *x]\n", 1, "contains itself"),
        (
            "a: &a [1,1,1,1,1,1,1,1,1]\n"
            + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)),
            8,
            "aliases",
        ),
        ("a: " + "[" * 60 + "\n", 1, "deeper"),
        ("a: " + "{b: " * 100_000 + "\n", 1, "deeper"),
        ("a: 2026-13-45\n", None, "date or number"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML"),
        ("a: " + "9" * 5000 + "\n", None, "not a YAML value"),
        ("a: \x07\n", None, "not YAML"),
    ],
)
def test_hostile_or_broken_yaml_is_refused_with_its_line(text: str, line: int | None, says: str) -> None:
    with pytest.raises(InputError) as caught:
        ClusterSpec.from_yaml(text)
    assert caught.value.line == line and says in str(caught.value)


@pytest.mark.parametrize(
    "text", ["{", '{"a": NaN}', '{"a": 1, "a": 2}', "[" * 100_000, '{"a": ' + "9" * 5000 + "}", "[1]", "{} {}", '{"groups": "x"}']
)
def test_broken_json_is_refused(text: str) -> None:
    with pytest.raises(MlplatError):
        ClusterSpec.from_json(text)


@pytest.mark.parametrize("suffix", [".yaml", ".json", ".csv", ".txt"])
@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00binary", b"a\x00b", b""])
def test_missing_binary_and_empty_files_are_refused_by_name(tmp_path: Path, suffix: str, content: bytes | None) -> None:
    path = tmp_path / f"nodes{suffix}"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MlplatError, match="nodes"):
        ClusterSpec.open(path)


def test_folders_odd_names_and_unwritable_places_are_refused(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").mkdir()
    for source in (tmp_path / "d.yaml", tmp_path / "none" / "a.yaml", "\0.csv", "x" * 5000 + ".yaml", "none/a"):
        with pytest.raises(InputError):
            ClusterSpec.open(source)
    with pytest.raises(InputError, match="written"):
        ClusterSpec.parse("1x1cpu").to_yaml(tmp_path / "none" / "a.yaml")


def test_an_error_inside_a_file_names_the_file_and_the_place(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("groups:\n- {name: a, gpus: -1}\n")
    with pytest.raises(SpecError, match=r"bad\.yaml: groups\[0\]\.gpus: "):
        ClusterSpec.open(path)


def test_text_inside_a_document_is_never_opened_as_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text(WHOLE)
    with pytest.raises(SpecError) as caught:
        ClusterSpec.from_yaml(f"groups: {secret}\n")
    assert "lab" not in str(caught.value)


@given(st.data())
def test_a_mutated_yaml_text_is_a_spec_or_a_clear_error(data: st.DataObject) -> None:
    text = WHOLE
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 6))
        text = text[:at] + data.draw(st.sampled_from(list("{}[]:,-&*!|>'\"#\n 09ax%@`\t~<")) | st.text(max_size=3)) + text[at + cut :]
    outcome: object
    try:
        outcome = ClusterSpec.from_yaml(text).nodes()
    except MlplatError as error:
        outcome = str(error)
    assert outcome


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
def test_a_description_with_any_value_in_any_place_is_a_spec_or_a_clear_error(data: st.DataObject) -> None:
    document = json.loads(ClusterSpec.from_yaml(WHOLE).to_json())
    place: Any = data.draw(st.sampled_from([document, *document["groups"], *document["accelerators"], *document["storage"]]))
    keys = [*NodeGroup.model_fields, *Accelerator.model_fields, "groups", "storage", "pool", "memory", "cpus"]
    place[data.draw(st.sampled_from(keys))] = data.draw(anything)
    try:
        spec = ClusterSpec.model_validate(document)
    except MlplatError as error:
        assert str(error)
    else:
        assert ClusterSpec.from_yaml(spec.to_yaml()) == spec and repr(spec) and spec._repr_html_()
