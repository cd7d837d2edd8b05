"""Node lists of the openb trace."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import InputError, MlplatError
from mlplat.hardware import ClusterSpec, accelerator

HEAD = "sn,cpu_milli,memory_mib,gpu,model\n"
GOOD = HEAD + "n0,64000,262144,2,P100\nn1,64000,262144,2,P100\nn2,96000,393216,8,G2\nn3,32000,262144,0,\n"


def read(tmp_path: Path, text: str) -> ClusterSpec:
    path = tmp_path / "nodes.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return ClusterSpec.from_openb(path)


def test_real_gpu_node_list_has_the_published_totals(shared_data: Path) -> None:
    spec = ClusterSpec.from_openb(shared_data / "openb" / "openb_node_list_gpu_node.csv")
    capacity = spec.capacity()
    assert (capacity["nodes"], capacity["gpus"], capacity["cpu_milli"], capacity["memory_mib"]) == (1213, 6212, 107_018_000, 503_828_480)
    table = spec.nodes()
    assert table.names[:2] == ("openb-node-0000", "openb-node-0001") and len(set(table.names)) == 1213 and int(table.disk_mib.sum()) == 0
    assert {model.name for model in table.models} == {"P100", "T4", "A10", "G2", "G3", "V100M16", "V100M32"}
    assert ClusterSpec.from_yaml(spec.to_yaml()) == spec


def test_real_list_of_all_nodes_keeps_the_order_of_the_file(shared_data: Path) -> None:
    path = shared_data / "openb" / "openb_node_list_all_node.csv"
    rows = [line.split(",") for line in path.read_text().splitlines()[1:]]
    table = ClusterSpec.from_openb(path).nodes()
    assert list(table.names) == [row[0] for row in rows] and table.cpu_milli.tolist() == [int(row[1]) for row in rows]
    assert table.memory_mib.tolist() == [int(row[2]) for row in rows] and table.gpus.tolist() == [int(row[3]) for row in rows]
    assert [table.models[m].name if m >= 0 else "" for m in table.model.tolist()] == [row[4] for row in rows]


def test_equal_neighbours_share_a_group_and_unknown_models_become_custom(tmp_path: Path) -> None:
    spec = read(tmp_path, GOOD)
    assert [(group.name, group.count) for group in spec.groups] == [("P100-run-1", 2), ("G2-run-1", 1), ("cpu-run-1", 1)]
    assert [model.name for model in spec.accelerators] == ["G2"] and spec.groups[0].node_names == ("n0", "n1")


def test_v100_of_the_trace_keep_their_names_and_the_figures_of_the_board(tmp_path: Path) -> None:
    (model,) = read(tmp_path, HEAD + "n,1,1,1,V100M32\n").nodes().models
    assert model.name == "V100M32" and model.memory_mib == accelerator("V100-32").memory_mib


def test_columns_may_stand_in_any_order_with_others_between_and_blank_lines(tmp_path: Path) -> None:
    spec = read(tmp_path, "model,extra,gpu,sn,memory_mib,cpu_milli\r\nT4,x,2,n,5,7\r\n\r\n")
    assert (spec.groups[0].cpu_milli, spec.groups[0].memory_mib, spec.groups[0].gpus) == (7, 5, 2)


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("", 1, None, "lacks"),
        ("sn,cpu_milli,memory_mib,gpu\nn,1,1,0\n", 1, None, "lacks model"),
        ("sn,sn,cpu_milli,memory_mib,gpu,model\n", 1, None, "twice"),
        (HEAD, None, None, "no nodes"),
        (HEAD + "n,1,1,0\n", 2, None, "4 cells"),
        (HEAD + "n,-1,1,0,\n", 2, "cpu_milli", "whole number"),
        (HEAD + "n,1,1,0,\nm,1,many,0,\n", 3, "memory_mib", "'many'"),
        (HEAD + "n,1,1.5,0,\n", 2, "memory_mib", "whole number"),
        (HEAD + "n,1,1,٣,T4\n", 2, "gpu", "whole number"),
        (HEAD + "n,1,1,99999999,T4\n", 2, "gpu", "whole number"),
        (HEAD + "n," + "9" * 30 + ",1,0,\n", 2, "cpu_milli", "whole number"),
        (HEAD + "n,1,1,2,\n", 2, "model", "model of the node's devices"),
        (HEAD + ",1,1,0,\n", 2, "sn", "printable"),
        (HEAD + "n,1,1,0,\nn,1,1,0,\n", 3, "sn", "second node"),
        (HEAD + 'n,1,1,0,"x\n', 2, None, "not CSV"),
    ],
)
def test_bad_row_is_refused_at_its_line_and_column(tmp_path: Path, text: str, line: int | None, column: str | None, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert says in str(caught.value) and "nodes.csv" in str(caught.value)


@given(st.data())
def test_a_mutated_list_is_a_cluster_or_a_clear_error(data: st.DataObject) -> None:
    text = GOOD
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        put = data.draw(st.sampled_from([",", '"', "\n", "\r", "-", "9" * 20, "1e9", " ", "P100", "\x00", ";"]) | st.text(max_size=3))
        text = text[:at] + put + text[at + data.draw(st.integers(0, 8)) :]
    outcome: object
    with tempfile.TemporaryDirectory() as folder:
        try:
            outcome = read(Path(folder), text.encode("utf-8", "replace").decode()).nodes()
        except MlplatError as error:
            outcome = str(error)
    assert outcome
