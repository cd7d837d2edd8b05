"""Traces that workers map into memory: the same trace, not copied, without a pickle."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import pytest

import mlplat as mp
from mlplat.errors import IntegrityError
from mlplat.planning.sweeps.durable_files import UNFINISHED
from mlplat.planning.sweeps.shared_traces import TRACES, check_trace_arrays, open_trace_arrays, shared_trace, write_trace_arrays
from mlplat.runs.fingerprints import trace_digest
from mlplat.workload import JobTrace

NAME = "ab" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (TRACES, UNFINISHED):
        (tmp_path / name).mkdir()
    return tmp_path


def trace_with(ids: object) -> JobTrace:
    requests = [mp.ResourceRequest(cpus=1, models="T4|P100"), mp.ResourceRequest(gpu_milli=300), mp.ResourceRequest(mig="1g.5gb")]
    return JobTrace.build(
        submit=[3.5, 0.0, 1e9],
        duration=[1.0, np.inf, 0.1],
        estimate=[2.0, np.inf, 5.0],
        request=[0, 1, 2],
        last_request=[0, 1, 2],
        replicas=[4, 1, 1],
        priority=[-5, 0, 2**31 - 1],
        group=[1, 0, 1],
        groups=["a", "ü"],
        requests=requests,
        job_id=ids,  # type: ignore[arg-type]
        origin=1.5e9,
        source="here",
        split="nodes",
        dropped={"unknown": 3},
        header=("; a", "; b"),
    )


@pytest.mark.parametrize(
    "ids",
    [
        None,
        np.array([7, 8, 9]),
        np.array(["x", "yy", "ü"], dtype=object),
        np.array(["x", "yy", "zzz"]),
        np.array(["x" * 500, "y", ""], dtype=object),
        np.array(["a\0", "b\0b", "\0"], dtype=object),
        np.array(["a", 5, "c"], dtype=object),
    ],
    ids=["none", "numbers", "objects", "text", "long", "with zeros", "mixed"],
)
def test_a_trace_comes_back_the_same(ids: object, folder: Path) -> None:
    trace = trace_with(ids)
    write_trace_arrays(folder, NAME, trace)
    back = open_trace_arrays(folder / TRACES / NAME)
    assert trace_digest(back) == trace_digest(trace)
    for name in ("requests", "groups", "origin", "source", "split", "dropped", "header"):
        assert getattr(back, name) == getattr(trace, name)
    assert [back.id_of(i) for i in range(3)] == [trace.id_of(i) for i in range(3)]
    assert back.submit.tolist() == trace.submit.tolist() and back.last_request.tolist() == trace.last_request.tolist()
    check_trace_arrays(folder / TRACES / NAME)


def test_its_columns_are_views_of_the_files_and_cannot_be_written(folder: Path) -> None:
    write_trace_arrays(folder, NAME, trace_with(np.array(["x", "y", "z"], dtype=object)))
    back = open_trace_arrays(folder / TRACES / NAME)
    for column in (back.submit, back.duration, back.request, back.group, back.job_id):
        base = column
        while isinstance(base, np.ndarray):
            assert not base.flags.writeable
            base = base.base
        assert isinstance(base, mmap.mmap)


def test_no_file_of_it_holds_a_pickle(folder: Path) -> None:
    write_trace_arrays(folder, NAME, trace_with(np.array(["x" * 500, "y", "z"], dtype=object)))
    for path in (folder / TRACES / NAME).glob("*.npy"):
        assert np.load(path, allow_pickle=False).dtype.kind in "fiuU"


def test_it_is_made_once_and_by_the_first_who_needs_it(folder: Path) -> None:
    count = 0

    def make() -> JobTrace:
        nonlocal count
        count += 1
        return trace_with(None)

    first, second = shared_trace(folder, NAME, make), shared_trace(folder, NAME, make)
    assert count == 1 and trace_digest(first) == trace_digest(second)
    write_trace_arrays(folder, NAME, trace_with(None))  # by another who had begun: what is there stays
    assert [path.name for path in (folder / UNFINISHED).iterdir() if path.is_dir()] == []


def test_a_trace_of_no_jobs_can_be_kept(folder: Path) -> None:
    empty = trace_with(np.array(["x", "y", "z"], dtype=object)).take([])
    write_trace_arrays(folder, NAME, empty)
    assert len(open_trace_arrays(folder / TRACES / NAME)) == 0


def test_a_changed_file_is_noticed(folder: Path) -> None:
    write_trace_arrays(folder, NAME, trace_with(None))
    path = folder / TRACES / NAME / "duration.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(IntegrityError):
        check_trace_arrays(folder / TRACES / NAME)
