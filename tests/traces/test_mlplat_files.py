"""mlplat's own CSV and Parquet: what is written is read back, exactly."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mlplat.errors import InputError, OptionError
from mlplat.resources import ResourceRequest
from mlplat.traces import read_trace, write_trace
from mlplat.workload import JobTrace

from .sample_files import CSV, SLURM, put, with_cell

SUFFIXES = ("csv", "parquet")
ODD_NAMES = ["a,b", 'say "x"', " padded ", "two\nlines", "carriage\rreturn", "naïve 🎲", "", "null", "007", "\t", "'", "\u2028"]


def _everything(n: int = 300) -> JobTrace:
    """A trace with every kind of value in it, doubles with all their digits."""
    draws = np.random.default_rng(5)
    duration = draws.exponential(1e4, n)
    duration[::17] = math.inf
    duration[::19] = 0
    requests = [
        ResourceRequest(cpus=1, memory_gib=2, models="A|B", gpus=3), ResourceRequest(cpus=1, gpu_milli=125), ResourceRequest(mig="1g.5gb"),
        ResourceRequest(disk_gib=1), ResourceRequest(cpus=2, memory_gib=2, models="A|B", gpus=4), ResourceRequest(),
    ]  # fmt: skip
    request = draws.integers(0, 6, n)
    return JobTrace.build(
        submit=np.sort(draws.random(n) * 1e7), duration=duration, estimate=duration * 1.1 + draws.random(n), request=request,
        requests=requests, last_request=np.where(request == 0, 4, request), replicas=draws.integers(1, 9, n),
        priority=draws.integers(-5, 5, n), group=draws.integers(0, len(ODD_NAMES), n), groups=ODD_NAMES,
        job_id=np.array([f"{name}-{i}" for i, name in zip(range(n), ODD_NAMES * n, strict=False)], dtype=object), origin=1.25e9,
        split="nodes",
    )  # fmt: skip


def _same(a: JobTrace, b: JobTrace) -> None:
    assert a.to_polars().equals(b.to_polars()) and (a.origin, a.split) == (b.origin, b.split)
    assert [a.requests[i] for i in a.last_request] == [b.requests[i] for i in b.last_request]
    assert (a.job_id is None) == (b.job_id is None)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_is_read_back_exactly(tmp_path: Path, suffix: str) -> None:
    trace, path = _everything(), tmp_path / f"trace.{suffix}"
    write_trace(trace, path)
    _same(read_trace(path), trace)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", ["openb/openb_pod_list_gpuspec33.csv", "philly/philly.csv", "swf/NASA-iPSC-1993-3.1-cln.swf.zip"])
def test_real_traces_survive_the_round_trip(tmp_path: Path, shared_data: Path, suffix: str, name: str) -> None:
    trace, path = read_trace(shared_data / name), tmp_path / f"trace.{suffix}"
    write_trace(trace, path)
    _same(read_trace(path), trace)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_gangs_with_a_remainder_survive_the_round_trip(tmp_path: Path, suffix: str) -> None:
    trace, path = read_trace(put(tmp_path, "jobs.txt", SLURM)), tmp_path / f"trace.{suffix}"
    write_trace(trace, path)
    _same(read_trace(path), trace)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_trace_without_jobs_has_nothing_to_read_back(tmp_path: Path, suffix: str) -> None:
    write_trace(_everything().take([]), tmp_path / f"trace.{suffix}")
    with pytest.raises(InputError, match="has no jobs"):
        read_trace(tmp_path / f"trace.{suffix}")


def test_columns_that_are_absent_and_cells_that_are_empty_have_defaults(tmp_path: Path) -> None:
    frame = read_trace(put(tmp_path, "trace.csv", CSV)).to_polars()
    assert frame["job_id"].to_list() == ["a", "c", "b", "d"] and frame["submit"].to_list() == [0, 5.25, 10, 20]
    assert frame["duration"].to_list() == [100.5, 60, math.inf, 0] and frame["estimate"].to_list() == [200, 60, math.inf, 0]
    assert frame["replicas"].to_list() == [1, 1, 2, 4] and frame["models"].to_list() == ["P100|V100", "", "", ""]
    bare = read_trace(put(tmp_path, "bare.csv", "gpus,duration,submit\n2,5,1\n"))
    assert bare.job_id is None and bare.requests == (ResourceRequest(gpus=2),) and bare.groups == ("",) and bare.split == "never"


def test_parquet_of_another_program_is_read_by_its_types(tmp_path: Path) -> None:
    columns = {
        "submit": [0, 1],
        "duration": [1.5, 2.0],
        "gpus": pl.Series([1, 2], dtype=pl.UInt8),
        "group": pl.Series(["a", "b"], dtype=pl.Categorical),
    }
    pl.DataFrame(columns | {"note": [[1], [2]]}).write_parquet(tmp_path / "t.parquet")
    trace = read_trace(tmp_path / "t.parquet")
    assert trace.width("gpus").tolist() == [1, 2] and trace.groups == ("a", "b")


@pytest.mark.parametrize(
    ("column", "values", "text"),
    [
        ("gpus", [1.5, 1.0], "line 1, column 'gpus': bad value"),
        ("submit", [0.0, math.nan], "line 2, column 'submit': bad value"),
        ("submit", [True, False], "column 'submit': the column is of type Boolean"),
        ("group", [1.5, 2.5], "column 'group': the column is of type Float64"),
        ("duration", [[1], [2]], "column 'duration': the column is of type List"),
    ],
)
def test_bad_parquet_is_named_by_row_and_column(tmp_path: Path, column: str, values: list[object], text: str) -> None:
    columns: dict[str, object] = {"submit": [0, 1], "duration": [1, 2], "gpus": [1, 1], "group": ["a", "b"]}
    pl.DataFrame(columns | {column: values}).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"t\.parquet") as caught:
        read_trace(tmp_path / "t.parquet")
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("line", "column", "value"),
    [
        (2, "submit", ""), (2, "submit", "inf"), (3, "duration", "-inf"), (3, "duration", "nan"), (2, "estimate", "-1"), (2, "replicas",
        "0"),
        (2, "replicas", "1e9"), (4, "cpu_milli", "0.5"), (2, "gpus", "1048577"), (3, "gpu_milli", "1000"), (4, "priority", "9999999999"),
        (4, "gpus", "1"), (2, "gpu_milli", "10"), (2, "group", "g" * 1001),
    ],
)  # fmt: skip
def test_a_bad_cell_is_named_by_line_and_column(tmp_path: Path, line: int, column: str, value: str) -> None:
    path = put(tmp_path, "trace.csv", with_cell(CSV, line, column, value))
    with pytest.raises(InputError) as caught:
        read_trace(path)
    assert (caught.value.path, caught.value.line) == (str(path), line)
    assert caught.value.column == column or "several ways" in str(caught.value)
    assert len(read_trace(path, errors="skip")) == 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("submit,duration\n1,2\n", "lacks a column of amounts"),
        ("submit,duration,gpus,gpus\n1,2,3,4\n", "names gpus twice"),
        ("submit,duration,\x1b[2J,\x1b[2J\n1,2,3,4\n", "names ?[2J twice"),
        ("submit,duration,gpus,split\n1,2,3,halves\n", "unknown way to split"),
        ("submit,duration,gpus,split\n1,2,3,nodes\n1,2,3,cores\n", "line 3, column 'split': differs from the rows above"),
        ("submit,duration,gpus,origin\n1,2,3,5\n1,2,3,6\n", "line 3, column 'origin': differs from the rows above"),
        ("submit,duration,gpu_milli,last_gpus\n1,2,3,6\n", "column 'last_gpus': devices asked for in several ways"),
        ('submit,duration,gpus\n1,"2,3\n', "line 2: the row cannot be taken apart"),
        ('submit,duration,gpus\n1,2,3\n1,"2"x,3\n', "line 3: the row cannot be taken apart"),
        ("submit,duration,gpus\n1,2,\x00\n", "line 2, column 'gpus': bytes that are not UTF-8 text"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        read_trace(put(tmp_path, "trace.csv", text), "csv")
    assert problem in str(caught.value)


def test_bytes_that_are_not_utf8_spoil_only_their_row(tmp_path: Path) -> None:
    path = put(tmp_path, "trace.csv", CSV.encode().replace(b"team-2", b"te\xffm"))
    with pytest.raises(InputError, match="line 3, column 'group': bytes that are not UTF-8 text"):
        read_trace(path)
    assert len(read_trace(path, errors="skip")) == 3


def test_line_ends_byte_order_mark_and_blank_lines_do_not_matter(tmp_path: Path) -> None:
    plain = read_trace(put(tmp_path, "a.csv", CSV)).to_polars()
    for name, content in (("b", CSV.replace("\n", "\r\n")), ("c", "\ufeff" + CSV), ("d", CSV.replace("\n", "\n\n")), ("e", CSV.rstrip() +
    "\n\n\n"),
                          ("f", CSV.replace("\n", "\r")), ("g", CSV.rstrip())):  # fmt: skip
        assert read_trace(put(tmp_path, f"{name}.csv", content), "csv").to_polars().equals(plain), name


def test_lines_are_right_after_cells_that_hold_line_ends(tmp_path: Path) -> None:
    text = 'submit,duration,gpus,group\n1,2,3,"a\nb\nc"\n\n1,2,x,d\n'
    with pytest.raises(InputError, match="line 6, column 'gpus'"):
        read_trace(put(tmp_path, "trace.csv", text))


@pytest.mark.parametrize("name", ["trace.txt", "trace", "trace.csv.gz"])
def test_another_suffix_cannot_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(OptionError, match=r"ends in \.csv or \.parquet"):
        write_trace(_everything(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_does_not_exist_cannot_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_trace(_everything(), tmp_path / "nowhere" / "trace.csv")


def test_names_that_no_text_can_hold_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    trace = _everything().with_columns(groups=("a\0b", *ODD_NAMES[1:]))
    with pytest.raises(OptionError, match="column 'group'"):
        write_trace(trace, tmp_path / "trace.csv")
    assert not list(tmp_path.iterdir())


def test_last_replicas_that_differ_in_kind_are_refused(tmp_path: Path) -> None:
    requests = [ResourceRequest(gpus=1), ResourceRequest(gpu_milli=5)]
    trace = JobTrace.build(submit=[0], duration=[1], request=[0], last_request=[1], replicas=[2], requests=requests)
    with pytest.raises(OptionError, match="the last replica asks for"):
        write_trace(trace, tmp_path / "trace.csv")
