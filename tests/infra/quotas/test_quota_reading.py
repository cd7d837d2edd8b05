"""Quotas from lists, mappings and files, and errors that name file, line and place; what quotas must be together."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.errors import InputError, MlplatError, OptionError, SpecError
from mlplat.infra.quotas import Cohort, Quota, QuotaWarning
from mlplat.infra.quotas.checks import check_quotas
from mlplat.infra.quotas.reading import read_quotas

SPEC = mp.ClusterSpec.parse("2x8xA100+1x8xV100")
NODES = SPEC.nodes()  # groups a100-40 and v100-16

TEXT = """\
cohorts:
- name: research
  lend: {gpus: 4}
quotas:
- name: team-a
  cohort: research
  guarantee:
    gpus: 8
    memory_gib: 512
  groups: [vc1, vc2]
- {name: team-b, cohort: research, reclaim_within: 90s}
"""


def written(folder: Path, text: str, name: str = "zones.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_yaml_file_gives_what_the_objects_give(tmp_path: Path) -> None:
    assert read_quotas(written(tmp_path, TEXT)).described == (
        Cohort("research", lend={"gpus": 4}),
        Quota("team-a", cohort="research", guarantee={"gpus": 8, "memory_gib": 512}, groups=("vc1", "vc2")),
        Quota("team-b", cohort="research", reclaim_within=90),
    )


def test_a_list_takes_objects_and_mappings() -> None:
    read = read_quotas([Quota("a"), {"name": "b"}, {"kind": "cohort", "name": "c"}, {"kind": "quota", "name": "d"}])
    assert read.described == (Quota("a"), Quota("b"), Cohort("c"), Quota("d"))
    assert read.places == ("quotas[0]", "quotas[1]", "quotas[2]", "quotas[3]")


def test_a_json_file_is_read_and_its_places_have_lines(tmp_path: Path) -> None:
    path = written(tmp_path, '{"quotas": [\n{"name": "a",\n "limit": {"gpus": 3}}]}', "zones.json")
    assert read_quotas(path).described == (Quota("a", limit={"gpus": 3}),)
    assert read_quotas(path).lines["quotas[0].limit.gpus"] == 3


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (TEXT.replace("    gpus: 8", "    gpu: 8"), ":8: quotas[0].guarantee.gpu: unknown resource"),
        (TEXT.replace("90s", "soon"), ":11: quotas[1].reclaim_within: not a duration"),
        (TEXT.replace("{gpus: 4}", "4"), ":3: cohorts[0].lend: expected a mapping"),
        (
            TEXT.replace("  cohort: research\n", "  cohorts: research\n"),
            ":6: quotas[0].cohorts: unknown key 'cohorts'; did you mean 'cohort'",
        ),
        (TEXT.replace("- name: team-a\n  cohort", "- cohort"), ":5: quotas[0].name: is required and missing"),
        ("- 7", ":1: [0]: expected a Quota"),
        ("zones: []", ":1: zones: unknown key 'zones'"),
        ("quotas: 7", ":1: quotas: expected a list (found 7)"),
        ("7", ": expected a list of quotas"),
        ("", ": expected a list of quotas"),
    ],
)
def test_a_file_that_is_none_is_refused_with_file_line_and_place(tmp_path: Path, text: str, place: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SpecError) as refused:
        read_quotas(path)
    assert str(refused.value).startswith(f"{path}{place}")


@pytest.mark.parametrize(("text", "line"), [("quotas: [", 1), ("quotas:\n- name: a\n  name: b", 3), ("!!python/name:os []", 1)])
def test_what_is_no_yaml_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(InputError) as refused:
        read_quotas(written(tmp_path, text))
    assert refused.value.line is not None
    assert abs(refused.value.line - line) <= 1


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.yaml"):
        read_quotas(tmp_path / "zones.toml")
    with pytest.raises(InputError, match="cannot be read"):
        read_quotas(tmp_path / "none.yaml")


def test_what_is_raised_of_a_description_of_a_file_names_file_and_line(tmp_path: Path) -> None:
    read = read_quotas(written(tmp_path, TEXT.replace("team-b, cohort: research", "team-b, cohort: researchers")))
    with pytest.raises(SpecError) as refused, read.placing():
        check_quotas(read.described, NODES, places=read.places)
    assert str(refused.value).startswith(
        f"{tmp_path / 'zones.yaml'}:11: quotas[1].cohort: unknown cohort 'researchers'; did you mean 'research'"
    )


A100, V100 = "a100-40", "V100"


@pytest.mark.parametrize(
    ("described", "where", "said"),
    [
        ([Quota("a"), Quota("a")], "[1].name", "a second one is called 'a'"),
        ([Quota("a"), Cohort("a")], "[1].name", "a second one is called 'a'"),
        ([Quota("a", cohort="r")], "[0].cohort", "unknown cohort 'r'"),
        ([Quota("a", cohort="b"), Quota("b")], "[0].cohort", "unknown cohort 'b'"),
        ([Cohort("a", parent="b")], "[0].parent", "unknown cohort 'b'"),
        ([Cohort("a", parent="a")], "[0].parent", "is part of itself: 'a' in 'a'"),
        ([Cohort("c", parent="a"), Cohort("a", parent="b"), Cohort("b", parent="a")], "[1].parent", "'a' in 'b' in 'a'"),
        ([Quota("a", groups=("g",)), Quota("g")], "[1].name", "the group 'g' is already of the quota 'a'"),
        ([Quota("g"), Quota("a", groups=("h", "g"))], "[1].groups[1]", "the group 'g' is already of the quota 'g'"),
        ([Quota("a", groups=("x",))], "[0].groups[0]", "unknown group of the trace 'x'"),
        ([Quota("x")], "[0].name", "unknown group of the trace 'x'"),
        ([Quota("a"), 7], "[1]", "expected a Quota or a Cohort"),
        ([Quota("a", flavors=(A100, "T4"))], "[0].flavors[1]", "unknown flavor 'T4'"),
        ([Cohort("r", limit={"spot": {"gpus": 1}})], "[0].limit.spot", "unknown flavor 'spot' (a node group or an accelerator model)"),
        ([Quota("a", reserve=("a100-40-0", "node-7"))], "[0].reserve[1]", "unknown node 'node-7'"),
        ([Quota("a", reserve={"group": "spot", "nodes": 1})], "[0].reserve.group", "unknown node group 'spot'"),  # type: ignore[arg-type]
        ([Quota("a", reserve={"group": A100, "nodes": 3})], "[0].reserve.nodes", "3 of 2 nodes"),  # type: ignore[arg-type]
        ([Quota("a", guarantee={"gpus": 25}, lend={"gpus": 0})], "", "gpus 25 of 24"),
        ([Quota("a", guarantee={V100: {"gpus": 9}}, lend={V100: {"gpus": 0.5}})], "", "V100.gpus 8.5 of 8"),
        ([Quota("a", guarantee={"gpus": 20}, lend={"gpus": 0}), Cohort("r", guarantee={"gpus": 9}, lend={"gpus": 4})], "", "gpus 25 of 24"),
    ],
)
def test_quotas_that_do_not_go_together_are_refused(described: Sequence[Any], where: str, said: str) -> None:
    with pytest.raises(SpecError) as refused:
        check_quotas(described, NODES, groups=["a", "b", "g", "h"], places=[f"[{i}]" for i in range(len(described))])
    assert refused.value.where == where
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("described", "said"),
    [
        ([Quota("a", flavors=(A100, "A100"))], "flavors 'a100-40' and 'A100' both have the node 'a100-40-0'"),
        ([Quota("a", flavors=("A100",)), Quota("b", flavors=("A100-40",))], "both have the node 'a100-40-0'"),
        ([Quota("a", reserve=("a100-40-1",)), Quota("b", reserve={"nodes": 2})], "'a100-40-1' is reserved for two quotas, 'a' and 'b'"),  # type: ignore[arg-type]
    ],
)
def test_parts_with_a_node_in_common_are_refused(described: Sequence[Quota], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        check_quotas(described, NODES)


def test_guarantees_beyond_the_cluster_are_warned_of_with_numbers() -> None:
    with pytest.warns(QuotaWarning, match=r"gpus 32 of 24, V100\.cpus 100 of 64"):
        check_quotas([Quota("a", guarantee={"gpus": 16}), Cohort("r", guarantee={"gpus": 16, V100: {"cpus": 100}})], NODES)


def test_the_warning_points_at_whoever_called_the_library() -> None:
    trace = mp.JobTrace.build(submit=[0], duration=[1], request=[0], requests=[mp.ResourceRequest(gpus=1)], groups=["a"])
    with pytest.warns(QuotaWarning) as caught:
        mp.replay(SPEC, trace, zones=[Quota("a", guarantee={"gpus": 32})])
    assert [Path(warning.filename) for warning in caught] == [Path(__file__)]


def test_an_alias_in_a_file_does_not_cost_a_line_for_every_place(tmp_path: Path) -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcde", "bcdef", strict=True)
    )
    with pytest.raises(SpecError, match="unknown key 'a'"):
        read_quotas(written(tmp_path, bomb))


def test_guarantees_that_the_cluster_can_keep_are_not_warned_of() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parts = check_quotas([Quota("a", guarantee={"gpus": 24}, lend={"gpus": 0}), None], NODES)
    assert parts.flavors == ()


def test_a_pool_without_a_bound_guarantees_anything() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_quotas([Quota("a", guarantee={"cpus": 2**30}, lend={"cpus": 0})], mp.ClusterSpec.parse("pool:768gpu").nodes())


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "a", "r", "T4", "A100", "any", "2m"])
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["gpus", "cpus", "A100", "nodes", "group", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)
FIELDS = sorted({*(each.name for each in fields(Quota)), "parent", "kind", "x"})


@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), PLAIN, max_size=6).map(lambda row: {"name": "a", **row}), max_size=3))
def test_whatever_is_given_is_taken_or_refused_in_one_printable_line(rows: list[dict[str, Any]]) -> None:
    """And what is taken says of itself what gives it again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuotaWarning)
        try:
            described = read_quotas(rows).described
            assert read_quotas([{"kind": type(one).__name__.lower()} | one.to_dict() for one in described]).described == described
            check_quotas(described, NODES, groups=["a", "b"])
        except MlplatError as refused:
            assert str(refused).isprintable()


def test_without_places_errors_name_the_quota() -> None:
    with pytest.raises(SpecError) as refused:
        check_quotas([None, Quota("b"), Quota("a", cohort="r")], NODES)
    assert refused.value.where == "quotas['a'].cohort"


def test_every_error_is_one_line_of_printable_text() -> None:
    with pytest.raises(MlplatError) as refused:
        check_quotas([Quota("a", flavors=("a100-40",)), Cohort("r", lend={"a\x1b[2J": {"gpus": 1}})], NODES)
    assert str(refused.value).isprintable()
