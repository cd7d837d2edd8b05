"""Whatever is in a file, a reader gives a `JobTrace` or an InputError that names the file, and nothing else."""

from __future__ import annotations

import gzip
import io
import random
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mlplat.errors import InputError
from mlplat.traces import FORMATS, read_trace, write_trace
from mlplat.traces.bad_rows import skipped_total
from mlplat.traces.source_bytes import Source
from mlplat.workload import JobTrace

from .mutations import mutated
from .sample_files import SAMPLES, put

FILES = 2000
_ROW = re.compile(r"bad value|cells in this row|fields in this line")


def _read(format: str, data: bytes, errors: str) -> JobTrace | InputError:
    """What comes out; anything but the two makes the test fail by itself."""
    source = Source("some/file", "file", data)
    try:
        return FORMATS[format].read(source, errors)  # type: ignore[arg-type]
    except InputError as error:
        return error


def _check(outcome: JobTrace | InputError) -> None:
    if isinstance(outcome, InputError):
        assert outcome.path == "some/file" and str(outcome).startswith("some/file")
        assert str(outcome).isprintable() or "\n" not in str(outcome)
        if _ROW.search(outcome.problem):
            assert outcome.line is not None and outcome.line >= 1
        return
    assert (np.diff(outcome.submit) >= 0).all() and np.isfinite(outcome.submit).all()
    assert (outcome.estimate >= outcome.duration).all() and (outcome.duration >= 0).all()
    assert (outcome.replicas >= 1).all() and (outcome.width("cpu_milli") >= 0).all() and (outcome.gpu_milli >= 0).all()
    assert outcome.to_polars().height == len(outcome)


@pytest.mark.parametrize("format", sorted(SAMPLES))
def test_a_broken_text_file_gives_a_trace_or_an_error_that_names_it(format: str) -> None:
    draws = random.Random(f"mutations of {format}")
    whole = SAMPLES[format].encode()
    separator = {"swf": b" ", "slurm": b"|", "kubernetes": b": "}.get(format, b",")
    refused = 0
    for _ in range(FILES):
        data = mutated(whole, draws, separator)
        strict = _read(format, data, "raise")
        _check(strict)
        if isinstance(strict, JobTrace):
            assert skipped_total(strict.skipped) == 0
            continue
        refused += 1
        lax = _read(format, data, "skip")
        _check(lax)
        if isinstance(lax, JobTrace):  # the first row left out is the one that the strict reading names
            assert skipped_total(lax.skipped) >= 1 and str(lax.skipped[0]) == str(strict)
        else:
            assert str(lax) == str(strict)
    assert FILES // 4 < refused < FILES


@pytest.mark.parametrize("format", ["openb", "philly", "csv", "slurm", "swf"])
def test_reading_by_column_and_row_by_row_give_the_same(format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    draws = random.Random(f"both ways of {format}")
    whole = SAMPLES[format].encode()
    separator = {"swf": b" ", "slurm": b"|"}.get(format, b",")
    files = [mutated(whole, draws, separator) for _ in range(FILES // 5)]
    by_column = [_read(format, data, "skip") for data in files]
    monkeypatch.setattr("mlplat.traces.separated_text._regular", lambda *arguments: None)
    monkeypatch.setattr("mlplat.traces.swf_lines._regular", lambda *arguments: None)
    for data, one in zip(files, by_column, strict=True):
        other = _read(format, data, "skip")
        if isinstance(one, JobTrace) and isinstance(other, JobTrace):
            assert one.to_polars().equals(other.to_polars()) and one.dropped == other.dropped
            assert [str(error) for error in one.skipped] == [str(error) for error in other.skipped]
        else:
            assert str(one) == str(other)


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_a_file_of_another_format_gives_a_trace_or_an_error_that_names_it(format: str) -> None:
    draws = random.Random(f"others for {format}")
    for text in [*SAMPLES.values(), *(bytes(draws.randrange(256) for _ in range(200)).decode("latin-1") for _ in range(50))]:
        for errors in ("raise", "skip"):
            _check(_read(format, text.encode("latin-1", errors="ignore"), errors))


def test_a_broken_parquet_file_gives_a_trace_or_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "trace.parquet"
    write_trace(read_trace(put(tmp_path, "trace.csv", SAMPLES["csv"])), path)
    whole, draws = path.read_bytes(), random.Random("mutations of parquet")
    for _ in range(FILES):
        data = mutated(whole, draws, b"\0")
        for errors in ("raise", "skip"):
            _check(_read("parquet", data, errors))


def test_a_broken_archive_gives_a_trace_or_an_error_that_names_it(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("log.swf", SAMPLES["swf"])
    wholes = (packed.getvalue(), gzip.compress(SAMPLES["swf"].encode(), mtime=0))
    draws = random.Random("mutations of archives")
    for i in range(FILES):
        path = put(tmp_path, "log.swf.gz", mutated(wholes[i % 2], draws, b"\0"))
        try:
            assert len(read_trace(path, "swf", errors="skip")) >= 0
        except InputError as error:
            assert error.path == str(path)
