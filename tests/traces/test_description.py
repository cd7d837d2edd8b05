"""`describe`: the numbers, and the text, JSON and HTML of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from mlplat.errors import InputError
from mlplat.resources import ResourceRequest
from mlplat.traces import describe, read_trace
from mlplat.workload import JobTrace

from .sample_files import PHILLY, SWF, put

EVIL = "<script>alert(1)</script>[red]\x1b[31m\n"


def _small() -> JobTrace:
    return JobTrace.build(
        submit=[0, 50, 100, 100],
        duration=[10, 20, 30, np.inf],
        request=[0, 1, 2, 1],
        requests=[ResourceRequest(cpus=2), ResourceRequest(cpus=1, gpus=2), ResourceRequest(gpu_milli=500)],
        replicas=[3, 1, 1, 1],
        group=[0, 1, 1, 1],
        groups=(EVIL, "b", "never used"),
        origin=1504521041.0,
        source=EVIL,
        dropped={EVIL: 2},
        skipped=(InputError(EVIL, line=3),),
    )


def test_counts_quantiles_and_load_are_what_they_say() -> None:
    found = describe(_small())
    assert (found.jobs, found.services, found.requests, found.span_s, found.groups, found.skipped) == (4, 1, 3, 100.0, 2, 1)
    assert found.duration_s == {"mean": 20, "min": 10, "p25": 15, "p50": 20, "p75": 25, "p95": 29, "p99": 29.8, "max": 30}
    assert found.cores["max"] == 6 and found.gpus["mean"] == pytest.approx(4.5 / 4) and found.replicas["max"] == 3
    assert found.load_cores == (6 * 10 + 1 * 20) / 100 and found.load_gpus == (2 * 20 + 0.5 * 30) / 100
    assert found.largest_groups == {"b": 3, EVIL: 1}


def test_the_dictionary_goes_through_json_unchanged() -> None:
    found = describe(_small()).to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_text_has_no_control_characters_and_the_page_no_markup_of_others() -> None:
    found = describe(_small())
    text = str(found)
    assert all(line.isprintable() for line in text.split("\n")) and "2 <script>" in text and "1 bad rows" in text
    page = found._repr_html_()
    assert "<script" not in page and "&lt;script&gt;" in page and page.isprintable()
    console = Console(width=250, color_system=None)
    with console.capture() as shown:
        console.print(found)
    assert "[red]" in shown.get() and "\x1b" not in shown.get() and "distinct requests" in shown.get()


def test_traces_without_jobs_span_or_end_can_be_described() -> None:
    empty = describe(_small().take([]))
    assert (empty.jobs, empty.span_s, empty.load_cores, empty.duration_s, empty.groups) == (0, 0.0, None, {}, 0)
    one = describe(_small().take([3]))
    assert one.load_gpus is None and one.duration_s == {} and one.services == 1
    for found in (empty, one):
        assert str(found) and found._repr_html_() and json.dumps(found.to_dict(), allow_nan=False)


def test_what_was_dropped_and_skipped_is_told(tmp_path: Path) -> None:
    assert describe(read_trace(put(tmp_path, "a.swf", SWF))).dropped == {"run time unknown": 1, "processors unknown": 1}
    found = describe(read_trace(put(tmp_path, "a.csv", PHILLY + "x,1,1,1,a\n" * 8), errors="skip"))
    assert found.skipped == 8 and len(found.first_skipped) == 5 and "line 6" in found.first_skipped[0]


def test_the_offered_load_of_a_real_trace_is_that_of_a_plain_sum(shared_data: Path) -> None:
    trace = read_trace(shared_data / "philly" / "philly.csv")
    work = sum(d * g for d, g in zip(trace.duration.tolist(), trace.width("gpus").tolist(), strict=True))
    found = describe(trace)
    assert found.load_gpus == pytest.approx(work / trace.span) and found.gpus["max"] == 128 and found.groups == 15
    assert "2017-09-04 10:30:41 UTC" in str(found)
