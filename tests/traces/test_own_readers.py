"""Readers of a user's own: tables in a few lines, bad rows by name, readers of installed packages, and mistakes of a reader."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mlplat as mp
from mlplat.errors import InputError, OptionError, UnknownNameError
from mlplat.traces import TableReader, read_trace
from mlplat.traces.source_bytes import Source


class Minutes(TableReader):
    name, summary, required, separator = "minutes", "minutes of jobs", ("minutes", "gpus"), ";"

    def jobs(self, table: Any) -> dict[str, Any]:
        minutes = table.seconds("minutes")
        return {"submit": np.arange(len(table)), "duration": 60 * minutes, "gpus": table.integers("gpus", low=1), "priority": 3}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.txt"
    path.write_text("minutes;gpus\n5;1\nsoon;2\n90;4\n")
    return path


def test_a_bad_cell_is_named_or_its_row_left_out(log: Path) -> None:
    with pytest.raises(InputError, match=r"line 3, column 'minutes'.*'soon'"):
        read_trace(log, Minutes())
    trace = read_trace(log, Minutes(), errors="skip")
    assert trace.duration.tolist() == [300, 5400] and trace.submit.tolist() == [0, 2] and trace.priority.tolist() == [3, 3]
    assert [error.line for error in trace.skipped] == [3]  # type: ignore[attr-defined]


def test_a_table_of_other_columns_or_without_jobs_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("hours;gpus\n1;2\n")
    with pytest.raises(InputError, match="the header lacks minutes"):
        read_trace(tmp_path / "other.txt", Minutes())
    (tmp_path / "none.txt").write_text("minutes;gpus\n")
    with pytest.raises(InputError, match="has no jobs"):
        read_trace(tmp_path / "none.txt", Minutes())


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        ([], OptionError, "Odd.jobs: returned a list"),
        ({"submit": 0, "duration": 1}, OptionError, "Odd.jobs: returned no one of cpu_milli"),
        ({"gpus": 1}, OptionError, "Odd.jobs: returned no submit and no duration"),
        ({"submit": 0, "duration": 1, "gpu": 1}, UnknownNameError, "unknown column from Odd.jobs 'gpu'; did you mean 'gpus'"),
        ({"submit": [0, 1], "duration": 1, "gpus": 1}, OptionError, "Odd.jobs: submit has 2 values; expected 3"),
    ],
)
def test_a_mistake_of_the_reader_is_told_as_one(log: Path, columns: Any, error: type[Exception], message: str) -> None:
    class Odd(Minutes):
        def jobs(self, table: Any) -> Any:
            return columns

    with pytest.raises(error, match=message):
        read_trace(log, Odd())


def test_what_is_no_reader_or_returns_no_trace_is_an_option_error(log: Path) -> None:
    class Nothing(mp.TraceReader):
        name, summary = "nothing", "nothing"

        def recognizes(self, name: str, first_line: str) -> bool:
            return False

        def read(self, source: Source, errors: Any) -> Any:
            return [1, 2]

    with pytest.raises(OptionError, match=r"format=Minutes: expected an instance, Minutes\(\)"):
        read_trace(log, Minutes)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"Nothing.read returned a list; expected a JobTrace"):
        read_trace(log, Nothing())


def test_a_reader_that_an_installed_package_declares_is_known_by_its_name(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = tmp_path / "lab_traces-1.0.dist-info"
    declared.mkdir()
    (declared / "METADATA").write_text("Metadata-Version: 2.1\nName: lab-traces\nVersion: 1.0\n")
    points = "minutes = lab_traces:Minutes\nbroken = lab_traces:Missing\nodd = lab_traces:ODD\n"
    (declared / "entry_points.txt").write_text(f"[mlplat.trace_readers]\n{points}")
    (tmp_path / "lab_traces.py").write_text("from tests.traces.test_own_readers import Minutes\nODD = 3\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "tests.traces.test_own_readers", sys.modules[__name__])
    assert len(read_trace(log, "minutes", errors="skip")) == 2
    with pytest.raises(OptionError, match="trace format 'broken': lab_traces:Missing cannot be loaded"):
        read_trace(log, "broken")
    with pytest.raises(OptionError, match="trace format 'odd': lab_traces:ODD is no TraceReader"):
        read_trace(log, "odd")
    with pytest.raises(UnknownNameError, match="unknown trace format 'minuets'; did you mean 'minutes'"):
        read_trace(log, "minuets")
