"""Outages in CSV files: the round trip, and rows that cannot be read."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import InputError, MlplatError
from mlplat.hardware import ClusterSpec, FailureRate, Maintenance, Outages, Reliability

SPEC = ClusterSpec.uniform(nodes=3, gpus=2, gpu_model="T4", node_names=("gpu-a", "1", "gpu-c"))
HEAD = "start_s,end_s,kind,node,device,notice_s,grace_s\n"


def same(one: Outages, other: Outages) -> bool:
    return one.to_polars().equals(other.to_polars())


@pytest.mark.parametrize("spec", [SPEC, None], ids=["by name", "by row"])
def test_a_drawn_schedule_comes_back_the_same(tmp_path: Path, spec: ClusterSpec | None) -> None:
    rate = FailureRate(mtbf="5d", mttr="3h")
    plan = Maintenance(start="1d", every="9d", duration="1h", notice="2h", grace="90s")
    drawn = Reliability(node=rate, device=rate, rack=rate, fabric=rate, maintenance=[plan]).outages(SPEC, seed=3, until="60d")
    drawn.write_csv(tmp_path / "o.csv", spec)
    assert len(drawn.counts()) == 5 and same(Outages.read_csv(tmp_path / "o.csv", spec), drawn)


@given(st.lists(st.tuples(st.integers(0, 10**15), st.integers(1, 10**12) | st.none(), st.integers(0, 2)), max_size=8))
def test_any_times_come_back_the_same(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int | None, int]]) -> None:
    path = tmp_path_factory.mktemp("outages") / "o.csv"
    starts = [start / 1000 for start, *_ in rows]
    ends = [math.inf if length is None else min(start + length, 10**15 + 1) / 1000 for start, length, _ in rows]
    usable = [i for i, (start, end) in enumerate(zip(starts, ends, strict=True)) if start < end <= 1e12 or end == math.inf]
    outages = Outages.build(
        start=[starts[i] for i in usable], end=[ends[i] for i in usable], node=[rows[i][2] for i in usable], kind="rack"
    )
    outages.write_csv(path)
    assert same(Outages.read_csv(path), outages)


def test_a_record_of_a_real_cluster_needs_four_columns_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text("node,ticket,kind,start_s,end_s\n gpu-c ,T-1,Node,5,inf\n\n1,T-2,partition,2.5,7\n")
    outages = Outages.read_csv(tmp_path / "o.csv", SPEC)
    assert outages.node.tolist() == [1, 2] and outages.end.tolist() == [7.0, math.inf] and outages.counts() == {"node": 1, "partition": 1}


def test_a_name_goes_before_a_row_number(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text(HEAD + "1,2,node,1,,,\n3,4,node,0,,,\n")
    assert Outages.read_csv(tmp_path / "o.csv", SPEC).node.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("row", "column", "expected"),
    [
        ("x,2,node,0,,,", "start_s", "seconds"),
        ("-1,2,node,0,,,", "start_s", "seconds"),
        ("nan,2,node,0,,,", "start_s", "seconds"),
        ("1,1,node,0,,,", "end_s", "later than the start"),
        ("1,1.0001,node,0,,,", "end_s", "later than the start"),
        ("1,,node,0,,,", "end_s", "or inf"),
        ("1,2,disk,0,,,", "kind", "one of node, device, rack"),
        ("1,2,node,gpu-z,,,", "node", "the name of a node"),
        ("1,2,node,3,,,", "node", "row up to 2"),
        ("1,2,node,-1,,,", "node", "row up to 2"),
        ("1,2,device,0,,,", "device", "from 0 to 1"),
        ("1,2,device,0,2,,", "device", "from 0 to 1"),
        ("1,2,device,0,½,,", "device", "from 0 to 1"),
        ("1,2,node,0,1,,", "device", "an empty cell"),
        ("1,2,maintenance,0,,soon,", "notice_s", "seconds"),
        ("1,2,maintenance,0,,,-5", "grace_s", "seconds"),
        ("1,2,node", None, "as many as in the header"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_column(tmp_path: Path, row: str, column: str | None, expected: str) -> None:
    (tmp_path / "o.csv").write_text(HEAD + "0,1,node,0,,,\n" + row + "\n")
    with pytest.raises(InputError) as caught:
        Outages.read_csv(tmp_path / "o.csv", SPEC)
    error = caught.value
    assert (error.line, error.column) == (3, column) and "o.csv" in str(error) and expected in str(error.expected)


@pytest.mark.parametrize(
    "text", ["", "start_s,end_s,kind\n", "start_s,end_s,kind,node,node\n", 'start_s,end_s,kind,node\n"1,2', "\0", "\n"]
)
def test_a_file_that_is_no_table_of_outages_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "o.csv").write_text(text)
    with pytest.raises(InputError, match=r"o\.csv"):
        Outages.read_csv(tmp_path / "o.csv")


def test_missing_files_and_unwritable_places_are_refused(tmp_path: Path) -> None:
    outages = Outages.build(start=[1], end=[2], node=[7])
    with pytest.raises(InputError, match="read"):
        Outages.read_csv(tmp_path / "none.csv")
    with pytest.raises(InputError, match="written"):
        outages.write_csv(tmp_path / "none" / "o.csv")
    with pytest.raises(InputError, match="column 'node'"):
        outages.write_csv(tmp_path / "o.csv", SPEC)
    assert not (tmp_path / "o.csv").exists()


@given(st.text(alphabet='0123456789.,-enodrackviupt"\n\r x', max_size=80))
def test_any_text_is_outages_or_a_clear_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("outages") / "o.csv"
    path.write_text(HEAD + text, encoding="utf-8")
    try:
        outages = Outages.read_csv(path, SPEC)
    except MlplatError as error:
        assert "o.csv" in str(error)
    else:
        outages.check(SPEC.nodes())
