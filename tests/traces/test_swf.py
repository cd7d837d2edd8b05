"""The reader of the Standard Workload Format, against a plain reading of the real logs and on small ones."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mlplat.errors import InputError
from mlplat.traces import read_trace

from .sample_files import SWF, put


def _jobs(text: str) -> list[list[int]]:
    return [[int(cell) for cell in line.split()] for line in text.splitlines() if line.strip() and not line.startswith(";")]


def _real(shared_data: Path, name: str) -> tuple[Path, str]:
    path = shared_data / "swf" / name
    if name.endswith(".gz"):
        return path, gzip.decompress(path.read_bytes()).decode()
    with zipfile.ZipFile(path) as archive:
        return path, archive.read(archive.namelist()[0]).decode()


@pytest.mark.parametrize(
    ("name", "count", "origin"), [("LCG.swf.gz", 188041, 1132444805), ("NASA-iPSC-1993-3.1-cln.swf.zip", 18239, 749458803)]
)
def test_the_real_logs_are_read_as_they_stand(shared_data: Path, name: str, count: int, origin: int) -> None:
    path, text = _real(shared_data, name)
    trace, jobs = read_trace(path), _jobs(text)
    jobs.sort(key=lambda job: job[1])
    assert len(trace) == len(jobs) == count and trace.origin == origin and trace.split == "cores"
    assert not trace.dropped and not trace.skipped
    assert trace.submit.tolist() == [job[1] for job in jobs] and trace.duration.tolist() == [job[3] for job in jobs]
    assert trace.estimate.tolist() == [max(job[8], job[3]) for job in jobs]
    assert trace.width("cpu_milli").tolist() == [1000 * job[4] for job in jobs] and not trace.width("memory_mib").any()
    assert [trace.groups[g] for g in trace.group] == [str(job[11]) for job in jobs]
    assert (trace.replicas == 1).all() and [trace.id_of(i) for i in (0, -1)] == [str(jobs[0][0]), str(jobs[-1][0])]
    assert trace.header[0] == "; Version: 2.2" and any(line.startswith("; UnixStartTime") for line in trace.header)


def test_unknown_values_are_replaced_or_dropped(tmp_path: Path) -> None:
    trace = read_trace(put(tmp_path, "log.swf", SWF))
    assert trace.job_id is not None and trace.job_id.tolist() == ["1", "2", "4", "6"]
    assert trace.dropped == {"run time unknown": 1, "processors unknown": 1}
    assert trace.width("cpu_milli").tolist() == [4000, 8000, 1000, 1000]
    assert trace.width("memory_mib").tolist() == [0, 4, 2, 0]  # KB for each processor, of the job in MiB
    assert trace.estimate.tolist() == [200, 50, 60, 10] and trace.duration.tolist() == [100, 50, 60, 0]
    assert trace.origin == 1000000 and trace.groups == ("7", "8", "9")


def test_plain_gzip_and_zip_give_the_same_trace(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/", "")
        archive.writestr("folder/log.swf", SWF)
    files = {"a.swf": SWF.encode(), "b.swf.gz": gzip.compress(SWF.encode()), "c.swf.zip": packed.getvalue()}
    frames = [read_trace(put(tmp_path, name, content)).to_polars() for name, content in files.items()]
    assert frames[0].equals(frames[1]) and frames[0].equals(frames[2])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(files)  # nothing is extracted


def test_blanks_tabs_carriage_returns_and_comments_between_jobs_do_not_matter(tmp_path: Path) -> None:
    plain = read_trace(put(tmp_path, "a.swf", SWF)).to_polars()
    lines = SWF.splitlines()
    odd = "\r\n".join([*lines[:4], "\t".join(lines[4].split()), "", "; in between", *[f"   {line}  \t" for line in lines[5:]], "", ""])
    assert read_trace(put(tmp_path, "b.swf", odd)).to_polars().equals(plain)
    assert read_trace(put(tmp_path, "c.swf", SWF.replace("\n", " \t\r\n").rstrip())).to_polars().equals(plain)


def test_lines_across_a_block_border_are_kept_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = SWF + "".join(f"{i} {i} -1 {i % 97} {i % 64 + 1} -1 -1 -1 -1 -1 1 3 -1 -1 -1 -1 -1 -1\n" for i in range(60, 3000))
    whole = read_trace(put(tmp_path, "a.swf", text)).to_polars()
    monkeypatch.setattr("mlplat.traces.swf_lines._CHUNK", 1000)
    assert read_trace(tmp_path / "a.swf").to_polars().equals(whole) and whole.height == 2944


@pytest.mark.parametrize(
    ("field", "value", "column"),
    [(2, "-5", "submit time"), (4, "-2", "run time"), (5, "-7", "allocated processors"), (9, "-3", "requested time"), (4, "x", "run time"),
     (2, "nan", "submit time"), (5, "2.5", "allocated processors"), (10, "1e300", "requested memory"), (4, "1e400", "run time")],
)  # fmt: skip
def test_a_bad_field_is_named_by_line_and_field(tmp_path: Path, field: int, value: str, column: str) -> None:
    lines = SWF.splitlines()
    cells = lines[5].split()
    cells[field - 1] = value
    path = put(tmp_path, "log.swf", "\n".join([*lines[:5], " ".join(cells), *lines[6:]]))
    with pytest.raises(InputError) as caught:
        read_trace(path)
    assert (caught.value.path, caught.value.line, caught.value.column) == (str(path), 6, column)
    trace = read_trace(path, errors="skip")
    assert len(trace) == 3 and [error.line for error in trace.skipped] == [6]


def test_a_line_without_18_fields_is_named(tmp_path: Path) -> None:
    path = put(tmp_path, "log.swf", SWF + "7 60 -1\n8 70 -1 5 1 -1 -1 -1 -1 -1 1 9 1 -1 1 -1 -1 -1\n")
    with pytest.raises(InputError, match=r"line 11: 3 fields in this line .*expected 18 numbers"):
        read_trace(path)
    assert len(read_trace(path, errors="skip")) == 5


def test_jobs_out_of_order_are_sorted_by_submission(tmp_path: Path) -> None:
    lines = SWF.splitlines()
    trace = read_trace(put(tmp_path, "log.swf", "\n".join(lines[:4] + lines[:3:-1])))
    assert (np.diff(trace.submit) >= 0).all() and trace.job_id is not None and trace.job_id.tolist() == ["1", "2", "4", "6"]


def test_a_log_of_comments_has_no_jobs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no jobs"):
        read_trace(put(tmp_path, "log.swf", "; Version: 2.2\n; nothing\n"))


def test_an_archive_with_two_members_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "log.zip", "w") as archive:
        archive.writestr("a.swf", SWF)
        archive.writestr("b.swf", SWF)
    with pytest.raises(InputError, match="has 2 files; expected exactly one"):
        read_trace(tmp_path / "log.zip")


@pytest.mark.parametrize("kind", ["gz", "zip"])
def test_a_decompression_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr("mlplat.traces.source_bytes.SMALL", 2**20)
    path = tmp_path / f"bomb.swf.{kind}"
    if kind == "gz":
        path.write_bytes(gzip.compress(b"0 " * 2**23))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bomb.swf", b"0 " * 2**23)
    with pytest.raises(InputError, match="decompresses to more than can be a trace"):
        read_trace(path)
