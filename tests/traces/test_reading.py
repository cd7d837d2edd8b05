"""Telling formats apart, formats of one's own, and files that cannot be read at all."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import mlplat.traces
from mlplat.errors import InputError, OptionError, UnknownNameError
from mlplat.resources import ResourceRequest
from mlplat.traces import FORMATS, TraceReader, read_trace, write_trace
from mlplat.traces.bad_rows import Errors
from mlplat.traces.source_bytes import Source
from mlplat.workload import JobTrace

from .sample_files import SAMPLES, put


@pytest.mark.parametrize("format", sorted(SAMPLES))
def test_the_format_is_told_from_what_is_in_the_file(tmp_path: Path, format: str) -> None:
    guessed = read_trace(put(tmp_path, "some.dat", SAMPLES[format]))
    assert guessed.to_polars().equals(read_trace(tmp_path / "some.dat", format).to_polars()) and len(guessed) >= 3


def test_parquet_and_bare_rows_of_a_log_are_told_too(tmp_path: Path) -> None:
    trace = read_trace(put(tmp_path, "a.csv", SAMPLES["csv"]))
    write_trace(trace, tmp_path / "a.parquet")
    (tmp_path / "a.parquet").rename(tmp_path / "b.dat")
    assert read_trace(tmp_path / "b.dat").to_polars().equals(trace.to_polars())
    rows = "\n".join(line for line in SAMPLES["swf"].splitlines() if not line.startswith(";"))
    assert len(read_trace(put(tmp_path, "c.dat", rows))) == 4


def test_a_file_of_no_known_format_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_trace(put(tmp_path, "notes.txt", "dear diary\n"))
    text = str(caught.value)
    assert text.startswith(str(tmp_path / "notes.txt")) and "dear diary" in text and all(name in text for name in FORMATS)


def test_an_unknown_format_suggests_the_closest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'philly'"):
        read_trace(put(tmp_path, "a", ""), "phily")


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_an_empty_file_is_refused_in_every_format(tmp_path: Path, format: str) -> None:
    for content in ("", "\n\n", " \n"):
        with pytest.raises(InputError, match=r"empty\.csv"):
            read_trace(put(tmp_path, "empty.csv", content), format)


def test_errors_takes_two_words_only(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="expected 'raise' or 'skip'"):
        read_trace(put(tmp_path, "a.csv", SAMPLES["csv"]), errors="ignore")  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["nowhere.csv", "a\0b", "", "x" * 5000])
def test_a_file_that_is_not_there_is_named(path: str) -> None:
    with pytest.raises(InputError):
        read_trace(path)


def test_folders_and_pipes_are_not_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path, tmp_path / "pipe.csv"):
        with pytest.raises(InputError, match="is not a file"):
            read_trace(path)


def test_the_name_in_a_message_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_trace(tmp_path / "two\nlines.csv")
    assert "\n" not in str(caught.value)


class _OneLine(TraceReader):
    name, summary = "one-line", "durations in one line"

    def recognizes(self, name: str, first_line: str) -> bool:
        return False

    def read(self, source: Source, errors: Errors) -> JobTrace:
        durations = [float(cell) for cell in source.data.split()]
        zeros = [0] * len(durations)
        return JobTrace.build(submit=zeros, duration=durations, request=zeros, requests=[ResourceRequest(cpus=1)], source=source.path)


def test_a_reader_of_ones_own_is_a_format(tmp_path: Path) -> None:
    assert read_trace(put(tmp_path, "a.txt", "1 2 3"), _OneLine()).duration.tolist() == [1, 2, 3]


def test_every_public_name_is_there() -> None:
    for name in mlplat.traces.__all__:
        assert getattr(mlplat.traces, name) is not None and name in dir(mlplat.traces)
    with pytest.raises(AttributeError):
        mlplat.traces.nothing  # noqa: B018


@pytest.mark.parametrize("first", ["import mlplat.traces.generators", "from mlplat.traces import queueing", "pass"])
def test_the_function_synthetic_is_not_hidden_by_its_module(first: str) -> None:
    code = f"{first}\nfrom mlplat.traces import synthetic\nimport mlplat.traces as t\nprint(callable(synthetic), callable(t.synthetic))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == "True True"


def test_importing_the_package_loads_no_heavy_library() -> None:
    code = "import sys, mlplat.traces; print(sorted({'polars', 'numpy', 'numba', 'pooch', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == "[]"


def test_the_package_knows_only_the_shared_vocabulary() -> None:
    allowed = {"workload", "resources", "units", "errors", "streams", "html_tables"}
    for file in Path(mlplat.traces.__file__ or "").parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level == 2:
                assert node.module in allowed, f"{file.name} imports {node.module}"
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert not (node.module or "").startswith("mlplat"), file.name
