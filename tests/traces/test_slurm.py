"""The reader of Slurm accounting records."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from mlplat.errors import InputError
from mlplat.traces import read_trace

from .sample_files import SLURM, put, with_cell


def _one(tmp_path: Path, **cells: str) -> tuple[Path, str]:
    """A file with one job of these fields."""
    row = {"JobID": "1", "Submit": "2024-01-31T12:00:00", "ElapsedRaw": "60", "NCPUS": "4"} | cells
    text = "|".join(row) + "\n" + "|".join(row.values()) + "\n"
    return put(tmp_path, "jobs.txt", text), text


def test_jobs_are_read_and_steps_passed_over(tmp_path: Path) -> None:
    trace = read_trace(put(tmp_path, "jobs.txt", SLURM))
    assert trace.job_id is not None and trace.job_id.tolist() == ["11_3", "10", "14"]
    assert trace.submit.tolist() == [0, 3600, 5402] and trace.duration.tolist() == [86400, 3600, 60]
    assert trace.estimate.tolist() == [math.inf, 172800, 60]  # UNLIMITED, 2 days, not known
    assert trace.origin == 1706698800.0 and [trace.groups[g] for g in trace.group] == ["chem", "phys", "phys"]
    assert trace.dropped == {"never started": 1, "still running": 1} and not trace.skipped and trace.split == "never"


def test_a_job_on_several_nodes_is_a_gang_with_the_remainder_in_the_last(tmp_path: Path) -> None:
    trace = read_trace(put(tmp_path, "jobs.txt", SLURM))
    first, last = trace.requests[trace.request[0]], trace.requests[trace.last_request[0]]
    assert trace.replicas.tolist() == [3, 1, 1]
    assert (first.cpu_milli, first.gpus, first.memory_mib, first.models) == (3000, 2, 34133, ("a100",))
    assert (last.cpu_milli, last.gpus, last.memory_mib, last.models) == (4000, 4, 34134, ("a100",))
    assert trace.width("cpu_milli").tolist() == [10000, 8000, 1000] and trace.width("memory_mib").tolist() == [102400, 32768, 4000]
    assert trace.width("gpus").tolist() == [8, 0, 0]


@pytest.mark.parametrize(
    ("cells", "duration", "estimate"),
    [
        ({"ElapsedRaw": "90"}, 90, 90),
        ({"ElapsedRaw": "90", "TimelimitRaw": "10"}, 90, 600),
        ({"ElapsedRaw": "90", "TimelimitRaw": "UNLIMITED"}, 90, math.inf),
        ({"ElapsedRaw": "90", "Timelimit": "Partition_Limit"}, 90, 90),
        ({"ElapsedRaw": "90", "Timelimit": "01:00"}, 90, 90),
        ({"ElapsedRaw": "90", "Timelimit": "1-00:00:00"}, 90, 86400),
    ],
)
def test_run_time_and_limit_are_read_in_each_form(tmp_path: Path, cells: dict[str, str], duration: float, estimate: float) -> None:
    trace = read_trace(_one(tmp_path, **cells)[0])
    assert (trace.duration[0], trace.estimate[0]) == (duration, estimate)


def test_start_and_end_give_the_run_time_where_nothing_else_does(tmp_path: Path) -> None:
    text = "JobID|Submit|Start|End|ReqTRES\n1|2024-01-31T12:00:00|2024-01-31T12:00:05|2024-01-31T12:01:00|cpu=2,mem=2G,gres/gpu:a100=1\n"
    trace = read_trace(put(tmp_path, "jobs.txt", text))
    assert trace.duration[0] == 55 and trace.width("cpu_milli")[0] == 2000 and trace.width("gpus")[0] == 1 and trace.split == "nodes"


@pytest.mark.parametrize(
    ("memory", "nodes", "mib"),
    [("16G", "2", 16384), ("4Gc", "2", 16384), ("8Gn", "2", 16384), ("4000M", "1", 4000), ("0", "1", 0), ("", "1", 0)],
)
def test_memory_is_read_for_the_job_the_core_and_the_node(tmp_path: Path, memory: str, nodes: str, mib: int) -> None:
    assert read_trace(_one(tmp_path, ReqMem=memory, NNodes=nodes)[0]).width("memory_mib")[0] == mib


def test_without_devices_and_nodes_a_job_may_be_split_by_cores(tmp_path: Path) -> None:
    assert read_trace(_one(tmp_path)[0]).split == "cores"


def test_a_submission_that_is_not_known_is_dropped(tmp_path: Path) -> None:
    path = put(tmp_path, "jobs.txt", SLURM.replace("2024-01-31T12:30:02", "Unknown"))
    assert read_trace(path).dropped == {"submission unknown": 1, "never started": 1, "still running": 1}


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"Submit": "noon"}, "Submit"),
        ({"Submit": ""}, "Submit"),
        ({"ElapsedRaw": "-1"}, "ElapsedRaw"),
        ({"NCPUS": "four"}, "NCPUS"),
        ({"NNodes": "0"}, "NNodes"),
        ({"Timelimit": "soon"}, "Timelimit"),
        ({"TimelimitRaw": "-5"}, "TimelimitRaw"),
        ({"ReqMem": "16Q"}, "ReqMem"),
        ({"AllocTRES": "cpu=4,gres/gpu=many"}, "AllocTRES"),
        ({"AllocTRES": "cpu=4,gres/gpu:a100=1,gres/gpu:v100=1"}, "AllocTRES"),
        ({"AllocTRES": "cpu=4,mem=lots"}, "AllocTRES"),
    ],
)
def test_a_bad_cell_is_named_by_line_and_column(tmp_path: Path, cells: dict[str, str], column: str) -> None:
    path, _ = _one(tmp_path, **cells)
    with pytest.raises(InputError) as caught:
        read_trace(path)
    assert (caught.value.path, caught.value.line, caught.value.column, caught.value.value) == (str(path), 2, column, cells[column])
    assert len(read_trace(path, errors="skip").skipped) == 1


def test_lines_count_the_steps_that_are_passed_over(tmp_path: Path) -> None:
    path = put(tmp_path, "jobs.txt", with_cell(SLURM, 7, "NCPUS", "x", "|"))
    with pytest.raises(InputError, match="line 7, column 'NCPUS'"):
        read_trace(path)


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("JobID|Submit|NCPUS", "lacks the run time"),
        ("JobID|Submit|Elapsed", "lacks the resources"),
        ("JobID|Elapsed|NCPUS", "lacks Submit"),
    ],
)
def test_a_header_without_what_is_needed_is_refused(tmp_path: Path, header: str, problem: str) -> None:
    with pytest.raises(InputError, match=f"line 1.*{problem}"):
        read_trace(put(tmp_path, "jobs.txt", header + "\n1|2|3\n"), "slurm")


def test_quotes_mean_nothing(tmp_path: Path) -> None:
    assert read_trace(_one(tmp_path, Account='"phys')[0]).groups == ('"phys',)
