"""Models of the real traces: what they keep of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlplat.traces import read_trace
from mlplat.traces.fitting import FittedWorkload, fit, held_out

FILES = {
    "philly": "philly/philly.csv",
    "lcg": "swf/LCG.swf.gz",
    "nasa": "swf/NASA-iPSC-1993-3.1-cln.swf.zip",
    "openb": "openb/openb_pod_list_default.csv",
}


@pytest.mark.parametrize("name", list(FILES))
def test_durations_and_mix_of_a_real_trace_are_kept(shared_data: Path, name: str) -> None:
    trace = read_trace(shared_data / FILES[name])
    model = fit(trace)
    assert FittedWorkload.from_text(model.to_text()) == model
    report = model.goodness(trace)
    kept = [check for check in report.checks if check.what.startswith(("durations", "groups", "widths", "hours", "volume"))]
    assert len(kept) >= 4 and {check.verdict for check in kept} <= {"fits", "roughly"}


def test_the_report_on_philly_says_what_does_not_fit(shared_data: Path) -> None:
    trace = read_trace(shared_data / FILES["philly"])
    report = fit(trace).goodness(trace)
    assert {check.what for check in report.misfits} == {"dispersion of counts"}
    later = held_out(trace, how="later")
    assert {"volume", "groups"} <= {check.what for check in later.misfits}
