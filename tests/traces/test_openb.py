"""The reader of openb pod lists, against the csv module on the real files and on small ones."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from mlplat.errors import InputError
from mlplat.traces import read_openb_pods, read_trace

from .sample_files import OPENB, put, with_cell

REAL = ("default", "gpuspec33", "gpushare40", "multigpu20")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def _asked(row: dict[str, str]) -> tuple[int, int, int, int, str]:
    count, milli = int(row["num_gpu"]), int(row["gpu_milli"])
    if count == 0:
        return int(row["cpu_milli"]), int(row["memory_mib"]), 0, 0, ""
    models = "|".join(sorted({m for m in row.get("gpu_spec", "").split("|") if m}))
    if count == 1 and milli < 1000:
        return int(row["cpu_milli"]), int(row["memory_mib"]), 0, milli, models
    return int(row["cpu_milli"]), int(row["memory_mib"]), count, 0, models


@pytest.mark.parametrize("name", REAL)
def test_every_pod_of_the_real_lists_is_read_in_file_order(shared_data: Path, name: str) -> None:
    path = shared_data / "openb" / f"openb_pod_list_{name}.csv"
    trace, rows = read_openb_pods(path), _rows(path)
    assert len(trace) == len(rows) and trace.submit.tolist() == list(range(len(rows)))
    assert np.isinf(trace.duration).all() and trace.split == "never" and not trace.dropped
    frame = trace.to_polars()
    assert frame["job_id"].to_list() == [row["name"] for row in rows]
    assert frame.select("cpu_milli", "memory_mib", "gpus", "gpu_milli", "models").rows() == [_asked(row) for row in rows]


@pytest.mark.parametrize("name", REAL[:3])
def test_recorded_times_of_the_real_lists_become_submission_and_duration(shared_data: Path, name: str) -> None:
    path = shared_data / "openb" / f"openb_pod_list_{name}.csv"
    trace, rows = read_trace(path), _rows(path)
    ran = sorted((row for row in rows if row["scheduled_time"]), key=lambda row: float(row["creation_time"]))
    assert trace.dropped == {"never scheduled": len(rows) - len(ran)} and trace.skipped == ()
    assert trace.submit.tolist() == [float(row["creation_time"]) for row in ran]
    assert trace.duration.tolist() == [float(row["deletion_time"]) - float(row["scheduled_time"]) for row in ran]
    assert [trace.id_of(i) for i in range(len(trace))] == [row["name"] for row in ran]


def test_the_default_list_has_the_known_numbers(shared_data: Path) -> None:
    trace = read_trace(shared_data / "openb" / "openb_pod_list_default.csv", "openb")
    assert (len(trace), trace.dropped["never scheduled"], len(trace.requests)) == (7255, 897, 150)
    assert (trace.id_of(0), trace.submit[0], trace.duration[0]) == ("openb-pod-0000", 0.0, 12537496.0)
    assert (trace.id_of(-1), trace.submit[-1], trace.duration[-1]) == ("openb-pod-8151", 12901761.0, 30.0)


def test_a_list_without_times_gives_all_pods_at_second_0_in_order(shared_data: Path) -> None:
    trace = read_trace(shared_data / "openb" / "openb_pod_list_multigpu20.csv")
    assert len(trace) == 8324 and not trace.submit.any() and np.isinf(trace.duration).all()
    assert trace.id_of(0) == "openb-pod-0000" and trace.id_of(8323) == "openb-pod-8323"


def test_whole_devices_shares_and_models_are_told_apart(tmp_path: Path) -> None:
    trace = read_trace(put(tmp_path, "pods.csv", OPENB))
    asked = [(r.gpus, r.gpu_milli, r.models) for r in (trace.requests[i] for i in trace.request)]
    assert asked == [(1, 0, ()), (0, 460, ("P100", "T4")), (0, 0, ()), (8, 0, ("V100M32",)), (1, 0, ())]
    assert trace.duration.tolist() == [490, 893, 60, 991, 67] and trace.dropped == {"never scheduled": 1}


def test_a_pod_never_deleted_is_dropped_and_not_bad(tmp_path: Path) -> None:
    trace = read_trace(put(tmp_path, "pods.csv", with_cell(OPENB, 2, "deletion_time", "")))
    assert trace.dropped == {"never scheduled": 1, "never deleted": 1}


@pytest.mark.parametrize(
    ("line", "column", "value", "expected"),
    [
        (2, "cpu_milli", "many", "a whole number from 0"),
        (3, "cpu_milli", "-5", "a whole number from 0"),
        (3, "memory_mib", "", "a whole number from 0"),
        (4, "num_gpu", "1.5", "a whole number from 0"),
        (5, "gpu_milli", "0", "a whole number from 1"),
        (5, "num_gpu", "99999999999", "a whole number from 0"),
        (6, "creation_time", "nan", "seconds from 0"),
        (2, "scheduled_time", "1e400", "seconds from 0"),
        (2, "deletion_time", "5", "not before scheduled_time"),
        (7, "name", "", "a name"),
    ],
)
def test_a_bad_cell_is_named_by_line_and_column(tmp_path: Path, line: int, column: str, value: str, expected: str) -> None:
    path = put(tmp_path, "pods.csv", with_cell(OPENB, line, column, value))
    with pytest.raises(InputError) as caught:
        read_trace(path)
    error = caught.value
    assert (error.path, error.line, error.column, error.value) == (str(path), line, column, value)
    assert expected in str(error)
    lax = read_trace(path, errors="skip")
    assert [str(skipped) for skipped in lax.skipped] == [str(error)] and len(lax) + sum(lax.dropped.values()) == 5


def test_what_a_pod_without_devices_says_of_devices_is_not_looked_at(tmp_path: Path) -> None:
    text = with_cell(with_cell(OPENB, 4, "gpu_milli", "x"), 4, "gpu_spec", "y")
    assert len(read_trace(put(tmp_path, "pods.csv", text))) == 5


def test_only_some_of_the_time_columns_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lacks scheduled_time"):
        read_trace(put(tmp_path, "pods.csv", OPENB.replace(",scheduled_time", ",other")))


def test_arrivals_count_only_the_pods_that_are_kept(tmp_path: Path) -> None:
    path = put(tmp_path, "pods.csv", with_cell(OPENB, 3, "cpu_milli", "x"))
    trace = read_openb_pods(path, errors="skip")
    assert trace.submit.tolist() == [0, 1, 2, 3, 4] and all(math.isinf(d) for d in trace.duration)
