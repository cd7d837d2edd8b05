"""The reader of the Philly trace, against the csv module on the real file and on small ones."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlplat.errors import InputError
from mlplat.traces import read_trace

from .sample_files import PHILLY, put, with_cell


def _unix(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()


def test_the_real_trace_is_read_as_the_csv_module_reads_it(shared_data: Path) -> None:
    path = shared_data / "philly" / "philly.csv"
    with path.open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["timestamp"]]
    rows.sort(key=lambda row: _unix(row["timestamp"]))
    trace = read_trace(path)
    first = _unix(rows[0]["timestamp"])
    assert len(trace) == 82247 and trace.origin == first == 1504521041.0 and trace.split == "nodes"
    assert trace.submit.tolist() == [_unix(row["timestamp"]) - first for row in rows]
    assert trace.duration.tolist() == [float(row["duration"]) for row in rows]
    assert trace.width("gpus").tolist() == [int(row["num_gpus"]) for row in rows]
    assert [trace.groups[g] for g in trace.group] == [row["cluster"] for row in rows]
    assert len(trace.groups) == 15 and not trace.width("cpu_milli").any()


def test_jobs_of_one_second_keep_their_order(tmp_path: Path) -> None:
    trace = read_trace(put(tmp_path, "jobs.csv", PHILLY))
    assert trace.width("gpus").tolist() == [8, 1, 2, 16]
    assert trace.submit.tolist() == [0, 2932, 2932, 64017] and trace.job_id is None


def test_the_columns_may_stand_in_any_order_and_gpu_time_may_be_absent(tmp_path: Path) -> None:
    trace = read_trace(put(tmp_path, "jobs.csv", "num_gpus,timestamp,duration\n4,2017-10-09 07:01:55,3\n"))
    assert (trace.width("gpus")[0], trace.duration[0], trace.groups) == (4, 3, ("",))


@pytest.mark.parametrize(
    ("line", "column", "value"),
    [
        (2, "timestamp", "2017-02-30 00:00:00"), (3, "timestamp", ""), (5, "timestamp", "1950-01-01 00:00:00"), (2, "duration", "-1.0"),
        (3, "duration", "inf"), (4, "num_gpus", "0"), (4, "num_gpus", "one"), (5, "num_gpus", "2.5"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_named_by_line_and_column(tmp_path: Path, line: int, column: str, value: str) -> None:
    path = put(tmp_path, "jobs.csv", with_cell(PHILLY, line, column, value))
    with pytest.raises(InputError) as caught:
        read_trace(path, "philly")
    assert (caught.value.path, caught.value.line, caught.value.column, caught.value.value) == (str(path), line, column, value)
    assert len(read_trace(path, "philly", errors="skip")) == 3


def test_the_first_bad_line_is_raised_and_all_are_listed(tmp_path: Path) -> None:
    text = with_cell(with_cell(with_cell(PHILLY, 4, "timestamp", "x"), 3, "num_gpus", "y"), 3, "duration", "z")
    path = put(tmp_path, "jobs.csv", text)
    with pytest.raises(InputError, match="line 3, column 'duration'"):
        read_trace(path)
    assert [error.line for error in read_trace(path, errors="skip").skipped] == [3, 4]


def test_a_row_with_too_few_or_too_many_cells_is_named(tmp_path: Path) -> None:
    path = put(tmp_path, "jobs.csv", PHILLY + "2017-10-10 00:00:00,5\n2017-10-10 00:00:00,5,1,5,a,b\n")
    with pytest.raises(InputError, match="line 6: 2 cells"):
        read_trace(path)
    trace = read_trace(path, errors="skip")
    assert len(trace) == 4 and [error.line for error in trace.skipped] == [6, 7]


def test_more_bad_rows_than_are_listed_are_still_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlplat.traces.bad_rows.MAX_LISTED", 10)
    path = put(tmp_path, "jobs.csv", PHILLY + "x,1,1,1,a\n" * 50 + "2017-10-10 00:00:00,1,0,1,a\n" * 25)
    trace = read_trace(path, errors="skip")
    assert len(trace) == 4 and len(trace.skipped) == 10 and trace.skipped.total == 75  # type: ignore[attr-defined]


def test_a_file_whose_rows_are_all_bad_is_an_empty_trace_when_they_are_skipped(tmp_path: Path) -> None:
    trace = read_trace(put(tmp_path, "jobs.csv", "timestamp,duration,num_gpus\nx,1,1\n"), errors="skip")
    assert len(trace) == 0 and len(trace.skipped) == 1 and trace.to_polars().height == 0


def test_a_header_without_rows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no jobs"):
        read_trace(put(tmp_path, "jobs.csv", "timestamp,duration,num_gpus\n"))
